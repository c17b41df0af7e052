#include "buf.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf)BUF_INIT(max);
}

void buf_release(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    if (b->data)
        b->data[0] = '\0';
}

static int buf_reserve(struct buf *b, size_t more)
{
    size_t cap = b->cap ? b->cap : 64;
    char *data;

    if (more > b->max || b->len > b->max - more)
        return -EFBIG;
    if (b->data && b->len + more < b->cap)
        return 0;
    while (cap <= b->len + more) {
        if (cap > SIZE_MAX / 2)
            return -ENOMEM;
        cap *= 2;
    }
    data = realloc(b->data, cap);
    if (!data)
        return -ENOMEM;
    b->data = data;
    b->cap = cap;
    return 0;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
    int rc = buf_reserve(b, len);

    if (rc < 0)
        return rc;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return 0;
}

int buf_adds(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

int buf_addc(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

int buf_add_escaped(struct buf *b, const char *text)
{
    int rc = 0;

    for (; *text && rc == 0; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            rc = buf_addf(b, "%%%02X", (unsigned char)*text);
        else
            rc = buf_addc(b, *text);
    }
    return rc;
}

int buf_addv(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    int need, rc;

    va_copy(again, ap);
    need = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (need < 0)
        return -EINVAL;
    rc = buf_reserve(b, (size_t)need);
    if (rc < 0)
        return rc;
    vsnprintf(b->data + b->len, (size_t)need + 1, fmt, ap);
    b->len += (size_t)need;
    return 0;
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    int rc;

    va_start(ap, fmt);
    rc = buf_addv(b, fmt, ap);
    va_end(ap);
    return rc;
}

int buf_resize(struct buf *b, size_t len)
{
    if (len > b->len) {
        int rc = buf_reserve(b, len - b->len);

        if (rc < 0)
            return rc;
        memset(b->data + b->len, 0, len - b->len);
    }
    b->len = len;
    if (b->data)
        b->data[len] = '\0';
    return 0;
}

const char *buf_str(const struct buf *b)
{
    return b->data ? b->data : "";
}

char *buf_take(struct buf *b)
{
    char *data = b->data;

    buf_init(b, b->max);
    return data;
}
