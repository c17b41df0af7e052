/* Which failures pass. Pure. */
#ifndef LASFS_PASSES_H
#define LASFS_PASSES_H

#include <stdbool.h>

#include "failure.h"

/* Did it fail for what passes by itself: the network, the server, a token, a full disk? Then it is
 * tried again by who has acknowledged it. */
bool failure_passes(int rc, const struct failure *why);

/* Has the server itself said that it failed? Then what was asked for is done by now, or never will be;
 * what stands before a server says less. */
bool failure_is_answer(const struct failure *why);

#endif
