#include "due.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "due_row.h"
#include "due_time.h"
#include "thread.h"

#include "banned.h"

#define MS 1000
#define AGAIN_US 5000000 /* after what failed, as a full disk makes it */

struct due {
    const struct sandbox *sb;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t cond; /* kicked or ending changed */
    bool kicked;         /* guarded by lock */
    bool ending;         /* guarded by lock */
};

/* --- Doing it -------------------------------------------------------------------------------- */

struct next {
    char id[ID_MAX];
    int64_t at;
};

static int find_next(struct view *v, void *arg)
{
    struct next *n = arg;

    return view_next_due(v, n->id, sizeof(n->id), &n->at);
}

struct turn {
    struct work w;
    const struct next *next;
};

/* Between the look and this the row may have gone, or its time may have changed. */
static int run(struct view *v, void *arg)
{
    struct turn *t = arg;
    struct work *w = &t->w;
    struct next now = { .at = 0 };
    int rc = view_next_due(v, now.id, sizeof(now.id), &now.at);

    w->v = v;
    w->now_us = view_now(v);
    if (rc < 0 || now.at != t->next->at || strcmp(now.id, t->next->id) != 0)
        return rc == -ENOENT ? 0 : rc;
    return due_row_run(w, now.id);
}

static int put_off(struct view *v, void *arg)
{
    struct turn *t = arg;

    return view_put_due(v, t->next->id, t->next->at + AGAIN_US);
}

static void run_one(const struct sandbox *sb, struct next *next)
{
    struct request rq = { .verb = VERB_OTHER };
    struct answer an = { 0 };
    struct turn t = { .w = { .sb = sb, .rq = &rq, .an = &an, .writer = true }, .next = next };

    memcpy(rq.caller, sb->client, sizeof(rq.caller));
    if (store_write(sb->store, run, &t) < 0) {
        next->at = due_time_us(sb);
        store_write(sb->store, put_off, &t);
    }
    free(an.body);
}

/* Does what is due. When it has to look again: clock_now_ms. */
static int64_t run_all(struct due *d)
{
    struct next next = { .at = 0 };
    bool ending = false;
    int rc = 0;

    while (!ending) {
        rc = store_read(d->sb->store, find_next, &next);
        if (rc < 0 || next.at > due_time_us(d->sb))
            break;
        run_one(d->sb, &next);
        pthread_mutex_lock(&d->lock);
        ending = d->ending;
        pthread_mutex_unlock(&d->lock);
    }
    if (rc == -ENOENT)
        return CLOCK_FOREVER;
    if (rc < 0)
        return clock_now_ms(clock_real()) + AGAIN_US / MS;
    return (next.at - d->sb->epoch_us + MS - 1) / MS;
}

static void *due_main(void *arg)
{
    struct due *d = arg;
    bool ending = false;

    while (!ending) {
        int64_t again = run_all(d);

        pthread_mutex_lock(&d->lock);
        while (!d->kicked && !d->ending &&
               clock_real()->wait(clock_real(), &d->cond, &d->lock, again) == 0)
            ;
        d->kicked = false;
        ending = d->ending;
        pthread_mutex_unlock(&d->lock);
    }
    return NULL;
}

/* --- The thread ------------------------------------------------------------------------------ */

void due_kick(struct due *d)
{
    pthread_mutex_lock(&d->lock);
    d->kicked = true;
    pthread_cond_signal(&d->cond);
    pthread_mutex_unlock(&d->lock);
}

int due_start(const struct sandbox *sb, struct due **out, struct failure *err)
{
    struct due *d = calloc(1, sizeof(*d));
    int rc;

    if (!d)
        return fail(err, -ENOMEM, 0, "out of memory");
    d->sb = sb;
    pthread_mutex_init(&d->lock, NULL);
    rc = cond_init_monotonic(&d->cond);
    if (rc == 0)
        rc = thread_start(&d->thread, 0, due_main, d);
    if (rc < 0) {
        free(d);
        return fail(err, rc, 0, "no thread: %s", strerror(-rc));
    }
    *out = d;
    return 0;
}

void due_stop(struct due *d)
{
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    d->ending = true;
    pthread_cond_signal(&d->cond);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->thread, NULL);
    pthread_cond_destroy(&d->cond);
    pthread_mutex_destroy(&d->lock);
    free(d);
}
