#include "guard.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "breaker.h"
#include "call.h"
#include "lock.h"
#include "thread.h"

#include "banned.h"

/* A probe that hangs must not outlast the trouble for long. */
#define PROBE_TIMEOUT_MS 10000

struct guard {
    struct sender *sender; /* set once, as all to the lock */
    const char *url;
    int64_t timeout_ms;
    struct call call; /* of the thread that probes */
    pthread_t thread;
    struct lock lock;
    struct breaker breaker; /* guarded by lock, as all below */
    int rc;                 /* of the last failure */
    struct failure why;
};

bool guard_is_open(struct guard *g)
{
    bool open;

    lock_take(&g->lock);
    open = g->breaker.open;
    lock_give(&g->lock);
    return open;
}

int guard_enter(struct guard *g, struct failure *err)
{
    struct failure why = { 0 };
    bool open;
    int rc;

    lock_take(&g->lock);
    open = g->breaker.open;
    rc = g->rc;
    if (open)
        why = g->why;
    lock_give(&g->lock);
    return open ? fail(err, rc, why.status,
                       "not tried, as the server has failed %d times in a row: %.400s",
                       BREAKER_FAILURES, failure_cause(&why))
                : 0;
}

static void tell_change(struct guard *g, bool was_open, bool is_open)
{
    if (was_open != is_open)
        log_line(g->sender->log, LOG_LEVEL_DEBUG, "the server %s",
                 is_open ? "does not answer: it is probed each second" : "answers again");
}

void guard_leave(struct guard *g, int64_t began_ms, enum guard_result result, int rc,
                 const struct failure *why)
{
    int64_t now = clock_now_ms(g->sender->clock);
    bool was_open, is_open;

    lock_take(&g->lock);
    was_open = g->breaker.open;
    if (result == GUARD_ANSWERED) {
        breaker_answered(&g->breaker, now);
    } else if (result == GUARD_FAILED) {
        breaker_failed(&g->breaker, began_ms, now);
        g->rc = rc;
        g->why = *why;
    }
    is_open = g->breaker.open;
    lock_give(&g->lock);
    tell_change(g, was_open, is_open);
    if (!was_open && is_open)
        call_wake(&g->call);
}

/* --- The probe -------------------------------------------------------------------------------- */

/* Any answer will do, but that it is out of order. */
static bool probe(struct guard *g)
{
    struct request rq = { .method = "GET",
                          .url = g->url,
                          .content_type = "application/json",
                          .idempotent = true,
                          .class = CALL_PROBE,
                          .timeout_ms = g->timeout_ms,
                          .moved_ms = clock_now_ms(g->sender->clock),
                          .answer = BUF_INIT(ANSWER_MAX_BYTES) };
    struct sending st = { 0 };
    int rc = sender_once(g->sender, &g->call, &rq, &st);

    buf_release(&rq.answer);
    return rc == 0 && rq.status < 500;
}

static void probe_and_tell(struct guard *g)
{
    bool answered, was_open, is_open;

    lock_take(&g->lock);
    breaker_probe_begun(&g->breaker);
    lock_give(&g->lock);
    answered = probe(g);
    lock_take(&g->lock);
    was_open = g->breaker.open;
    breaker_probe_ended(&g->breaker, answered, clock_now_ms(g->sender->clock));
    is_open = g->breaker.open;
    lock_give(&g->lock);
    tell_change(g, was_open, is_open);
}

static void *guard_run(void *arg)
{
    struct guard *g = arg;

    for (;;) {
        int64_t due;
        int rc;

        lock_take(&g->lock);
        due = breaker_next_probe(&g->breaker);
        lock_give(&g->lock);
        rc = call_wait(&g->call, g->sender->clock, due);
        if (rc == -EINTR)
            return NULL;
        if (rc == -ETIMEDOUT)
            probe_and_tell(g);
    }
}

/* --- Start and end ---------------------------------------------------------------------------- */

static void destroy(struct guard *g)
{
    call_release(&g->call);
    lock_destroy(&g->lock);
    free(g);
}

int guard_new(struct sender *sender, const char *url, int64_t timeout_ms, struct guard **out)
{
    struct guard *g = calloc(1, sizeof(*g));
    int rc;

    if (!g)
        return -ENOMEM;
    rc = call_init(&g->call);
    if (rc < 0) {
        free(g);
        return rc;
    }
    g->sender = sender;
    g->url = url;
    g->timeout_ms = timeout_ms < PROBE_TIMEOUT_MS ? timeout_ms : PROBE_TIMEOUT_MS;
    lock_init(&g->lock, LOCK_GUARD);
    breaker_init(&g->breaker);
    rc = thread_start(&g->thread, 0, guard_run, g);
    if (rc < 0) {
        destroy(g);
        return rc;
    }
    *out = g;
    return 0;
}

void guard_free(struct guard *g)
{
    if (!g)
        return;
    call_cancel(&g->call);
    pthread_join(g->thread, NULL);
    destroy(g);
}
