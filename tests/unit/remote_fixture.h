/*
 * A struct remote over a server on loopback that answers by a table, on a clock that stands still;
 * its state and its contents in a directory of the test's own. Include it after the test's header.
 */
#ifndef LASFS_REMOTE_FIXTURE_H
#define LASFS_REMOTE_FIXTURE_H

#include "state_fixture.h"

#include "backend.h"
#include "content.h"
#include "errlog.h"
#include "fake_server.h"
#include "folder.h"
#include "pool.h"
#include "remote.h"

#define META_TTL_MS 30000
#define LIST_TTL_MS 10000
#define ANSWERS_MAX 512
#define ASKED_MAX 1024

#define ONE "11111111111111111111111111111111"
#define TWO "22222222222222222222222222222222"
#define THREE "33333333333333333333333333333333"
#define FOUR "44444444444444444444444444444444"

/* A resource as an answer has it. "name" is kept of all, also where the API has none. */
#define A_RESOURCE(field, id, name, more)                                                          \
    "{\"" field "\": \"" id "\", \"name\": \"" name "\"" more "}"
#define A_DOCUMENT(hex, name, more) A_RESOURCE("documentId", "las:document:" hex, name, more)
#define A_MODEL(hex, name, more) A_RESOURCE("modelId", "las:model:" hex, name, more)
#define A_SECRET(hex, name, more) A_RESOURCE("secretId", "las:secret:" hex, name, more)
#define AN_ASSET(hex, name, more) A_RESOURCE("assetId", "las:asset:" hex, name, more)
#define CHANGED_AT(second) ", \"updatedTime\": \"2026-01-01T00:00:" second "Z\""

struct answer {
    char ask[256]; /* "GET /models": a query may follow; "GET /models?maxResults=100": exactly so */
    char *body;
    struct fake_reply reply;
    bool once, used; /* it is for one request alone, and that has come */
};

struct asked {
    char text[512];
    int64_t ms; /* by the fake clock */
};

struct fixture {
    void *dir;
    struct fake_server server;
    struct answer
        answers[ANSWERS_MAX]; /* guarded by the server's lock; the last that fits counts */
    unsigned n_answers;
    struct asked asked[ASKED_MAX]; /* the first requests but those for tokens */
    unsigned n_asked;
    struct fake_clock fake;
    struct backend *be;
    struct pool *pool;
    struct errlog *errlog;
    struct remote_config config; /* for the next open_remote() */
    int64_t content_bytes;
    struct state *state;
    struct content_cache *content;
    struct remote *remote;
    struct call call;
    struct failure err;
};

/* --- The server ------------------------------------------------------------------------------- */

static inline bool is_asked(const char *text, const char *ask)
{
    size_t len = strlen(ask);

    return strncmp(text, ask, len) == 0 && (!text[len] || (text[len] == '?' && !strchr(ask, '?')));
}

static inline void answer_by_table(struct fake_server *s, const struct fake_request *rq,
                                   struct fake_reply *reply)
{
    struct fixture *x = s->arg;
    struct asked more, *asked = x->n_asked < ASKED_MAX ? &x->asked[x->n_asked] : &more;

    if (fake_is_token(rq)) {
        reply->body = "{\"access_token\": \"tok\", \"expires_in\": 86400}";
        return;
    }
    snprintf(asked->text, sizeof(asked->text), "%s %.480s", rq->method, rq->path + strlen("/v1"));
    asked->ms = clock_now_ms(&x->fake.clock);
    x->n_asked += x->n_asked < ASKED_MAX;
    *reply = (struct fake_reply){ .status = 404, .body = "{\"message\": \"there is none\"}" };
    for (unsigned i = x->n_answers; i-- > 0;) {
        struct answer *a = &x->answers[i];

        if (!is_asked(asked->text, a->ask) || (a->once && a->used))
            continue;
        a->used = true;
        *reply = a->reply;
        return;
    }
}

static inline void add_answer(struct fixture *x, const char *ask, struct fake_reply reply,
                              bool once)
{
    struct answer *a = &x->answers[x->n_answers];

    assert_true(x->n_answers + 1 < ANSWERS_MAX);
    a->body = reply.body ? strdup(reply.body) : NULL;
    assert_true((size_t)snprintf(a->ask, sizeof(a->ask), "%s", ask) < sizeof(a->ask));
    a->reply = reply;
    a->reply.body = a->body;
    a->once = once;
    pthread_mutex_lock(&x->server.lock);
    x->n_answers++;
    pthread_mutex_unlock(&x->server.lock);
}

/* From now on; body may be NULL. */
static inline void answer_with(struct fixture *x, const char *ask, struct fake_reply reply)
{
    add_answer(x, ask, reply, false);
}

/* To the next that asks so; then it is as before. */
static inline void answer_once(struct fixture *x, const char *ask, struct fake_reply reply)
{
    add_answer(x, ask, reply, true);
}

static inline void answer(struct fixture *x, const char *ask, const char *body)
{
    answer_with(x, ask, (struct fake_reply){ .status = 200, .body = body });
}

static inline void answer_status(struct fixture *x, const char *ask, int status)
{
    answer_with(x, ask, (struct fake_reply){ .status = status, .body = "{\"message\": \"no\"}" });
}

/* How often that was asked. */
static inline unsigned asked(struct fixture *x, const char *ask)
{
    unsigned n = 0;

    pthread_mutex_lock(&x->server.lock);
    for (unsigned i = 0; i < x->n_asked; i++)
        n += is_asked(x->asked[i].text, ask);
    pthread_mutex_unlock(&x->server.lock);
    return n;
}

/* How often anything was. */
static inline unsigned requests(struct fixture *x)
{
    return fake_count(&x->server, false);
}

/* --- What is over it -------------------------------------------------------------------------- */

static inline void open_remote(struct fixture *x)
{
    x->state = open_state(&x->dir);
    assert_int_equal(content_new(in_dir(&x->dir, "contents"), x->content_bytes, &x->content, NULL),
                     0);
    x->config.state = x->state;
    x->config.content = x->content;
    assert_int_equal(remote_new(&x->config, &x->remote), 0);
}

static inline void close_remote(struct fixture *x)
{
    remote_free(x->remote);
    content_free(x->content);
    state_close(x->state);
    x->remote = NULL;
}

/* As if the mount had ended and begun again, by what config says now. */
static inline void reopen_remote(struct fixture *x)
{
    close_remote(x);
    open_remote(x);
}

static inline void start_client(struct fixture *x)
{
    struct backend_config config = {
        .client_id = "the-id",
        .client_secret = "the-secret",
        .max_conns = 8,
        .timeout_ms = 30000,
        .clock = &x->fake.clock,
    };
    char api[64], auth[64];

    snprintf(api, sizeof(api), "http://127.0.0.1:%d/v1", x->server.port);
    snprintf(auth, sizeof(auth), "http://127.0.0.1:%d/oauth2", x->server.port);
    config.api_endpoint = api;
    config.auth_endpoint = auth;
    assert_int_equal(backend_new(&config, &x->be, &x->err), 0);
}

/* Of memory where there is one: on a disk each new database costs its syncs. */
static inline void make_dir(struct fixture *x)
{
    char *path = strdup(access("/dev/shm", W_OK) == 0 ? "/dev/shm/lasfs-test-XXXXXX"
                                                      : "/tmp/lasfs-test-XXXXXX");

    assert_non_null(path);
    assert_non_null(mkdtemp(path));
    x->dir = path;
}

static inline void fixture_init(struct fixture *x)
{
    make_dir(x);
    fake_clock_init(&x->fake, 1000000, INT64_C(1767225600000000000));
    fake_start(&x->server, answer_by_table, x);
    start_client(x);
    assert_int_equal(call_init(&x->call), 0);
    assert_int_equal(pool_new(4, &x->pool), 0);
    assert_int_equal(errlog_new(&x->fake.clock, NULL, &x->errlog), 0);
    x->content_bytes = 1 << 20;
    x->config = (struct remote_config){
        .backend = x->be,
        .clock = &x->fake.clock,
        .pool = x->pool,
        .errlog = x->errlog,
        .meta_ttl_ms = META_TTL_MS,
        .list_ttl_ms = LIST_TTL_MS,
        .cache_bytes = 1 << 20,
    };
    open_remote(x);
}

static inline void fixture_release(struct fixture *x)
{
    remote_stop(x->remote);
    pool_free(x->pool);
    close_remote(x);
    errlog_free(x->errlog);
    call_release(&x->call);
    backend_free(x->be);
    fake_stop(&x->server);
    for (unsigned i = 0; i < x->n_answers; i++)
        free(x->answers[i].body);
    assert_int_equal(temp_dir_teardown(&x->dir), 0);
}

static inline int setup(void **state)
{
    struct fixture *x = calloc(1, sizeof(*x));

    assert_non_null(x);
    fixture_init(x);
    *state = x;
    return 0;
}

static inline int teardown(void **state)
{
    fixture_release(*state);
    free(*state);
    return 0;
}

#define A_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* --- Questions -------------------------------------------------------------------------------- */

static inline struct target target_of(enum resource_kind kind, const char *id)
{
    return (struct target){ resource_get(kind), NULL, id };
}

static inline void pass(struct fixture *x, int64_t ms)
{
    fake_clock_advance(&x->fake, ms);
}

typedef int asks(struct remote *remote, struct call *call, const struct target *t,
                 struct record **out, struct failure *err);

/* What r is called, or the name of the errno; gives r's reference back. */
static inline const char *told(int rc, struct record *r)
{
    static char texts[4][256];
    static unsigned next;
    char *text = texts[next++ % 4];
    cleanup_buf struct buf name = BUF_INIT(200);

    if (rc < 0) {
        assert_null(r);
        return strerrorname_np(-rc);
    }
    assert_int_equal(record_string(r, "name", &name), 0);
    snprintf(text, sizeof(texts[0]), "%s", buf_str(&name));
    record_unref(r);
    return text;
}

static inline const char *says(struct fixture *x, asks *fn, const struct target *t)
{
    struct record *r = NULL;
    int rc = fn(x->remote, &x->call, t, &r, &x->err);

    return told(rc, r);
}

/* The same without waiting for anything. */
static inline const char *says_now(struct fixture *x, asks *fn, const struct target *t)
{
    struct call now = { .nowait = true };
    struct record *r = NULL;
    int rc = fn(x->remote, &now, t, &r, &x->err);

    return told(rc, r);
}

static inline struct record *record_of(enum resource_kind kind, const char *text)
{
    struct record *r = NULL;

    assert_int_equal(record_parse(resource_get(kind), text, strlen(text), &r), 0);
    return r;
}

/* Of a folder by its key; release with folder_done(). */
static inline struct folder folder_of(const char *key)
{
    struct folder f = { .key = NULL };

    assert_int_equal(folder_describe(key, NULL, &f), 0);
    return f;
}

static inline void folder_done(struct folder *f)
{
    free(f->parent);
    free(f->filter_value);
    free(f->model);
    free(f->document);
}

#endif
