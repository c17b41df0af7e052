/* What is worth waiting for. */
#include "headway.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "banned.h"

#define TIMEOUT_MS 30000
#define WINDOW_BYTES (HEADWAY_BYTES_PER_S * TIMEOUT_MS / 1000)

static void a_window_takes_so_many_bytes(void **state)
{
    struct headway h;

    (void)state;
    headway_begin(&h, TIMEOUT_MS, ANSWER_MAX_BYTES);
    assert_false(headway_moved(&h, 0));
    assert_false(headway_moved(&h, 1));
    assert_false(headway_moved(&h, WINDOW_BYTES - 1));
    assert_true(headway_moved(&h, WINDOW_BYTES));
    assert_false(headway_moved(&h, WINDOW_BYTES + 1));
    assert_false(headway_moved(&h, 2 * WINDOW_BYTES - 1));
    assert_true(headway_moved(&h, 20 * WINDOW_BYTES));
    /* however fast it was, that is past */
    assert_false(headway_moved(&h, 21 * WINDOW_BYTES - 1));
    headway_restart(&h, 21 * WINDOW_BYTES - 1);
    assert_false(headway_moved(&h, 21 * WINDOW_BYTES));
    assert_true(headway_moved(&h, 22 * WINDOW_BYTES - 1));
}

static void what_is_sent_anew_counts_from_there(void **state)
{
    struct headway h;

    (void)state;
    headway_begin(&h, TIMEOUT_MS, ANSWER_MAX_BYTES);
    assert_true(headway_moved(&h, 100 * WINDOW_BYTES));
    assert_false(headway_moved(&h, 10));
    assert_false(headway_moved(&h, 9 + WINDOW_BYTES));
    assert_true(headway_moved(&h, 10 + WINDOW_BYTES));
}

static void a_head_has_so_many_lines(void **state)
{
    struct headway h;
    bool first;

    (void)state;
    headway_begin(&h, TIMEOUT_MS, ANSWER_MAX_BYTES);
    for (int i = 0; i < HEAD_LINES_MAX; i++) {
        assert_true(headway_head_line(&h, 20, 5000 + i, &first));
        assert_int_equal(first, i == 0);
    }
    assert_false(headway_head_line(&h, 20, 6000, &first));
}

static void a_head_has_so_many_bytes(void **state)
{
    struct headway h;
    bool first;

    (void)state;
    headway_begin(&h, TIMEOUT_MS, ANSWER_MAX_BYTES);
    assert_true(headway_head_line(&h, 1, 5000, &first));
    assert_true(headway_head_line(&h, HEAD_BYTES_MAX - 1, 5000, &first));
    assert_false(headway_head_line(&h, 1, 5000, &first));
}

static void an_answer_ends(void **state)
{
    const int64_t whole = (int64_t)HEADWAY_ANSWER_TIMES * TIMEOUT_MS;
    struct headway h;
    bool first;

    (void)state;
    for (int times = 1; times <= 2; times++) {
        headway_begin(&h, TIMEOUT_MS, (int64_t)ANSWER_MAX_BYTES * times);
        assert_false(headway_is_endless(&h, INT64_MAX)); /* it has not begun */
        headway_head_line(&h, 20, 5000, &first);
        headway_head_line(&h, 20, 9000, &first);
        assert_false(headway_is_endless(&h, 5000));
        assert_false(headway_is_endless(&h, 5000 + times * whole - 1));
        assert_true(headway_is_endless(&h, 5000 + times * whole));
    }
    /* what may have little has no less time */
    headway_begin(&h, TIMEOUT_MS, 1000);
    headway_head_line(&h, 20, 0, &first);
    assert_false(headway_is_endless(&h, whole - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_takes_so_many_bytes),
        cmocka_unit_test(what_is_sent_anew_counts_from_there),
        cmocka_unit_test(a_head_has_so_many_lines),
        cmocka_unit_test(a_head_has_so_many_bytes),
        cmocka_unit_test(an_answer_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
