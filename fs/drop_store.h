/* Drops in the state database: rows out, rows in. */
#ifndef LASFS_DROP_STORE_H
#define LASFS_DROP_STORE_H

#include "drop.h"

/* Reads a folder's rows, once. Blocks for the disk. 0, -ENOMEM, -EIO. */
int drops_load_folder(struct drops *t, struct folder *f);

/* Writes d's row as it is now; durable: waits until it is on disk. 0, -EIO, -ENOSPC. */
int drop_row_save(struct drops *t, struct drop *d, bool durable);

/* d has left folder and name: its row goes, unless it is already that of who has the name now. */
int drop_row_delete(struct drops *t, struct drop *d, bool durable);

/* d was called old in folder from; the row there goes likewise, that of its present name comes. */
int drop_row_move(struct drops *t, const struct folder *from, const char *old, struct drop *d);

#endif
