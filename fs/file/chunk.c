#include "chunk.h"

#include <errno.h>
#include <stdlib.h>

#include "arrival.h"
#include "drop.h"

#include "banned.h"

int chunk_of_fd(int fd, int64_t off, size_t size, struct chunk *out)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    *out = (struct chunk){ .fd = fd, .off = off };
    if (off < st.st_size)
        out->len = size < (size_t)(st.st_size - off) ? size : (size_t)(st.st_size - off);
    return 0;
}

int chunk_of_arrival(struct arrival *a, struct call *call, int64_t off, size_t size,
                     struct chunk *out, struct failure *err)
{
    int64_t upto = off < INT64_MAX - (int64_t)size ? off + (int64_t)size : INT64_MAX - 1;
    struct watermark_state at;
    int rc = arrival_wait(a, call, upto, &at, err);

    if (rc < 0)
        return rc;
    *out = (struct chunk){ .fd = at.fd, .off = off };
    if (off < at.there)
        out->len = size < (size_t)(at.there - off) ? size : (size_t)(at.there - off);
    return 0;
}

void chunk_release(struct chunk *c)
{
    free(c->owned);
    bytes_unref(c->bytes);
}
