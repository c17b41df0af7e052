/* How much of everything there is. */
#ifndef SANDBOX_OVERVIEW_H
#define SANDBOX_OVERVIEW_H

#include "sandbox.h"

/* How many there are of each kind. Any thread; blocks on the store. 0, -EIO, -ENOMEM. */
int overview_counts(const struct sandbox *sb, int64_t out[RES_COUNT]);

#endif
