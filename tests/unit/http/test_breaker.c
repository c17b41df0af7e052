/* Whether requests are worth trying. */
#include "breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"

#include "banned.h"

struct world {
    struct fake_clock fake;
    struct breaker b;
};

static void begin(struct world *w)
{
    fake_clock_init(&w->fake, 5000, 0);
    breaker_init(&w->b);
}

static int64_t now(struct world *w)
{
    return clock_now_ms(&w->fake.clock);
}

/* n operations one after the other, each of 100 ms. */
static void fail_times(struct world *w, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        int64_t began = now(w);

        fake_clock_advance(&w->fake, 100);
        breaker_failed(&w->b, began, now(w));
    }
}

static void answer(struct world *w)
{
    fake_clock_advance(&w->fake, 100);
    breaker_answered(&w->b, now(w));
}

static void it_opens_after_failures_in_a_row(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    fail_times(&w, BREAKER_FAILURES - 1);
    assert_false(w.b.open);
    assert_int_equal(breaker_next_probe(&w.b), INT64_MAX);
    fail_times(&w, 1);
    assert_true(w.b.open);
}

static void an_answer_between_begins_the_count_anew(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    for (int i = 0; i < 3; i++) {
        fail_times(&w, BREAKER_FAILURES - 1);
        answer(&w);
    }
    assert_false(w.b.open);
}

static void an_answer_closes_it(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    fail_times(&w, BREAKER_FAILURES);
    answer(&w);
    assert_false(w.b.open);
    assert_int_equal(breaker_next_probe(&w.b), INT64_MAX);
    fail_times(&w, BREAKER_FAILURES - 1);
    assert_false(w.b.open);
}

static void it_is_probed_each_second_one_at_a_time(void **state)
{
    struct world w;
    int64_t opened;

    (void)state;
    begin(&w);
    fail_times(&w, BREAKER_FAILURES);
    opened = now(&w);
    assert_int_equal(breaker_next_probe(&w.b), opened + BREAKER_PROBE_MS);
    fail_times(&w, 3); /* what was under way puts nothing off */
    assert_int_equal(breaker_next_probe(&w.b), opened + BREAKER_PROBE_MS);
    breaker_probe_begun(&w.b);
    assert_int_equal(breaker_next_probe(&w.b), INT64_MAX);
    fake_clock_advance(&w.fake, 3000);
    breaker_probe_ended(&w.b, false, now(&w));
    assert_true(w.b.open);
    assert_int_equal(breaker_next_probe(&w.b), now(&w) + BREAKER_PROBE_MS);
}

static void a_probe_that_is_answered_gives_one_more_chance(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    fail_times(&w, BREAKER_FAILURES);
    breaker_probe_begun(&w.b);
    breaker_probe_ended(&w.b, true, now(&w));
    assert_false(w.b.open);
    fail_times(&w, 1);
    assert_true(w.b.open);
    breaker_probe_begun(&w.b);
    breaker_probe_ended(&w.b, true, now(&w));
    answer(&w);
    fail_times(&w, BREAKER_FAILURES - 1);
    assert_false(w.b.open);
}

static void what_began_before_an_answer_tells_nothing(void **state)
{
    struct world w;
    int64_t began;

    (void)state;
    begin(&w);
    began = now(&w);
    answer(&w);
    for (int i = 0; i < 100; i++)
        breaker_failed(&w.b, began, now(&w));
    assert_false(w.b.open);
    fail_times(&w, BREAKER_FAILURES);
    breaker_probe_begun(&w.b);
    fake_clock_advance(&w.fake, 10);
    breaker_probe_ended(&w.b, true, now(&w));
    breaker_failed(&w.b, now(&w) - 10, now(&w)); /* hung since before */
    assert_false(w.b.open);
}

static void an_answer_while_a_probe_hangs_counts(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    fail_times(&w, BREAKER_FAILURES);
    breaker_probe_begun(&w.b);
    answer(&w);
    breaker_probe_ended(&w.b, false, now(&w));
    assert_false(w.b.open);
    assert_int_equal(w.b.failures, 0);
    fail_times(&w, BREAKER_FAILURES);
    assert_int_equal(breaker_next_probe(&w.b), now(&w) + BREAKER_PROBE_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_after_failures_in_a_row),
        cmocka_unit_test(an_answer_between_begins_the_count_anew),
        cmocka_unit_test(an_answer_closes_it),
        cmocka_unit_test(it_is_probed_each_second_one_at_a_time),
        cmocka_unit_test(a_probe_that_is_answered_gives_one_more_chance),
        cmocka_unit_test(what_began_before_an_answer_tells_nothing),
        cmocka_unit_test(an_answer_while_a_probe_hangs_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
