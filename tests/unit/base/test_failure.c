/* What went wrong, and whether it may have happened all the same. */
#include "failure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* base/failure.h has one */

#include "banned.h"

static void an_unknown_outcome_is_said_once(void **state)
{
    struct failure f = { 0 };

    (void)state;
    failure_set(&f, 503, "down");
    assert_int_equal(f.outcome, OUTCOME_NONE);
    assert_string_equal(failure_cause(&f), "down");
    failure_unknown(&f);
    failure_unknown(&f);
    assert_int_equal(f.outcome, OUTCOME_UNKNOWN);
    assert_int_equal(f.status, 503);
    assert_string_equal(f.text, "outcome unknown: down");
    assert_string_equal(failure_cause(&f), "down");
    failure_unknown(NULL);
}

static void another_failure_has_its_own_outcome(void **state)
{
    struct failure f = { 0 };

    (void)state;
    failure_set(&f, 503, "down");
    failure_unknown(&f);
    assert_int_equal(fail(&f, -1, 404, "none"), -1);
    assert_int_equal(f.outcome, OUTCOME_NONE);
    assert_string_equal(f.text, "none");
}

static void a_long_text_is_cut(void **state)
{
    char text[2 * FAILURE_TEXT_MAX];
    struct failure f = { 0 };

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    failure_set(&f, 0, "%s", text);
    assert_int_equal(strlen(f.text), FAILURE_TEXT_MAX - 1);
    failure_unknown(&f);
    assert_int_equal(strlen(f.text), FAILURE_TEXT_MAX - 1);
    assert_memory_equal(f.text, "outcome unknown: xxx", 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_outcome_is_said_once),
        cmocka_unit_test(another_failure_has_its_own_outcome),
        cmocka_unit_test(a_long_text_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
