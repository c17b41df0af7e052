/*
 * What can still be read of a damaged state database, and which rows of a whole one make no sense.
 * For one thread, at the start.
 */
#ifndef LASFS_STATE_SALVAGE_H
#define LASFS_STATE_SALVAGE_H

#include <sqlite3.h>
#include <stdint.h>

#include "failure.h"

/* Puts into to, which is new and empty, what can be read of the database at path, which stays as it
 * is. How many names that were. */
int64_t state_salvage(sqlite3 *to, const char *path);

/*
 * Moves the rows that no lasfs has written into a table of their own, *table (32 bytes). Their
 * number; 0: there are none; -EIO, -ENOSPC, -ENOMEM with words in err, and then all are where they
 * were.
 */
int64_t state_set_rows_aside(sqlite3 *db, char table[32], struct failure *err);

#endif
