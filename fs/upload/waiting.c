#include "waiting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drop_folders.h"
#include "drop_put.h"
#include "drop_table.h"
#include "errlog.h"
#include "file.h"
#include "hash.h"
#include "name_rules.h"
#include "names.h"
#include "pool.h"

#include "drop.h"
#include "drop_row.h"
#include "lock.h"
#include "state.h"
#include "thread.h"
#include "types.h"
#include "uploads_context.h"

#include "banned.h"

struct drop_row;

#define FIRST_LOOK_MS 1000
#define AGAIN_MS 5000
#define LONG_MS 60000
#define BUSY_AGAIN_MS 50
#define BETWEEN_LOOKS_MS 1000

struct wait {
    struct drop *drop; /* with a reference */
    int64_t since_ms;
    int64_t look_ms; /* when it is looked at next */
    bool told;
    UT_hash_handle hh; /* by drop */
};

struct waiting {
    struct uploads *uploads; /* set once */
    waiting_fn *still_waits; /* set once */
    struct lock lock;
    pthread_cond_t changed;
    struct wait *waits; /* guarded by lock, as all below */
    int64_t looked_ms;
    bool look_at_all;
    bool looking; /* the pool has the job */
    bool running, stop;
    struct job job;
    struct call call; /* of the job */
    pthread_t thread;
};

/* --- One look --------------------------------------------------------------------------------- */

/* Those that are due, with a reference each, NULL at the end; the caller frees. NULL: no memory. */
static struct drop **take_due_locked(struct waiting *w, int64_t now)
{
    struct drop **list = calloc(HASH_COUNT(w->waits) + 1, sizeof(*list));
    struct wait *one, *next;
    size_t n = 0;

    if (!list)
        return NULL;
    HASH_ITER(hh, w->waits, one, next) {
        if (!w->look_at_all && one->look_ms > now)
            continue;
        list[n++] = drop_ref(one->drop);
        one->look_ms = now + LONG_MS;
        if (!one->told && one->since_ms + LONG_MS > now)
            one->look_ms = one->since_ms + LONG_MS;
    }
    w->look_at_all = false;
    return list;
}

/* Is it time for the line about it? Once. */
static bool is_to_be_told(struct waiting *w, struct drop *d, int64_t now)
{
    struct wait *one = NULL;
    bool tell;

    lock_take(&w->lock);
    HASH_FIND_PTR(w->waits, &d, one);
    tell = one && !one->told && one->since_ms + LONG_MS <= now;
    if (tell)
        one->told = true;
    lock_give(&w->lock);
    return tell;
}

static void tell(struct waiting *w, struct drop *d, const struct failure *why)
{
    cleanup_buf struct buf path = BUF_INIT(PATH_TEXT_MAX);

    drops_lock(w->uploads->drops);
    buf_addf(&path, "/%s/%s", d->folder->key, d->name);
    drops_unlock(w->uploads->drops);
    errlog_add(w->uploads->errlog, "sidecar", buf_str(&path), 0, why);
}

static void look_job(struct job *job)
{
    struct waiting *w = (struct waiting *)((char *)job - offsetof(struct waiting, job));
    int64_t now = clock_now_ms(w->uploads->clock);
    struct drop **list;

    lock_take(&w->lock);
    list = take_due_locked(w, now);
    lock_give(&w->lock);
    for (size_t i = 0; list && list[i]; i++) {
        struct failure why = { 0 };

        if (w->still_waits(w->uploads, &w->call, list[i], &why) == WAIT_OVER)
            waiting_end(w, list[i]);
        else if (is_to_be_told(w, list[i], now))
            tell(w, list[i], &why);
        drop_unref(list[i]);
    }
    free(list);
    lock_take(&w->lock);
    w->looked_ms = clock_now_ms(w->uploads->clock);
    w->looking = false;
    pthread_cond_broadcast(&w->changed);
    lock_give(&w->lock);
}

/* --- When ------------------------------------------------------------------------------------- */

static int64_t next_locked(struct waiting *w)
{
    int64_t next = w->look_at_all ? 0 : CLOCK_FOREVER;
    struct wait *one, *after;

    if (!w->waits || w->looking)
        return CLOCK_FOREVER;
    HASH_ITER(hh, w->waits, one, after)
        next = one->look_ms < next ? one->look_ms : next;
    return next > w->looked_ms + BETWEEN_LOOKS_MS ? next : w->looked_ms + BETWEEN_LOOKS_MS;
}

static void *waiting_thread(void *arg)
{
    struct waiting *w = arg;

    lock_take(&w->lock);
    while (!w->stop) {
        int64_t next = next_locked(w);

        if (next <= clock_now_ms(w->uploads->clock)) {
            w->looking = pool_submit(w->uploads->pool, &w->job) == 0;
            if (!w->looking) /* no thread to be had: in a second */
                w->looked_ms = clock_now_ms(w->uploads->clock);
        } else {
            lock_wait_until(&w->lock, &w->changed, w->uploads->clock, next);
        }
    }
    lock_give(&w->lock);
    return NULL;
}

/* --- Who waits -------------------------------------------------------------------------------- */

static struct wait *add_locked(struct waiting *w, struct drop *d)
{
    struct wait *one = calloc(1, sizeof(*one));

    if (!one)
        return NULL;
    one->drop = d;
    HASH_ADD_PTR(w->waits, drop, one);
    if (!HASH_ADDED(one)) {
        free(one);
        return NULL;
    }
    drop_ref(d);
    return one;
}

/* d is looked at in so many milliseconds; from the beginning, or as one that waits already may. */
static int begin(struct waiting *w, struct drop *d, int64_t in_ms, bool anew)
{
    struct wait *one = NULL;
    int rc = 0;

    lock_take(&w->lock);
    HASH_FIND_PTR(w->waits, &d, one);
    anew = anew || !one;
    if (!one)
        one = add_locked(w, d);
    if (one) {
        one->look_ms = clock_now_ms(w->uploads->clock) + in_ms;
        if (anew) {
            one->since_ms = clock_now_ms(w->uploads->clock);
            one->told = false;
        }
        if (!w->running && !w->stop)
            rc = thread_start(&w->thread, 0, waiting_thread, w);
        w->running = w->running || (rc == 0 && !w->stop);
        pthread_cond_broadcast(&w->changed);
    }
    lock_give(&w->lock);
    return one ? rc : -ENOMEM;
}

int waiting_begin(struct waiting *w, struct drop *d)
{
    return begin(w, d, FIRST_LOOK_MS, true);
}

int waiting_again(struct waiting *w, struct drop *d)
{
    return begin(w, d, AGAIN_MS, false);
}

void waiting_end(struct waiting *w, struct drop *d)
{
    struct wait *one = NULL;

    lock_take(&w->lock);
    HASH_FIND_PTR(w->waits, &d, one);
    if (one)
        HASH_DELETE(hh, w->waits, one);
    lock_give(&w->lock);
    if (one)
        drop_unref(one->drop);
    free(one);
}

void waiting_look(struct waiting *w)
{
    lock_take(&w->lock);
    w->look_at_all = w->waits != NULL;
    if (w->look_at_all)
        pthread_cond_broadcast(&w->changed);
    lock_give(&w->lock);
}

/* Those that wait for so long, with a reference each; the caller frees. NULL: no memory. */
static struct drop **take_older(struct waiting *w, int64_t ms, size_t *n)
{
    int64_t now = clock_now_ms(w->uploads->clock);
    struct drop **list;
    struct wait *one, *next;

    *n = 0;
    lock_take(&w->lock);
    list = calloc(HASH_COUNT(w->waits) + 1, sizeof(*list));
    if (list)
        HASH_ITER(hh, w->waits, one, next)
            if (one->since_ms + ms <= now)
                list[(*n)++] = drop_ref(one->drop);
    lock_give(&w->lock);
    return list;
}

/* How many are in each state after one more try, which ends with the first that has failed. */
static void try_all(struct waiting *w, struct call *call, size_t in_state[WAIT_BUSY + 1])
{
    size_t n;
    struct drop **list = take_older(w, 0, &n);

    for (size_t i = 0; i < n; i++) {
        struct failure why = { 0 };
        enum wait_state state = WAIT_OWED;

        if (!in_state[WAIT_OWED])
            state = w->still_waits(w->uploads, call, list[i], &why);

        if (state == WAIT_OVER)
            waiting_end(w, list[i]);
        in_state[state]++;
        drop_unref(list[i]);
    }
    free(list);
}

bool waiting_drain(struct waiting *w, struct call *call, int64_t timeout_ms)
{
    struct clock *clock = w->uploads->clock;
    int64_t end = clock_now_ms(clock) + timeout_ms;
    struct call own;

    if (!call && call_init(&own) < 0)
        return false;
    for (;;) {
        size_t in_state[WAIT_BUSY + 1] = { 0 };
        int64_t now;

        try_all(w, call ? call : &own, in_state);
        now = clock_now_ms(clock);
        if (!in_state[WAIT_BUSY] || now >= end ||
            call_wait(call ? call : &own, clock, now + BUSY_AGAIN_MS) == -EINTR) {
            if (!call)
                call_release(&own);
            return !in_state[WAIT_BUSY] && !in_state[WAIT_OWED];
        }
    }
}

size_t waiting_count(struct waiting *w)
{
    size_t n, count = 0;
    struct drop **list = take_older(w, LONG_MS, &n);

    for (size_t i = 0; i < n; i++) {
        struct failure why;

        count += w->still_waits(w->uploads, NULL, list[i], &why) != WAIT_OVER;
        drop_unref(list[i]);
    }
    free(list);
    return count;
}

/* --- All of them ------------------------------------------------------------------------------ */

static int load_row(void *arg, const struct drop_row *row)
{
    struct waiting *w = arg;
    char base[NAMES_MAX + 1];
    struct folder *f;
    struct drop *d;
    int rc;

    if (names_json_base(row->name, base) < 0 || !drop_is_untaken(row->taken))
        return 0; /* taken, or no sidecar */
    rc = drops_folder(w->uploads->drops, row->folder, &f);
    if (rc < 0)
        return rc == -EINVAL ? 0 : rc; /* a folder of another version's: left alone */
    d = f->staging || !rule_sidecar(f, row->name) ? NULL
                                                  : drops_find(w->uploads->drops, f, row->name);
    if (d && row->has_sha256 && drop_is_answer(w->uploads->drops, d))
        drop_unref(steal_pointer(&d)); /* an inbox's, as it was put there */
    rc = d ? waiting_begin(w, d) : 0;
    drop_unref(d);
    return rc;
}

int waiting_load(struct waiting *w)
{
    return state_load_in_state(w->uploads->state, ROW_LOCAL, load_row, w, NULL);
}

int waiting_new(struct uploads *uploads, waiting_fn *still_waits, struct waiting **out)
{
    struct waiting *w = calloc(1, sizeof(*w));

    if (!w)
        return -ENOMEM;
    w->uploads = uploads;
    w->still_waits = still_waits;
    w->looked_ms = clock_now_ms(uploads->clock);
    w->job.run = look_job;
    lock_init(&w->lock, LOCK_WAITING);
    if (call_init(&w->call) < 0) {
        free(w);
        return -ENOMEM;
    }
    if (cond_init_monotonic(&w->changed) < 0) {
        call_release(&w->call);
        free(w);
        return -ENOMEM;
    }
    *out = w;
    return 0;
}

void waiting_stop(struct waiting *w)
{
    bool running;

    if (!w)
        return;
    lock_take(&w->lock);
    w->stop = true;
    running = w->running;
    w->running = false;
    pthread_cond_broadcast(&w->changed);
    lock_give(&w->lock);
    if (running)
        pthread_join(w->thread, NULL);
}

void waiting_free(struct waiting *w)
{
    struct wait *one, *next;

    if (!w)
        return;
    HASH_ITER(hh, w->waits, one, next) {
        HASH_DELETE(hh, w->waits, one);
        drop_unref(one->drop);
        free(one);
    }
    call_release(&w->call);
    pthread_cond_destroy(&w->changed);
    lock_destroy(&w->lock);
    free(w);
}
