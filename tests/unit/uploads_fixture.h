/*
 * The room fs/upload over what is below it, and a small API on loopback: a mount without a kernel.
 * The rooms' time stands still until a test moves it; the client's jumps, so that no retry waits.
 * Include it first: it has cmocka.h.
 */
#ifndef LASFS_UPLOADS_FIXTURE_H
#define LASFS_UPLOADS_FIXTURE_H

#include "state_fixture.h"

#include "backend.h"
#include "content.h"
#include "deliver.h"
#include "drop.h"
#include "drop_events.h"
#include "drop_folders.h"
#include "drop_table.h"
#include "drops.h"
#include "drops_start.h"
#include "errlog.h"
#include "inbox.h"
#include "pool.h"
#include "remote.h"
#include "settings.h"
#include "settle.h"
#include "small_api.h"
#include "spool.h"
#include "uploads.h"

#define HOUR_MS 3600000
#define POOL_TIMEOUT_MS 20000

/* A test's *state. The options are its own to set before it begins. */
struct world {
    char dir[64]; /* first, for temp_dir.h: where all that is on disk stands */
    bool ro, nodelete, writeback, dedupe;
    int64_t settle_ms, unsure_ms;
    int other, complete; /* enum other_mode, enum complete_mode */
    const char *scratch;
    bool running;
    struct small_api api;
    struct fake_clock fake, client;
    struct state *state;
    struct spool *spool;
    struct content_cache *content;
    struct drops *drops;
    struct errlog *errlog;
    struct pool *pool;
    struct backend *backend;
    struct remote *remote;
    struct uploads *uploads;
    struct call call;
    struct failure err;
};

/* Who waits for a time wakes for nothing again and again, and does not move it: so whoever was told
 * something while its millisecond ended sees it. */
static inline int wait_for_test(struct clock *c, pthread_cond_t *cond, pthread_mutex_t *held,
                                int64_t until_ms)
{
    struct timespec ts;

    if (until_ms == CLOCK_FOREVER)
        return -pthread_cond_wait(cond, held);
    clock_gettime(CLOCK_MONOTONIC, &ts);
    ts.tv_nsec += 1000000;
    ts.tv_sec += ts.tv_nsec / 1000000000;
    ts.tv_nsec %= 1000000000;
    if (clock_now_ms(c) < until_ms)
        pthread_cond_timedwait(cond, held, &ts);
    return clock_now_ms(c) < until_ms ? 0 : -ETIMEDOUT;
}

static inline struct backend *open_backend(struct world *w)
{
    struct backend *be = NULL;
    char api[64], auth[64];

    snprintf(api, sizeof(api), "http://127.0.0.1:%d/v1", w->api.server.port);
    snprintf(auth, sizeof(auth), "http://127.0.0.1:%d/oauth2", w->api.server.port);
    assert_int_equal(backend_new(&(struct backend_config){ .api_endpoint = api,
                                                           .auth_endpoint = auth,
                                                           .client_id = "the-id",
                                                           .client_secret = "the-secret",
                                                           .max_conns = 4,
                                                           .timeout_ms = 30000,
                                                           .clock = &w->client.clock },
                                 &be, NULL),
                     0);
    return be;
}

/* All that a mount has, over what is in the test's directory and the API. */
static inline void open_rooms(struct world *w)
{
    struct clock *clock = &w->fake.clock;
    void *dir = w->dir;

    w->state = open_state(&dir);
    assert_int_equal(spool_new(in_dir(&dir, "spool"), &w->spool, NULL), 0);
    assert_int_equal(content_new(in_dir(&dir, "contents"), 1 << 20, &w->content, NULL), 0);
    assert_int_equal(drops_new(w->state, w->spool, clock, w->scratch, &w->drops, NULL), 0);
    assert_int_equal(errlog_new(clock, NULL, &w->errlog), 0);
    assert_int_equal(pool_new(4, &w->pool), 0);
    w->backend = open_backend(w);
    assert_int_equal(remote_new(&(struct remote_config){ .backend = w->backend,
                                                         .clock = clock,
                                                         .pool = w->pool,
                                                         .state = w->state,
                                                         .content = w->content,
                                                         .errlog = w->errlog,
                                                         .meta_ttl_ms = HOUR_MS,
                                                         .list_ttl_ms = HOUR_MS,
                                                         .cache_bytes = 1 << 20,
                                                         .ro = w->ro,
                                                         .nodelete = w->nodelete },
                                &w->remote),
                     0);
    assert_int_equal(uploads_new(&(struct uploads_config){ .remote = w->remote,
                                                           .drops = w->drops,
                                                           .backend = w->backend,
                                                           .clock = clock,
                                                           .errlog = w->errlog,
                                                           .pool = w->pool,
                                                           .state = w->state,
                                                           .spool = w->spool,
                                                           .scratch = w->scratch,
                                                           .other = w->other,
                                                           .complete = w->complete,
                                                           .ro = w->ro,
                                                           .nodelete = w->nodelete,
                                                           .writeback = w->writeback,
                                                           .dedupe = w->dedupe,
                                                           .settle_ms = w->settle_ms,
                                                           .unsure_ms = w->unsure_ms,
                                                           .workers = 4 },
                                 &w->uploads, NULL),
                     0);
}

/* In the order in which a mount ends. */
static inline void close_rooms(struct world *w)
{
    remote_stop(w->remote);
    uploads_stop(w->uploads);
    pool_free(w->pool);
    uploads_free(w->uploads);
    remote_free(w->remote);
    backend_free(w->backend);
    drops_free(w->drops);
    spool_free(w->spool);
    content_free(w->content);
    errlog_free(w->errlog);
    state_close(w->state);
}

static inline void start(struct world *w)
{
    fake_clock_init(&w->client, 1000, INT64_C(1700000000000000000));
    fake_clock_init(&w->fake, HOUR_MS, INT64_C(1700000000000000000));
    w->fake.clock.wait = wait_for_test;
    assert_int_equal(call_init(&w->call), 0);
    api_start(&w->api);
    w->running = true;
    open_rooms(w);
}

/* The mount ends, and another one begins. */
static inline void remount(struct world *w)
{
    close_rooms(w);
    open_rooms(w);
}

static inline void pass(struct world *w, int64_t ms)
{
    fake_clock_advance(&w->fake, ms);
}

/* In memory, where a machine has such a place: what is made durable in hundreds of steps takes no
 * time there. */
static inline bool make_dir(struct world *w)
{
    static const char memory[] = "/dev/shm/lasfs-test-XXXXXX", disk[] = "/tmp/lasfs-test-XXXXXX";

    memcpy(w->dir, memory, sizeof(memory));
    if (mkdtemp(w->dir))
        return true;
    memcpy(w->dir, disk, sizeof(disk));
    return mkdtemp(w->dir) != NULL;
}

/* All of it ends, and nothing is left; a test does so only to begin once more. */
static inline void stop(struct world *w)
{
    close_rooms(w);
    api_stop(&w->api);
    call_release(&w->call);
    nftw(w->dir, temp_dir_remove, 16, FTW_DEPTH | FTW_PHYS);
    *w = (struct world){ .ro = false };
    if (!make_dir(w))
        abort();
}

static inline int world_setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    *state = w;
    return w && make_dir(w) ? 0 : -1;
}

static inline int world_teardown(void **state)
{
    struct world *w = *state;

    if (w->running)
        stop(w);
    return temp_dir_teardown(state);
}

/* --- Files ------------------------------------------------------------------------------------ */

/* key: a folder's, in a test's words: "datasets/dataset#1/documents". */
static inline struct folder *folder_at(struct world *w, const char *key)
{
    cleanup_free char *whole = api_long(key);
    struct folder *f = NULL;

    assert_int_equal(drops_folder(w->drops, whole, &f), 0);
    return f;
}

/* What is called so, with a reference of the test's, or NULL. */
static inline struct drop *find_file(struct world *w, const char *key, const char *name)
{
    return drops_find(w->drops, folder_at(w, key), name);
}

/* A program has written these bytes under a name, and closed it: what is there, with a reference. */
static inline struct drop *write_drop(struct world *w, const char *key, const char *name,
                                      const char *bytes, size_t len)
{
    struct folder *f = folder_at(w, key);
    struct drop *d = drops_find(w->drops, f, name);
    struct bytes *b = NULL;

    if (!d)
        assert_int_equal(drops_add(w->drops, f, name, DROP_FILE, &d), 0);
    assert_int_equal(drop_new_bytes(w->drops, d, &b), 0);
    assert_int_equal(file_pwrite_all(b->fd, bytes, len, 0), 0);
    drop_written(w->drops, d);
    return d;
}

/* Its last close. */
static inline int commit(struct world *w, struct drop *d)
{
    int rc;

    w->err = (struct failure){ .text = "" };
    assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
    rc = deliver_commit(w->uploads, &w->call, d, &w->err);
    drop_unlock_exclusive(w->drops, d);
    if (rc == 0)
        inbox_wait(w->uploads, &w->call, d);
    return rc;
}

static inline int put_bytes(struct world *w, const char *key, const char *name, const char *bytes,
                            size_t len)
{
    cleanup_drop struct drop *d = write_drop(w, key, name, bytes, len);
    int rc = commit(w, d);

    settle_drop(w->uploads, d);
    return rc;
}

/* cp: written and closed, and nobody has it open. */
static inline int put(struct world *w, const char *key, const char *name, const char *text)
{
    return put_bytes(w, key, name, text, strlen(text));
}

/* A whole PDF, with something that tells it from others; valid until the fourth next call. */
static inline const char *pdf(const char *what)
{
    static char texts[4][256];
    static unsigned next;
    char *text = texts[next++ % 4];

    snprintf(text, sizeof(texts[0]), "%%PDF-1.4\n1 0 obj\n(%s)\nendobj\n%%%%EOF\n", what);
    return text;
}

/* --- What has become of them ------------------------------------------------------------------ */

/* The name stands for this id; "": it is local; NULL: there is nothing of that name. */
static inline void expect_file(struct world *w, const char *key, const char *name, const char *id)
{
    cleanup_drop struct drop *d = find_file(w, key, name);
    cleanup_free char *brief = NULL;

    if (!id) {
        assert_null(d);
        return;
    }
    assert_non_null(d);
    drops_lock(w->drops);
    brief = api_short(d->id ? d->id : "");
    drops_unlock(w->drops);
    assert_string_equal(brief, id);
}

/* The bytes that are here under the name. */
static inline void expect_local(struct world *w, const char *key, const char *name,
                                const char *text)
{
    cleanup_drop struct drop *d = find_file(w, key, name);
    cleanup_buf struct buf is = BUF_INIT(1 << 20);
    struct bytes *b;

    assert_non_null(d);
    b = drop_bytes(w->drops, d);
    assert_non_null(b);
    assert_int_equal(bytes_read(b, &is), 0);
    bytes_unref(b);
    assert_string_equal(buf_str(&is), text);
}

/* What failed under the name has these bytes, and says why; text NULL: nothing failed. */
static inline void expect_failed(struct world *w, const char *key, const char *name,
                                 const char *text, const char *why)
{
    cleanup_drop struct drop *x = drops_find_failed(w->drops, folder_at(w, key), name);
    cleanup_buf struct buf is = BUF_INIT(1 << 20);
    cleanup_free char *words = NULL;
    struct bytes *b;

    if (!text) {
        assert_null(x);
        return;
    }
    assert_non_null(x);
    b = drop_bytes(w->drops, x);
    assert_int_equal(bytes_read(b, &is), 0);
    bytes_unref(b);
    assert_string_equal(buf_str(&is), text);
    drops_lock(w->drops); /* nobody leaves a test with it */
    words = x->error ? strdup(x->error) : NULL;
    drops_unlock(w->drops);
    assert_non_null(words);
    assert_string_equal(words, why);
}

/* So many lines are in the error log, and the last of them has text in it. */
static inline void expect_lines(struct world *w, uint64_t n, const char *text)
{
    char lines[16384] = "";

    assert_int_equal(errlog_count(w->errlog), n);
    errlog_read(w->errlog, 0, lines, sizeof(lines) - 1);
    if (n && !strstr(lines, text))
        assert_string_equal(lines, text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

#endif
