#include "hide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"

#include "banned.h"

#define HIDE_MS 5000

struct hidden {
    struct hidden *next;
    uint64_t parent;
    int64_t until_ms;
    bool lingers;
    char name[];
};

/* They are few and short-lived: a list, the newest first, cleared of old ones on the way. */
static struct hidden **find_locked(struct fs *fs, uint64_t parent, const char *name, bool lingers)
{
    int64_t now = clock_now_ms(fs->clock);
    struct hidden **link = &fs->hidden;

    while (*link) {
        struct hidden *h = *link;

        if (h->until_ms <= now) {
            *link = h->next;
            free(h);
        } else if (h->parent == parent && h->lingers == lingers && strcmp(h->name, name) == 0) {
            return link;
        } else {
            link = &h->next;
        }
    }
    return NULL;
}

static int add(struct fs *fs, uint64_t parent, const char *name, bool lingers)
{
    struct hidden *h = calloc(1, sizeof(*h) + strlen(name) + 1);

    if (!h)
        return -ENOMEM;
    h->parent = parent;
    h->until_ms = clock_now_ms(fs->clock) + HIDE_MS;
    h->lingers = lingers;
    memcpy(h->name, name, strlen(name) + 1);
    pthread_mutex_lock(&fs->lock);
    h->next = fs->hidden;
    fs->hidden = h;
    pthread_mutex_unlock(&fs->lock);
    return 0;
}

int hide_name(struct fs *fs, uint64_t parent, const char *name)
{
    hide_show(fs, parent, name);
    return add(fs, parent, name, false);
}

int hide_linger(struct fs *fs, uint64_t parent, const char *name)
{
    return add(fs, parent, name, true);
}

bool hide_lingers(struct fs *fs, uint64_t parent, const char *name)
{
    bool lingers;

    pthread_mutex_lock(&fs->lock);
    lingers = fs->hidden && find_locked(fs, parent, name, true);
    pthread_mutex_unlock(&fs->lock);
    return lingers;
}

bool hide_is_hidden(struct fs *fs, uint64_t parent, const char *name)
{
    bool hidden;

    pthread_mutex_lock(&fs->lock);
    hidden = fs->hidden && find_locked(fs, parent, name, false);
    pthread_mutex_unlock(&fs->lock);
    return hidden;
}

void hide_show(struct fs *fs, uint64_t parent, const char *name)
{
    struct hidden **link;

    pthread_mutex_lock(&fs->lock);
    link = find_locked(fs, parent, name, false);
    if (link) {
        struct hidden *h = *link;

        *link = h->next;
        free(h);
    }
    pthread_mutex_unlock(&fs->lock);
}

void hide_forget(struct fs *fs, uint64_t parent)
{
    struct hidden **link;

    pthread_mutex_lock(&fs->lock);
    link = &fs->hidden;
    while (*link) {
        struct hidden *h = *link;

        if (h->parent != parent) {
            link = &h->next;
            continue;
        }
        *link = h->next;
        free(h);
    }
    pthread_mutex_unlock(&fs->lock);
}

void hide_release(struct fs *fs)
{
    while (fs->hidden) {
        struct hidden *next = fs->hidden->next;

        free(fs->hidden);
        fs->hidden = next;
    }
}
