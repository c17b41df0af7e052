/* Leases whose beats wait in a pool that has no thread to spare. */
#include "lease.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client_fixture.h"
#include "pool.h"
#include "remote_context.h"

#include "banned.h"

#define TRANSITION "las:transition:" HEX
#define EXECUTION "las:transition-execution:" HEX

/* A clock that is always at the next deadline, and tells when there is none left. */
struct hasty {
    struct clock clock; /* first */
    struct fake_clock fake;
    atomic_int parked;
};

static int64_t now_ms(struct clock *c)
{
    return clock_now_ms(&((struct hasty *)c)->fake.clock);
}

static int64_t realtime_ns(struct clock *c)
{
    return clock_realtime_ns(&((struct hasty *)c)->fake.clock);
}

static int wait_until(struct clock *c, pthread_cond_t *cond, pthread_mutex_t *held,
                      int64_t until_ms)
{
    struct hasty *h = (struct hasty *)c;

    if (until_ms == CLOCK_FOREVER)
        atomic_store(&h->parked, 1);
    return h->fake.clock.wait(&h->fake.clock, cond, held, until_ms);
}

/* What the last close of a heartbeat leaves to the pool. */
struct closing {
    struct job job; /* first */
    struct leases *leases;
    struct lease *lease;
    atomic_int *gate;
};

static void close_one(struct job *job)
{
    struct closing *c = (struct closing *)job;

    while (!atomic_load(c->gate))
        sched_yield();
    lease_end(c->leases, c->lease);
}

static void the_last_thread_may_end_a_lease_whose_beat_is_queued(void **state)
{
    struct hasty hasty = { .clock = { now_ms, realtime_ns, wait_until } };
    struct fixture x = { 0 };
    struct remote remote = { .clock = &hasty.clock };
    struct target_ids execution = {
        .target.res = resource_get(RES_TRANSITION_EXECUTIONS),
        .id = EXECUTION,
        .parent = TRANSITION,
    };
    atomic_int gate = 0;
    struct closing c = { .job = { .run = close_one }, .gate = &gate };

    (void)state;
    fake_clock_init(&hasty.fake, 1000, 0);
    begin(&x);
    remote.backend = x.be;
    assert_int_equal(pool_new(1, &remote.pool), 0);
    assert_int_equal(leases_new(&remote, &remote.leases), 0);
    c.leases = remote.leases;
    assert_int_equal(pool_submit(remote.pool, &c.job), 0);
    assert_int_equal(lease_begin(remote.leases, &execution, &c.lease), 0);
    while (!atomic_load(&hasty.parked)) /* its beat has been given to the pool */
        sched_yield();
    atomic_store(&gate, 1);
    assert_true(pool_drain(remote.pool, 10000));
    assert_int_equal(fake_count(&x.server, false), 0);
    leases_stop(remote.leases);
    pool_free(remote.pool);
    leases_free(remote.leases);
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_thread_may_end_a_lease_whose_beat_is_queued),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
