/* The first question to the API: what is its answer, what passes, what has to be mended. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* base/failure.h has one */

#include "array.h"
#include "client_fixture.h"
#include "greet.h"

#include "banned.h"

#define ORGANIZATION "{\"organizationId\": \"las:organization:" HEX "\"}"
#define DOCUMENTS "{\"documents\": [], \"nextToken\": null}"
#define HTML "<html><title>Welcome</title></html>"
#define SAYS(what) "{\"message\": \"" what "\"}"

/* clang-format off */
static const struct row {
    const char *what;
    struct fake_reply replies[4]; /* one after the other; the last one for all that follow */
    size_t n;
    enum greeting said;
    unsigned requests; /* 0: curl knows */
    const char *says; /* in err */
} rows[] = {
    { "an organization", { { 200, .body = ORGANIZATION } }, 1, GREETING_ANSWERED, 1, "" },
    { "a role without it", { { 403, .body = SAYS("Forbidden") }, { 403, .body = SAYS("Forbidden") },
      { 200, .body = DOCUMENTS } }, 3, GREETING_ANSWERED, 3, "" },
    { "no such resource there", { { 404, .body = SAYS("no") }, { 200, .body = DOCUMENTS } }, 2,
      GREETING_ANSWERED, 2, "" },
    { "a token that has ended", { { 401, .body = SAYS("Unauthorized") },
      { 200, .body = ORGANIZATION } }, 2, GREETING_ANSWERED, 2, "" },
    { "a token that is no good", { { 401, .body = SAYS("Unauthorized") } }, 1, GREETING_REFUSED, 4,
      "Unauthorized" },
    { "a path that is not there", { { 403, .body = SAYS("Missing Authentication Token") } }, 1,
      GREETING_OTHER, 4, "Missing" },
    { "404", { { 404, .body = SAYS("Not Found") } }, 1, GREETING_OTHER, 2, "Not Found" },
    { "a page", { { 200, .body = HTML } }, 1, GREETING_OTHER, 2, "" },
    { "other JSON", { { 200, .body = "{\"ok\": true}" } }, 1, GREETING_OTHER, 2, "" },
    { "another id", { { 200, .body = "{\"organizationId\": \"a/b\"}" } }, 1, GREETING_OTHER, 2, "" },
    { "301", { { 301, .headers = "Location: /x\r\n", .body = "" } }, 1, GREETING_OTHER, 2, "301" },
    { "500", { { 500, .body = SAYS("oops") } }, 1, GREETING_SILENT, 3, "oops" },
    { "503, then an answer", { { 503, .body = "" }, { 200, .body = ORGANIZATION } }, 2,
      GREETING_ANSWERED, 2, "" },
    { "429", { { 429, .body = SAYS("Too Many Requests") } }, 1, GREETING_SILENT, 4, "Too Many" },
    { "nothing", { { 0 } }, 1, GREETING_SILENT, 0, "" },
    { "403, then 500", { { 403, .body = SAYS("Forbidden") }, { 403, .body = SAYS("Forbidden") },
      { 500, .body = SAYS("oops") } }, 3, GREETING_SILENT, 5, "oops" },
};
/* clang-format on */

static void greeting_is_what_the_api_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture x = { .script = { .replies = rows[i].replies, .n = rows[i].n } };

        print_message("%s\n", rows[i].what);
        begin(&x);
        assert_int_equal(backend_greet(x.be, &x.call, &x.err), rows[i].said);
        if (rows[i].requests)
            assert_int_equal(fake_count(&x.server, false), rows[i].requests);
        if (rows[i].said != GREETING_ANSWERED)
            assert_non_null(strstr(x.err.text, rows[i].says));
        end(&x);
    }
}

static void greeting_is_one_small_question(void **state)
{
    static const struct fake_reply reply = { 200, .body = ORGANIZATION };
    struct fixture x = { .script = { .replies = &reply, .n = 1 } };

    (void)state;
    begin(&x);
    assert_int_equal(backend_greet(x.be, &x.call, &x.err), GREETING_ANSWERED);
    assert_string_equal(x.script.method, "GET");
    assert_string_equal(x.script.path, "/v1/organizations/me");
    end(&x);
}

static void greeting_needs_a_token(void **state)
{
    static const struct {
        struct fake_reply token;
        enum greeting said;
    } tokens[] = {
        { { 401, .body = "{\"error\": \"invalid_client\"}" }, GREETING_NO_TOKEN },
        { { 404, .body = SAYS("Not Found") }, GREETING_NO_TOKEN },
        { { 200, .body = HTML }, GREETING_NO_TOKEN },
        { { 503, .body = "" }, GREETING_SILENT },
        { { 429, .body = SAYS("Too Many Requests") }, GREETING_SILENT },
        { { 0 }, GREETING_SILENT },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        struct fixture x = { .script = { .token = &tokens[i].token } };

        print_message("%d\n", tokens[i].token.status);
        begin(&x);
        assert_int_equal(backend_greet(x.be, &x.call, &x.err), tokens[i].said);
        assert_int_equal(fake_count(&x.server, false), 0);
        end(&x);
    }
}

static void greeting_ends_when_it_is_cancelled(void **state)
{
    struct fixture x = { 0 };

    (void)state;
    begin(&x);
    call_cancel(&x.call);
    assert_int_equal(backend_greet(x.be, &x.call, &x.err), GREETING_SILENT);
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greeting_is_what_the_api_says),
        cmocka_unit_test(greeting_is_one_small_question),
        cmocka_unit_test(greeting_needs_a_token),
        cmocka_unit_test(greeting_ends_when_it_is_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
