/*
 * Where a dropped file's bytes come from: the spool, what a handle has open, or the server. All
 * give 0, what known_content() gives, -ENOSPC, -ENOMEM; -EWOULDBLOCK with nowait.
 */
#ifndef LASFS_DROP_READ_H
#define LASFS_DROP_READ_H

#include "handle.h"

/* The bytes of what was sent are in the spool from now on, where they can be changed; of what
 * was removed, those that h (may be NULL) has open. d is held exclusively. */
int drop_keep_bytes(struct fs *fs, struct call *call, struct drop *d, struct handle *h,
                    struct failure *err);

/* The words for a disk that does not take its bytes; returns rc. */
int drop_not_kept(int rc, struct failure *err);

/* What h, which is being opened, is going to read. Also -ESTALE: its name stands for another
 * file by now. */
int drop_open_bytes(struct fs *fs, struct call *call, struct handle *h, struct failure *err);

/* As struct handle_ops has it. */
int drop_read(struct fs *fs, struct call *call, struct handle *h, int64_t off, size_t size,
              struct chunk *out, struct failure *err);

#endif
