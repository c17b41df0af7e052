/* Bytes into a dropped file: those of the spool, or a copy where what is there is promised or the server's. As struct
 * handle_ops has it; -EWOULDBLOCK with nowait. */
#ifndef LASFS_DROP_WRITE_H
#define LASFS_DROP_WRITE_H

#include "handle.h"

struct files;

/* O_TRUNC, and a new file: empty bytes. -ESTALE: its name has gone, and the kernel looks again. */
int drop_start_empty(struct files *files, struct call *call, struct handle *h, struct failure *err);

int64_t drop_write(struct files *files, struct call *call, struct handle *h, const char *data,
                   size_t len, int64_t off, struct failure *err);

/* h NULL: truncate(2), which sends at once. */
int drop_truncate(struct files *files, struct call *call, struct node *n, struct handle *h,
                  int64_t size, struct failure *err);

#endif
