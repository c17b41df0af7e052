/* An answer in pieces: however it is cut, the same content and the same rest come out. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file.h"
#include "scan.h"

#include "banned.h"

#define TEXT_MAX_BYTES (16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    int rc;
    int64_t size;
    struct buf rest, content;
};

static void scan_by(const char *text, size_t len, size_t piece, struct outcome *o)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    struct scan s;

    if (fd < 0)
        abort();
    buf_init(&o->rest, TEXT_MAX_BYTES);
    buf_init(&o->content, TEXT_MAX_BYTES);
    o->rc = 0;
    scan_init(&s, fd, &o->rest);
    for (size_t at = 0; at < len && o->rc == 0; at += piece)
        o->rc = scan_feed(&s, text + at, len - at < piece ? len - at : piece);
    if (o->rc == 0)
        o->rc = scan_end(&s);
    o->size = s.size;
    scan_release(&s);
    if (file_read_fd(fd, &o->content) < 0)
        abort();
    close(fd);
}

static void release(struct outcome *o)
{
    buf_release(&o->rest);
    buf_release(&o->content);
}

static bool same(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && strcmp(buf_str(a), buf_str(b)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole, pieces;
    size_t piece = size ? 1 + data[0] % 7 : 1;
    const char *text = (const char *)data;

    scan_by(text, size, size + 1, &whole);
    scan_by(text, size, piece, &pieces);
    if (whole.rc != pieces.rc)
        abort();
    if (whole.rc == 0 && (whole.size != pieces.size || !same(&whole.rest, &pieces.rest) ||
                          !same(&whole.content, &pieces.content)))
        abort();
    if (whole.rc == 0 && (int64_t)whole.content.len != (whole.size < 0 ? 0 : whole.size))
        abort();
    release(&whole);
    release(&pieces);
    return 0;
}
