#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "array.h"
#include "call.h"

#include "banned.h"

static int setup(void **state)
{
    static struct call c;

    *state = &c;
    return call_init(&c);
}

static int teardown(void **state)
{
    call_release(*state);
    return 0;
}

static void call_keeps_a_wake_that_came_before(void **state)
{
    call_wake(*state);
    assert_int_equal(call_wait(*state, clock_real(), CLOCK_FOREVER), 0);
}

static void call_takes_each_wake_once(void **state)
{
    struct fake_clock clock;

    fake_clock_init(&clock, 0, 0);
    call_wake(*state);
    call_wake(*state);
    assert_int_equal(call_wait(*state, &clock.clock, 100), 0);
    assert_int_equal(call_wait(*state, &clock.clock, 100), -ETIMEDOUT);
    assert_int_equal(clock_now_ms(&clock.clock), 100);
}

static void call_stays_cancelled(void **state)
{
    assert_false(call_cancelled(*state));
    call_cancel(*state);
    assert_true(call_cancelled(*state));
    assert_int_equal(call_wait(*state, clock_real(), CLOCK_FOREVER), -EINTR);
    call_wake(*state); /* being cancelled goes before being woken */
    assert_int_equal(call_wait(*state, clock_real(), CLOCK_FOREVER), -EINTR);
}

static void call_ends_at_its_time(void **state)
{
    struct clock *clock = clock_real();
    int64_t before = clock_now_ms(clock);

    assert_int_equal(call_wait(*state, clock, before + 30), -ETIMEDOUT);
    assert_true(clock_now_ms(clock) >= before + 30);
    assert_int_equal(call_wait(*state, clock, before - 1000), -ETIMEDOUT);
    call_wake(*state); /* woken, though it is late */
    assert_int_equal(call_wait(*state, clock, before - 1000), 0);
}

struct parked {
    struct call *call;
    atomic_int rounds, rc;
};

static void *park(void *arg)
{
    struct parked *p = arg;
    int rc;

    while ((rc = call_wait(p->call, clock_real(), CLOCK_FOREVER)) == 0)
        atomic_fetch_add(&p->rounds, 1);
    atomic_store(&p->rc, rc);
    return NULL;
}

static void call_is_woken_by_other_threads(void **state)
{
    struct parked p = { .call = *state };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, park, &p), 0);
    for (int i = 1; i <= 1000; i++) {
        call_wake(p.call);
        while (atomic_load(&p.rounds) != i)
            sched_yield();
    }
    call_cancel(p.call);
    pthread_join(thread, NULL);
    assert_int_equal(p.rc, -EINTR);
    assert_int_equal(p.rounds, 1000);
}

static void call_counts_how_long_it_was_parked(void **state)
{
    struct call_origin origin = { .number = 7 };
    struct clock *clock = clock_real();
    struct call *c = *state;

    c->origin = &origin;
    assert_int_equal(call_wait(c, clock, clock_now_ms(clock) + 20), -ETIMEDOUT);
    assert_int_equal(call_wait(c, clock, clock_now_ms(clock) + 20), -ETIMEDOUT);
    assert_true(origin.waited_us >= 38000); /* both; a millisecond is cut */
    assert_int_equal(origin.number, 7);
}

static void clock_fake_stands_until_it_is_moved(void **state)
{
    struct fake_clock clock;
    (void)state;

    fake_clock_init(&clock, 5, INT64_C(1000000000000));
    assert_int_equal(clock_now_ms(&clock.clock), 5);
    assert_int_equal(clock_realtime_ns(&clock.clock), INT64_C(1000005000000));
    fake_clock_advance(&clock, 10);
    assert_int_equal(clock_now_ms(&clock.clock), 15);
    assert_int_equal(clock_realtime_ns(&clock.clock), INT64_C(1000015000000));
}

static void clock_fake_does_not_go_back_for_who_waits(void **state)
{
    struct fake_clock clock;

    fake_clock_init(&clock, 100, 0);
    assert_int_equal(call_wait(*state, &clock.clock, 50), -ETIMEDOUT);
    assert_int_equal(clock_now_ms(&clock.clock), 100);
}

static void clock_real_is_the_machines(void **state)
{
    int64_t ms = clock_now_ms(clock_real());
    time_t now = time(NULL);
    int64_t seconds = clock_realtime_ns(clock_real()) / 1000000000;
    (void)state;

    assert_true(seconds >= now - 1 && seconds <= now + 1);
    assert_true(clock_now_ms(clock_real()) >= ms);
}

static void call_rises_and_does_not_sink(void **state)
{
    struct call *c = *state;

    assert_int_equal(c->class, CALL_INTERACTIVE);
    c->class = CALL_BACKGROUND;
    call_raise(c, CALL_CHANGE);
    assert_int_equal(c->class, CALL_CHANGE);
    call_raise(c, CALL_BACKGROUND);
    assert_int_equal(c->class, CALL_CHANGE);
    call_raise(c, CALL_URGENT);
    assert_int_equal(c->class, CALL_URGENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(call_keeps_a_wake_that_came_before),
        TEST(call_takes_each_wake_once),
        TEST(call_stays_cancelled),
        TEST(call_ends_at_its_time),
        TEST(call_is_woken_by_other_threads),
        TEST(call_counts_how_long_it_was_parked),
        TEST(call_rises_and_does_not_sink),
        cmocka_unit_test(clock_fake_stands_until_it_is_moved),
        TEST(clock_fake_does_not_go_back_for_who_waits),
        cmocka_unit_test(clock_real_is_the_machines),
    };

    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
