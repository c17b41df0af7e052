/* Drops in the state database: rows out. Any thread; all block for the disk alone. */
#ifndef LASFS_DROP_ROWS_H
#define LASFS_DROP_ROWS_H

#include "drop.h"
#include "drop_row.h"
#include "state.h"

/* The error of a ROW_LOCAL whose bytes were none: what comes into it later is half a file, also when it comes
 * just before the end. */
#define DROP_ROW_BLANK ""

/* The taken of a ROW_FAILED of which a part is missing. */
#define DROP_ROW_TORN ""

/* Writes d's row as it is now; durable: waits until it is on disk. 0, -EIO, -ENOSPC. */
int drop_row_save(struct drops *t, struct drop *d, bool durable);

/* The same, and what n steps say, in one transaction; not STATE_LATER. */
#define DROP_WITH_MAX 3
int drop_row_save_with(struct drops *t, struct drop *d, const struct state_step *with, size_t n,
                       enum state_when when);

/* d has left folder and name: its row goes, unless it is already that of who has the name now. */
int drop_row_delete(struct drops *t, struct drop *d, bool durable);

/* d was called old in folder from; the row there goes likewise, that of its present name comes, and
 * what n steps say, in one transaction, on disk. */
int drop_row_move(struct drops *t, const struct folder *from, const char *old, struct drop *d,
                  const struct state_step *with, size_t n);

/* What d held is x from now on, which is kept apart, and d is as it is (NULL: there is none), in
 * one transaction, on disk. 0, -EIO, -ENOSPC. */
int drop_rows_fail(struct drops *t, struct drop *x, struct drop *d);

/* Where the rows of what failed in the folder of a key stand: below this, where no path leads. */
#define DROP_FAILED_KEY ".failed/"
char *drop_failed_key(const char *key); /* the caller frees; NULL: no memory */

#endif
