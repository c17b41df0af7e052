/* JPEG and PNG: one walks from part to part. */
#include <ctype.h>
#include <endian.h>
#include <string.h>

#include "complete_formats.h"

#include "banned.h"

/* --- JPEG ------------------------------------------------------------------------------------- */

#define JPEG_EOI 0xd9

/* The next marker from *off on, which becomes where it ends; -1: there is none. What is skipped is
 * a scan's data (in which FF stands before 00), fill bytes, or nothing that a JPEG should have. */
static int next_marker(struct view *v, uint64_t *off)
{
    const unsigned char *p;
    bool after_ff = false;
    size_t n;

    while ((p = view_some(v, *off, &n))) {
        if (!after_ff) {
            const unsigned char *ff = memchr(p, 0xff, n);

            *off += ff ? (size_t)(ff - p) + 1 : n;
            after_ff = ff != NULL;
            continue;
        }
        *off += 1;
        if (*p != 0xff && *p != 0)
            return *p;
        after_ff = *p == 0xff;
    }
    return -1;
}

/* A start or a restart has none, nor has what no JPEG knows: a scan's data that was damaged. */
static bool has_length(int marker)
{
    return marker >= 0xc0 && (marker < 0xd0 || marker > JPEG_EOI);
}

bool complete_jpeg(struct view *v)
{
    uint64_t off = 0;
    int marker;

    while ((marker = next_marker(v, &off)) >= 0) {
        unsigned char length[2];

        if (marker == JPEG_EOI)
            return true;
        if (!has_length(marker))
            continue;
        if (!view_read(v, off, length, sizeof(length)))
            return false;
        off += (uint64_t)(length[0] << 8 | length[1]);
    }
    return false;
}

/* --- PNG -------------------------------------------------------------------------------------- */

#define PNG_START_BYTES 8
#define PNG_HEAD_BYTES 8   /* of a chunk: its length and its type */
#define PNG_FRAME_BYTES 12 /* and its sum behind it */

static uint32_t chunk_length(const unsigned char *head)
{
    uint32_t n;

    memcpy(&n, head, sizeof(n));
    return be32toh(n);
}

static bool is_chunk(const unsigned char *head)
{
    for (int i = 4; i < PNG_HEAD_BYTES; i++)
        if (head[i] >= 0x80 || !isalpha(head[i]))
            return false;
    return head[0] < 0x80; /* a length has 31 bits */
}

bool complete_png(struct view *v)
{
    static const unsigned char nothing[PNG_HEAD_BYTES];
    unsigned char head[PNG_HEAD_BYTES];
    uint64_t off = PNG_START_BYTES;

    while (view_read(v, off, head, sizeof(head))) {
        if (memcmp(head, nothing, sizeof(head)) == 0)
            return false; /* room that was made beforehand and never filled */
        if (!is_chunk(head))
            return true;
        off += PNG_FRAME_BYTES + (uint64_t)chunk_length(head);
        if (memcmp(head + 4, "IEND", 4) == 0)
            return off <= v->size;
    }
    return false;
}
