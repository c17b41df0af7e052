#include "upload.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <nettle/base64.h>

#include "banned.h"

/* At a time: so many groups of 3 bytes become groups of 4 characters. */
#define GROUPS_MAX 16384

static int64_t encoded_size(const struct upload *u)
{
    if (u->fd < 0)
        return 0;
    return u->raw ? u->fd_len : (u->fd_len + 2) / 3 * 4;
}

int64_t upload_size(const struct upload *u)
{
    return (int64_t)u->head_len + encoded_size(u) + (int64_t)u->tail_len;
}

static int read_exactly(int fd, uint8_t *out, size_t len, off_t at)
{
    while (len) {
        ssize_t n = pread(fd, out, len, at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EIO;
        out += n;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Groups of 4 characters from the one at index first. */
static int encode_groups(const struct upload *u, int64_t first, size_t groups, char *out)
{
    uint8_t raw[3 * GROUPS_MAX];
    int64_t left = u->fd_len - first * 3;
    size_t len = left < (int64_t)(3 * groups) ? (size_t)left : 3 * groups;
    int rc = read_exactly(u->fd, raw, len, (off_t)(first * 3));

    if (rc == 0)
        base64_encode_raw(out, len, raw);
    return rc;
}

static ssize_t read_encoded(const struct upload *u, int64_t at, char *out, size_t len)
{
    int64_t group = at / 4;
    size_t skip = (size_t)(at % 4), n;
    int64_t groups = encoded_size(u) / 4 - group;
    char one[4];
    int rc;

    if (skip || len < 4) {
        rc = encode_groups(u, group, 1, one);
        n = 4 - skip < len ? 4 - skip : len;
        if (rc == 0)
            memcpy(out, one + skip, n);
        return rc < 0 ? rc : (ssize_t)n;
    }
    if (groups > (int64_t)(len / 4))
        groups = (int64_t)(len / 4);
    if (groups > GROUPS_MAX)
        groups = GROUPS_MAX;
    rc = encode_groups(u, group, (size_t)groups, out);
    return rc < 0 ? rc : (ssize_t)(groups * 4);
}

static ssize_t read_raw(const struct upload *u, int64_t at, char *out, size_t len)
{
    int64_t left = u->fd_len - at;
    size_t n = left < (int64_t)len ? (size_t)left : len;
    int rc = read_exactly(u->fd, (uint8_t *)out, n, (off_t)at);

    return rc < 0 ? rc : (ssize_t)n;
}

static ssize_t read_text(const char *text, size_t text_len, int64_t at, char *out, size_t len)
{
    size_t left = text_len - (size_t)at;
    size_t n = left < len ? left : len;

    memcpy(out, text + at, n);
    return (ssize_t)n;
}

ssize_t upload_read(struct upload *u, char *out, size_t len)
{
    int64_t at = u->at, middle = encoded_size(u);
    ssize_t n;

    if (at >= upload_size(u) || !len)
        return 0;
    if (at < (int64_t)u->head_len) {
        n = read_text(u->head, u->head_len, at, out, len);
    } else if (at - (int64_t)u->head_len < middle) {
        n = u->raw ? read_raw(u, at - (int64_t)u->head_len, out, len)
                   : read_encoded(u, at - (int64_t)u->head_len, out, len);
    } else {
        n = read_text(u->tail, u->tail_len, at - (int64_t)u->head_len - middle, out, len);
    }
    if (n > 0)
        u->at += n;
    return n;
}
