#include "engine.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lock.h"
#include "meter.h"
#include "thread.h"
#include "transfer.h"

#include "banned.h"

/* So often in a row another one goes before the one that has waited longest. */
#define PASSED_MAX 4
/* How long to sleep at most while something is under way: deadlines are looked at then. */
#define TICK_MS 500
#define IDLE_MS 600000

struct engine {
    pthread_t thread;    /* set once */
    CURLM *multi;        /* set once; curl_multi_wakeup() from any thread, else its thread's */
    struct clock *clock; /* set once */
    char *cacert;        /* set once */
    unsigned max_active; /* set once */
    atomic_uint_least64_t sent, received;
    struct lately sent_lately, received_lately;

    struct lock lock;             /* before any call's */
    pthread_cond_t ended;         /* one that was to be aborted is done */
    struct request *first, *last; /* guarded by lock: the queue, in the order of their coming */
    unsigned passed; /* guarded by lock: so often in a row another one went before the first */
    bool aborting;   /* guarded by lock: look for what is to be aborted */
    bool stopping;   /* guarded by lock */

    /* The thread's own. */
    struct request *active;
    unsigned n_active;
    int64_t moved_ms; /* of any */
    int64_t stuck_ms; /* when one was last given up, as nothing moved */
    CURL **idle;      /* handles to use again */
    unsigned n_idle;
};

/* --- The queue ------------------------------------------------------------------------------- */

static void enqueue(struct engine *e, struct request *rq)
{
    lock_take(&e->lock);
    rq->queued = true;
    rq->next = NULL;
    if (e->last)
        e->last->next = rq;
    else
        e->first = rq;
    e->last = rq;
    lock_give(&e->lock);
    curl_multi_wakeup(e->multi);
}

/* The lock is held. */
static void unqueue(struct engine *e, struct request *rq)
{
    struct request *before = NULL;

    for (struct request *r = e->first; r && r != rq; r = r->next)
        before = r;
    if (before)
        before->next = rq->next;
    else
        e->first = rq->next;
    if (e->last == rq)
        e->last = before;
    rq->queued = false;
    rq->next = NULL;
}

/* A call's may rise while its request waits. */
static enum call_class class_of(const struct request *rq)
{
    return rq->class ? rq->class : (enum call_class)atomic_load(&rq->call->class);
}

/* How many may be under way when one of this class is. */
static unsigned slots_of(const struct engine *e, enum call_class class)
{
    return e->max_active + (class > CALL_INTERACTIVE ? (unsigned)class : 0);
}

/* Whose turn it is: the most urgent, and of those the first. But what is passed over too often is
 * next, unless another one's time is short. The lock is held. */
static struct request *choose(struct engine *e)
{
    struct request *best = e->first;

    for (struct request *rq = e->first; rq; rq = rq->next)
        if (class_of(rq) > class_of(best))
            best = rq;
    if (best && class_of(best) <= CALL_INTERACTIVE && e->passed >= PASSED_MAX)
        best = e->first;
    return best && e->n_active < slots_of(e, class_of(best)) ? best : NULL;
}

/* The next that may start, or NULL. */
static struct request *dequeue(struct engine *e)
{
    struct request *rq;

    lock_take(&e->lock);
    rq = choose(e);
    if (rq) {
        e->passed = rq == e->first ? 0 : e->passed + 1;
        unqueue(e, rq);
    }
    lock_give(&e->lock);
    return rq;
}

/* Once done is set and the lock is free, rq may be gone. */
static void finish(struct engine *e, struct request *rq)
{
    lock_take(&e->lock);
    rq->done = true;
    if (rq->abort)
        pthread_cond_broadcast(&e->ended);
    call_wake(rq->call);
    lock_give(&e->lock);
}

/* --- What is under way (the engine's thread) ------------------------------------------------- */

static CURL *take_handle(struct engine *e)
{
    return e->n_idle ? e->idle[--e->n_idle] : curl_easy_init();
}

static void give_handle(struct engine *e, CURL *easy)
{
    e->idle[e->n_idle++] = easy;
}

static void start(struct engine *e, struct request *rq)
{
    CURL *easy = take_handle(e);
    int rc = easy ? transfer_begin(easy, rq, e->cacert, e->clock, e->stuck_ms) : -ENOMEM;

    if (rc == 0 && curl_multi_add_handle(e->multi, easy) != CURLM_OK)
        rc = -ENOMEM;
    if (rc < 0) {
        if (easy) {
            transfer_drop(easy, rq);
            give_handle(e, easy);
        }
        rq->rc = rq->failure.text[0] ? rc : fail(&rq->failure, rc, 0, "out of memory");
        finish(e, rq);
        return;
    }
    if (rq->waited && rq->moved_ms < e->moved_ms)
        rq->moved_ms = e->moved_ms;
    rq->next = e->active;
    e->active = rq;
    e->n_active++;
}

static void count_bytes(struct engine *e, CURL *easy)
{
    int64_t now = clock_now_ms(e->clock);
    curl_off_t up = 0, down = 0;
    long head_up = 0, head_down = 0;

    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &head_up);
    curl_easy_getinfo(easy, CURLINFO_HEADER_SIZE, &head_down);
    up += head_up;
    down += head_down;
    atomic_fetch_add(&e->sent, (uint64_t)up);
    atomic_fetch_add(&e->received, (uint64_t)down);
    lately_add(&e->sent_lately, now, (uint64_t)up);
    lately_add(&e->received_lately, now, (uint64_t)down);
}

/* Takes it off its handle and tells who waits. */
static void stop(struct engine *e, struct request *rq)
{
    CURL *easy = rq->easy;
    struct request **at = &e->active;

    while (*at != rq)
        at = &(*at)->next;
    *at = rq->next;
    e->n_active--;
    count_bytes(e, easy);
    curl_multi_remove_handle(e->multi, easy);
    transfer_drop(easy, rq);
    give_handle(e, easy);
    finish(e, rq);
}

static void reap(struct engine *e)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(e->multi, &left))) {
        CURL *easy = msg->easy_handle;
        CURLcode code = msg->data.result;
        struct request *rq = NULL;

        if (msg->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &rq);
        transfer_end(easy, rq, code);
        e->moved_ms = rq->moved_ms > e->moved_ms ? rq->moved_ms : e->moved_ms;
        stop(e, rq);
    }
}

static bool wants_abort(struct engine *e, const struct request *rq)
{
    bool wanted;

    lock_take(&e->lock);
    wanted = rq->abort;
    lock_give(&e->lock);
    return wanted;
}

static void abort_wanted(struct engine *e)
{
    bool look;

    lock_take(&e->lock);
    look = e->aborting;
    e->aborting = false;
    lock_give(&e->lock);
    for (struct request *rq = look ? e->active : NULL, *next; rq; rq = next) {
        next = rq->next;
        if (!wants_abort(e, rq))
            continue;
        rq->rc = fail(&rq->failure, -EINTR, 0, "interrupted");
        stop(e, rq);
    }
}

static int64_t deadline_of(const struct request *rq)
{
    bool waiting = rq->arrived && !rq->answer_bytes && rq->answer_ms > rq->timeout_ms;

    return rq->moved_ms + (waiting ? rq->answer_ms : rq->timeout_ms);
}

static void time_out(struct request *rq)
{
    bool some = rq->sent_bytes + rq->received_bytes > rq->headway.counted;

    rq->rc = fail(&rq->failure, -ETIMEDOUT, 0, "%s has moved for %lld s",
                  some ? "hardly anything" : "nothing", (long long)rq->timeout_ms / 1000);
}

/* Is its time over? Says so. */
static bool expires(struct request *rq, int64_t now)
{
    if (now >= deadline_of(rq)) {
        time_out(rq);
        return true;
    }
    if (!headway_is_endless(&rq->headway, now))
        return false;
    rq->rc = fail(&rq->failure, -ETIMEDOUT, 0, "the answer has not ended within %lld s",
                  (long long)rq->headway.answer_max_ms / 1000);
    return true;
}

static void expire_active(struct engine *e, int64_t now)
{
    for (struct request *rq = e->active, *next; rq; rq = next) {
        next = rq->next;
        if (rq->moved_ms > e->moved_ms)
            e->moved_ms = rq->moved_ms;
        if (!expires(rq, now))
            continue;
        e->stuck_ms = now;
        stop(e, rq);
    }
}

/* Those in the queue: as long as others move, their turn will come. */
static void expire_queued(struct engine *e, int64_t now)
{
    struct request *rq, *next;

    lock_take(&e->lock);
    for (rq = e->first; rq; rq = next) {
        int64_t moved = rq->moved_ms > e->moved_ms ? rq->moved_ms : e->moved_ms;

        next = rq->next;
        rq->waited = rq->waited || e->n_active >= e->max_active;
        if (now < moved + rq->timeout_ms)
            continue;
        unqueue(e, rq);
        time_out(rq);
        rq->done = true;
        call_wake(rq->call);
    }
    lock_give(&e->lock);
}

static void start_queued(struct engine *e)
{
    struct request *rq;

    while ((rq = dequeue(e)))
        start(e, rq);
}

static bool is_stopping(struct engine *e)
{
    bool stopping;

    lock_take(&e->lock);
    stopping = e->stopping;
    lock_give(&e->lock);
    return stopping;
}

static void *engine_run(void *arg)
{
    struct engine *e = arg;
    int running;

    while (!is_stopping(e)) {
        int64_t now = clock_now_ms(e->clock);

        abort_wanted(e);
        expire_active(e, now);
        expire_queued(e, now);
        start_queued(e);
        curl_multi_perform(e->multi, &running);
        reap(e);
        start_queued(e);
        curl_multi_poll(e->multi, NULL, 0, e->n_active ? TICK_MS : IDLE_MS, NULL);
    }
    return NULL;
}

/* --- For everybody --------------------------------------------------------------------------- */

static void engine_destroy(struct engine *e)
{
    for (unsigned i = 0; i < e->n_idle; i++)
        curl_easy_cleanup(e->idle[i]);
    curl_multi_cleanup(e->multi);
    pthread_cond_destroy(&e->ended);
    lock_destroy(&e->lock);
    free(e->idle);
    free(e->cacert);
    free(e);
    curl_global_cleanup();
}

static int engine_fill(struct engine *e, const char *cacert)
{
    e->idle = calloc(slots_of(e, CALL_PROBE), sizeof(CURL *));
    e->multi = curl_multi_init();
    e->cacert = cacert ? strdup(cacert) : NULL;
    if (!e->idle || !e->multi || (cacert && !e->cacert))
        return -ENOMEM;
    curl_multi_setopt(e->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(e->multi, CURLMOPT_MAXCONNECTS, (long)e->max_active);
    return thread_start(&e->thread, 0, engine_run, e);
}

int engine_new(unsigned max_active, const char *cacert, struct clock *clock, struct engine **out,
               struct failure *err)
{
    struct engine *e;
    int rc;

    if (cacert && access(cacert, R_OK) < 0)
        return fail(err, -EINVAL, 0, "%s: %s", cacert, strerror(errno));
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fail(err, -ENOMEM, 0, "curl cannot be started");
    e = calloc(1, sizeof(*e));
    if (!e) {
        curl_global_cleanup();
        return fail(err, -ENOMEM, 0, "out of memory");
    }
    lock_init(&e->lock, LOCK_ENGINE);
    pthread_cond_init(&e->ended, NULL);
    e->clock = clock;
    e->max_active = max_active ? max_active : 1;
    e->moved_ms = e->stuck_ms = INT64_MIN;
    rc = engine_fill(e, cacert);
    if (rc < 0) {
        engine_destroy(e);
        return fail(err, rc, 0, "the thread for requests cannot be started: %s", strerror(-rc));
    }
    *out = e;
    return 0;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    lock_take(&e->lock);
    e->stopping = true;
    lock_give(&e->lock);
    curl_multi_wakeup(e->multi);
    pthread_join(e->thread, NULL);
    engine_destroy(e);
}

void engine_count(struct engine *e, struct engine_bytes *out)
{
    int64_t now = clock_now_ms(e->clock);

    *out = (struct engine_bytes){ .sent = atomic_load(&e->sent),
                                  .received = atomic_load(&e->received),
                                  .sent_lately = lately_sum(&e->sent_lately, now),
                                  .received_lately = lately_sum(&e->received_lately, now) };
}

static bool is_done(struct engine *e, const struct request *rq)
{
    bool done;

    lock_take(&e->lock);
    done = rq->done;
    lock_give(&e->lock);
    return done;
}

/* Returns when the engine has let go of rq. An answer that came first stays one. */
static void abort_request(struct engine *e, struct request *rq)
{
    lock_take(&e->lock);
    if (rq->queued) {
        unqueue(e, rq);
        rq->rc = fail(&rq->failure, -EINTR, 0, "interrupted");
        rq->done = true;
    } else if (!rq->done) {
        rq->abort = true;
        e->aborting = true;
        curl_multi_wakeup(e->multi);
    }
    while (!rq->done)
        lock_wait(&e->lock, &e->ended);
    lock_give(&e->lock);
}

int request_do(struct engine *e, struct call *call, struct request *rq)
{
    rq->call = call;
    rq->queued = rq->waited = rq->abort = rq->done = false;
    rq->rc = rq->status = 0;
    rq->arrived = false;
    rq->sent = 0;
    rq->sent_bytes = rq->received_bytes = rq->answer_bytes = 0;
    rq->headway = (struct headway){ .answer_ms = INT64_MAX };
    rq->sending = false;
    rq->piece = 0;
    enqueue(e, rq);
    while (!is_done(e, rq))
        if (call_wait(call, e->clock, CLOCK_FOREVER) == -EINTR)
            abort_request(e, rq);
    return rq->rc;
}
