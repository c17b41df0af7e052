#include "hide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hash.h"
#include "inodes_context.h"
#include "lock.h"

#include "banned.h"

#define HIDE_MS 5000

struct hidden {
    struct hidden *next;
    uint64_t parent;
    int64_t until_ms;
    char name[];
};

static void unlink_locked(struct inodes *inodes, struct hidden **link)
{
    struct hidden *h = *link;

    *link = h->next;
    atomic_fetch_sub(&inodes->n_hidden, 1);
    free(h);
}

/* They are few and short-lived: a list, the newest first, cleared of old ones on the way. */
static struct hidden **find_locked(struct inodes *inodes, uint64_t parent, const char *name)
{
    int64_t now = clock_now_ms(inodes->clock);
    struct hidden **link = &inodes->hidden;

    while (*link) {
        struct hidden *h = *link;

        if (h->until_ms <= now) {
            unlink_locked(inodes, link);
        } else if (h->parent == parent && strcmp(h->name, name) == 0) {
            return link;
        } else {
            link = &h->next;
        }
    }
    return NULL;
}

static int add(struct inodes *inodes, uint64_t parent, const char *name)
{
    struct hidden *h = calloc(1, sizeof(*h) + strlen(name) + 1);

    if (!h)
        return -ENOMEM;
    h->parent = parent;
    h->until_ms = clock_now_ms(inodes->clock) + HIDE_MS;
    memcpy(h->name, name, strlen(name) + 1);
    lock_take(&inodes->hidden_lock);
    h->next = inodes->hidden;
    inodes->hidden = h;
    atomic_fetch_add(&inodes->n_hidden, 1);
    lock_give(&inodes->hidden_lock);
    return 0;
}

int hide_name(struct inodes *inodes, uint64_t parent, const char *name)
{
    hide_show(inodes, parent, name);
    return add(inodes, parent, name);
}

bool hide_is_hidden(struct inodes *inodes, uint64_t parent, const char *name)
{
    bool hidden;

    if (atomic_load(&inodes->n_hidden) == 0) /* each entry of each listing asks */
        return false;
    lock_take(&inodes->hidden_lock);
    hidden = find_locked(inodes, parent, name);
    lock_give(&inodes->hidden_lock);
    return hidden;
}

void hide_show(struct inodes *inodes, uint64_t parent, const char *name)
{
    struct hidden **link;

    lock_take(&inodes->hidden_lock);
    link = find_locked(inodes, parent, name);
    if (link)
        unlink_locked(inodes, link);
    lock_give(&inodes->hidden_lock);
}

void hide_forget(struct inodes *inodes, uint64_t parent)
{
    struct hidden **link;

    lock_take(&inodes->hidden_lock);
    link = &inodes->hidden;
    while (*link) {
        if ((*link)->parent == parent)
            unlink_locked(inodes, link);
        else
            link = &(*link)->next;
    }
    lock_give(&inodes->hidden_lock);
}

void hide_release(struct inodes *inodes)
{
    while (inodes->hidden) {
        struct hidden *next = inodes->hidden->next;

        free(inodes->hidden);
        inodes->hidden = next;
    }
}
