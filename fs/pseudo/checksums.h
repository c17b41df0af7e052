/* .sha256sums and .files.tsv: what was dropped into a folder of documents and is at the server. */
#ifndef LASFS_CHECKSUMS_H
#define LASFS_CHECKSUMS_H

#include "backend.h"

struct node;
struct pseudo;

/*
 * By path, each file dropped into the folder of n or one within it that the server has acknowledged
 * and, by a fresh look at its list, still has. Added to out. Blocks.
 * NODE_SHA256SUMS  as sha256sum(1) prints it, with the sidecars that a document took
 * NODE_FILES_TSV   path, id, size, SHA-256 and mtime (seconds since 1970), tabs between: documents
 *                  alone, for a sidecar has no id
 * 0, -EFBIG, -ENOMEM, -EIO, what the list gives.
 */
int checksums_text(struct pseudo *pseudo, struct call *call, struct node *n, struct buf *out,
                   struct failure *err);

#endif
