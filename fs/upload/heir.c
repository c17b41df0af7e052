#include "heir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"

#include "drop.h"
#include "lock.h"
#include "uploads_context.h"

#include "banned.h"

#define HEIRS_MAX 256 /* who claimed and never came is forgotten for those that come later */

struct heir {
    struct heir *next;
    struct drop *drop; /* that claimed it, with a reference: nothing else is at its address */
    struct heir_left left;
    bool awaited;     /* its DELETE will say what it was */
    int64_t until_ms; /* to be claimed */
    char name[];
};

static void heir_free(struct heir *h)
{
    record_unref(h->left.was);
    drop_unref(h->drop);
    free(h);
}

/* Drops those that nobody came for; the list is short and its newest are first. */
static void prune_locked(struct uploads *uploads, int64_t now)
{
    struct heir **link = &uploads->heirs;
    unsigned n = 0;

    while (*link) {
        struct heir *h = *link;

        if ((!h->drop && h->until_ms < now) || ++n > HEIRS_MAX) {
            *link = h->next;
            heir_free(h);
        } else {
            link = &h->next;
        }
    }
}

void heir_leave(struct uploads *uploads, const struct heir_left *left)
{
    struct heir *h = calloc(1, sizeof(*h) + strlen(left->name) + 1);

    if (!h)
        return;
    h->left = *left;
    h->left.name = h->name;
    h->left.was = left->was ? record_ref(left->was) : NULL;
    h->awaited = !left->was;
    h->until_ms = clock_now_ms(uploads->clock) + HEIR_AT_ONCE_MS;
    memcpy(h->name, left->name, strlen(left->name) + 1);
    lock_take(&uploads->heirs_lock);
    prune_locked(uploads, h->until_ms - HEIR_AT_ONCE_MS);
    h->next = uploads->heirs;
    uploads->heirs = h;
    lock_give(&uploads->heirs_lock);
}

/* The one that nobody has claimed yet. */
static struct heir *find_locked(struct uploads *uploads, const struct folder *f, const char *name,
                                pid_t process)
{
    int64_t now = clock_now_ms(uploads->clock);

    for (struct heir *h = uploads->heirs; h; h = h->next)
        if (!h->drop && h->left.folder == f && h->left.process == process && h->until_ms >= now &&
            strcmp(h->name, name) == 0)
            return h;
    return NULL;
}

bool heir_find_owed(struct uploads *uploads, const struct folder *f, const char *name,
                    pid_t process, struct heir_left *out)
{
    struct heir *h;
    bool owed;

    lock_take(&uploads->heirs_lock);
    h = find_locked(uploads, f, name, process);
    owed = h && h->awaited && h->left.number;
    if (owed) {
        *out = h->left;
        out->name = NULL;
    }
    lock_give(&uploads->heirs_lock);
    return owed;
}

void heir_forget(struct uploads *uploads, int64_t number)
{
    struct heir **link = &uploads->heirs, *h;

    lock_take(&uploads->heirs_lock);
    while (*link && (*link)->left.number != number)
        link = &(*link)->next;
    h = *link;
    if (h)
        *link = h->next;
    lock_give(&uploads->heirs_lock);
    if (h)
        heir_free(h);
}

void heir_pass_on(struct uploads *uploads, const struct drop *d, pid_t process)
{
    struct drop *held = NULL;

    lock_take(&uploads->heirs_lock);
    for (struct heir *h = uploads->heirs; h && !held; h = h->next) {
        if (h->drop != d)
            continue;
        held = steal_pointer(&h->drop);
        h->left.process = process;
        h->until_ms = clock_now_ms(uploads->clock) + HEIR_AT_ONCE_MS;
    }
    lock_give(&uploads->heirs_lock);
    drop_unref(held);
}

void heir_claim(struct uploads *uploads, const struct folder *f, const char *name, pid_t process,
                struct drop *d)
{
    struct heir *h;

    lock_take(&uploads->heirs_lock);
    h = find_locked(uploads, f, name, process);
    if (h)
        h->drop = drop_ref(d);
    lock_give(&uploads->heirs_lock);
}

static bool is_awaited(const struct heir *h, const char *id)
{
    return h->awaited && strcmp(h->left.id, id) == 0;
}

bool heir_is_wanted(struct uploads *uploads, const char *id, bool *claimed)
{
    bool wanted = false;

    *claimed = false;
    lock_take(&uploads->heirs_lock);
    for (struct heir *h = uploads->heirs; h; h = h->next) {
        if (!is_awaited(h, id) || h->left.was)
            continue;
        wanted = true;
        *claimed = *claimed || h->drop;
    }
    lock_give(&uploads->heirs_lock);
    return wanted;
}

static void set_was_locked(struct heir *h, struct record *was)
{
    record_unref(h->left.was);
    h->left.was = was ? record_ref(was) : NULL;
}

void heir_know(struct uploads *uploads, const char *id, struct record *is)
{
    lock_take(&uploads->heirs_lock);
    for (struct heir *h = uploads->heirs; h; h = h->next)
        if (is_awaited(h, id))
            set_was_locked(h, is);
    lock_give(&uploads->heirs_lock);
}

void heir_fill(struct uploads *uploads, const char *id, struct record *was)
{
    lock_take(&uploads->heirs_lock);
    for (struct heir *h = uploads->heirs; h; h = h->next) {
        if (!is_awaited(h, id))
            continue;
        h->awaited = false;
        if (was)
            set_was_locked(h, was);
    }
    lock_give(&uploads->heirs_lock);
}

static bool is_awaited_locked(struct uploads *uploads, const struct drop *d)
{
    struct heir *h = uploads->heirs;

    while (h && h->drop != d)
        h = h->next;
    return h && h->awaited;
}

bool heir_is_awaited(struct uploads *uploads, const struct drop *d)
{
    bool is;

    lock_take(&uploads->heirs_lock);
    is = is_awaited_locked(uploads, d);
    lock_give(&uploads->heirs_lock);
    return is;
}

int heir_take(struct uploads *uploads, const struct drop *d, const struct folder *f,
              struct record **was)
{
    bool found = false;
    int rc = 0;

    *was = NULL;
    lock_take(&uploads->heirs_lock);
    if (is_awaited_locked(uploads, d))
        rc = -EAGAIN;
    for (struct heir **link = &uploads->heirs; *link && !found && rc == 0;) {
        struct heir *h = *link;

        if (h->drop != d) {
            link = &h->next;
            continue;
        }
        found = true;
        if (h->left.was && folder_same_list(h->left.folder, f))
            *was = record_ref(h->left.was);
        *link = h->next;
        heir_free(h);
    }
    lock_give(&uploads->heirs_lock);
    return rc;
}

void heir_release(struct uploads *uploads)
{
    while (uploads->heirs) {
        struct heir *next = uploads->heirs->next;

        heir_free(uploads->heirs);
        uploads->heirs = next;
    }
}
