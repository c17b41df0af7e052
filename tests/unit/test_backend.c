/* The client's verbs against a server on loopback: what they send, and what they make of it. */
#include "backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/mman.h>

#include "array.h"

#include "fake_server.h"

#include "banned.h"

#define DOC "las:document:0123456789abcdef0123456789abcdef"
#define DATASET "las:dataset:0123456789abcdef0123456789abcdef"
#define MODEL "las:model:0123456789abcdef0123456789abcdef"
#define TRANSITION "las:transition:0123456789abcdef0123456789abcdef"
#define EXECUTION "las:transition-execution:0123456789abcdef0123456789abcdef"
#define TOKEN_ANSWER "{\"access_token\": \"tok-%u\", \"expires_in\": 3600}"

/* The answers to one after the other request; the last one is for all that follow. */
struct script {
    const struct fake_reply *replies;
    size_t n, at;
    struct fake_reply token; /* status 0: the usual one */
    char token_text[128];
    char last_method[16], last_path[2048], last_head[FAKE_HEAD_MAX];
    char *last_body;
};

static void scripted(struct fake_server *s, const struct fake_request *rq,
                     struct fake_reply *reply)
{
    struct script *sc = s->arg;

    if (fake_is_token(rq)) {
        snprintf(sc->token_text, sizeof(sc->token_text), TOKEN_ANSWER, s->tokens);
        reply->body = sc->token_text;
        if (sc->token.status)
            *reply = sc->token;
        return;
    }
    snprintf(sc->last_method, sizeof(sc->last_method), "%s", rq->method);
    snprintf(sc->last_path, sizeof(sc->last_path), "%s", rq->path);
    snprintf(sc->last_head, sizeof(sc->last_head), "%s", rq->head);
    free(sc->last_body);
    sc->last_body = strdup(rq->body);
    *reply = sc->replies[sc->at];
    if (sc->at + 1 < sc->n)
        sc->at++;
}

struct fixture {
    struct fake_server server;
    struct script script;
    struct fake_clock fake;
    struct backend *be;
    struct call call;
    struct failure err;
};

static void begin_with(struct fixture *x, const struct fake_reply *replies, size_t n,
                       struct clock *clock, int64_t timeout_ms)
{
    struct backend_config config = {
        .client_id = "the-id", .client_secret = "the-secret", .max_conns = 8,
        .timeout_ms = timeout_ms,
    };
    char api[64], auth[64];

    memset(x, 0, sizeof(*x));
    x->script.replies = replies;
    x->script.n = n;
    fake_clock_init(&x->fake, 1000, 1600000000000000000);
    fake_start(&x->server, scripted, &x->script);
    snprintf(api, sizeof(api), "http://127.0.0.1:%d/v1", x->server.port);
    snprintf(auth, sizeof(auth), "http://127.0.0.1:%d/oauth2", x->server.port);
    config.api_endpoint = api;
    config.auth_endpoint = auth;
    config.clock = clock ? clock : &x->fake.clock;
    assert_int_equal(call_init(&x->call), 0);
    assert_int_equal(backend_new(&config, &x->be, &x->err), 0);
}

static void begin(struct fixture *x, const struct fake_reply *replies, size_t n)
{
    begin_with(x, replies, n, NULL, 30000);
}

static void end(struct fixture *x)
{
    backend_free(x->be);
    call_release(&x->call);
    fake_stop(&x->server);
    free(x->script.last_body);
}

static struct target to(enum resource_kind kind, const char *id)
{
    return (struct target){ resource_get(kind), NULL, id };
}

static int get_document(struct fixture *x, struct record **out)
{
    struct target t = to(RES_DOCUMENTS, DOC);

    return backend_get(x->be, &x->call, &t, -1, out, NULL, &x->err);
}

#define A_DOCUMENT "{\"documentId\": \"" DOC "\", \"contentType\": \"image/png\"}"

/* --- What is sent ---------------------------------------------------------------------------- */

static void get_sends_what_the_api_wants(void **state)
{
    static const struct fake_reply replies[] = { { .status = 200, .body = A_DOCUMENT } };
    struct record *r = NULL;
    struct fixture x;

    (void)state;
    begin(&x, replies, 1);
    assert_int_equal(get_document(&x, &r), 0);
    record_unref(r);
    assert_string_equal(x.script.last_method, "GET");
    assert_string_equal(x.script.last_path, "/v1/documents/" DOC);
    assert_non_null(strstr(x.script.last_head, "\r\nAuthorization: Bearer tok-1\r\n"));
    assert_non_null(strstr(x.script.last_head, "\r\nContent-Type: application/json\r\n"));
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_sends_what_the_api_wants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
