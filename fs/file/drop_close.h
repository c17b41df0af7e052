/* What close(2), fsync(2) and the last one to leave do for a dropped file. As struct handle_ops has it. */
#ifndef LASFS_DROP_CLOSE_H
#define LASFS_DROP_CLOSE_H

#include "handle.h"

struct drop;
struct files;

/* Sends d's bytes, unless somebody writes it. h: whose close it is, or NULL. 0, -EIO what h wrote was not delivered,
 * what deliver_commit() gives. */
int drop_commit_unless_written(struct files *files, struct call *call, struct drop *d,
                               const struct handle *h, struct failure *err);

int drop_flush(struct files *files, struct call *call, struct handle *h, bool opener, pid_t pid,
               struct failure *err);
int drop_fsync(struct files *files, struct handle *h);
bool drop_release_blocks(struct files *files, struct handle *h);
int drop_release(struct files *files, struct call *call, struct handle *h, struct failure *err);

#endif
