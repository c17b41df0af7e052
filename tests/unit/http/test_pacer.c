/* When the next request may go. */
#include "pacer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array.h"

#include "banned.h"

static void no_limit_lets_all_go(void **state)
{
    struct pacer p;

    (void)state;
    pacer_init(&p, 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(pacer_take(&p, 5000), 5000);
    pacer_release(&p);
}

static void a_rate_gives_each_its_place(void **state)
{
    struct pacer p;

    (void)state;
    pacer_init(&p, 10);
    for (int i = 0; i < 50; i++)
        assert_int_equal(pacer_take(&p, 5000), 5000 + 100 * i);
    /* what was not used is not saved up */
    assert_int_equal(pacer_take(&p, 60000), 60000);
    assert_int_equal(pacer_take(&p, 60000), 60100);
    pacer_release(&p);
}

static void what_cannot_wait_takes_a_place_too(void **state)
{
    struct pacer p;

    (void)state;
    pacer_init(&p, 10);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pacer_take(&p, 5000), 5000 + 100 * i);
    assert_int_equal(pacer_take_first(&p, 5000), 5000);
    assert_int_equal(pacer_take(&p, 5000), 5400);
    pacer_hold(&p, 5000, 4);
    assert_int_equal(pacer_take_first(&p, 5000), 9000);
    pacer_release(&p);
}

static void fractions_of_a_millisecond_add_up(void **state)
{
    struct pacer p;
    int64_t at = 0;

    (void)state;
    pacer_init(&p, 3000);
    for (int i = 0; i <= 3000; i++)
        at = pacer_take(&p, 1000);
    assert_in_range(at, 1999, 2000);
    pacer_release(&p);
}

static void everybody_is_held(void **state)
{
    struct pacer p;
    int64_t again = 0;

    (void)state;
    pacer_init(&p, 0);
    assert_true(pacer_held(&p) < 0);
    pacer_hold(&p, 5000, 4);
    pacer_hold(&p, 5000, 2);
    pacer_hold(&p, 5000, 0);
    pacer_hold(&p, 5000, -1);
    assert_int_equal(pacer_held(&p), 9000);
    assert_int_equal(pacer_take(&p, 5000), 9000);
    assert_int_equal(pacer_take(&p, 9500), 9500);
    assert_int_equal(pacer_turn(&p, 8999, &again), PACER_WAIT);
    assert_int_equal(again, 9000);
    pacer_release(&p);
}

static void nobody_is_held_for_more_than_a_minute(void **state)
{
    static const int64_t wishes[] = { 60, 61, 3600, 1000000000, INT64_MAX };
    struct pacer p;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
        pacer_init(&p, 0);
        pacer_hold(&p, 5000, wishes[i]);
        assert_int_equal(pacer_held(&p), 65000);
        pacer_release(&p);
    }
}

static void then_one_goes_first(void **state)
{
    struct pacer p;
    int64_t again = 0;

    (void)state;
    pacer_init(&p, 0);
    assert_int_equal(pacer_turn(&p, 5000, &again), PACER_GO);
    assert_int_equal(pacer_turn(&p, 5000, &again), PACER_GO);
    pacer_hold(&p, 5000, 4);
    assert_int_equal(pacer_turn(&p, 9000, &again), PACER_FIRST);
    assert_int_equal(pacer_turn(&p, 9000, &again), PACER_WAIT);
    assert_int_equal(again, 9000 + PACER_LOOK_MS);
    assert_int_equal(pacer_turn(&p, 50000, &again), PACER_WAIT);
    /* asked again: so does the next one */
    pacer_hold(&p, 50000, 1000000000);
    pacer_tried(&p, 50000);
    assert_int_equal(pacer_turn(&p, 109999, &again), PACER_WAIT);
    assert_int_equal(again, 110000);
    assert_int_equal(pacer_turn(&p, 110000, &again), PACER_FIRST);
    assert_int_equal(pacer_turn(&p, 110000, &again), PACER_WAIT);
    pacer_tried(&p, 110500);
    assert_int_equal(pacer_turn(&p, 110500, &again), PACER_GO);
    assert_int_equal(pacer_turn(&p, 110500, &again), PACER_GO);
    pacer_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_limit_lets_all_go),
        cmocka_unit_test(a_rate_gives_each_its_place),
        cmocka_unit_test(what_cannot_wait_takes_a_place_too),
        cmocka_unit_test(fractions_of_a_millisecond_add_up),
        cmocka_unit_test(everybody_is_held),
        cmocka_unit_test(nobody_is_held_for_more_than_a_minute),
        cmocka_unit_test(then_one_goes_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
