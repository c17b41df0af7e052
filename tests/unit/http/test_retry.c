/* What is sent again, how often, and when. */
#include "retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "array.h"

#include "banned.h"

static const struct {
    const char *what;
    struct attempt a;
    unsigned tries;            /* how often it is sent in all */
    enum retry_verdict at_end; /* what ends it */
} rows[] = {
    { "GET 429",
      { .status = 429, .message = "Too Many Requests", .idempotent = true },
      4,
      RETRY_FINAL },
    { "GET 429 without a word",
      { .status = 429, .message = "", .idempotent = true },
      4,
      RETRY_FINAL },
    { "GET 429 quota",
      { .status = 429, .message = "Limit Exceeded", .idempotent = true },
      1,
      RETRY_FINAL },
    { "GET 400", { .status = 400, .message = "", .idempotent = true }, 1, RETRY_FINAL },
    { "GET 404", { .status = 404, .message = "", .idempotent = true }, 1, RETRY_FINAL },
    { "GET 415", { .status = 415, .message = "", .idempotent = true }, 1, RETRY_FINAL },
    { "GET 408", { .status = 408, .message = "", .idempotent = true }, 3, RETRY_FINAL },
    { "GET 500", { .status = 500, .message = "", .idempotent = true }, 3, RETRY_FINAL },
    { "GET 503",
      { .status = 503, .message = "", .idempotent = true, .arrived = true },
      3,
      RETRY_FINAL },
    { "GET 302", { .status = 302, .message = "", .idempotent = true }, 1, RETRY_FINAL },
    { "GET broken",
      { .error = -ECONNRESET, .message = "", .idempotent = true, .arrived = true },
      3,
      RETRY_FINAL },
    { "GET no host",
      { .error = -EHOSTUNREACH, .message = "", .idempotent = true },
      3,
      RETRY_FINAL },
    { "GET timed out", { .error = -ETIMEDOUT, .message = "", .idempotent = true }, 1, RETRY_FINAL },
    { "GET malformed", { .error = -EIO, .message = "", .idempotent = true }, 1, RETRY_FINAL },
    { "GET no memory", { .error = -ENOMEM, .message = "", .idempotent = true }, 1, RETRY_FINAL },
    { "GET full disk", { .error = -ENOSPC, .message = "", .idempotent = true }, 1, RETRY_FINAL },
    { "POST 429",
      { .status = 429, .message = "Too Many Requests", .arrived = true },
      4,
      RETRY_FINAL },
    { "POST 429 quota",
      { .status = 429, .message = "Limit Exceeded", .arrived = true },
      1,
      RETRY_FINAL },
    { "POST 400", { .status = 400, .message = "", .arrived = true }, 1, RETRY_FINAL },
    { "POST 500", { .status = 500, .message = "", .arrived = true }, 1, RETRY_UNKNOWN },
    { "POST 504", { .status = 504, .message = "", .arrived = true }, 1, RETRY_UNKNOWN },
    { "POST 408", { .status = 408, .message = "", .arrived = true }, 1, RETRY_UNKNOWN },
    { "POST 503 early", { .status = 503, .message = "" }, 3, RETRY_FINAL },
    { "POST broken behind",
      { .error = -ECONNRESET, .message = "", .arrived = true },
      1,
      RETRY_UNKNOWN },
    { "POST broken within", { .error = -ECONNRESET, .message = "" }, 3, RETRY_FINAL },
    { "POST refused", { .error = -EHOSTUNREACH, .message = "" }, 3, RETRY_FINAL },
    { "POST timed out behind",
      { .error = -ETIMEDOUT, .message = "", .arrived = true },
      1,
      RETRY_UNKNOWN },
    { "POST timed out before", { .error = -ETIMEDOUT, .message = "" }, 1, RETRY_FINAL },
    { "401", { .status = 401, .message = "Unauthorized", .idempotent = true }, 1, RETRY_TOKEN },
    { "403", { .status = 403, .message = "Forbidden", .arrived = true }, 1, RETRY_TOKEN },
    { "401 again", { .status = 401, .message = "", .fresh_token = true }, 1, RETRY_FINAL },
    { "403 again",
      { .status = 403, .message = "", .fresh_token = true, .arrived = true },
      1,
      RETRY_FINAL },
    { "403 quota", { .status = 403, .message = "quota exceeded" }, 1, RETRY_FINAL },
};

static void tries_are_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct attempt a = rows[i].a;

        print_message("%s\n", rows[i].what);
        for (a.tries = 1; a.tries < 1000 && retry_judge(&a) == RETRY_WAIT; a.tries++)
            ;
        assert_int_equal(a.tries, rows[i].tries);
        assert_int_equal(retry_judge(&a), rows[i].at_end);
    }
}

static void waits_double_up_to_a_cap(void **state)
{
    static const struct {
        struct attempt a;
        int64_t most[6]; /* after try 1, 2, ... */
    } waits[] = {
        { { .status = 429, .message = "" }, { 1000, 2000, 4000, 8000, 8000, 8000 } },
        { { .status = 500, .message = "" }, { 250, 500, 1000, 2000, 4000, 4000 } },
        { { .error = -ECONNRESET, .message = "" }, { 250, 500, 1000, 2000, 4000, 4000 } },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
        struct attempt a = waits[i].a;

        for (a.tries = 1; a.tries <= 6; a.tries++) {
            int64_t most = waits[i].most[a.tries - 1];

            print_message("%d %d try %u\n", a.status, a.error, a.tries);
            assert_int_equal(retry_wait_ms(&a, 0), 0);
            assert_int_equal(retry_wait_ms(&a, UINT32_MAX), most);
            assert_in_range(retry_wait_ms(&a, UINT32_MAX / 2), most / 2 - 1, most / 2 + 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tries_are_counted),
        cmocka_unit_test(waits_double_up_to_a_cap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
