/* .sha256sums: what was dropped into a folder of documents and is at the server. */
#ifndef LASFS_CHECKSUMS_H
#define LASFS_CHECKSUMS_H

#include "core.h"

/*
 * As sha256sum(1) prints it, by name, each file dropped into the folder of n or one within it that
 * the server has acknowledged and, by a fresh look at its list, still has. Added to out. Blocks.
 * 0, -EFBIG, -ENOMEM, what the list gives.
 */
int checksums_text(struct fs *fs, struct call *call, struct node *n, struct buf *out,
                   struct failure *err);

#endif
