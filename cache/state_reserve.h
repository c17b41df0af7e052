/*
 * Room on the disk that is kept for the state database: when nothing else has any, what is promised
 * can still be written down. A file beside the database, given up piece by piece and made whole again
 * once there is room. For one thread at a time; all block for the disk alone.
 */
#ifndef LASFS_STATE_RESERVE_H
#define LASFS_STATE_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

struct state_reserve {
    int fd;         /* -1: there is none */
    int64_t bytes;  /* that it has */
    int64_t end_ms; /* (monotonic) it is not tried to make it whole before */
};

/* Opens or makes it in dirfd, as large as there is room for. 0, and what owned_file_open() gives but
 * -ENOSPC, with words in err. */
int state_reserve_open(struct state_reserve *r, int dirfd, const char *dir, struct failure *err);
void state_reserve_close(struct state_reserve *r);

/* Gives up a piece. false: there is none left. */
bool state_reserve_give(struct state_reserve *r);

/* Makes it whole, if it is not, and it was not tried just now, and others are not short of room. */
void state_reserve_fill(struct state_reserve *r);

#endif
