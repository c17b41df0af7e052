/* What stat(2) says. */
#ifndef LASFS_ATTR_H
#define LASFS_ATTR_H

#include "core.h"

/* Fills st, and how long the kernel may believe it. 0, -EWOULDBLOCK, what the API gives. */
int attr_of(struct fs *fs, struct call *call, struct node *n, struct stat *st, int64_t *ttl_ms,
            struct failure *err);

/* The same for a look-up: a size that would cost a request is left out, and *ttl_ms is 0 then. */
int attr_for_lookup(struct fs *fs, struct call *call, struct node *n, struct stat *st,
                    int64_t *ttl_ms, struct failure *err);

/* The type bits of what a node of this kind is, for d_type. */
mode_t attr_type(enum node_kind kind);

#endif
