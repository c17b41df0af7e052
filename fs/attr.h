/* What stat(2) says. */
#ifndef LASFS_ATTR_H
#define LASFS_ATTR_H

#include "core.h"

/*
 * Fills st, and how long the kernel may believe it. cheap: for a listing; what would cost a
 * request is -EWOULDBLOCK.
 */
int attr_of(struct fs *fs, struct call *call, struct node *n, struct stat *st, int64_t *ttl_ms,
            struct failure *err);

/* The type bits of what a node of this kind is, for d_type. */
mode_t attr_type(enum node_kind kind);

#endif
