#include "space.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "known.h"
#include "lock.h"
#include "remote_context.h"
#include "route.h"
#include "thread.h"

#include "banned.h"

#define AGE_MIN_MS 1000
#define STACK_BYTES (256 * 1024)

struct space {
    struct lock lock;
    struct call call; /* of the question */
    pthread_t thread; /* guarded by lock, as all below */
    bool started;     /* the thread is to be joined */
    bool asking;      /* and still runs */
    bool stopped;
    int64_t asked_ms; /* monotonic; 0: never */
    int64_t allowed;  /* SPACE_FILES: not known */
    int64_t left;
};

int space_new(struct space **out)
{
    struct space *s = calloc(1, sizeof(*s));
    int rc = s ? call_init(&s->call) : -ENOMEM;

    if (rc < 0) {
        free(s);
        return rc;
    }
    lock_init(&s->lock, LOCK_SPACE);
    s->allowed = s->left = SPACE_FILES;
    *out = s;
    return 0;
}

static const struct quota *quota_of_documents(void)
{
    for (const struct quota *q = resource_quotas; q->allowed; q++)
        if (q->kind == RES_DOCUMENTS)
            return q;
    return NULL;
}

/* An answer of the API: it has both numbers, or says nothing of documents. */
static void take(struct space *s, const struct record *r)
{
    const struct quota *q = quota_of_documents();
    int64_t allowed, made;

    lock_take(&s->lock);
    if (q && record_integer(r, q->allowed, &allowed) == 0 && allowed >= 0 &&
        record_integer(r, q->created, &made) == 0) {
        s->allowed = allowed;
        s->left = made < 0 ? allowed : made < allowed ? allowed - made : 0;
    } else {
        s->allowed = s->left = SPACE_FILES;
    }
    lock_give(&s->lock);
}

static int look(struct remote *remote, struct call *call)
{
    const struct resource *res = resource_get(RES_ORGANIZATIONS);
    const struct target t = { .res = res, .id = res->own_id };
    cleanup_record struct record *r = NULL;
    struct failure ignored = { 0 }; /* nobody's operation failed */
    int rc = known_record(remote, call, &t, &r, &ignored);

    if (rc == 0)
        take(remote->space, r);
    return rc;
}

static void *ask_thread(void *arg)
{
    struct remote *remote = arg;
    struct space *s = remote->space;

    look(remote, &s->call);
    lock_take(&s->lock);
    s->asking = false;
    lock_give(&s->lock);
    return NULL;
}

static void ask_locked(struct remote *remote)
{
    struct space *s = remote->space;

    if (s->started)
        pthread_join(s->thread, NULL); /* it has nothing left to do but to end */
    s->started = s->asking = thread_start(&s->thread, STACK_BYTES, ask_thread, remote) == 0;
}

/* Not again while it is new, also when there was no answer. */
static void ask_if_old(struct remote *remote)
{
    int64_t now = clock_now_ms(remote->clock), age = remote->meta_ttl_ms;
    struct space *s = remote->space;

    if (age < AGE_MIN_MS)
        age = AGE_MIN_MS;
    lock_take(&s->lock);
    if (!s->asking && !s->stopped && (!s->asked_ms || now - s->asked_ms >= age)) {
        s->asked_ms = now;
        ask_locked(remote);
    }
    lock_give(&s->lock);
}

void space_get(struct remote *remote, struct statvfs *out)
{
    struct call now = { .nowait = true };
    struct space *s = remote->space;

    if (look(remote, &now) < 0)
        ask_if_old(remote);
    *out = (struct statvfs){ .f_bsize = SPACE_BLOCK_BYTES, .f_frsize = SPACE_BLOCK_BYTES };
    out->f_blocks = out->f_bfree = out->f_bavail = SPACE_BYTES / SPACE_BLOCK_BYTES;
    out->f_namemax = ROUTE_NAME_MAX;
    lock_take(&s->lock);
    out->f_files = (fsfilcnt_t)s->allowed;
    out->f_ffree = out->f_favail = (fsfilcnt_t)s->left;
    lock_give(&s->lock);
}

void space_stop(struct space *s)
{
    bool started;

    if (!s)
        return;
    lock_take(&s->lock);
    s->stopped = true;
    started = s->started;
    s->started = false;
    lock_give(&s->lock);
    call_cancel(&s->call);
    if (started)
        pthread_join(s->thread, NULL);
}

void space_free(struct space *s)
{
    if (!s)
        return;
    space_stop(s);
    call_release(&s->call);
    lock_destroy(&s->lock);
    free(s);
}
