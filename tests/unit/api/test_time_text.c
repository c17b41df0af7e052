/* The API's times, and what is none. */
#include "time_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "array.h"

#include "banned.h"

#define S 1000000000LL

static void times_are_read_and_given_back(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2021-08-16T12:53:13.374930+0000", 1629118393 * S + 374930000 },
        { "2021-08-16T12:53:13.374930+00:00", 1629118393 * S + 374930000 },
        { "2021-08-16 12:53:13Z", 1629118393 * S },
        { "20210816125313Z", 1629118393 * S },
        { "20210816T125313Z", 1629118393 * S },
        { "2021-0816T12:5313.5Z", 1629118393 * S + 500000000 },
        { "2021-08-16T14:53:13+0200", 1629118393 * S },
        { "2021-08-16T18:23:13+05:30", 1629118393 * S },
        { "2021-08-16T07:53:13-0500", 1629118393 * S },
        { "2021-08-16T07:53:13.000001-05:00", 1629118393 * S + 1000 },
        { "2021-08-16T12:53:13.123456789Z", 1629118393 * S + 123456789 },
        { "1969-12-31T23:59:59.750Z", -250000000 },
        { "1969-12-31T19:59:59.750-0400", -250000000 },
        { "2000-02-29T00:00:00Z", 951782400 * S },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char again[TIME_TEXT_MAX];
        struct time_text t;

        print_message("%s\n", rows[i].text);
        assert_int_equal(time_text_parse(rows[i].text, strlen(rows[i].text), &t), 0);
        assert_int_equal(t.ns, rows[i].ns);
        assert_int_equal(time_text_format(&t, again), strlen(rows[i].text));
        assert_string_equal(again, rows[i].text);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "2021",
        "2021-08-16",
        "2021-08-16T12:53:13",
        "2021-08-16T12:53Z",
        "2021-13-16T12:53:13Z",
        "2021-00-16T12:53:13Z",
        "2021-08-32T12:53:13Z",
        "2021-08-00T12:53:13Z",
        "2021-08-16T24:00:00Z",
        "2021-08-16T12:60:13Z",
        "2021-08-16T12:53:61Z",
        "2021-08-16T12:53:13.Z",
        "2021-08-16T12:53:13.1234567890Z",
        "2021-08-16T12:53:13,5Z",
        "2021-08-16t12:53:13Z",
        "2021-08-16T12:53:13z",
        "2021-08-16T12:53:13+02",
        "2021-08-16T12:53:13+2400",
        "2021-08-16T12:53:13+0060",
        "2021-08-16T12:53:13Z ",
        " 2021-08-16T12:53:13Z",
        "2021-08-16  12:53:13Z",
        "1600-01-01T00:00:00Z",
        "9999-01-01T00:00:00Z",
        "2021--08-16T12:53:13Z",
        "las:document:0123456789abcdef0123456789abcdef",
        "20210816",
        "-2021-08-16T12:53:13Z",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct time_text t;

        print_message("%s\n", rows[i]);
        assert_int_equal(time_text_parse(rows[i], strlen(rows[i]), &t), -EINVAL);
    }
    for (size_t len = 0; len < strlen("2021-08-16T12:53:13.374930+0000"); len++) {
        struct time_text t;

        assert_int_equal(time_text_parse("2021-08-16T12:53:13.374930+0000", len, &t), -EINVAL);
    }
}

static void utc_is_written_as_the_api_does(void **state)
{
    char text[TIME_TEXT_MAX];
    struct time_text t = time_text_utc(1629118393 * S + 374930999);

    (void)state;
    time_text_format(&t, text);
    assert_string_equal(text, "2021-08-16T12:53:13.374930+0000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_and_given_back),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(utc_is_written_as_the_api_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
