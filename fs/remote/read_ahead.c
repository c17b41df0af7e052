#include "read_ahead.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content.h"
#include "fetch.h"
#include "hash.h"
#include "known.h"
#include "known_lists.h"
#include "listing.h"
#include "lock.h"
#include "pool.h"
#include "remote_context.h"

#include "banned.h"

#define LISTS_MAX 4 /* that a document is looked for in */
/* So many threads of the pool at most: whoever waits for an answer finds one that is free. */
#define THREADS_MAX 128

struct ahead {
    struct job job; /* first */
    struct remote *remote;
    const struct resource *res;
    char id[RESOURCE_ID_MAX + 1];
    struct call call;
    bool begun; /* a thread has it, or will; guarded by lists_lock, as the next two */
    struct ahead *next, *prev;
};

/* What an earlier mount has kept is read by its first reader to see that it is whole: that too is done
 * ahead of who walks. */
static bool is_ready(struct remote *remote, const struct record *r)
{
    char id[RESOURCE_ID_MAX + 1];

    return record_id(r, id) == 0 && content_is_ready(remote->content, id);
}

static void ahead_free(struct ahead *a)
{
    call_release(&a->call);
    free(a);
}

/* It has ended: gives the next one that waits for a thread. NULL: there is none, and this thread is done. */
static struct ahead *end(struct ahead *a)
{
    struct remote *remote = a->remote;
    struct ahead *next;

    lock_take(&remote->lists_lock);
    DL_DELETE(remote->aheads, a);
    remote->n_aheads--;
    DL_FOREACH(remote->aheads, next)
    if (!next->begun)
        break;
    if (next)
        next->begun = true;
    else
        remote->ahead_threads--;
    lock_give(&remote->lists_lock);
    ahead_free(a);
    return next;
}

static void fetch_one(struct ahead *a)
{
    struct target t = { .res = a->res, .id = a->id };
    struct content_cache *content = a->remote->content;
    struct failure ignored = { 0 }; /* who opens it sees its own */
    int64_t size;
    bool there = content_size(content, a->id, &size) == 0; /* it is looked through, not fetched */
    int fd;

    if (!call_cancelled(&a->call) && !content_is_ready(content, a->id) &&
        known_content(a->remote, &a->call, &t, &fd, &size, &ignored) == 0) {
        close(fd);
        if (!there) {
            atomic_fetch_add(&a->remote->aheads_came, 1);
            content_came_ahead(content, a->id, atomic_load(&a->call.class) > CALL_BACKGROUND);
        }
    }
}

static void fetch_ahead(struct job *job)
{
    for (struct ahead *a = (struct ahead *)job; a; a = end(a))
        fetch_one(a);
}

/* NULL: out of memory, or it has no id. */
static struct ahead *ahead_new(struct remote *remote, struct record *r)
{
    struct ahead *a = calloc(1, sizeof(*a));

    if (!a)
        return NULL;
    *a = (struct ahead){ .job = { .run = fetch_ahead }, remote, record_resource(r) };
    if (record_id(r, a->id) < 0 || call_init(&a->call) < 0) {
        free(a);
        return NULL;
    }
    a->call.class = CALL_BACKGROUND;
    return a;
}

/* Two orders of a list may want the same one. The lock is held. */
static bool is_under_way(struct remote *remote, const char *id)
{
    struct ahead *a;

    DL_FOREACH(remote->aheads, a)
    if (strcmp(a->id, id) == 0)
        return true;
    return false;
}

static void start(struct remote *remote, struct record *r)
{
    struct ahead *a = ahead_new(remote, r);
    bool skip, submit = false;

    if (!a)
        return;
    lock_take(&remote->lists_lock);
    skip = remote->ahead_ended || is_under_way(remote, a->id);
    if (!skip) {
        DL_APPEND(remote->aheads, a);
        remote->n_aheads++;
        submit = a->begun = remote->ahead_threads < THREADS_MAX;
        remote->ahead_threads += submit;
    }
    lock_give(&remote->lists_lock);
    if (skip)
        ahead_free(a);
    else if (submit && pool_submit(remote->pool, &a->job) < 0)
        while (a) /* there is no thread at all */
            a = end(a);
}

void read_ahead_stop(struct remote *remote)
{
    struct ahead *a;

    lock_take(&remote->lists_lock);
    remote->ahead_ended = true;
    DL_FOREACH(remote->aheads, a)
    call_cancel(&a->call);
    lock_give(&remote->lists_lock);
}

/* How many may be ahead of a reader, when they are of about size bytes. */
static unsigned most_of(struct remote *remote, int64_t size)
{
    unsigned most = remote->ahead_max;
    struct content_stats stats;
    int64_t fit;

    content_get_stats(remote->content, &stats);
    fit = stats.max_bytes / 4 < READ_AHEAD_BYTES ? stats.max_bytes / 4 : READ_AHEAD_BYTES;
    fit /= size > 0 ? size : 1;
    return fit < (int64_t)most ? (unsigned)fit : most;
}

/* Is it a step in this order of the list? Then what comes next is begun. */
static void follow(struct remote *remote, const struct known_list *list, enum listing_order order,
                   const char *id, unsigned most)
{
    int64_t place = listing_place(list->listing, order, id);
    struct walk_ahead ahead;
    unsigned room;

    if (place < 0)
        return;
    lock_take(&remote->lists_lock);
    room = most > remote->n_aheads ? most - remote->n_aheads : 0;
    walks_note(&remote->walks, list->key ^ (uint64_t)order, place, most, room, &ahead);
    lock_give(&remote->lists_lock);
    for (unsigned i = 0; i < ahead.count; i++) {
        struct record *r = listing_at(list->listing, order, ahead.first + ahead.step * i);

        if (r && !is_ready(remote, r))
            start(remote, r);
        record_unref(r);
    }
}

static void note(struct remote *remote, const struct target *t)
{
    struct known_list lists[LISTS_MAX];
    unsigned most;
    size_t n;

    if (!remote->ahead_max || !remote->pool || t->parent || fetch_content_changes(t->res))
        return;
    most = most_of(remote, atomic_load(&remote->ahead_size));
    n = known_lists_of(remote, t, lists, LISTS_MAX);
    for (size_t i = 0; i < n; i++) {
        follow(remote, &lists[i], LISTING_ROWS, t->id, most);
        follow(remote, &lists[i], LISTING_IDS, t->id, most);
        follow(remote, &lists[i], LISTING_TITLES, t->id, most);
        listing_unref(lists[i].listing);
    }
}

void read_ahead_opened(struct remote *remote, const struct target *t, int64_t size)
{
    atomic_store(&remote->ahead_size, size);
    note(remote, t);
}

int read_ahead_open(struct remote *remote, struct call *call, const struct target *t,
                    struct content_at *out, struct failure *err)
{
    int rc;

    if (!call->nowait)
        note(remote, t); /* what comes next is under way beside it, and not after it */
    rc = known_content_open(remote, call, t, out, err);
    if (rc == 0 && call->nowait)
        read_ahead_opened(remote, t, out->size);
    else if (rc == 0)
        atomic_store(&remote->ahead_size, out->size);
    return rc;
}
