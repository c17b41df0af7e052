/* Drops in the state database: rows in. For this room alone. */
#ifndef LASFS_DROP_LOAD_H
#define LASFS_DROP_LOAD_H

#include "drop.h"
#include "drop_row.h"
#include "drop_shared.h"

/* What a row says, in no table yet, with a reference. It stands for no resource, and has not
 * failed: that is the caller's. 0, -ENOMEM; its file is there and cannot be opened: -EPERM, -EMFILE, ..., with the
 * words in t->unopened. */
int drop_of_row(struct drops *t, struct folder *f, const struct drop_row *row, struct drop **out);

/* Reads a folder's rows, once. Blocks for the disk. 0, -ENOMEM, -EIO, what drop_of_row() gives: then it is tried
 * again by who wants it next. */
int drops_load_folder(struct drops *t, struct folder *f);

#endif
