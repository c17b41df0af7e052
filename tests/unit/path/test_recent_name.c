/* Which file is a field of the last days, and of how many. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "array.h"
#include "recent_name.h"

#include <cmocka.h>

#include "banned.h"

static void names_are_numbers_of_days(void **state)
{
    static const struct {
        const char *name, *days; /* NULL: nothing is called so */
    } cases[] = {
        { ".statistics-1.json", "1" },      { ".statistics-30.json", "30" },
        { ".statistics-31.json", NULL },    { ".statistics-0.json", NULL },
        { ".statistics-07.json", NULL },    { ".statistics--1.json", NULL },
        { ".statistics-+1.json", NULL },    { ".statistics-1 .json", NULL },
        { ".statistics-.json", NULL },      { ".statistics-99999999999999999999.json", NULL },
        { ".statistics-1&x=1.json", NULL }, { ".statistics.json", NULL },
        { ".statistics-1", NULL },          { ".statistics-1.jsonl", NULL },
        { ".statistic-1.json", NULL },      { "-statistics-1.json", NULL },
        { "statistics-1.json", NULL },      { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char days[RECENT_DAYS_MAX + 1] = "";

        print_message("%s\n", cases[i].name);
        assert_int_equal(recent_days(resource_get(RES_MODELS), cases[i].name, days),
                         cases[i].days ? 0 : -ENOENT);
        assert_string_equal(days, cases[i].days ? cases[i].days : "");
    }
}

static void what_tells_nothing_of_days_has_none(void **state)
{
    char days[RECENT_DAYS_MAX + 1];

    (void)state;
    assert_int_equal(recent_days(resource_get(RES_TRAININGS), ".statistics-7.json", days), 0);
    assert_int_equal(recent_days(resource_get(RES_DATASETS), ".statistics-7.json", days), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_numbers_of_days),
        cmocka_unit_test(what_tells_nothing_of_days_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
