/*
 * One daemon for each state directory: DIR/lock is locked as long as the descriptor is open, and
 * tells the owner's pid. A killed owner's lock ends with it.
 */
#ifndef LASFS_STATE_LOCK_H
#define LASFS_STATE_LOCK_H

#include <stdint.h>

#include "clock.h"
#include "failure.h"

/* Waits up to wait_ms. fd: the caller's, closing it unlocks. 0, -EWOULDBLOCK with words that
 * name the owner, -ENOMEM and what open(2) gives, with words. */
int state_lock(const char *dir, int64_t wait_ms, struct clock *clock, int *fd, struct failure *err);

#endif
