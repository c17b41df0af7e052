/* A client, and a server on loopback that answers it by a script. Include it after cmocka.h. */
#ifndef LASFS_CLIENT_FIXTURE_H
#define LASFS_CLIENT_FIXTURE_H

#include "backend.h"
#include "fake_server.h"

#define HEX "0123456789abcdef0123456789abcdef"
#define DOC "las:document:" HEX
#define A_DOCUMENT "{\"documentId\": \"" DOC "\", \"contentType\": \"image/png\"}"

/* The answers to one request after the other; the last one is for all that follow. */
struct script {
    const struct fake_reply *replies;
    size_t n, at;
    const struct fake_reply *token; /* NULL: a good one */
    char token_text[128];
    char method[16], path[2048], head[FAKE_HEAD_MAX]; /* of the last request */
    char token_head[FAKE_HEAD_MAX];
    char *body;
};

static inline void scripted(struct fake_server *s, const struct fake_request *rq,
                            struct fake_reply *reply)
{
    struct script *sc = s->arg;

    if (fake_is_token(rq)) {
        snprintf(sc->token_head, sizeof(sc->token_head), "%s", rq->head);
        snprintf(sc->token_text, sizeof(sc->token_text),
                 "{\"access_token\": \"tok-%u\", \"expires_in\": 3600}", s->tokens);
        reply->body = sc->token_text;
        if (sc->token)
            *reply = *sc->token;
        return;
    }
    snprintf(sc->method, sizeof(sc->method), "%s", rq->method);
    snprintf(sc->path, sizeof(sc->path), "%s", rq->path);
    snprintf(sc->head, sizeof(sc->head), "%s", rq->head);
    free(sc->body);
    sc->body = strdup(rq->body);
    if (!sc->body)
        abort();
    if (!sc->n)
        return;
    *reply = sc->replies[sc->at];
    if (sc->at + 1 < sc->n)
        sc->at++;
}

struct fixture {
    struct fake_server server;
    struct script script;
    struct fake_clock fake;
    struct clock *clock; /* NULL: the fake one */
    const char *auth_path;
    int64_t timeout_ms;
    double max_rps;
    unsigned max_conns;
    struct log *log;
    struct backend *be;
    struct call call;
    struct failure err;
};

/* The fields above be, and the script, may be set before. */
static inline void begin(struct fixture *x)
{
    struct backend_config config = {
        .client_id = "the-id",
        .client_secret = "the-secret",
        .max_conns = x->max_conns ? x->max_conns : 8,
        .timeout_ms = x->timeout_ms ? x->timeout_ms : 30000,
        .max_rps = x->max_rps,
        .log = x->log,
    };
    char api[64], auth[64];

    fake_clock_init(&x->fake, 1000, 1600000000000000000);
    fake_start(&x->server, scripted, &x->script);
    snprintf(api, sizeof(api), "http://127.0.0.1:%d/v1", x->server.port);
    snprintf(auth, sizeof(auth), "http://127.0.0.1:%d%s", x->server.port,
             x->auth_path ? x->auth_path : "/oauth2");
    config.api_endpoint = api;
    config.auth_endpoint = auth;
    config.clock = x->clock ? x->clock : &x->fake.clock;
    assert_int_equal(call_init(&x->call), 0);
    assert_int_equal(backend_new(&config, &x->be, &x->err), 0);
}

static inline void begin_with(struct fixture *x, const struct fake_reply *replies, size_t n)
{
    x->script.replies = replies;
    x->script.n = n;
    begin(x);
}

static inline void end(struct fixture *x)
{
    backend_free(x->be);
    call_release(&x->call);
    fake_stop(&x->server);
    free(x->script.body);
}

static inline struct target target_of(enum resource_kind kind, const char *id)
{
    return (struct target){ resource_get(kind), NULL, id };
}

static inline int get_document(struct fixture *x)
{
    struct target t = target_of(RES_DOCUMENTS, DOC);
    struct record *r = NULL;
    int rc = backend_get(x->be, &x->call, &t, -1, &r, NULL, &x->err);

    assert_int_equal(rc == 0, r != NULL);
    record_unref(r);
    return rc;
}

static inline int post_dataset(struct fixture *x)
{
    struct target t = target_of(RES_DATASETS, NULL);
    struct record *r = NULL;
    int rc = backend_create(x->be, &x->call, &t, NULL, NO_CONTENT, &r, &x->err);

    record_unref(r);
    return rc;
}

static inline int patch_document(struct fixture *x)
{
    struct target t = target_of(RES_DOCUMENTS, DOC);

    return backend_update(x->be, &x->call, &t, NULL, NO_CONTENT, NULL, &x->err);
}

static inline int delete_document(struct fixture *x)
{
    struct target t = target_of(RES_DOCUMENTS, DOC);

    return backend_delete(x->be, &x->call, &t, NULL, &x->err);
}

#endif
