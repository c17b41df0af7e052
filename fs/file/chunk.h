/* Parts of files on their way to the kernel (struct chunk). */
#ifndef LASFS_CHUNK_H
#define LASFS_CHUNK_H

#include "call.h"
#include "failure.h"
#include "types.h"

struct arrival;

/* Reads len bytes of fd for a chunk, up to its end. 0, -errno. */
int chunk_of_fd(int fd, int64_t off, size_t size, struct chunk *out);

/* The same of what is on its way: waits until it is there. As arrival_wait(). */
int chunk_of_arrival(struct arrival *a, struct call *call, int64_t off, size_t size,
                     struct chunk *out, struct failure *err);

void chunk_release(struct chunk *c);

#endif
