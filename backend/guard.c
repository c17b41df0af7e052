#include "guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "breaker.h"
#include "call.h"

#include "banned.h"

/* A probe that hangs must not outlast the trouble for long. */
#define PROBE_TIMEOUT_MS 10000

struct guard {
    struct engine *engine; /* set once, as all to the lock */
    struct clock *clock;
    struct log *log;
    const char *url;
    int64_t timeout_ms;
    struct call call; /* of the thread that probes */
    pthread_t thread;
    pthread_mutex_t lock;
    struct breaker breaker; /* guarded by lock, as all below */
    int rc;                 /* of the last failure */
    struct failure why;
};

bool guard_is_open(struct guard *g)
{
    bool open;

    pthread_mutex_lock(&g->lock);
    open = g->breaker.open;
    pthread_mutex_unlock(&g->lock);
    return open;
}

int guard_enter(struct guard *g, struct failure *err)
{
    struct failure why = { 0 };
    bool open;
    int rc;

    pthread_mutex_lock(&g->lock);
    open = g->breaker.open;
    rc = g->rc;
    if (open)
        why = g->why;
    pthread_mutex_unlock(&g->lock);
    return open ? fail(err, rc, why.status,
                       "not tried, as the server has failed %d times in a row: %.400s",
                       BREAKER_FAILURES, why.text)
                : 0;
}

static void tell_change(struct guard *g, bool was_open, bool is_open)
{
    if (was_open != is_open)
        log_line(g->log, LOG_LEVEL_DEBUG, "the server %s",
                 is_open ? "does not answer: it is probed each second" : "answers again");
}

void guard_leave(struct guard *g, int64_t began_ms, enum guard_result result, int rc,
                 const struct failure *why)
{
    int64_t now = clock_now_ms(g->clock);
    bool was_open, is_open;

    pthread_mutex_lock(&g->lock);
    was_open = g->breaker.open;
    if (result == GUARD_ANSWERED) {
        breaker_answered(&g->breaker, now);
    } else if (result == GUARD_FAILED) {
        breaker_failed(&g->breaker, began_ms, now);
        g->rc = rc;
        g->why = *why;
    }
    is_open = g->breaker.open;
    pthread_mutex_unlock(&g->lock);
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
                          .urgent = true,
                          .timeout_ms = g->timeout_ms,
                          .moved_ms = clock_now_ms(g->clock),
                          .answer = BUF_INIT(ANSWER_MAX_BYTES) };
    int rc = request_do(g->engine, &g->call, &rq);

    buf_release(&rq.answer);
    return rc == 0 && rq.status < 500;
}

static void probe_and_tell(struct guard *g)
{
    bool answered, was_open, is_open;

    pthread_mutex_lock(&g->lock);
    breaker_probe_begun(&g->breaker);
    pthread_mutex_unlock(&g->lock);
    answered = probe(g);
    pthread_mutex_lock(&g->lock);
    was_open = g->breaker.open;
    breaker_probe_ended(&g->breaker, answered, clock_now_ms(g->clock));
    is_open = g->breaker.open;
    pthread_mutex_unlock(&g->lock);
    tell_change(g, was_open, is_open);
}

static void *guard_run(void *arg)
{
    struct guard *g = arg;

    for (;;) {
        int64_t due;
        int rc;

        pthread_mutex_lock(&g->lock);
        due = breaker_next_probe(&g->breaker);
        pthread_mutex_unlock(&g->lock);
        rc = call_wait(&g->call, g->clock, due);
        if (rc == -EINTR)
            return NULL;
        if (rc == -ETIMEDOUT)
            probe_and_tell(g);
    }
}

/* --- Start and end ---------------------------------------------------------------------------- */

static int start_thread(struct guard *g)
{
    sigset_t all, old;
    int rc;

    /* signals are for the program's own threads */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&g->thread, NULL, guard_run, g);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return -rc;
}

static void destroy(struct guard *g)
{
    call_release(&g->call);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

int guard_new(struct engine *engine, const char *url, int64_t timeout_ms, struct clock *clock,
              struct log *log, struct guard **out)
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
    g->engine = engine;
    g->url = url;
    g->timeout_ms = timeout_ms < PROBE_TIMEOUT_MS ? timeout_ms : PROBE_TIMEOUT_MS;
    g->clock = clock;
    g->log = log;
    pthread_mutex_init(&g->lock, NULL);
    breaker_init(&g->breaker);
    rc = start_thread(g);
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
