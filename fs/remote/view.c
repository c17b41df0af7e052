#include "view.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "banned.h"

bool view_init(struct view *v, int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return false;
    *v = (struct view){ .fd = fd, .size = (uint64_t)st.st_size };
    return true;
}

/* The buffer from off on. */
static bool load(struct view *v, uint64_t off)
{
    ssize_t n;

    do
        n = pread(v->fd, v->buffer, sizeof(v->buffer), (off_t)off);
    while (n < 0 && errno == EINTR);
    v->at = off;
    v->have = n > 0 ? (size_t)n : 0;
    v->failed = v->failed || n <= 0;
    return n > 0;
}

const unsigned char *view_some(struct view *v, uint64_t off, size_t *n)
{
    if (off >= v->size)
        return NULL;
    if ((off < v->at || off - v->at >= v->have) && !load(v, off))
        return NULL;
    *n = v->have - (size_t)(off - v->at);
    return v->buffer + (off - v->at);
}

bool view_read(struct view *v, uint64_t off, void *out, size_t len)
{
    unsigned char *to = out;

    if (off > v->size || len > v->size - off)
        return false;
    while (len) {
        size_t n;
        const unsigned char *p = view_some(v, off, &n);

        if (!p)
            return false;
        n = n < len ? n : len;
        memcpy(to, p, n);
        to += n;
        off += n;
        len -= n;
    }
    return true;
}

static const unsigned char *last_in(const unsigned char *bytes, size_t n, const char *text,
                                    size_t len)
{
    while (n >= len) {
        const unsigned char *p = memrchr(bytes, text[0], n - len + 1);

        if (!p || memcmp(p, text, len) == 0)
            return p;
        n = (size_t)(p - bytes) + len - 1;
    }
    return NULL;
}

bool view_find_last(struct view *v, uint64_t end, const char *text, uint64_t *off)
{
    size_t len = strlen(text);

    end = end < v->size ? end : v->size;
    while (end >= len) {
        uint64_t from = end > VIEW_BYTES ? end - VIEW_BYTES : 0;
        const unsigned char *p;

        if (!load(v, from))
            return false;
        if (v->have < end - from) { /* the file has become shorter */
            v->failed = true;
            return false;
        }
        p = last_in(v->buffer, (size_t)(end - from), text, len);
        if (p)
            *off = from + (uint64_t)(p - v->buffer);
        if (p || from == 0)
            return p != NULL;
        end = from + len - 1; /* it may stand across the border */
    }
    return false;
}
