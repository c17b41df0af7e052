#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"
#include "number.h"

#include "banned.h"

#define UNTOUCHED 777

static void number_parses_the_whole_text_or_nothing(void **state)
{
    static const struct {
        const char *text;
        int64_t min, max;
        int rc;
        int64_t value;
    } cases[] = {
        { "0", 0, 10, 0, 0 },
        { "10", 0, 10, 0, 10 },
        { "11", 0, 10, -ERANGE, 0 },
        { "-1", 0, 10, -ERANGE, 0 },
        { "-1", -1, 10, 0, -1 },
        { "007", 0, 10, 0, 7 },
        { "9223372036854775807", 0, INT64_MAX, 0, INT64_MAX },
        { "-9223372036854775808", INT64_MIN, 0, 0, INT64_MIN },
        { "9223372036854775808", 0, INT64_MAX, -ERANGE, 0 },
        { "99999999999999999999999", 0, INT64_MAX, -ERANGE, 0 },
        { "", 0, 10, -EINVAL, 0 },
        { "-", -10, 10, -EINVAL, 0 },
        { "--1", -10, 10, -EINVAL, 0 },
        { "+1", 0, 10, -EINVAL, 0 },
        { " 1", 0, 10, -EINVAL, 0 },
        { "1 ", 0, 10, -EINVAL, 0 },
        { "1\n", 0, 10, -EINVAL, 0 },
        { "1x", 0, 10, -EINVAL, 0 },
        { "0x1", 0, 10, -EINVAL, 0 },
        { "1.0", 0, 10, -EINVAL, 0 },
        { "1e1", 0, 10, -EINVAL, 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t value = UNTOUCHED;

        print_message("'%s'\n", cases[i].text);
        assert_int_equal(number_parse(cases[i].text, cases[i].min, cases[i].max, &value),
                         cases[i].rc);
        assert_int_equal(value, cases[i].rc < 0 ? UNTOUCHED : cases[i].value);
    }
}

static void number_parses_sizes(void **state)
{
    static const struct {
        const char *text;
        int rc;
        int64_t value;
    } cases[] = {
        { "0", 0, 0 },
        { "1", 0, 1 },
        { "1K", 0, 1024 },
        { "1KB", 0, 1024 },
        { "2GB", 0, INT64_C(2) << 30 },
        { "1k", 0, 1024 },
        { "256M", 0, INT64_C(256) << 20 },
        { "256MiB", 0, INT64_C(256) << 20 },
        { "1G", 0, INT64_C(1) << 30 },
        { "8388607T", 0, INT64_C(8388607) << 40 },
        { "8388608T", -ERANGE, 0 },
        { "9223372036854775807", 0, INT64_MAX },
        { "9223372036854775808", -ERANGE, 0 },
        { "9223372036854775807K", -ERANGE, 0 },
        { "-1", -ERANGE, 0 },
        { "-1K", -ERANGE, 0 },
        { "", -EINVAL, 0 },
        { "K", -EINVAL, 0 },
        { "1B", -EINVAL, 0 },
        { "1KBB", -EINVAL, 0 },
        { "1B", -EINVAL, 0 },
        { "1Ki", -EINVAL, 0 },
        { "1KiBx", -EINVAL, 0 },
        { "1iB", -EINVAL, 0 },
        { "1 K", -EINVAL, 0 },
        { "1P", -EINVAL, 0 },
        { "1.5G", -EINVAL, 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t value = UNTOUCHED;

        print_message("'%s'\n", cases[i].text);
        assert_int_equal(number_parse_size(cases[i].text, &value), cases[i].rc);
        assert_int_equal(value, cases[i].rc < 0 ? UNTOUCHED : cases[i].value);
    }
}

static void number_parses_octal_modes(void **state)
{
    static const struct {
        const char *text;
        int rc;
        uint32_t value;
    } cases[] = {
        { "0", 0, 0 },
        { "022", 0, 022 },
        { "77", 0, 077 },
        { "0777", 0, 0777 },
        { "00000777", 0, 0777 },
        { "1000", -ERANGE, 0 },
        { "-1", -ERANGE, 0 },
        { "8", -EINVAL, 0 },
        { "078", -EINVAL, 0 },
        { "", -EINVAL, 0 },
        { "0x7", -EINVAL, 0 },
        { "7 ", -EINVAL, 0 },
        { "777777777777777777777777", -ERANGE, 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t value = UNTOUCHED;

        print_message("'%s'\n", cases[i].text);
        assert_int_equal(number_parse_octal(cases[i].text, 0777, &value), cases[i].rc);
        assert_int_equal(value, cases[i].rc < 0 ? UNTOUCHED : cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number_parses_the_whole_text_or_nothing),
        cmocka_unit_test(number_parses_sizes),
        cmocka_unit_test(number_parses_octal_modes),
    };

    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
