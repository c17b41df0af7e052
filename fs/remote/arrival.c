#include "arrival.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"
#include "file.h"
#include "hash.h"
#include "lock.h"
#include "pool.h"
#include "remote_context.h"
#include "state.h"

#include "banned.h"

#define THREADS 64 /* more than there are connections: the engine says whose turn it is */

struct arrival {
    struct job job;        /* first */
    struct remote *remote; /* set once, as all to origin */
    struct record *at;
    char id[CONTENT_ID_MAX + 1];
    struct watermark *mark;
    struct call call;
    struct call_origin origin; /* who asked first: for the trace */
    unsigned users;            /* guarded by arrivals_lock, as all below */
    bool listed;               /* who asks for it joins */
    bool working;
    struct arrival *next, *prev;
};

/* --- On its way: in a thread of the arrivals' ------------------------------------------------- */

static int expect(void *arg, int64_t size)
{
    return watermark_expect(((struct arrival *)arg)->mark, size);
}

static void arrived(void *arg, int64_t size)
{
    watermark_rise(((struct arrival *)arg)->mark, size);
}

/* What somebody may have read is the beginning of what comes now, or it is no answer. */
static int carry_over(struct arrival *a, struct content_sink *to)
{
    struct watermark_state before;
    int rc = 0;

    watermark_look(a->mark, &before);
    to->there = before.fd < 0 ? 0 : before.there;
    if (to->there)
        rc = file_copy(before.fd, to->fd, to->there);
    return rc < 0 ? rc : watermark_begin(a->mark, to->fd);
}

/* It may have said so before, and somebody has gone by that. */
static int check_size(const struct arrival *a, int64_t size, struct failure *err)
{
    struct watermark_state now;

    watermark_look(a->mark, &now);
    return now.size < 0 || now.size == size
               ? 0
               : fail(err, -EIO, 0, "the content is not as long as its address had said");
}

static int receive(struct arrival *a, bool in_memory, struct content_writer **out, int64_t *size,
                   struct failure *err)
{
    struct content_sink to = { .expect = expect, .arrived = arrived, .arg = a };
    struct content_writer *w = NULL;
    int rc = content_create(a->remote->content, in_memory, &w);

    if (rc < 0 && !in_memory)
        rc = content_create(a->remote->content, true, &w); /* no disk, no cache, but an answer */
    if (rc < 0)
        return rc;
    to.fd = content_writer_fd(w);
    rc = carry_over(a, &to);
    if (rc == 0)
        rc = backend_get_raw(a->remote->backend, &a->call, a->at, &to, size, err);
    if (rc == 0)
        rc = check_size(a, *size, err);
    if (rc < 0) {
        content_abort(w);
        return rc;
    }
    *out = w;
    return 0;
}

/* Failure costs a later fetch, no more. */
static void keep(struct arrival *a, struct content_writer *w, int64_t size)
{
    state_put_size(a->remote->state, a->id, size, NULL);
    content_commit(w, a->id);
}

/* To who has read some of it, what an address says the second time is no answer of its own. */
static int broken_off(const struct arrival *a, int rc)
{
    struct watermark_state now;

    watermark_look(a->mark, &now);
    if (!now.there || rc == -ETIMEDOUT || rc == -EHOSTUNREACH || rc == -ENOSPC || rc == -ENOMEM ||
        rc == -EINTR)
        return rc;
    return -EIO;
}

/* The lock is held. */
static void unlist(struct arrival *a)
{
    a->listed = false;
}

static void arrival_free(struct arrival *a)
{
    watermark_unref(a->mark);
    record_unref(a->at);
    call_release(&a->call);
    free(a);
}

/* The work has ended. */
static void end(struct arrival *a)
{
    struct remote *remote = a->remote;
    bool last;

    lock_take(&remote->arrivals_lock);
    DL_DELETE(remote->arrivals, a);
    unlist(a);
    a->working = false;
    last = a->users == 0;
    lock_give(&remote->arrivals_lock);
    if (last)
        arrival_free(a);
}

static void fail_all(struct arrival *a, int rc, const struct failure *err)
{
    lock_take(&a->remote->arrivals_lock);
    unlist(a); /* who hears of it may ask again at once */
    lock_give(&a->remote->arrivals_lock);
    watermark_end(a->mark, broken_off(a, rc), err);
}

static void work(struct job *job)
{
    struct arrival *a = (struct arrival *)job;
    struct content_writer *w = NULL;
    struct failure err = { 0 };
    int64_t size;
    int rc = receive(a, false, &w, &size, &err);

    if (rc == -ENOSPC)
        rc = receive(a, true, &w, &size,
                     &err); /* a full disk under the cache costs the cache alone */
    if (rc < 0) {
        fail_all(a, rc, &err);
    } else {
        watermark_rise(a->mark, size); /* no reader waits for its digest */
        keep(a, w, size);
        watermark_end(a->mark, 0, NULL);
    }
    end(a);
}

/* --- Its users -------------------------------------------------------------------------------- */

/* NULL out of memory. */
static struct arrival *arrival_new(struct remote *remote, const struct call *call, const char *id,
                                   struct record *r)
{
    struct arrival *a = calloc(1, sizeof(*a));

    if (!a)
        return NULL;
    if (watermark_new(&a->mark) < 0 || call_init(&a->call) < 0) {
        watermark_unref(a->mark);
        free(a);
        return NULL;
    }
    a->job.run = work;
    a->remote = remote;
    a->at = record_ref(r);
    memcpy(a->id, id, strlen(id) + 1);
    a->call.class = atomic_load(&call->class);
    if (call->origin) {
        a->origin.number = call->origin->number;
        a->call.origin = &a->origin;
    }
    return a;
}

/* The lock is held. */
static struct arrival *find(struct remote *remote, const char *id)
{
    struct arrival *a;

    DL_FOREACH(remote->arrivals, a)
    if (a->listed && strcmp(a->id, id) == 0)
        return a;
    return NULL;
}

static int submit(struct remote *remote, struct arrival *a)
{
    int rc = 0;

    lock_take(&remote->arrivals_lock);
    if (!remote->arrivals_pool)
        rc = pool_new(THREADS, &remote->arrivals_pool);
    lock_give(&remote->arrivals_lock);
    return rc < 0 ? rc : pool_submit(remote->arrivals_pool, &a->job);
}

/* Lists one that begins. The lock is held. NULL out of memory. */
static struct arrival *begin(struct remote *remote, const struct call *call, const char *id,
                             struct record *r)
{
    struct arrival *a = arrival_new(remote, call, id, r);

    if (!a)
        return NULL;
    DL_APPEND(remote->arrivals, a);
    a->listed = a->working = true;
    return a;
}

/* One that is on its way, or a new one. 0, -ENOMEM, -EALREADY, -EWOULDBLOCK. */
static int join(struct remote *remote, struct call *call, const char *id, struct record *r,
                bool *begun, struct arrival **out)
{
    struct arrival *a;
    int rc = 0;

    lock_take(&remote->arrivals_lock);
    a = find(remote, id);
    *begun = !a;
    if (!a && call->nowait)
        rc = -EWOULDBLOCK;
    else if (!a && content_is_ready(remote->content, id))
        rc = -EALREADY;
    else if (!a && !(a = begin(remote, call, id, r)))
        rc = -ENOMEM;
    if (rc == 0) {
        a->users++;
        call_raise(&a->call, (enum call_class)atomic_load(&call->class));
    }
    lock_give(&remote->arrivals_lock);
    *out = a;
    return rc;
}

/* A size is known as soon as the head has come, and stat(2) asks for it. */
static int await_size(struct arrival *a, struct call *call, int64_t *size, struct failure *err)
{
    struct watermark_state now;
    int rc = watermark_wait_size(a->mark, call, a->remote->clock, &now, err);

    if (rc == 0 && now.size <= ARRIVAL_WHOLE_BYTES)
        rc = arrival_wait(a, call, INT64_MAX, &now, err);
    if (rc < 0)
        return rc;
    if (!now.ended)
        state_put_size(a->remote->state, a->id, now.size, NULL);
    *size = now.size;
    return 0;
}

int arrival_open(struct remote *remote, struct call *call, const char *id, struct record *r,
                 struct arrival **out, int64_t *size, struct failure *err)
{
    struct arrival *a;
    bool begun;
    int rc = join(remote, call, id, r, &begun, &a);

    if (rc < 0)
        return rc;
    rc = begun ? submit(remote, a) : 0;
    if (rc < 0) {
        fail_all(a, rc, NULL);
        end(a);
    } else {
        rc = await_size(a, call, size, err);
    }
    if (rc < 0) {
        arrival_leave(a);
        return rc;
    }
    *out = a;
    return 0;
}

int arrival_wait(struct arrival *a, struct call *call, int64_t upto, struct watermark_state *at,
                 struct failure *err)
{
    return watermark_wait(a->mark, call, a->remote->clock, upto, at, err);
}

int arrival_finish(struct arrival *a, struct call *call, int *fd, int64_t *size,
                   struct failure *err)
{
    struct watermark_state at;
    int rc = arrival_wait(a, call, INT64_MAX, &at, err);
    int own = -1;

    if (rc == 0 && (own = fcntl(at.fd, F_DUPFD_CLOEXEC, 3)) < 0)
        rc = -errno;
    call_raise(call,
               (enum call_class)atomic_load(&a->call.class)); /* who else wants it, did so here */
    arrival_leave(a);
    if (rc < 0)
        return rc;
    *fd = own;
    *size = at.size;
    return 0;
}

static bool is_worth_its_end(struct arrival *a)
{
    struct watermark_state now;

    watermark_look(a->mark, &now);
    return now.ended || (now.size >= 0 && now.there >= now.size / 2);
}

/* The lock is held. */
static void give_up(struct arrival *a)
{
    unlist(a);
    call_cancel(&a->call);
}

void arrival_leave(struct arrival *a)
{
    struct remote *remote = a ? a->remote : NULL;
    bool last;

    if (!a)
        return;
    lock_take(&remote->arrivals_lock);
    last = --a->users == 0;
    if (last && a->working && !is_worth_its_end(a))
        give_up(a);
    last = last && !a->working;
    lock_give(&remote->arrivals_lock);
    if (last)
        arrival_free(a);
}

void arrivals_forget(struct remote *remote)
{
    struct arrival *a;

    lock_take(&remote->arrivals_lock);
    DL_FOREACH(remote->arrivals, a)
    unlist(a);
    lock_give(&remote->arrivals_lock);
}

void arrivals_stop(struct remote *remote)
{
    struct arrival *a;

    lock_take(&remote->arrivals_lock);
    DL_FOREACH(remote->arrivals, a)
    if (!a->users)
        give_up(a);
    lock_give(&remote->arrivals_lock);
}

void arrivals_release(struct remote *remote)
{
    struct arrival *a;

    lock_take(&remote->arrivals_lock);
    DL_FOREACH(remote->arrivals, a)
    give_up(a);
    lock_give(&remote->arrivals_lock);
    pool_free(remote->arrivals_pool);
    remote->arrivals_pool = NULL;
}
