/* The start and the end of all drops. */
#ifndef LASFS_DROPS_START_H
#define LASFS_DROPS_START_H

#include "drop.h"

struct state;
struct spool;

/* state, spool and scratch (more patterns of scratch.h, or NULL) outlive it. What was being written
 * when the last mount ended is marked as failed here. 0, -ENOMEM, -EIO; -EPERM, -EMFILE, ...: bytes that a row has
 * cannot be opened, and nothing is forgotten. */
int drops_new(struct state *state, struct spool *spool, struct clock *clock, const char *scratch,
              struct drops **out, struct failure *err);
void drops_free(struct drops *t); /* NULL is fine */

#endif
