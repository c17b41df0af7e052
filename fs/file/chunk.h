/* Parts of files on their way to the kernel (struct chunk). */
#ifndef LASFS_CHUNK_H
#define LASFS_CHUNK_H

#include "types.h"

/* Reads len bytes of fd for a chunk, up to its end. 0, -errno. */
int chunk_of_fd(int fd, int64_t off, size_t size, struct chunk *out);

void chunk_release(struct chunk *c);

#endif
