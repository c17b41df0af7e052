#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* base/failure.h has one */

#include "array.h"
#include "flight.h"

#include "banned.h"

#define FOLLOWERS 19

/* Counts its references; never freed, so that a test can look at it. */
struct thing {
    atomic_int refs;
};

static void thing_ref(void *object)
{
    atomic_fetch_add(&((struct thing *)object)->refs, 1);
}

static void thing_unref(void *object)
{
    atomic_fetch_sub(&((struct thing *)object)->refs, 1);
}

static const struct counted_class thing_class = { thing_ref, thing_unref };

/* One caller of flight_run, in a thread of its own. */
struct caller {
    struct flights *flights;
    const char *key;
    struct call call;
    struct thing *thing; /* what its work brings */
    int rc_of_work;
    const char *words; /* of a failure */
    atomic_int *works; /* how often any work ran */
    atomic_int *gate;  /* work goes on when it is not 0, or when cancelled */
    atomic_int working;
    struct flight_result result;
    struct failure err;
    int rc;
    pthread_t thread;
};

static int work(void *arg, struct flight_result *result, struct failure *err)
{
    struct caller *c = arg;

    atomic_fetch_add(c->works, 1);
    atomic_store(&c->working, 1);
    while (c->gate && !atomic_load(c->gate)) {
        if (call_cancelled(&c->call))
            return fail(err, -EINTR, 0, "cancelled");
        sched_yield();
    }
    if (c->rc_of_work < 0)
        return fail(err, c->rc_of_work, 503, "%s", c->words);
    atomic_fetch_add(&c->thing->refs, 1);
    *result = (struct flight_result){ c->thing, &thing_class };
    return 0;
}

static void *run(void *arg)
{
    struct caller *c = arg;

    c->rc = flight_run(c->flights, &c->call, clock_real(), c->key, work, c, &c->result, &c->err);
    return NULL;
}

struct fixture {
    struct flights *flights;
    atomic_int works, gate;
    struct thing thing;
    struct caller callers[1 + FOLLOWERS]; /* the first one leads */
};

static void caller_init(struct fixture *f, struct caller *c, const char *key)
{
    *c = (struct caller){ .flights = f->flights,
                          .key = key,
                          .thing = &f->thing,
                          .works = &f->works,
                          .gate = &f->gate,
                          .rc = 1,
                          .words = "no" };
    assert_int_equal(call_init(&c->call), 0);
}

static void caller_start(struct caller *c)
{
    assert_int_equal(pthread_create(&c->thread, NULL, run, c), 0);
}

static void caller_join(struct caller *c)
{
    assert_int_equal(pthread_join(c->thread, NULL), 0);
}

static void wait_until_working(struct caller *c)
{
    while (!atomic_load(&c->working))
        sched_yield();
}

static void wait_for_waiting(struct fixture *f, const char *key, size_t n)
{
    while (flights_waiting(f->flights, key) != n)
        sched_yield();
}

static int setup(void **state)
{
    static struct fixture f;

    memset(&f, 0, sizeof(f));
    assert_int_equal(flights_new(&f.flights), 0);
    for (size_t i = 0; i < ARRAY_LEN(f.callers); i++)
        caller_init(&f, &f.callers[i], "key");
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(f->callers); i++)
        call_release(&f->callers[i].call);
    flights_free(f->flights);
    return 0;
}

/* Starts the leader and followers 1..n, which wait in this order. */
static void take_off(struct fixture *f, size_t n)
{
    caller_start(&f->callers[0]);
    wait_until_working(&f->callers[0]);
    for (size_t i = 1; i <= n; i++) {
        caller_start(&f->callers[i]);
        wait_for_waiting(f, "key", i);
    }
}

static void flight_gives_one_result_to_all(void **state)
{
    struct fixture *f = *state;

    take_off(f, FOLLOWERS);
    atomic_store(&f->gate, 1);
    for (size_t i = 0; i < ARRAY_LEN(f->callers); i++) {
        caller_join(&f->callers[i]);
        assert_int_equal(f->callers[i].rc, 0);
        assert_ptr_equal(f->callers[i].result.object, &f->thing);
    }
    assert_int_equal(f->works, 1);
    assert_int_equal(f->thing.refs, 1 + FOLLOWERS); /* one for each, none of its own */
}

static void flight_gives_one_failure_to_all(void **state)
{
    struct fixture *f = *state;

    f->callers[0].rc_of_work = -EIO;
    f->callers[0].words = "the server is ill";
    take_off(f, FOLLOWERS);
    atomic_store(&f->gate, 1);
    for (size_t i = 0; i < ARRAY_LEN(f->callers); i++) {
        caller_join(&f->callers[i]);
        assert_int_equal(f->callers[i].rc, -EIO);
        assert_int_equal(f->callers[i].err.status, 503);
        assert_string_equal(f->callers[i].err.text, "the server is ill");
        assert_null(f->callers[i].result.object);
    }
    assert_int_equal(f->works, 1);
    assert_int_equal(f->thing.refs, 0);
}

static void flight_goes_on_when_its_leader_is_cancelled(void **state)
{
    struct fixture *f = *state;
    struct thing second = { 0 };

    f->callers[1].thing = &second;
    take_off(f, 3);
    call_cancel(&f->callers[0].call);
    caller_join(&f->callers[0]);
    assert_int_equal(f->callers[0].rc, -EINTR);
    wait_until_working(&f->callers[1]); /* who waited longest leads, with its own work */
    assert_int_equal(flights_waiting(f->flights, "key"), 2);
    atomic_store(&f->gate, 1);
    for (size_t i = 1; i <= 3; i++) {
        caller_join(&f->callers[i]);
        assert_int_equal(f->callers[i].rc, 0);
        assert_ptr_equal(f->callers[i].result.object, &second);
    }
    assert_int_equal(f->works, 2);
    assert_int_equal(second.refs, 3);
}

static void flight_ends_when_all_are_cancelled(void **state)
{
    struct fixture *f = *state;

    take_off(f, 3);
    for (size_t i = 0; i <= 3; i++)
        call_cancel(&f->callers[i].call);
    for (size_t i = 0; i <= 3; i++) {
        caller_join(&f->callers[i]);
        assert_int_equal(f->callers[i].rc, -EINTR);
    }
    assert_int_equal(f->thing.refs, 0);
    /* the key is free again */
    caller_init(f, &f->callers[4], "key");
    atomic_store(&f->gate, 1);
    run(&f->callers[4]);
    assert_int_equal(f->callers[4].rc, 0);
}

static void flight_loses_only_the_follower_that_is_cancelled(void **state)
{
    struct fixture *f = *state;

    take_off(f, 3);
    call_cancel(&f->callers[2].call);
    caller_join(&f->callers[2]);
    assert_int_equal(f->callers[2].rc, -EINTR);
    assert_int_equal(flights_waiting(f->flights, "key"), 2);
    atomic_store(&f->gate, 1);
    caller_join(&f->callers[0]);
    caller_join(&f->callers[1]);
    caller_join(&f->callers[3]);
    assert_int_equal(f->callers[1].rc, 0);
    assert_int_equal(f->callers[3].rc, 0);
    assert_int_equal(f->works, 1);
    assert_int_equal(f->thing.refs, 3);
}

/* -EINTR that is not the leader's own (the program ends) is a failure like any other. */
static void flight_shares_an_interruption_of_the_work_itself(void **state)
{
    struct fixture *f = *state;

    f->callers[0].rc_of_work = -EINTR;
    take_off(f, 2);
    atomic_store(&f->gate, 1);
    for (size_t i = 0; i <= 2; i++) {
        caller_join(&f->callers[i]);
        assert_int_equal(f->callers[i].rc, -EINTR);
    }
    assert_int_equal(f->works, 1);
}

static void flight_begins_nothing_for_who_may_not_wait(void **state)
{
    struct fixture *f = *state;

    f->callers[1].call.nowait = true;
    run(&f->callers[1]);
    assert_int_equal(f->callers[1].rc, -EWOULDBLOCK);
    assert_int_equal(f->works, 0);
    take_off(f, 0);
    run(&f->callers[1]); /* nor does it wait for others */
    assert_int_equal(f->callers[1].rc, -EWOULDBLOCK);
    atomic_store(&f->gate, 1);
    caller_join(&f->callers[0]);
}

static void flight_of_another_key_is_another(void **state)
{
    struct fixture *f = *state;

    take_off(f, 1);
    f->callers[2].key = "kex";
    f->callers[2].gate = NULL;
    run(&f->callers[2]);
    assert_int_equal(f->callers[2].rc, 0);
    assert_int_equal(f->works, 2);
    atomic_store(&f->gate, 1);
    caller_join(&f->callers[0]);
    caller_join(&f->callers[1]);
}

static void expect_new_flight(struct fixture *f)
{
    struct thing newer = { 0 };

    f->callers[2].thing = &newer;
    f->callers[2].gate = NULL;
    run(&f->callers[2]);
    assert_int_equal(f->callers[2].rc, 0);
    assert_ptr_equal(f->callers[2].result.object, &newer);
    assert_int_equal(f->works, 2);
    atomic_store(&f->gate, 1);
    caller_join(&f->callers[0]);
    caller_join(&f->callers[1]);
    assert_ptr_equal(f->callers[1].result.object, &f->thing); /* who waited gets the older one */
    f->callers[2].thing = NULL;
}

static void flight_forgotten_is_not_joined(void **state)
{
    struct fixture *f = *state;

    take_off(f, 1);
    flights_forget(f->flights, "other");
    assert_int_equal(flights_waiting(f->flights, "key"), 1);
    flights_forget(f->flights, "key");
    expect_new_flight(f);
}

static void flight_forgotten_with_all_is_not_joined(void **state)
{
    struct fixture *f = *state;

    take_off(f, 1);
    flights_forget_all(f->flights);
    expect_new_flight(f);
}

static void flight_wants_no_result(void **state)
{
    struct fixture *f = *state;
    struct caller *c = &f->callers[0];

    c->gate = NULL;
    assert_int_equal(flight_run(f->flights, &c->call, clock_real(), "key", work, c, NULL, NULL), 0);
    assert_int_equal(f->thing.refs, 0);
}

/* --- Many at once ----------------------------------------------------------------------------- */

#define STRESS_THREADS 16
#define STRESS_ROUNDS 2000

struct stress {
    struct flights *flights;
    struct thing things[4];
    atomic_int working[4]; /* more than one for a key would be two flights */
    atomic_int cancelled;
    struct call *current[STRESS_THREADS]; /* guarded by lock */
    pthread_mutex_t lock;
    atomic_int next;
};

struct stress_work {
    struct stress *s;
    struct call *call;
    unsigned key, turn;
};

static int stress_work(void *arg, struct flight_result *result, struct failure *err)
{
    struct stress_work *w = arg;
    int rc = 0;

    (void)err;
    assert_int_equal(atomic_fetch_add(&w->s->working[w->key], 1), 0);
    for (int i = 0; i < 20; i++)
        sched_yield();
    if (call_cancelled(w->call))
        rc = -EINTR;
    else if (w->turn % 7 == 0)
        rc = -EIO;
    atomic_fetch_sub(&w->s->working[w->key], 1);
    if (rc == 0) {
        thing_ref(&w->s->things[w->key]);
        *result = (struct flight_result){ &w->s->things[w->key], &thing_class };
    }
    return rc;
}

static void stress_cancel_somebody(struct stress *s, unsigned who)
{
    pthread_mutex_lock(&s->lock);
    if (s->current[who % STRESS_THREADS]) {
        call_cancel(s->current[who % STRESS_THREADS]);
        atomic_fetch_add(&s->cancelled, 1);
    }
    pthread_mutex_unlock(&s->lock);
}

static void stress_once(struct stress *s, int me, unsigned turn)
{
    static const char *const keys[] = { "a", "b", "c", "d" };
    struct flight_result result = { NULL, NULL };
    struct failure err = { 0 };
    struct call call;
    struct stress_work w = { s, &call, (turn * 31 + (unsigned)me) / 3 % 4, turn };
    int rc;

    assert_int_equal(call_init(&call), 0);
    pthread_mutex_lock(&s->lock);
    s->current[me] = &call;
    pthread_mutex_unlock(&s->lock);
    if (turn % 5 == 0)
        stress_cancel_somebody(s, turn / 5);
    rc = flight_run(s->flights, &call, clock_real(), keys[w.key], stress_work, &w, &result, &err);
    pthread_mutex_lock(&s->lock);
    s->current[me] = NULL;
    pthread_mutex_unlock(&s->lock);
    if (rc == 0) {
        assert_ptr_equal(result.object, &s->things[w.key]);
        thing_unref(result.object);
    } else if (rc == -EINTR) {
        assert_true(call_cancelled(&call)); /* nobody is interrupted for another */
    } else {
        assert_int_equal(rc, -EIO);
    }
    call_release(&call);
}

static void *stress_thread(void *arg)
{
    struct stress *s = arg;
    int me = atomic_fetch_add(&s->next, 1);

    for (unsigned turn = 0; turn < STRESS_ROUNDS; turn++)
        stress_once(s, me, turn);
    return NULL;
}

static void flight_keeps_count_among_many(void **state)
{
    static struct stress s;
    pthread_t threads[STRESS_THREADS];

    (void)state;
    assert_int_equal(flights_new(&s.flights), 0);
    pthread_mutex_init(&s.lock, NULL);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, stress_thread, &s), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < ARRAY_LEN(s.things); i++)
        assert_int_equal(s.things[i].refs, 0);
    assert_true(s.cancelled > 0);
    pthread_mutex_destroy(&s.lock);
    flights_free(s.flights);
}

/* Reading ahead is no longer that once a reader waits for it; nor is who leads after it. */
static void flight_is_as_urgent_as_who_waits(void **state)
{
    struct fixture *f = *state;
    struct caller *ahead = &f->callers[0], *next = &f->callers[1], *reader = &f->callers[2];

    ahead->call.class = next->call.class = CALL_BACKGROUND;
    caller_start(ahead);
    wait_until_working(ahead);
    caller_start(next);
    wait_for_waiting(f, "key", 1);
    assert_int_equal(ahead->call.class, CALL_BACKGROUND);
    caller_start(reader);
    wait_for_waiting(f, "key", 2);
    assert_int_equal(ahead->call.class, CALL_INTERACTIVE);
    call_cancel(&ahead->call);
    wait_until_working(next);
    assert_int_equal(next->call.class, CALL_INTERACTIVE);
    atomic_store(&f->gate, 1);
    caller_join(ahead);
    caller_join(next);
    caller_join(reader);
    assert_int_equal(reader->rc, 0);
    assert_int_equal(atomic_load(&f->thing.refs), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(flight_gives_one_result_to_all),
        TEST(flight_gives_one_failure_to_all),
        TEST(flight_is_as_urgent_as_who_waits),
        TEST(flight_goes_on_when_its_leader_is_cancelled),
        TEST(flight_ends_when_all_are_cancelled),
        TEST(flight_loses_only_the_follower_that_is_cancelled),
        TEST(flight_shares_an_interruption_of_the_work_itself),
        TEST(flight_begins_nothing_for_who_may_not_wait),
        TEST(flight_of_another_key_is_another),
        TEST(flight_forgotten_is_not_joined),
        TEST(flight_forgotten_with_all_is_not_joined),
        TEST(flight_wants_no_result),
        cmocka_unit_test(flight_keeps_count_among_many),
    };

    return cmocka_run_group_tests_name("flight", tests, NULL, NULL);
}
