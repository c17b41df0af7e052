/* Drops in the state database: rows in. For this room alone. */
#ifndef LASFS_DROP_LOAD_H
#define LASFS_DROP_LOAD_H

#include "drop.h"
#include "drop_row.h"
#include "drop_shared.h"

/* What a row says, in no table yet, with a reference. It stands for no resource, and has not
 * failed: that is the caller's. NULL: no memory. */
struct drop *drop_of_row(struct drops *t, struct folder *f, const struct drop_row *row);

/* Reads a folder's rows, once. Blocks for the disk. 0, -ENOMEM, -EIO. */
int drops_load_folder(struct drops *t, struct folder *f);

#endif
