#include "heir.h"

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
    pid_t process;
    int64_t until_ms; /* to be claimed */
    char name[];
};

static void heir_free(struct heir *h)
{
    record_unref(h->was);
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
                struct record *was)
{
    struct heir *h = calloc(1, sizeof(*h) + strlen(name) + 1);

    if (!h)
        return;
    h->folder = f;
    h->process = process;
    h->was = record_ref(was);
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

struct record *heir_take(struct uploads *uploads, const struct drop *d, const struct folder *f)
{
    struct record *was = NULL;
    bool found = false;

    lock_take(&uploads->heirs_lock);
    for (struct heir **link = &uploads->heirs; *link && !found;) {
        struct heir *h = *link;

        if (h->drop != d) {
            link = &h->next;
            continue;
        }
        found = true;
        if (folder_same_list(h->folder, f))
            was = record_ref(h->was);
        *link = h->next;
        heir_free(h);
    }
    lock_give(&uploads->heirs_lock);
    return was;
}

void heir_release(struct uploads *uploads)
{
    while (uploads->heirs) {
        struct heir *next = uploads->heirs->next;

        heir_free(uploads->heirs);
        uploads->heirs = next;
    }
}
