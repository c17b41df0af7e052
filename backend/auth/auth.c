#include "auth.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "endpoint.h"
#include "json_text.h"
#include "lock.h"
#include "token_cache.h"

#include "banned.h"

#define URL_MAX_BYTES 4096
#define TOKEN_MAX_BYTES (16u << 10)
#define TOKEN_ANSWER_MAX (64u << 10)
#define EXPIRES_S_DEFAULT 3600
#define EXPIRES_S_MAX (400 * 24 * 3600)
#define EARLY_MS 60000
#define USE_MS_MIN 1000 /* whatever it says of its end: else none would ever be used */

/* A thread that waits for the request of another; on its stack. */
struct waiter {
    struct waiter *next;
    struct call *call;
    bool done;
    int rc; /* 1: look again */
    struct failure err;
};

struct auth {
    struct sender *sender;
    char *url, *other_url;           /* set once; other_url NULL: there is none */
    char *client_id, *client_secret; /* set once */
    char *cache_path, *profile;      /* set once; NULL: tokens are not shared */
    int64_t timeout_ms;              /* set once */
    struct meter meter;

    struct lock lock; /* before any call's */
    char *token;      /* guarded by lock, as all below; NULL: none */
    uint64_t number;  /* of the token; counts them */
    int64_t renew_ms;
    bool fetching; /* somebody does; whoever comes waits */
    bool use_other;
    bool down; /* the last fetch failed as the endpoint did */
    struct waiter *waiters;
};

static void free_secret(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void auth_free(struct auth *a)
{
    if (!a)
        return;
    free(a->url);
    free(a->other_url);
    free_secret(a->client_id);
    free_secret(a->client_secret);
    free_secret(a->token);
    free(a->cache_path);
    free(a->profile);
    lock_destroy(&a->lock);
    free(a);
}

static char *token_url(const char *endpoint, const char *path)
{
    struct buf url = BUF_INIT(URL_MAX_BYTES);

    if (buf_addf(&url, "%s%s?grant_type=client_credentials", endpoint, path) < 0)
        buf_release(&url);
    return buf_take(&url);
}

int auth_new(struct sender *sender, const char *endpoint, const char *client_id,
             const char *client_secret, int64_t timeout_ms, struct auth **out)
{
    bool bare = endpoint_is_bare(endpoint);
    struct auth *a = calloc(1, sizeof(*a));

    if (!a)
        return -ENOMEM;
    lock_init(&a->lock, LOCK_AUTH);
    a->sender = sender;
    a->timeout_ms = timeout_ms;
    a->url = token_url(endpoint, "/token");
    a->other_url = bare ? token_url(endpoint, "/oauth2/token") : NULL;
    a->client_id = strdup(client_id);
    a->client_secret = strdup(client_secret);
    if (!a->url || (bare && !a->other_url) || !a->client_id || !a->client_secret) {
        auth_free(a);
        return -ENOMEM;
    }
    *out = a;
    return 0;
}

int auth_use_cache(struct auth *a, const char *path, const char *profile)
{
    a->cache_path = strdup(path);
    a->profile = strdup(profile);
    return a->cache_path && a->profile ? 0 : -ENOMEM;
}

/* --- Getting one ----------------------------------------------------------------------------- */

struct answer {
    char *token;
    int64_t expires_s;
    bool down; /* there is none, as the endpoint has failed or the way to it */
};

/* What goes into a header must not end it. */
static bool is_token_text(const char *text)
{
    size_t len = strlen(text);

    for (const char *p = text; *p; p++)
        if (*p <= 0x20 || *p >= 0x7f)
            return false;
    return len > 0 && len <= TOKEN_MAX_BYTES;
}

static bool is_token(const json_t *v)
{
    const char *text = json_string_value(v);

    return text && strlen(text) == json_string_length(v) && is_token_text(text);
}

static int read_answer(const struct buf *text, struct answer *out, struct failure *err)
{
    json_auto_t *root = NULL;
    const json_t *token, *expires;
    double seconds;

    if (json_text_parse(buf_str(text), text->len, false, &root, NULL) == -ENOMEM)
        return fail(err, -ENOMEM, 0, "out of memory");
    token = json_object_get(root, "access_token");
    expires = json_object_get(root, "expires_in");
    if (!is_token(token)) {
        json_text_wipe(root);
        return fail(err, -EIO, 0, "malformed answer of the token endpoint");
    }
    seconds = json_is_number(expires) ? json_number_value(expires) : EXPIRES_S_DEFAULT;
    out->expires_s = seconds < 0 ? 0 : seconds > EXPIRES_S_MAX ? EXPIRES_S_MAX : (int64_t)seconds;
    out->token = strdup(json_string_value(token));
    json_text_wipe(root);
    return out->token ? 0 : fail(err, -ENOMEM, 0, "out of memory");
}

/* A refusal of the token is one of the credentials, whatever its status: it says nothing of
 * the file that somebody asked for. */
static int refusal(int rc, struct failure *err)
{
    char text[FAILURE_TEXT_MAX];

    switch (rc) {
    case -EAGAIN:
    case -EIO:
    case -ETIMEDOUT:
    case -EHOSTUNREACH:
    case -EINTR:
    case -ENOMEM:
        return rc;
    default:
        break;
    }
    memcpy(text, err->text, sizeof(text));
    return fail(err, -EACCES, err->status, "the token endpoint refuses the credentials: %.400s",
                text);
}

static int ask(struct auth *a, struct call *call, const char *url, struct answer *out,
               struct failure *err)
{
    struct sending st = { .fresh_token = true };
    struct request rq = {
        .method = "POST",
        .url = url,
        .user = a->client_id,
        .password = a->client_secret,
        .content_type = "application/x-www-form-urlencoded",
        .idempotent = true,
        .class = CALL_URGENT, /* others need it, a heartbeat among them */
        .timeout_ms = a->timeout_ms,
        .meter = &a->meter,
        .answer = BUF_INIT(TOKEN_ANSWER_MAX),
    };
    int rc = sender_do(a->sender, call, &rq, &st, err);

    out->down = rc < 0 && st.down;
    if (rc == 0)
        rc = read_answer(&rq.answer, out, err);
    if (rq.answer.data)
        explicit_bzero(rq.answer.data, rq.answer.cap);
    buf_release(&rq.answer);
    return rc;
}

static double realtime_s(struct auth *a)
{
    return (double)clock_realtime_ns(a->sender->clock) / 1e9;
}

/* One that the SDK's programs, or another mount, have got; not the one that we had. */
static bool take_shared(struct auth *a, struct answer *out)
{
    char *token = NULL;
    double ends_s = 0, left_s;
    bool good;

    if (!a->cache_path || token_cache_read(a->cache_path, a->profile, &token, &ends_s) < 0)
        return false;
    left_s = ends_s - realtime_s(a);
    lock_take(&a->lock);
    good = !a->token || strcmp(a->token, token) != 0;
    lock_give(&a->lock);
    good = good && is_token_text(token) && left_s > EARLY_MS / 1000.0 && left_s < EXPIRES_S_MAX;
    if (!good) {
        free_secret(token);
        return false;
    }
    out->token = token;
    out->expires_s = (int64_t)left_s;
    return true;
}

/* For the others; that it cannot be told them is no failure of ours. */
static void share(struct auth *a, const struct answer *got)
{
    struct failure why = { 0 };

    if (a->cache_path && token_cache_write(a->cache_path, a->profile, got->token,
                                           realtime_s(a) + (double)got->expires_s, &why) < 0)
        log_line(a->sender->log, LOG_LEVEL_WARNING, "%s", why.text);
}

/* Only the thread that fetches gets here. */
static int fetch(struct auth *a, struct call *call, bool *use_other, struct answer *out,
                 struct failure *err)
{
    struct failure other = { 0 };
    int rc;

    if (take_shared(a, out))
        return log_secret(a->sender->log, out->token);
    rc = ask(a, call, *use_other ? a->other_url : a->url, out, err);
    if (rc < 0 && a->other_url && !*use_other && (err->status == 404 || err->status == 405)) {
        rc = ask(a, call, a->other_url, out, &other);
        if (rc == 0)
            *use_other = true;
        else
            *err = other;
    }
    if (rc < 0)
        return refusal(rc, err);
    rc = log_secret(a->sender->log, out->token);
    share(a, out);
    return rc;
}

/* The lock is held. */
static void tell_waiters(struct auth *a, int rc, const struct failure *err)
{
    for (struct waiter *w = steal_pointer(&a->waiters), *next; w; w = next) {
        next = w->next;
        w->done = true;
        w->rc = rc == -EINTR ? 1 : rc; /* that was for the one that fetched */
        w->err = *err;
        call_wake(w->call);
    }
}

static int fetch_and_tell(struct auth *a, struct call *call, struct failure *err)
{
    int64_t asked = clock_now_ms(a->sender->clock), ttl, early, least;
    struct answer got = { 0 };
    bool use_other;
    int rc;

    lock_take(&a->lock);
    use_other = a->use_other;
    lock_give(&a->lock);
    rc = fetch(a, call, &use_other, &got, err);
    ttl = got.expires_s * 1000;
    early = ttl / 10 < EARLY_MS ? ttl / 10 : EARLY_MS;
    least = clock_now_ms(a->sender->clock) + USE_MS_MIN;
    lock_take(&a->lock);
    if (rc == 0) {
        char *old = a->token;

        a->token = steal_pointer(&got.token);
        got.token = old;
        a->number++;
        a->renew_ms = asked + ttl - early > least ? asked + ttl - early : least;
        a->use_other = use_other;
    }
    a->fetching = false;
    a->down = got.down;
    tell_waiters(a, rc, err);
    lock_give(&a->lock);
    free_secret(got.token);
    return rc;
}

/* --- For everybody --------------------------------------------------------------------------- */

static bool remove_waiter(struct auth *a, struct waiter *w)
{
    bool done;

    lock_take(&a->lock);
    done = w->done;
    for (struct waiter **at = &a->waiters; !done && *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            break;
        }
    lock_give(&a->lock);
    return done;
}

bool auth_is_down(struct auth *a)
{
    bool down;

    lock_take(&a->lock);
    down = a->down;
    lock_give(&a->lock);
    return down;
}

static bool is_done(struct auth *a, const struct waiter *w)
{
    bool done;

    lock_take(&a->lock);
    done = w->done;
    lock_give(&a->lock);
    return done;
}

/* Waits for who fetches: 0 look again, or its failure. */
static int await(struct auth *a, struct waiter *w, struct failure *err)
{
    while (!is_done(a, w))
        if (call_wait(w->call, a->sender->clock, CLOCK_FOREVER) == -EINTR) {
            remove_waiter(a, w);
            return fail(err, -EINTR, 0, "interrupted");
        }
    if (w->rc >= 0)
        return 0;
    *err = w->err;
    return w->rc;
}

int auth_token(struct auth *a, struct call *call, uint64_t refused, struct buf *out,
               uint64_t *number, struct failure *err)
{
    struct failure why = { 0 };
    int rc = 0;

    while (rc == 0) {
        struct waiter w = { .call = call };
        bool fetches = false;

        lock_take(&a->lock);
        if (a->token && a->number != refused && clock_now_ms(a->sender->clock) < a->renew_ms) {
            rc = buf_adds(out, a->token);
            *number = a->number;
            lock_give(&a->lock);
            return rc < 0 ? fail(err, rc, 0, "out of memory") : 0;
        }
        if (a->fetching) {
            w.next = a->waiters;
            a->waiters = &w;
        } else {
            fetches = a->fetching = true;
        }
        lock_give(&a->lock);
        rc = fetches ? fetch_and_tell(a, call, &why) : await(a, &w, &why);
    }
    if (err)
        *err = why;
    return rc;
}

const struct meter *auth_meter(const struct auth *a)
{
    return &a->meter;
}
