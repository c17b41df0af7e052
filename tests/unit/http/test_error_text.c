/* What an answer that is an error says. */
#include "error_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "array.h"

#include "banned.h"

static void messages_are_found(void **state)
{
    static const struct {
        const char *answer, *message;
    } rows[] = {
        { "{\"message\": \"Forbidden\"}", "Forbidden" },
        { "{\"Message\": \"no\"}", "no" },
        { "{\"error\": \"invalid_client\"}", "invalid_client" },
        { "{\"message\": 7, \"error\": \"e\"}", "e" },
        { "{}", "" },
        { "[]", "" },
        { "", "" },
        { "\"text\"", "" },
        { "<html><body>502</body>", "" },
        { "  \n <html>", "" },
        { "<html>\n<head><title>502 Bad Gateway</title></head>", "502 Bad Gateway" },
        { "<html><title>cut off", "cut off" },
        { "Bad gateway\r\nmore", "Bad gateway" },
    };
    char out[ERROR_TEXT_MAX], big[2000], answer[2100];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_message("%s\n", rows[i].answer);
        error_text(rows[i].answer, strlen(rows[i].answer), out);
        assert_string_equal(out, rows[i].message);
    }
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    error_text(big, strlen(big), out);
    assert_int_equal(strlen(out), ERROR_TEXT_MAX - 1);
    snprintf(answer, sizeof(answer), "{\"message\": \"%s\"}", big);
    error_text(answer, strlen(answer), out);
    assert_int_equal(strlen(out), ERROR_TEXT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
