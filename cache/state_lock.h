/*
 * One daemon for each state directory: DIR/lock is locked as long as the descriptor is open, and
 * tells the owner's pid. A killed owner's lock ends with it.
 */
#ifndef LASFS_STATE_LOCK_H
#define LASFS_STATE_LOCK_H

#include <stdint.h>

#include "clock.h"
#include "failure.h"

/* dirfd and dir are a directory that owned_dir_open() has checked. Waits up to wait_ms. fd: the
 * caller's, closing it unlocks. 0, -EWOULDBLOCK with words that name the owner, and what
 * owned_file_open() gives, with words. */
int state_lock(int dirfd, const char *dir, int64_t wait_ms, struct clock *clock, int *fd,
               struct failure *err);

#endif
