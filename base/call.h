/*
 * One operation that somebody waits for: the place where its thread parks, and the switch by
 * which another thread ends it (Ctrl-C, unmount). Whoever finishes what the operation waits for
 * calls call_wake(); the operation looks again whether it is done. A call belongs to one thread;
 * call_wake and call_cancel may come from any.
 */
#ifndef LASFS_CALL_H
#define LASFS_CALL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"
#include "clock.h"
#include "lock.h"

/* What a call is for, in the trace (trace.h). The thread's that the call belongs to. */
struct call_origin {
    uint64_t number;   /* set once: of the operation */
    int64_t waited_us; /* for how long it was parked, or waited for a thread */
};

/* What goes first where several wait for one place: a greater one. Most are somebody's who waits. */
enum call_class {
    CALL_BACKGROUND = -2, /* nobody waits for it yet: reading ahead */
    CALL_CHANGE = -1,     /* an upload: it takes long anyway */
    CALL_INTERACTIVE = 0,
    CALL_URGENT = 1, /* too late it is worth nothing, and it is short: a heartbeat */
    CALL_PROBE = 2,  /* whether all others are worth a try */
};

struct call {
    struct lock lock;
    pthread_cond_t cond;
    bool woken;       /* guarded by lock */
    bool cancelled;   /* guarded by lock */
    bool nowait;      /* set once: what would block returns -EWOULDBLOCK, with nothing begun */
    atomic_int class; /* an enum call_class; set by who begins it, then call_raise() */
    struct call_origin
        *origin; /* set once; outlives the call; NULL: there is no trace, or nobody */
};

/* The caller's memory. 0 or -errno. */
int call_init(struct call *c);
void call_release(struct call *c);
#define cleanup_call CLEANUP(call_release)

void call_wake(struct call *c);
void call_cancel(struct call *c);
bool call_cancelled(struct call *c);

/* Somebody with a call of this class waits for what c does: from now on it is of that class at
 * least. */
void call_raise(struct call *c, enum call_class class);

/*
 * Parks until call_wake, call_cancel or until_ms (monotonic; CLOCK_FOREVER: no end).
 * 0 woken: look at the condition again; -EINTR cancelled; -ETIMEDOUT.
 * A wake that came before the wait is not lost. No lock may be held.
 */
int call_wait(struct call *c, struct clock *clock, int64_t until_ms);

#endif
