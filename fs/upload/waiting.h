/*
 * The sidecars that wait for their document: one look a moment after they began to, for a document
 * that came in that moment, a line in the error log after a minute, and a look each minute from
 * then on. A thread keeps the time, while there are any; the pool does the work.
 */
#ifndef LASFS_WAITING_H
#define LASFS_WAITING_H

#include <stdbool.h>

#include "backend.h"

struct drop;
struct uploads;

struct waiting;

enum wait_state {
    WAIT_OVER, /* it does not */
    WAIT_LONG, /* what it waits for is not there */
    WAIT_OWED, /* that is there, and could not be given it: it is tried again */
    WAIT_BUSY, /* the same, for somebody else was at it */
};

/* Does d still wait? sidecar_waits(). */
typedef enum wait_state waiting_fn(struct uploads *uploads, struct call *call, struct drop *d,
                                   struct failure *why);

/* 0, -ENOMEM. */
int waiting_new(struct uploads *uploads, waiting_fn *still_waits, struct waiting **out);
/* No look begins after it. */
void waiting_stop(struct waiting *w); /* NULL is fine, in all three */
void waiting_free(struct waiting *w);

/* Those that an earlier mount left. Blocks for the disk. 0, -ENOMEM, -EIO. */
int waiting_load(struct waiting *w);

/* d waits, from now on. 0, -ENOMEM, -EAGAIN there is no thread for it. */
int waiting_begin(struct waiting *w, struct drop *d);

/* d waits, or goes on waiting, for another try in a few seconds. The same. */
int waiting_again(struct waiting *w, struct drop *d);

/* d waits no more, if it did. */
void waiting_end(struct waiting *w, struct drop *d);

/* A document has gone, or a look was missed: all are looked at, in a second at most. */
void waiting_look(struct waiting *w);

/* All are looked at now, and given to what they wait for; who is busy is waited for, for so long at most. call
 * may be NULL. false: some are owed still. */
bool waiting_drain(struct waiting *w, struct call *call, int64_t timeout_ms);

/* How many have waited for longer than a minute. */
size_t waiting_count(struct waiting *w);

#endif
