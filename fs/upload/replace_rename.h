/* One resource in the place of another by a rename over it (replace.h). */
#ifndef LASFS_REPLACE_RENAME_H
#define LASFS_REPLACE_RENAME_H

#include "backend.h"

struct drop;
struct moving;

/* What replace_by_rename() gives, but 0. */
#define REPLACED 1          /* d's resource is what the other one was, and where */
#define REPLACED_BY_BYTES 2 /* the same, and it is another one by now; the other one is gone */

/*
 * m's drop, which is a resource already, is renamed over there: its own is what the resource of there
 * is, and that one has to go once the names have changed: m owes it (moving.h). Where the API cannot make it that (a consent), or keeps the one and
 * changes its content (an asset), its bytes are sent once more in its place, and its own goes.
 * What should go and cannot be deleted then is one line in errors. What is made from JSON, or gets a
 * temporary name, is not made what the other one is, which goes likewise: 0. Both are held exclusively.
 * 0 also: there was none, or it stays; -EPERM the API deletes none; what it gives: both are as they were.
 */
int replace_by_rename(struct moving *m, struct drop *there, struct failure *err);

#endif
