#include "lease.h"

#include <errno.h>
#include <stdlib.h>

#include "backend.h"
#include "clock.h"
#include "errlog.h"
#include "hash.h"
#include "lock.h"
#include "pool.h"
#include "remote_context.h"
#include "thread.h"
#include "types.h"

#include "banned.h"

#define BEAT_MS 20000
#define AGAIN_MS 5000 /* after a beat that did not get through */

struct lease {
    struct job job; /* first: of the pool, while busy */
    struct leases *all;
    struct target_ids of;    /* set once; its target points into it */
    struct call call;        /* of the beat that is on its way */
    int64_t next_ms;         /* guarded by the lock of all, as all below */
    bool busy;               /* a beat is on its way */
    bool lost;               /* the API takes none any more */
    struct fs_waiter waiter; /* wake NULL: nobody polls */
    struct lease *next, *prev;
};

struct leases {
    struct remote *remote;
    struct lock lock;
    pthread_cond_t changed; /* for the thread, and for who waits until one is not busy */
    struct lease *list;     /* guarded by lock, as all below */
    bool running, stop;
    pthread_t thread;
};

int lease_beat(struct remote *remote, struct call *call, const struct target *t,
               struct failure *err)
{
    int rc = backend_heartbeat(remote->backend, call, t, err);

    return rc == -EINVAL || rc == -ENOENT ? -ESTALE : rc;
}

/* What is to be called once no lock is held. */
static struct fs_waiter lose_locked(struct lease *lease)
{
    struct fs_waiter waiter = lease->waiter;

    lease->lost = true;
    lease->waiter = (struct fs_waiter){ .wake = NULL };
    return waiter;
}

static void wake(const struct fs_waiter *waiter)
{
    if (waiter->wake) {
        waiter->wake(waiter->arg);
        waiter->forget(waiter->arg);
    }
}

/* --- Beats ------------------------------------------------------------------------------------ */

static void beat_job(struct job *job)
{
    struct lease *lease = (struct lease *)job;
    struct leases *l = lease->all;
    struct fs_waiter waiter = { .wake = NULL };
    struct failure err = { 0 };
    int rc = lease_beat(l->remote, &lease->call, &lease->of.target, &err);

    if (rc < 0 && !call_cancelled(&lease->call))
        errlog_add(l->remote->errlog, "heartbeat", lease->of.id, rc, &err);
    lock_take(&l->lock);
    lease->next_ms = clock_now_ms(l->remote->clock) + (rc == 0 ? BEAT_MS : AGAIN_MS);
    if (rc == -ESTALE)
        waiter = lose_locked(lease);
    lock_give(&l->lock);
    wake(&waiter);
    lock_take(&l->lock);
    lease->busy = false; /* from here on lease_end() may free it */
    pthread_cond_broadcast(&l->changed);
    lock_give(&l->lock);
}

/* Gives the pool what is due; when the next one is. */
static int64_t send_due_locked(struct leases *l)
{
    int64_t now = clock_now_ms(l->remote->clock), next = CLOCK_FOREVER;
    struct lease *lease;

    DL_FOREACH(l->list, lease)
    {
        if (lease->busy || lease->lost)
            continue;
        if (lease->next_ms > now) {
            next = lease->next_ms < next ? lease->next_ms : next;
            continue;
        }
        lease->busy = true;
        lease->job.run = beat_job;
        if (pool_submit(l->remote->pool, &lease->job) == 0)
            continue;
        lease->busy = false;
        lease->next_ms = next = now + AGAIN_MS;
    }
    return next;
}

static void *leases_thread(void *arg)
{
    struct leases *l = arg;

    lock_take(&l->lock);
    while (!l->stop) {
        int64_t next = send_due_locked(l);

        lock_wait_until(&l->lock, &l->changed, l->remote->clock, next);
    }
    lock_give(&l->lock);
    return NULL;
}

/* Ends a beat that is on its way: also one that waits for a thread, perhaps for the one that will
 * wait for it. */
static void cut_short_locked(struct leases *l, struct lease *lease)
{
    if (!lease->busy)
        return;
    call_cancel(&lease->call);
    pool_hurry(l->remote->pool, &lease->job);
}

/* --- Leases ----------------------------------------------------------------------------------- */

int lease_begin(struct leases *l, const struct target_ids *of, struct lease **out)
{
    struct lease *lease = calloc(1, sizeof(*lease));
    int rc = 0;

    if (!lease || call_init(&lease->call) < 0) {
        free(lease);
        return -ENOMEM;
    }
    lease->all = l;
    lease->of = *of;
    lease->of.target.id = lease->of.id;
    lease->of.target.parent = lease->of.parent;
    lock_take(&l->lock);
    lease->next_ms = clock_now_ms(l->remote->clock) + BEAT_MS;
    if (!l->running && !l->stop)
        rc = thread_start(&l->thread, 0, leases_thread, l);
    if (rc == 0) {
        l->running = !l->stop; /* after the end there is no thread to join */
        DL_APPEND(l->list, lease);
        pthread_cond_broadcast(&l->changed);
    }
    lock_give(&l->lock);
    if (rc < 0) {
        call_release(&lease->call);
        free(lease);
        return rc;
    }
    *out = lease;
    return 0;
}

void lease_end(struct leases *l, struct lease *lease)
{
    if (!lease)
        return;
    lock_take(&l->lock);
    lease->lost = true; /* no beat is to follow */
    cut_short_locked(l, lease);
    while (lease->busy)
        lock_wait(&l->lock, &l->changed);
    DL_DELETE(l->list, lease);
    lock_give(&l->lock);
    if (lease->waiter.forget)
        lease->waiter.forget(lease->waiter.arg);
    call_release(&lease->call);
    free(lease);
}

bool lease_is_lost(struct leases *l, struct lease *lease)
{
    bool lost;

    lock_take(&l->lock);
    lost = lease->lost;
    lock_give(&l->lock);
    return lost;
}

void lease_set_lost(struct leases *l, struct lease *lease)
{
    struct fs_waiter waiter;

    lock_take(&l->lock);
    waiter = lose_locked(lease);
    lock_give(&l->lock);
    wake(&waiter);
}

bool lease_wait(struct leases *l, struct lease *lease, const struct fs_waiter *waiter)
{
    struct fs_waiter old = { .wake = NULL };
    bool lost;

    lock_take(&l->lock);
    lost = lease->lost;
    if (!lost) {
        old = lease->waiter;
        lease->waiter = *waiter;
    }
    lock_give(&l->lock);
    if (old.forget)
        old.forget(old.arg);
    return lost;
}

/* --- All of them ------------------------------------------------------------------------------ */

int leases_new(struct remote *remote, struct leases **out)
{
    struct leases *l = calloc(1, sizeof(*l));

    if (!l)
        return -ENOMEM;
    l->remote = remote;
    lock_init(&l->lock, LOCK_LEASES);
    if (cond_init_monotonic(&l->changed) < 0) {
        free(l);
        return -ENOMEM;
    }
    *out = l;
    return 0;
}

void leases_stop(struct leases *l)
{
    struct lease *lease;
    bool running;

    if (!l)
        return;
    lock_take(&l->lock);
    l->stop = true;
    running = l->running;
    l->running = false;
    DL_FOREACH(l->list, lease)
    cut_short_locked(l, lease);
    pthread_cond_broadcast(&l->changed);
    lock_give(&l->lock);
    if (running)
        pthread_join(l->thread, NULL);
}

void leases_free(struct leases *l)
{
    if (!l)
        return;
    pthread_cond_destroy(&l->changed);
    lock_destroy(&l->lock);
    free(l);
}
