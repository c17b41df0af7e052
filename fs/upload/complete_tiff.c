/* TIFF: does all that its directories point to lie in the file? */
#include <endian.h>
#include <string.h>

#include "array.h"
#include "complete_formats.h"

#include "banned.h"

#define ENTRIES_MAX 100000 /* a chain of directories may be a circle */
#define PARTS_MAX 1000000  /* many pages may point to the same long list */
#define PARTS_AT_ONCE 128
#define NUMBER_BYTES_MAX 8
#define ENTRY_BYTES_MAX 20

#define TAG_STRIP_OFFSETS 273
#define TAG_STRIP_SIZES 279
#define TAG_TILE_OFFSETS 324
#define TAG_TILE_SIZES 325
#define TYPE_SHORT 3
#define TYPE_LONG 4
#define TYPE_LONG8 16

struct tiff {
    struct view *v;
    bool big_endian;
    size_t offset_bytes; /* of an offset, and of most counts: 4, in BigTIFF 8 */
    uint64_t parts_left; /* that are looked at each by itself */
};

static uint64_t number_of(const struct tiff *t, const unsigned char *p, size_t width)
{
    uint64_t n = 0;

    for (size_t i = 0; i < width; i++)
        n |= (uint64_t)p[i] << 8 * (t->big_endian ? width - 1 - i : i);
    return n;
}

static bool read_number(const struct tiff *t, uint64_t off, size_t width, uint64_t *out)
{
    unsigned char bytes[NUMBER_BYTES_MAX];

    if (!view_read(t->v, off, bytes, width))
        return false;
    *out = number_of(t, bytes, width);
    return true;
}

/* --- One field of a directory ----------------------------------------------------------------- */

/* Where its values lie. */
struct tiff_values {
    uint64_t tag, type, count;
    uint64_t off; /* 0: there is no such field */
};

static size_t bytes_of_type(uint64_t type)
{
    static const uint8_t bytes[] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8 };

    return type < ARRAY_LEN(bytes) ? bytes[type] : 0;
}

static size_t entry_bytes(const struct tiff *t)
{
    return 4 + 2 * t->offset_bytes;
}

static bool read_entry(const struct tiff *t, uint64_t off, struct tiff_values *out)
{
    unsigned char entry[ENTRY_BYTES_MAX];
    size_t width;

    if (!view_read(t->v, off, entry, entry_bytes(t)))
        return false;
    out->tag = number_of(t, entry, 2);
    out->type = number_of(t, entry + 2, 2);
    out->count = number_of(t, entry + 4, t->offset_bytes);
    width = bytes_of_type(out->type);
    if (width == 0 || out->count <= t->offset_bytes / width)
        out->off = off + 4 + t->offset_bytes; /* in the entry itself */
    else
        out->off = number_of(t, entry + 4 + t->offset_bytes, t->offset_bytes);
    return width == 0 || (out->off <= t->v->size && out->count <= (t->v->size - out->off) / width);
}

static bool read_values(const struct tiff *t, const struct tiff_values *values, uint64_t first,
                        size_t n, uint64_t *out)
{
    unsigned char bytes[PARTS_AT_ONCE * NUMBER_BYTES_MAX];
    size_t width = bytes_of_type(values->type);

    if (!view_read(t->v, values->off + first * width, bytes, n * width))
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = number_of(t, bytes + i * width, width);
    return true;
}

/* --- The parts of a page's picture ------------------------------------------------------------ */

static bool is_number(const struct tiff_values *values)
{
    return values->type == TYPE_SHORT || values->type == TYPE_LONG || values->type == TYPE_LONG8;
}

static bool some_are_there(const struct tiff *t, const struct tiff_values *offsets,
                           const struct tiff_values *sizes, uint64_t first, size_t n)
{
    uint64_t off[PARTS_AT_ONCE], size[PARTS_AT_ONCE];

    if (!read_values(t, offsets, first, n, off) || !read_values(t, sizes, first, n, size))
        return false;
    for (size_t i = 0; i < n; i++)
        if (off[i] > t->v->size || size[i] > t->v->size - off[i])
            return false;
    return true;
}

static bool parts_are_there(struct tiff *t, const struct tiff_values *offsets,
                            const struct tiff_values *sizes)
{
    uint64_t count = offsets->count < sizes->count ? offsets->count : sizes->count;

    if (!offsets->off || !sizes->off || count == 0 || !is_number(offsets) || !is_number(sizes))
        return true;
    if (count > t->parts_left) /* a file is written forwards: what is missing is the last */
        return some_are_there(t, offsets, sizes, count - 1, 1);
    t->parts_left -= count;
    for (uint64_t i = 0; i < count; i += PARTS_AT_ONCE) {
        size_t n = count - i < PARTS_AT_ONCE ? (size_t)(count - i) : PARTS_AT_ONCE;

        if (!some_are_there(t, offsets, sizes, i, n))
            return false;
    }
    return true;
}

/* --- Directories ------------------------------------------------------------------------------ */

/* The directory at *off: its entries, what they point to; *off becomes the next one's. */
static bool page_is_there(struct tiff *t, uint64_t *off, uint64_t *entries)
{
    struct tiff_values strips = { .off = 0 }, strip_sizes = strips;
    struct tiff_values tiles = strips, tile_sizes = strips, values;
    size_t count_bytes = t->offset_bytes == 4 ? 2 : 8;
    uint64_t at = *off + count_bytes;

    if (!read_number(t, *off, count_bytes, entries) || *entries == 0 || *entries > t->v->size)
        return false; /* 0: room that was never filled */
    for (uint64_t i = 0; i < *entries; i++, at += entry_bytes(t)) {
        if (!read_entry(t, at, &values))
            return false;
        if (values.tag == TAG_STRIP_OFFSETS)
            strips = values;
        else if (values.tag == TAG_STRIP_SIZES)
            strip_sizes = values;
        else if (values.tag == TAG_TILE_OFFSETS)
            tiles = values;
        else if (values.tag == TAG_TILE_SIZES)
            tile_sizes = values;
    }
    return read_number(t, at, t->offset_bytes, off) && parts_are_there(t, &strips, &strip_sizes) &&
           parts_are_there(t, &tiles, &tile_sizes);
}

bool complete_tiff(struct view *v)
{
    struct tiff t = { .v = v, .offset_bytes = 4, .parts_left = PARTS_MAX };
    uint64_t off, entries, version, width = 0;
    unsigned char head[4];

    if (!view_read(v, 0, head, sizeof(head)))
        return false;
    t.big_endian = head[0] == 'M';
    version = number_of(&t, head + 2, 2);
    if (version == 43) {
        t.offset_bytes = 8;
        if (!read_number(&t, 4, 2, &width))
            return false;
    }
    if (version != 42 && width != 8)
        return true; /* a camera's own */
    if (!read_number(&t, t.offset_bytes, t.offset_bytes, &off) || off == 0)
        return false; /* 0: its first page was not yet linked */
    for (uint64_t seen = 0; off && seen < ENTRIES_MAX; seen += entries + 1)
        if (!page_is_there(&t, &off, &entries))
            return false;
    return true;
}
