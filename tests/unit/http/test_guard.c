/* What opens the breaker before a client's requests, and what does not. */
#include "backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "breaker.h"
#include "client_fixture.h"

#include "banned.h"

static const struct fake_reply broken = { .status = 503, .body = "{\"message\": \"down\"}" };

/* A clock with which every wait of one call ends as an interrupt does. */
struct interrupting {
    struct clock clock; /* first */
    struct fake_clock *fake;
    struct call *call;
    atomic_bool interrupts;
};

static int64_t now_ms(struct clock *c)
{
    return clock_now_ms(&((struct interrupting *)c)->fake->clock);
}

static int64_t realtime_ns(struct clock *c)
{
    return clock_realtime_ns(&((struct interrupting *)c)->fake->clock);
}

static int wait_until(struct clock *c, pthread_cond_t *cond, pthread_mutex_t *held,
                      int64_t until_ms)
{
    struct interrupting *clock = (struct interrupting *)c;

    if (atomic_load(&clock->interrupts) && held == &clock->call->lock.mutex &&
        until_ms != CLOCK_FOREVER) {
        clock->call->cancelled = true;
        return 0;
    }
    return clock->fake->clock.wait(&clock->fake->clock, cond, held, until_ms);
}

static bool is_down(const struct fixture *x)
{
    struct backend_stats stats;

    backend_get_stats(x->be, &stats);
    return stats.down;
}

static void failures_in_a_row_open_it(void **state)
{
    struct fixture x = { 0 };

    (void)state;
    begin_with(&x, &broken, 1);
    for (int i = 0; i < BREAKER_FAILURES; i++)
        assert_int_equal(get_document(&x), -EIO);
    assert_true(is_down(&x));
    assert_int_equal(get_document(&x), -EIO);
    assert_non_null(strstr(x.err.text, "not tried"));
    end(&x);
}

/* The last failure's words say why, and nothing of what was not even sent. */
static void what_is_not_tried_has_no_outcome(void **state)
{
    struct fixture x = { 0 };

    (void)state;
    begin_with(&x, &broken, 1);
    for (int i = 0; i < BREAKER_FAILURES; i++) {
        assert_int_equal(post_dataset(&x), -EIO);
        assert_int_equal(x.err.outcome, OUTCOME_UNKNOWN);
    }
    assert_int_equal(post_dataset(&x), -EIO);
    assert_int_equal(x.err.outcome, OUTCOME_NONE);
    assert_non_null(strstr(x.err.text, "not tried"));
    assert_non_null(strstr(x.err.text, "down"));
    assert_null(strstr(x.err.text, "unknown"));
    end(&x);
}

static void an_interrupt_between_two_tries_counts_for_nothing(void **state)
{
    struct interrupting clock = { .clock = { now_ms, realtime_ns, wait_until } };
    struct fixture x = { .clock = &clock.clock };

    (void)state;
    clock.fake = &x.fake;
    clock.call = &x.call;
    begin_with(&x, &broken, 1);
    atomic_store(&clock.interrupts, true);
    for (int i = 0; i < BREAKER_FAILURES; i++) {
        assert_int_equal(get_document(&x), -EINTR);
        x.call.cancelled = false;
    }
    assert_false(is_down(&x));
    atomic_store(&clock.interrupts, false);
    assert_int_equal(get_document(&x), -EIO);
    end(&x);
}

static void a_wait_that_is_asked_for_counts_for_nothing(void **state)
{
    static const struct fake_reply wait = { .status = 503, .headers = "Retry-After: 3000\r\n" };
    struct fixture x = { 0 };

    (void)state;
    begin_with(&x, &wait, 1);
    for (int i = 0; i < BREAKER_FAILURES; i++) {
        assert_int_equal(get_document(&x), -EAGAIN);
        fake_clock_advance(&x.fake, 3000000);
    }
    assert_int_equal(fake_count(&x.server, false), BREAKER_FAILURES);
    assert_false(is_down(&x));
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_in_a_row_open_it),
        cmocka_unit_test(what_is_not_tried_has_no_outcome),
        cmocka_unit_test(an_interrupt_between_two_tries_counts_for_nothing),
        cmocka_unit_test(a_wait_that_is_asked_for_counts_for_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
