/* Circles of every length are seen, and nothing else is one. */
#include "cycle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "banned.h"

static bool closes(struct cycle *c, unsigned number)
{
    char token[16];

    snprintf(token, sizeof(token), "t%u", number);
    return cycle_closes_text(c, token);
}

static void a_circle_is_seen(void **state)
{
    (void)state;
    for (unsigned before = 0; before < 40; before++) {
        for (unsigned length = 1; length < 40; length++) {
            struct cycle c = { 0 };
            unsigned i = 0;

            while (!closes(&c, i < before ? i : before + (i - before) % length))
                assert_true(i++ < 3 * (before + length));
            assert_true(i >= before + length);
        }
    }
}

static void a_long_way_is_none(void **state)
{
    struct cycle c = { 0 };

    (void)state;
    for (unsigned i = 0; i < 100000; i++)
        assert_false(closes(&c, i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_circle_is_seen),
        cmocka_unit_test(a_long_way_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
