/* HTTP's status and the API's words as an errno. */
#include "status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "array.h"

#include "banned.h"

static const struct {
    int status;
    const char *message;
    int rc;
    bool throttle, token;
} rows[] = {
    { 200, "", 0 },
    { 204, "", 0 },
    { 301, "", -EIO },
    { 302, "Found", -EIO },
    { 400, "", -EINVAL },
    { 400, "content: too long", -EINVAL },
    { 400, "value is longer than the limit of 64", -EINVAL },
    { 400, "Dataset is not empty", -ENOTEMPTY },
    { 400, "Transition is In Use by a workflow", -EBUSY },
    { 400, "Quota of datasets is used up", -EDQUOT },
    { 400, "the limit of 3 models is reached", -EDQUOT },
    { 401, "Unauthorized", -EACCES, .token = true },
    { 401, "the limit is exceeded", -EACCES, .token = true },
    { 403, "Forbidden", -EACCES, .token = true },
    { 403, "Missing Authentication Token", -EACCES, .token = true },
    { 403, "Limit Exceeded", -EDQUOT },
    { 404, "Not found", -ENOENT },
    { 405, "", -EINVAL },
    { 408, "", -EIO },
    { 409, "", -EEXIST },
    { 409, "exists already", -EEXIST },
    { 409, "being used", -EBUSY },
    { 409, "not empty", -ENOTEMPTY },
    { 410, "", -ENOENT },
    { 413, "", -EFBIG },
    { 415, "not empty", -EINVAL },
    { 422, "", -EINVAL },
    { 422, "not empty", -ENOTEMPTY },
    { 418, "I'm a teapot", -EINVAL },
    { 429, "Too Many Requests", -EAGAIN, .throttle = true },
    { 429, "", -EAGAIN, .throttle = true },
    { 429, "Rate limit exceeded", -EAGAIN, .throttle = true },
    { 429, "Limit Exceeded", -EDQUOT },
    { 429, "monthly quota", -EDQUOT },
    { 500, "", -EIO },
    { 502, "quota", -EIO },
    { 503, "Limit Exceeded", -EIO },
    { 504, "Endpoint request timed out", -EIO },
    { 999, "", -EIO },
    { 0, "", -EIO },
};

static void status_and_words_make_an_errno(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_message("%d %s\n", rows[i].status, rows[i].message);
        assert_int_equal(status_errno(rows[i].status, rows[i].message), rows[i].rc);
        assert_int_equal(status_is_throttle(rows[i].status, rows[i].message), rows[i].throttle);
        assert_int_equal(status_is_token(rows[i].status, rows[i].message), rows[i].token);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_and_words_make_an_errno),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
