/* What is a character of UTF-8, and what only looks like one. */
#include "utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"

#include "banned.h"

static const struct {
    const char *text;
    size_t length;
} rows[] = {
    { "a", 1 },
    { "\x7f", 1 },
    { "", 0 },
    { "\x80", 0 }, /* in the middle */
    { "\xbf", 0 },
    { "\xc1\xbf", 0 }, /* overlong */
    { "\xc2\x80", 2 },
    { "\xdf\xbf", 2 },
    { "\xc3", 0 },
    { "\xc3(", 0 },
    { "\xe0\x9f\xbf", 0 }, /* overlong */
    { "\xe0\xa0\x80", 3 },
    { "\xed\x9f\xbf", 3 },
    { "\xed\xa0\x80", 0 }, /* a surrogate */
    { "\xee\x80\x80", 3 },
    { "\xef\xbf\xbf", 3 },
    { "\xe2\x82", 0 },
    { "\xf0\x8f\xbf\xbf", 0 }, /* overlong */
    { "\xf0\x90\x80\x80", 4 },
    { "\xf4\x8f\xbf\xbf", 4 },
    { "\xf4\x90\x80\x80", 0 }, /* beyond the last */
    { "\xf5\x80\x80\x80", 0 },
    { "\xf0\x9f\x98", 0 },
    { "\xff", 0 },
};

static void each_is_as_long_as_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_message("%zu\n", i);
        assert_int_equal(utf8_length(rows[i].text, SIZE_MAX), rows[i].length);
        assert_int_equal(utf8_length(rows[i].text, strlen(rows[i].text) + 1), rows[i].length);
    }
}

static void what_is_cut_off_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (size_t left = 1; left < rows[i].length; left++)
            assert_int_equal(utf8_length(rows[i].text, left), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_as_long_as_it_is),
        cmocka_unit_test(what_is_cut_off_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
