/* The token: one for all, renewed in time, and where it goes. */
#include "backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "array.h"
#include "client_fixture.h"
#include "perform.h"

#include "banned.h"

#define UNAUTHORIZED                                                                               \
    {                                                                                              \
        .status = 401, .body = "{\"message\": \"Unauthorized\"}"                                   \
    }
#define FORBIDDEN                                                                                  \
    {                                                                                              \
        .status = 403, .body = "{\"Message\": \"Forbidden\"}"                                      \
    }
#define OK                                                                                         \
    {                                                                                              \
        .status = 200, .body = A_DOCUMENT                                                          \
    }

static void the_grant_is_asked_for_as_documented(void **state)
{
    struct fixture x = { 0 };

    (void)state;
    begin(&x);
    assert_int_equal(perform_token(x.be, &x.call, &x.err), 0);
    assert_memory_equal(x.script.token_head,
                        "POST /oauth2/token?grant_type=client_credentials HTTP/1.1\r\n", 59);
    /* the-id:the-secret */
    assert_non_null(
        strstr(x.script.token_head, "\r\nAuthorization: Basic dGhlLWlkOnRoZS1zZWNyZXQ=\r\n"));
    assert_non_null(
        strstr(x.script.token_head, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(x.script.token_head, "\r\nContent-Length: 0\r\n"));
    assert_int_equal(perform_token(x.be, &x.call, &x.err), 0);
    assert_int_equal(fake_count(&x.server, true), 1);
    end(&x);
}

static void a_refused_token_is_renewed_once(void **state)
{
    static const struct {
        const char *what;
        struct fake_reply replies[3];
        size_t n;
        int rc;
        unsigned requests, tokens;
    } rows[] = {
        { "401 once", { UNAUTHORIZED, OK }, 2, 0, 2, 2 },
        { "403 once", { FORBIDDEN, OK }, 2, 0, 2, 2 },
        { "401 twice", { UNAUTHORIZED, UNAUTHORIZED, OK }, 3, -EACCES, 2, 2 },
        { "403 for ever", { FORBIDDEN }, 1, -EACCES, 2, 2 },
        { "403 quota",
          { { .status = 403, .body = "{\"message\": \"quota exceeded\"}" } },
          1,
          -EDQUOT,
          1,
          1 },
        { "401, 503, fine", { UNAUTHORIZED, { .status = 503 }, OK }, 3, 0, 3, 2 },
        { "503, 401, fine", { { .status = 503 }, UNAUTHORIZED, OK }, 3, 0, 3, 2 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture x = { 0 };

        print_message("%s\n", rows[i].what);
        begin_with(&x, rows[i].replies, rows[i].n);
        assert_int_equal(get_document(&x), rows[i].rc);
        assert_int_equal(fake_count(&x.server, false), rows[i].requests);
        assert_int_equal(fake_count(&x.server, true), rows[i].tokens);
        if (rows[i].tokens == 2)
            assert_non_null(strstr(x.script.head, "Bearer tok-2\r\n"));
        end(&x);
    }
}

static void a_post_is_sent_again_with_a_fresh_token(void **state)
{
    static const struct fake_reply replies[] = {
        UNAUTHORIZED, { .status = 200, .body = "{\"datasetId\": \"las:dataset:d\"}" }
    };
    struct fixture x = { 0 };

    (void)state;
    begin_with(&x, replies, 2);
    assert_int_equal(post_dataset(&x), 0);
    assert_int_equal(fake_count(&x.server, false), 2);
    assert_string_equal(x.script.body, "{}");
    end(&x);
}

static void it_is_renewed_before_it_ends(void **state)
{
    static const struct {
        const char *token;
        int64_t good_ms, bad_ms; /* of its age */
    } rows[] = {
        { "{\"access_token\": \"t\", \"expires_in\": 3600}", 3539000, 3541000 },
        { "{\"access_token\": \"t\", \"expires_in\": 3600.5, \"token_type\": \"Bearer\"}", 3539000,
          3541000 },
        { "{\"access_token\": \"t\"}", 3539000, 3541000 },
        { "{\"access_token\": \"t\", \"expires_in\": \"odd\"}", 3539000, 3541000 },
        { "{\"access_token\": \"t\", \"expires_in\": 100}", 89000, 91000 },
        { "{\"access_token\": \"t\", \"expires_in\": 0}", 900, 1100 },
        { "{\"access_token\": \"t\", \"expires_in\": -5}", 900, 1100 },
        { "{\"access_token\": \"t\", \"expires_in\": 1e300}", 34000000000, 40000000000 },
    };
    static const struct fake_reply replies[] = { OK };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake_reply token = { .status = 200, .body = rows[i].token };
        struct fixture x = { 0 };

        print_message("%s\n", rows[i].token);
        x.script.token = &token;
        begin_with(&x, replies, 1);
        assert_int_equal(get_document(&x), 0);
        fake_clock_advance(&x.fake, rows[i].good_ms);
        assert_int_equal(get_document(&x), 0);
        assert_int_equal(fake_count(&x.server, true), 1);
        fake_clock_advance(&x.fake, rows[i].bad_ms - rows[i].good_ms);
        assert_int_equal(get_document(&x), 0);
        assert_int_equal(fake_count(&x.server, true), 2);
        end(&x);
    }
}

static void refusals_of_the_token_endpoint_are_told(void **state)
{
    static const struct {
        struct fake_reply token;
        const char *auth_path;
        int rc;
        unsigned tokens;
        const char *says;
    } rows[] = {
        { { .status = 400, .body = "{\"error\": \"invalid_client\"}" },
          NULL,
          -EACCES,
          1,
          "invalid_client" },
        { { .status = 401, .body = "{\"error\": \"invalid_client\"}" },
          NULL,
          -EACCES,
          1,
          "invalid_client" },
        { { .status = 403 }, NULL, -EACCES, 1, "HTTP 403" },
        { { .status = 404 }, NULL, -EACCES, 1, "HTTP 404" },
        { { .status = 404 }, "", -EACCES, 2, "HTTP 404" },
        { { .status = 302, .headers = "Location: http://127.0.0.1:1/\r\n" },
          NULL,
          -EIO,
          1,
          "HTTP 302" },
        { { .status = 503 }, NULL, -EIO, 3, "HTTP 503" },
        { { .status = 429 }, NULL, -EAGAIN, 4, "HTTP 429" },
        { { .status = 200, .body = "rubbish" }, NULL, -EIO, 1, "malformed" },
        { { .status = 200, .body = "{}" }, NULL, -EIO, 1, "malformed" },
        { { .status = 200, .body = "{\"access_token\": \"\"}" }, NULL, -EIO, 1, "malformed" },
        { { .status = 200, .body = "{\"access_token\": 7}" }, NULL, -EIO, 1, "malformed" },
        { { .status = 200, .body = "{\"access_token\": \"a\\r\\nX-Evil: 1\"}" },
          NULL,
          -EIO,
          1,
          "malformed" },
        { { .status = 200, .body = "{\"access_token\": \"a b\"}" }, NULL, -EIO, 1, "malformed" },
        { { .status = 200, .body = "{\"access_token\": \"a\\u0000b\"}" },
          NULL,
          -EIO,
          1,
          "malformed" },
        { { .status = 200, .body = "{\"access_token\": \"\\u00e5\"}" },
          NULL,
          -EIO,
          1,
          "malformed" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture x = { .auth_path = rows[i].auth_path };

        print_message("%d %s\n", rows[i].token.status,
                      rows[i].token.body ? rows[i].token.body : "");
        x.script.token = &rows[i].token;
        begin(&x);
        assert_int_equal(perform_token(x.be, &x.call, &x.err), rows[i].rc);
        assert_int_equal(fake_count(&x.server, true), rows[i].tokens);
        assert_non_null(strstr(x.err.text, rows[i].says));
        assert_null(strstr(x.err.text, "the-secret"));
        assert_int_equal(get_document(&x), rows[i].rc);
        assert_int_equal(fake_count(&x.server, false), 0);
        end(&x);
    }
}

/* --- A token endpoint at the host's other path ------------------------------------------------ */

static void other_path_only(struct fake_server *s, const struct fake_request *rq,
                            struct fake_reply *reply)
{
    if (strncmp(rq->path, "/token", 6) == 0)
        *reply = (struct fake_reply){ .status = s->arg ? 405 : 404 };
    else if (fake_is_token(rq))
        reply->body = "{\"access_token\": \"t\", \"expires_in\": 1}";
    else
        reply->body = A_DOCUMENT;
}

static void a_bare_host_has_two_paths(void **state)
{
    (void)state;
    for (int status = 404; status <= 405; status++) {
        struct fixture x = { .auth_path = "" };

        begin(&x);
        pthread_mutex_lock(&x.server.lock);
        x.server.handler = other_path_only;
        x.server.arg = status == 405 ? &x : NULL;
        pthread_mutex_unlock(&x.server.lock);
        assert_int_equal(get_document(&x), 0);
        assert_int_equal(fake_count(&x.server, true), 2);
        /* which it was is remembered */
        fake_clock_advance(&x.fake, 5000);
        assert_int_equal(get_document(&x), 0);
        assert_int_equal(fake_count(&x.server, true), 3);
        end(&x);
    }
}

/* --- Many threads ---------------------------------------------------------------------------- */

#define MANY 50

struct getter {
    struct fixture *x;
    pthread_t thread;
    struct call call;
    struct failure err;
    int rc;
};

static void *getter_run(void *arg)
{
    struct getter *g = arg;
    struct target t = target_of(RES_DOCUMENTS, DOC);
    struct record *r = NULL;

    g->rc = backend_get(g->x->be, &g->call, &t, -1, &r, NULL, &g->err);
    record_unref(r);
    return NULL;
}

/* Until n verbs are under way, and have had time to park. */
static void wait_for_verbs(struct fixture *x, unsigned n)
{
    int64_t until = fake_now_ms() + 20000;
    struct backend_stats stats;

    do {
        fake_sleep_ms(2);
        backend_get_stats(x->be, &stats);
    } while (stats.in_flight != n && fake_now_ms() < until);
    assert_int_equal(stats.in_flight, n);
    fake_sleep_ms(100);
}

static void start_many(struct getter *g, struct fixture *x)
{
    for (int i = 0; i < MANY; i++) {
        g[i].x = x;
        assert_int_equal(call_init(&g[i].call), 0);
        assert_int_equal(pthread_create(&g[i].thread, NULL, getter_run, &g[i]), 0);
    }
}

static void join_many(struct getter *g)
{
    for (int i = 0; i < MANY; i++) {
        pthread_join(g[i].thread, NULL);
        call_release(&g[i].call);
    }
}

static void one_flight_serves_many_threads(void **state)
{
    static const struct fake_reply replies[] = { OK };
    static const struct fake_reply token = {
        .status = 200, .body = "{\"access_token\": \"t\", \"expires_in\": 3600}", .gated = true
    };
    static struct getter g[MANY];
    struct fixture x = { .clock = clock_real() };

    (void)state;
    x.script.token = &token;
    begin_with(&x, replies, 1);
    start_many(g, &x);
    wait_for_verbs(&x, MANY);
    fake_open_gate(&x.server);
    join_many(g);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(g[i].rc, 0);
    assert_int_equal(fake_count(&x.server, true), 1);
    assert_int_equal(fake_count(&x.server, false), MANY);
    end(&x);
}

static void one_refusal_serves_many_threads(void **state)
{
    static const struct fake_reply token = { .status = 401,
                                             .body = "{\"error\": \"invalid_client\"}",
                                             .gated = true };
    static struct getter g[MANY];
    struct fixture x = { .clock = clock_real() };

    (void)state;
    x.script.token = &token;
    begin(&x);
    start_many(g, &x);
    wait_for_verbs(&x, MANY);
    fake_open_gate(&x.server);
    join_many(g);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(g[i].rc, -EACCES);
        assert_non_null(strstr(g[i].err.text, "invalid_client"));
    }
    assert_int_equal(fake_count(&x.server, true), 1);
    end(&x);
}

/* The API takes only tokens that are newer than the first. */
static void second_token_only(struct fake_server *s, const struct fake_request *rq,
                              struct fake_reply *reply)
{
    static const struct fake_reply refused = UNAUTHORIZED, fine = OK;

    if (fake_is_token(rq))
        scripted(s, rq, reply);
    else
        *reply = strstr(rq->head, "Bearer tok-1\r\n") ? refused : fine;
    reply->delay_ms = 50;
}

static void many_refusals_get_one_fresh_token(void **state)
{
    static struct getter g[MANY];
    struct fixture x = { .clock = clock_real(), .max_conns = MANY };

    (void)state;
    begin(&x);
    pthread_mutex_lock(&x.server.lock);
    x.server.handler = second_token_only;
    pthread_mutex_unlock(&x.server.lock);
    start_many(g, &x);
    join_many(g);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(g[i].rc, 0);
    assert_int_equal(fake_count(&x.server, true), 2);
    end(&x);
}

/* Whoever asks first is interrupted: the others go on. */
static void an_interrupted_flight_is_taken_over(void **state)
{
    static const struct fake_reply replies[] = { OK };
    static const struct fake_reply token = {
        .status = 200, .body = "{\"access_token\": \"t\", \"expires_in\": 3600}", .gated = true
    };
    static struct getter g[MANY], first;
    struct fixture x = { .clock = clock_real() };
    int64_t until = fake_now_ms() + 10000;

    (void)state;
    x.script.token = &token;
    begin_with(&x, replies, 1);
    first.x = &x;
    assert_int_equal(call_init(&first.call), 0);
    assert_int_equal(pthread_create(&first.thread, NULL, getter_run, &first), 0);
    while (fake_count(&x.server, true) < 1 && fake_now_ms() < until)
        fake_sleep_ms(1);
    start_many(g, &x);
    wait_for_verbs(&x, MANY + 1);
    call_cancel(&first.call);
    pthread_join(first.thread, NULL);
    call_release(&first.call);
    assert_int_equal(first.rc, -EINTR);
    fake_open_gate(&x.server);
    join_many(g);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(g[i].rc, 0);
    assert_int_equal(fake_count(&x.server, true), 2);
    end(&x);
}

static void a_waiter_can_be_cancelled(void **state)
{
    static const struct fake_reply replies[] = { OK };
    static const struct fake_reply token = {
        .status = 200, .body = "{\"access_token\": \"t\", \"expires_in\": 3600}", .gated = true
    };
    static struct getter g[MANY];
    struct fixture x = { .clock = clock_real() };
    int interrupted = 0;

    (void)state;
    x.script.token = &token;
    begin_with(&x, replies, 1);
    start_many(g, &x);
    wait_for_verbs(&x, MANY);
    for (int i = 0; i < MANY; i += 2)
        call_cancel(&g[i].call);
    wait_for_verbs(&x, MANY / 2);
    fake_open_gate(&x.server);
    join_many(g);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(g[i].rc, i % 2 ? 0 : -EINTR);
        interrupted += g[i].rc == -EINTR;
    }
    assert_int_equal(interrupted, MANY / 2);
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grant_is_asked_for_as_documented),
        cmocka_unit_test(a_refused_token_is_renewed_once),
        cmocka_unit_test(a_post_is_sent_again_with_a_fresh_token),
        cmocka_unit_test(it_is_renewed_before_it_ends),
        cmocka_unit_test(refusals_of_the_token_endpoint_are_told),
        cmocka_unit_test(a_bare_host_has_two_paths),
        cmocka_unit_test(one_flight_serves_many_threads),
        cmocka_unit_test(one_refusal_serves_many_threads),
        cmocka_unit_test(many_refusals_get_one_fresh_token),
        cmocka_unit_test(an_interrupted_flight_is_taken_over),
        cmocka_unit_test(a_waiter_can_be_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
