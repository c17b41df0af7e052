/*
 * Bytes in the spool, or in memory, as long as somebody uses them. Any thread.
 */
#ifndef LASFS_BYTES_H
#define LASFS_BYTES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

struct spool;

/* Bytes in the spool, as long as somebody uses them. */
struct bytes {
    atomic_uint refs;
    int fd;           /* set once */
    uint64_t number;  /* set once: in the spool; 0: in memory alone */
    atomic_bool keep; /* the file stays in the spool when nobody uses the bytes any more */
    struct spool *spool;
};
struct bytes *bytes_ref(struct bytes *b);
void bytes_unref(struct bytes *b); /* NULL is fine */
/* The same, and its file leaves the disk now: only open handles use the bytes. */
void bytes_discard(struct bytes *b);

/* On disk when it returns; those in memory stay there. NULL is fine. 0, -EIO, -ENOSPC. */
int bytes_sync(const struct bytes *b);

/* All of them, added to out, which is empty. 0, -EFBIG, -ENOMEM, -EIO. */
int bytes_read(const struct bytes *b, struct buf *out);

struct bytes *bytes_open(struct spool *spool, uint64_t number, int fd);
/* Empty, in the spool. nowait: -EWOULDBLOCK where a file is to be made for it. */
int bytes_new(struct spool *spool, bool nowait, struct bytes **out);

#endif
