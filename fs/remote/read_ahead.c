#include "read_ahead.h"

#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>

#include "content.h"
#include "fetch.h"
#include "known.h"
#include "known_lists.h"
#include "listing.h"
#include "lock.h"
#include "pool.h"
#include "remote_context.h"

#include "banned.h"

#define LISTS_MAX 4 /* that a document is looked for in */

struct ahead {
    struct job job; /* first */
    struct remote *remote;
    const struct resource *res;
    char id[RESOURCE_ID_MAX + 1];
};

static bool has_content(struct remote *remote, const char *id)
{
    int64_t size;

    return content_size(remote->content, id, &size) == 0;
}

static void fetch_ahead(struct job *job)
{
    struct ahead *a = (struct ahead *)job;
    struct target t = { .res = a->res, .id = a->id };
    struct failure ignored = { 0 }; /* who opens it sees its own */
    struct call call;
    int64_t size;
    int fd;

    if (call_init(&call) == 0) {
        call.class = CALL_BACKGROUND;
        if (!has_content(a->remote, a->id) &&
            known_content(a->remote, &call, &t, &fd, &size, &ignored) == 0)
            close(fd);
        call_release(&call);
    }
    atomic_fetch_sub(&a->remote->ahead, 1);
    free(a);
}

static void start(struct remote *remote, struct record *r)
{
    struct ahead *a = calloc(1, sizeof(*a));

    if (!a)
        return;
    a->job.run = fetch_ahead;
    a->remote = remote;
    a->res = record_resource(r);
    if (record_id(r, a->id) < 0 || has_content(remote, a->id)) {
        free(a);
        return;
    }
    atomic_fetch_add(&remote->ahead, 1);
    if (pool_submit(remote->pool, &a->job) == 0)
        return;
    atomic_fetch_sub(&remote->ahead, 1);
    free(a);
}

/* How many more may be under way, when they are of about size bytes. */
static unsigned room(struct remote *remote, int64_t size)
{
    unsigned most = remote->ahead_max, under_way = atomic_load(&remote->ahead);
    struct content_stats stats;
    int64_t fit;

    content_get_stats(remote->content, &stats);
    fit = stats.max_bytes / 4 < READ_AHEAD_BYTES ? stats.max_bytes / 4 : READ_AHEAD_BYTES;
    fit /= size > 0 ? size : 1;
    if (fit < (int64_t)most)
        most = (unsigned)fit;
    return most > under_way ? most - under_way : 0;
}

/* Is it a step in this order of the list? Then what comes next is begun. */
static void follow(struct remote *remote, const struct known_list *list, enum listing_order order,
                   const char *id, unsigned most)
{
    int64_t place = listing_place(list->listing, order, id);
    struct walk_ahead ahead;

    if (place < 0)
        return;
    lock_take(&remote->lists_lock);
    walks_note(&remote->walks, list->key ^ (uint64_t)order, place, most, &ahead);
    lock_give(&remote->lists_lock);
    for (unsigned i = 0; i < ahead.count; i++) {
        struct record *r = listing_at(list->listing, order, ahead.first + ahead.step * i);

        if (r)
            start(remote, r);
        record_unref(r);
    }
}

void read_ahead_opened(struct remote *remote, const struct target *t, int64_t size)
{
    struct known_list lists[LISTS_MAX];
    unsigned most;
    size_t n;

    if (!remote->ahead_max || !remote->pool || t->parent || fetch_content_changes(t->res))
        return;
    most = room(remote, size);
    n = known_lists_of(remote, t, lists, LISTS_MAX);
    for (size_t i = 0; i < n; i++) {
        follow(remote, &lists[i], LISTING_ROWS, t->id, most);
        follow(remote, &lists[i], LISTING_IDS, t->id, most);
        listing_unref(lists[i].listing);
    }
}
