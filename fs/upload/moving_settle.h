/* Moves that nobody waits for any more: what became of them is looked for, and the name follows. */
#ifndef LASFS_MOVING_SETTLE_H
#define LASFS_MOVING_SETTLE_H

#include <stdint.h>

struct call;
struct failure;
struct intent_row;
struct uploads;

/* The journal's work at one that nobody knows of. As struct journal_config's work(). */
int64_t moving_settle(struct uploads *uploads, struct call *call, const struct intent_row *row,
                      struct failure *why);

#endif
