/* What stands in a directory: each entry once, names as the folder says. */
#ifndef LASFS_FILL_H
#define LASFS_FILL_H

#include "entries.h"

struct dirs;

/* Makes slots (under d's lock) until there is one number index. 0, 1 there are no more, what the
 * API gives. */
int dir_fill(struct dirs *dirs, struct call *call, struct dirhandle *d, size_t index,
             struct failure *err);

#endif
