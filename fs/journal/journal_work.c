#include "journal_work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "call.h"
#include "hash.h"
#include "journal_context.h"
#include "pool.h"
#include "state_row.h"
#include "thread.h"

#include "banned.h"

#define FIRST_AGAIN_MS 500
#define AGAIN_MS 60000 /* no longer than a minute between two tries */
#define LOOK_AGAIN_MS 50

/* One at work. */
struct work {
    struct job job; /* first */
    struct journal *journal;
    struct entry *entry;
    struct call call;
    struct work *next, *prev; /* guarded by the journal's lock */
};

/* --- When ------------------------------------------------------------------------------------- */

/* Full jitter: those that failed together do not come again together. */
static int64_t back_off(int64_t tries)
{
    int64_t bound = FIRST_AGAIN_MS;
    uint32_t random = UINT32_MAX / 2;

    while (tries-- > 1 && bound < AGAIN_MS)
        bound *= 2;
    if (bound > AGAIN_MS)
        bound = AGAIN_MS;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
        random = UINT32_MAX / 2;
    return FIRST_AGAIN_MS / 2 + (int64_t)((uint64_t)random * (uint64_t)bound >> 32);
}

static bool is_failing(const struct entry *e)
{
    return e->failing;
}

static bool is_owing(const struct entry *e)
{
    return e->row->state == INTENT_OWING;
}

static void make_due(struct journal *j, bool (*which)(const struct entry *e))
{
    struct entry *e, *next;

    lock_take(&j->lock);
    HASH_ITER(hh, j->entries, e, next)
        if (which(e))
            entry_hurry_locked(j, e);
    pthread_cond_broadcast(&j->changed);
    lock_give(&j->lock);
}

void journal_kick(struct journal *j)
{
    make_due(j, is_failing);
}

void journal_pay(struct journal *j)
{
    make_due(j, is_owing);
}

/* --- The work --------------------------------------------------------------------------------- */

static void note_result(struct journal *j, struct entry *e, int64_t again,
                        const struct failure *why)
{
    bool helped = false;
    int64_t at_ms;

    lock_take(&j->lock);
    if (again >= 0) {
        helped = e->row->state == INTENT_DONE || e->failing;
        e->failing = false;
        at_ms = clock_now_ms(j->clock) + again;
    } else {
        e->failing = true;
        e->row->tries++;
        j->retries++;
        /* who waits has asked for a try of now, and this one may have begun before an outage's end */
        at_ms =
            j->hurried && e->turn < j->drain ? 0 : clock_now_ms(j->clock) + back_off(e->row->tries);
        snprintf(e->why, sizeof(e->why), "%s", why->text[0] ? why->text : strerror((int)-again));
    }
    helped = helped && j->put_off > 0;
    entry_release_locked(j, e, at_ms);
    entry_put_off_locked(j, e, again < 0);
    entry_drop_done_locked(j, e);
    lock_give(&j->lock);
    if (helped)
        journal_kick(j); /* it goes again: the others need not wait longer */
}

static void run_work(struct job *job)
{
    struct work *w = (struct work *)job;
    struct journal *j = w->journal;
    struct failure why = { 0 };
    struct intent_row *row;
    int64_t again;

    lock_take(&j->lock);
    row = intent_row_copy(w->entry->row);
    lock_give(&j->lock);
    again = row ? j->work(j->arg, &w->call, row, &why) : -ENOMEM;
    free(row);
    note_result(j, w->entry, again, &why);
    lock_take(&j->lock);
    DL_DELETE(j->works, w);
    j->working--;
    pthread_cond_broadcast(&j->changed);
    lock_give(&j->lock);
    call_release(&w->call);
    free(w);
}

static int begin_work_locked(struct journal *j, struct entry *e)
{
    struct work *w = calloc(1, sizeof(*w));
    int rc = w ? call_init(&w->call) : -ENOMEM;

    if (rc < 0) {
        free(w);
        return rc;
    }
    atomic_store(&w->call.class, CALL_CHANGE);
    w->job.run = run_work;
    w->journal = j;
    w->entry = e;
    rc = pool_submit(j->pool, &w->job);
    if (rc < 0) {
        call_release(&w->call);
        free(w);
        return rc;
    }
    entry_hold_locked(j, e);
    e->turn = ++j->turn;
    j->working++;
    DL_APPEND(j->works, w);
    return 0;
}

/* Begins what is due, and says when the next one will be. */
static int64_t begin_due_locked(struct journal *j)
{
    int64_t now = clock_now_ms(j->clock);
    struct due_link *first;

    while ((first = due_first(&j->due)) && first->at_ms <= now) {
        if (j->working >= j->workers)
            return CLOCK_FOREVER; /* who ends says so */
        if (begin_work_locked(j, entry_find_locked(j, first->number)) < 0)
            return now + FIRST_AGAIN_MS;
    }
    return first ? first->at_ms : CLOCK_FOREVER;
}

static void *journal_thread(void *arg)
{
    struct journal *j = arg;

    lock_take(&j->lock);
    while (!j->stop) {
        int64_t next = begin_due_locked(j);

        if (next == CLOCK_FOREVER)
            lock_wait(&j->lock, &j->changed);
        else
            lock_wait_until(&j->lock, &j->changed, j->clock, next);
    }
    lock_give(&j->lock);
    return NULL;
}

int journal_start(struct journal *j)
{
    int rc = thread_start(&j->thread, 0, journal_thread, j);

    j->started = rc == 0;
    return rc;
}

void journal_stop(struct journal *j)
{
    struct work *w;

    if (!j)
        return;
    lock_take(&j->lock);
    j->stop = true;
    DL_FOREACH(j->works, w)
    call_cancel(&w->call);
    pthread_cond_broadcast(&j->changed);
    lock_give(&j->lock);
    if (j->started)
        pthread_join(j->thread, NULL);
    j->started = false;
    lock_take(&j->lock);
    while (j->working)
        lock_wait(&j->lock, &j->changed);
    lock_give(&j->lock);
}

/* --- Waiting for it --------------------------------------------------------------------------- */

/* Somebody begins to wait, or ends it: all is due at once. The turn of who begins. */
static uint64_t hurry(struct journal *j, bool begin)
{
    struct entry *e, *next;
    uint64_t turn;

    lock_take(&j->lock);
    j->hurried += begin ? 1 : -1;
    if (begin) {
        j->drain = ++j->turn;
        HASH_ITER(hh, j->entries, e, next)
            entry_hurry_locked(j, e);
    }
    turn = j->turn;
    pthread_cond_broadcast(&j->changed);
    lock_give(&j->lock);
    return turn;
}

/* Is there something that waits to be sent, or to be deleted, and no try of which has begun since that
 * turn and failed? *any: there is something at all. */
static bool is_moving(struct journal *j, uint64_t turn, bool *any)
{
    bool moving = false;
    struct entry *e, *next;

    *any = false;
    lock_take(&j->lock);
    HASH_ITER(hh, j->entries, e, next) {
        if (!e->row->upload && e->row->state != INTENT_OWING)
            continue;
        *any = true;
        moving = moving || e->held || !e->failing || e->turn < turn;
    }
    lock_give(&j->lock);
    return moving;
}

bool journal_drain(struct journal *j, struct call *call, int64_t timeout_ms)
{
    int64_t start = clock_now_ms(j->clock);
    struct call own;
    bool any = true;
    uint64_t turn;

    if (!call && call_init(&own) < 0)
        return false;
    turn = hurry(j, true);
    while (is_moving(j, turn, &any)) {
        int64_t now = clock_now_ms(j->clock);

        if (now - start >= timeout_ms ||
            call_wait(call ? call : &own, j->clock, now + LOOK_AGAIN_MS) == -EINTR)
            break;
    }
    hurry(j, false);
    if (!call)
        call_release(&own);
    return !any;
}
