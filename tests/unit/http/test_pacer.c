/* When the next request may go. */
#include "pacer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
    pacer_hold(&p, 9000);
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

    (void)state;
    pacer_init(&p, 0);
    assert_true(pacer_held(&p) < 0);
    pacer_hold(&p, 9000);
    pacer_hold(&p, 7000);
    assert_int_equal(pacer_held(&p), 9000);
    assert_int_equal(pacer_take(&p, 5000), 9000);
    assert_int_equal(pacer_take(&p, 9500), 9500);
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
