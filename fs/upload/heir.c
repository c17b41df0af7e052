#include "heir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"

#include "drop.h"
#include "lock.h"
#include "uploads_context.h"

#include "banned.h"

#define AT_ONCE_MS 1000
#define HEIRS_MAX 256 /* who claimed and never came is forgotten for those that come later */

struct heir {
    struct heir *next;
    const struct folder *folder;
    struct drop *drop; /* that claimed it, with a reference: nothing else is at its address */
    struct record *was;
    char *awaited; /* the id whose DELETE will say it; NULL: it is said */
    pid_t process;
    int64_t until_ms; /* to be claimed */
    char name[];
};

static void heir_free(struct heir *h)
{
    record_unref(h->was);
    free(h->awaited);
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

void heir_leave(struct uploads *uploads, const struct folder *f, const char *name, pid_t process,
                struct record *was, const char *id)
{
    struct heir *h = calloc(1, sizeof(*h) + strlen(name) + 1);

    if (!h)
        return;
    h->awaited = was ? NULL : strdup(id);
    if (!was && !h->awaited) {
        free(h);
        return;
    }
    h->folder = f;
    h->process = process;
    h->was = was ? record_ref(was) : NULL;
    h->until_ms = clock_now_ms(uploads->clock) + AT_ONCE_MS;
    memcpy(h->name, name, strlen(name) + 1);
    lock_take(&uploads->heirs_lock);
    prune_locked(uploads, h->until_ms - AT_ONCE_MS);
    h->next = uploads->heirs;
    uploads->heirs = h;
    lock_give(&uploads->heirs_lock);
}

void heir_claim(struct uploads *uploads, const struct folder *f, const char *name, pid_t process,
                struct drop *d)
{
    int64_t now = clock_now_ms(uploads->clock);
    struct heir *h;

    lock_take(&uploads->heirs_lock);
    for (h = uploads->heirs; h; h = h->next)
        if (!h->drop && h->folder == f && h->process == process && h->until_ms >= now &&
            strcmp(h->name, name) == 0)
            break;
    if (h)
        h->drop = drop_ref(d);
    lock_give(&uploads->heirs_lock);
}

void heir_fill(struct uploads *uploads, const char *id, struct record *was)
{
    lock_take(&uploads->heirs_lock);
    for (struct heir *h = uploads->heirs; h; h = h->next) {
        if (!h->awaited || strcmp(h->awaited, id) != 0)
            continue;
        free(h->awaited);
        h->awaited = NULL;
        h->was = was ? record_ref(was) : NULL;
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
        if (h->was && folder_same_list(h->folder, f))
            *was = record_ref(h->was);
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
