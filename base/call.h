/*
 * One operation that somebody waits for: the place where its thread parks, and the switch by
 * which another thread ends it (Ctrl-C, unmount). Whoever finishes what the operation waits for
 * calls call_wake(); the operation looks again whether it is done. A call belongs to one thread;
 * call_wake and call_cancel may come from any.
 */
#ifndef LASFS_CALL_H
#define LASFS_CALL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"
#include "clock.h"

struct call {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool woken;     /* guarded by lock */
    bool cancelled; /* guarded by lock */
    bool nowait;    /* set once: what would block returns -EWOULDBLOCK, with nothing begun */
};

/* The caller's memory. 0 or -errno. */
int call_init(struct call *c);
void call_release(struct call *c);
#define cleanup_call CLEANUP(call_release)

void call_wake(struct call *c);
void call_cancel(struct call *c);
bool call_cancelled(struct call *c);

/*
 * Parks until call_wake, call_cancel or until_ms (monotonic; CLOCK_FOREVER: no end).
 * 0 woken: look at the condition again; -EINTR cancelled; -ETIMEDOUT.
 * A wake that came before the wait is not lost. No lock may be held.
 */
int call_wait(struct call *c, struct clock *clock, int64_t until_ms);

#endif
