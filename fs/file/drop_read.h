/*
 * Where a dropped file's bytes come from: the spool, what a handle has open, or the server. All
 * give 0, what known_content() gives, -ENOSPC, -ENOMEM; -EWOULDBLOCK with nowait.
 */
#ifndef LASFS_DROP_READ_H
#define LASFS_DROP_READ_H

#include "handle.h"

struct files;

/* What h, which is being opened, is going to read. Also -ESTALE: its name stands for another
 * file by now. */
int drop_open_bytes(struct files *files, struct call *call, struct handle *h, struct failure *err);

/* As struct handle_ops has it. */
int drop_read(struct files *files, struct call *call, struct handle *h, int64_t off, size_t size,
              struct chunk *out, struct failure *err);

#endif
