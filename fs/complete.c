#include "complete.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"

#include "banned.h"

/* Programs append a little behind the end: blanks, zeros, a camera's notes. */
#define TAIL_BYTES 4096

#define ENTRIES_MAX 100000 /* a chain of directories may be a circle */
#define ENTRY_BYTES 12
#define TAG_STRIP_OFFSETS 273
#define TAG_STRIP_SIZES 279
#define TAG_TILE_OFFSETS 324
#define TAG_TILE_SIZES 325
#define TYPE_SHORT 3
#define TYPE_LONG 4

struct bytes_view {
    int fd;
    uint64_t size;
    bool big_endian; /* a TIFF's numbers */
};

static bool read_at(const struct bytes_view *v, uint64_t off, void *out, size_t len)
{
    ssize_t n;

    if (off > v->size || len > v->size - off)
        return false;
    do
        n = pread(v->fd, out, len, (off_t)off);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)len;
}

static bool ends_with(const struct bytes_view *v, const char *mark, size_t len)
{
    char tail[TAIL_BYTES];
    size_t n = v->size < sizeof(tail) ? (size_t)v->size : sizeof(tail);

    return !read_at(v, v->size - n, tail, n) || memmem(tail, n, mark, len) != NULL;
}

static bool pdf_is_whole(struct bytes_view *v)
{
    return ends_with(v, "%%EOF", 5);
}

/* Within a picture's data an FF is followed by 0 or a restart marker, never by this. */
static bool jpeg_is_whole(struct bytes_view *v)
{
    return ends_with(v, "\xff\xd9", 2);
}

static bool png_is_whole(struct bytes_view *v)
{
    return ends_with(v, "IEND\xae\x42\x60\x82", 8);
}

/* --- TIFF: does all that its directories point to lie in the file? ---------------------------- */

static uint16_t short_of(const struct bytes_view *v, const void *p)
{
    uint16_t n;

    memcpy(&n, p, sizeof(n));
    return v->big_endian ? be16toh(n) : le16toh(n);
}

static uint32_t long_of(const struct bytes_view *v, const void *p)
{
    uint32_t n;

    memcpy(&n, p, sizeof(n));
    return v->big_endian ? be32toh(n) : le32toh(n);
}

/* One field of a directory: where its values lie. */
struct tiff_values {
    uint32_t tag, type, count;
    uint64_t off; /* 0: there is no such field */
};

static bool read_entry(const struct bytes_view *v, uint64_t off, struct tiff_values *out)
{
    static const uint8_t bytes_of_type[] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8 };
    char entry[ENTRY_BYTES];
    uint64_t size;

    if (!read_at(v, off, entry, sizeof(entry)))
        return false;
    out->tag = short_of(v, entry);
    out->type = short_of(v, entry + 2);
    out->count = long_of(v, entry + 4);
    size = out->type < sizeof(bytes_of_type) ? (uint64_t)out->count * bytes_of_type[out->type] : 0;
    out->off = size <= 4 ? off + 8 : long_of(v, entry + 8);
    return out->off <= v->size && size <= v->size - out->off;
}

static uint32_t last_value(const struct bytes_view *v, const struct tiff_values *values,
                           uint32_t count)
{
    char bytes[4];
    size_t width = values->type == TYPE_SHORT ? 2 : 4;

    if ((values->type != TYPE_SHORT && values->type != TYPE_LONG) ||
        !read_at(v, values->off + width * (count - 1), bytes, width))
        return 0;
    return width == 2 ? short_of(v, bytes) : long_of(v, bytes);
}

/* The parts of a page's picture. A file is written forwards: what is missing is the last. */
static bool parts_are_there(const struct bytes_view *v, const struct tiff_values *offsets,
                            const struct tiff_values *sizes)
{
    uint32_t count = offsets->count < sizes->count ? offsets->count : sizes->count;

    if (!offsets->off || !sizes->off || count == 0)
        return true;
    return (uint64_t)last_value(v, offsets, count) + last_value(v, sizes, count) <= v->size;
}

/* The directory at *off: its entries, what they point to; *off becomes the next one's. */
static bool page_is_there(const struct bytes_view *v, uint32_t *off, uint32_t *entries)
{
    struct tiff_values strips = { .off = 0 }, strip_sizes = strips;
    struct tiff_values tiles = strips, tile_sizes = strips, values;
    uint64_t at = (uint64_t)*off + 2;
    char number[4];

    if (!read_at(v, *off, number, 2))
        return false;
    *entries = short_of(v, number);
    for (uint32_t i = 0; i < *entries; i++, at += ENTRY_BYTES) {
        if (!read_entry(v, at, &values))
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
    if (!read_at(v, at, number, 4))
        return false;
    *off = long_of(v, number);
    return parts_are_there(v, &strips, &strip_sizes) && parts_are_there(v, &tiles, &tile_sizes);
}

static bool tiff_is_whole(struct bytes_view *v)
{
    uint32_t off, entries;
    char head[8];

    if (!read_at(v, 0, head, sizeof(head)))
        return false;
    v->big_endian = head[0] == 'M';
    if (short_of(v, head + 2) != 42)
        return true; /* BigTIFF, or a camera's own */
    off = long_of(v, head + 4);
    if (off == 0)
        return false; /* its first page was not yet linked */
    for (uint32_t seen = 0; off && seen < ENTRIES_MAX; seen += entries + 1)
        if (!page_is_there(v, &off, &entries))
            return false;
    return true;
}

/* clang-format off */
static const struct {
    const char *type;
    bool (*is_whole)(struct bytes_view *v);
    const char *missing;
} formats[] = {
    { "application/pdf", pdf_is_whole,  "a PDF without %%EOF at its end" },
    { "image/jpeg",      jpeg_is_whole, "a JPEG without its end marker" },
    { "image/png",       png_is_whole,  "a PNG without IEND at its end" },
    { "image/tiff",      tiff_is_whole, "a TIFF that points behind its end" },
};
/* clang-format on */

const char *complete_missing(int fd, const char *type)
{
    struct bytes_view v = { .fd = fd };
    struct stat st;

    if (fstat(fd, &st) < 0)
        return NULL;
    v.size = (uint64_t)st.st_size;
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (strcmp(type, formats[i].type) == 0)
            return formats[i].is_whole(&v) ? NULL : formats[i].missing;
    return NULL;
}
