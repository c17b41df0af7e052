#include "bytes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "spool.h"

#include "banned.h"

struct bytes *bytes_ref(struct bytes *b)
{
    if (b)
        atomic_fetch_add(&b->refs, 1);
    return b;
}

void bytes_unref(struct bytes *b)
{
    if (!b || atomic_fetch_sub(&b->refs, 1) != 1)
        return;
    close(b->fd);
    if (b->number && !atomic_load(&b->keep))
        spool_remove(b->spool, b->number);
    free(b);
}

int bytes_read(const struct bytes *b, struct buf *out)
{
    struct stat st;
    int rc;

    if (fstat(b->fd, &st) < 0)
        return -errno;
    rc = (size_t)st.st_size > out->max ? -EFBIG : buf_resize(out, (size_t)st.st_size);
    if (rc == 0 && out->len && pread(b->fd, out->data, out->len, 0) != (ssize_t)out->len)
        rc = -EIO;
    return rc;
}

void bytes_discard(struct bytes *b)
{
    if (!b)
        return;
    atomic_store(&b->keep, false);
    if (b->number)
        spool_remove(b->spool, b->number);
    bytes_unref(b);
}

int bytes_sync(const struct bytes *b)
{
    return b && b->number ? spool_sync(b->spool, b->number, b->fd) : 0;
}

struct bytes *bytes_open(struct spool *spool, uint64_t number, int fd)
{
    struct bytes *b = calloc(1, sizeof(*b));

    if (!b)
        return NULL;
    atomic_init(&b->refs, 1);
    atomic_init(&b->keep, true);
    b->fd = fd;
    b->number = number;
    b->spool = spool;
    return b;
}

int bytes_new(struct spool *spool, bool nowait, struct bytes **out)
{
    uint64_t number;
    int fd, rc = nowait ? spool_take(spool, &number, &fd) : spool_create(spool, &number, &fd);

    if (rc < 0)
        return rc;
    *out = bytes_open(spool, number, fd);
    if (*out)
        return 0;
    close(fd);
    spool_remove(spool, number);
    return -ENOMEM;
}
