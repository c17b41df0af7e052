/* A resource as it was over the last days, as the table's recent says. */
#ifndef LASFS_RECENCY_H
#define LASFS_RECENCY_H

#include "backend.h"

struct remote;

/*
 * The text of that field over so many days, added to out: from memory, as old as what else is known may be,
 * or asked for once for all. 0; -ENOENT: this server tells nothing of it; -EWOULDBLOCK with nowait, what
 * backend_get_recent() gives.
 */
int recency_text(struct remote *remote, struct call *call, const struct target *t, const char *days,
                 struct buf *out, struct failure *err);

#endif
