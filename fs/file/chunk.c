#include "chunk.h"

#include <errno.h>
#include <stdlib.h>

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

void chunk_release(struct chunk *c)
{
    free(c->owned);
    bytes_unref(c->bytes);
}
