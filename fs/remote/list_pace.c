#include "list_pace.h"

#include <stdlib.h>
#include <string.h>

#include "api_path.h"
#include "clock.h"
#include "folder.h"
#include "hash.h"
#include "remote_context.h"

#include "banned.h"

#define LOOK_AGAIN_MS 1000

struct list_pace {
    char *key;
    unsigned cold;
    bool looked;
    int64_t looked_ms; /* monotonic, where looked is set */
    UT_hash_handle hh;
};

static struct list_pace *pace_new(const char *key)
{
    struct list_pace *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->key = strdup(key);
    if (p->key)
        return p;
    free(p);
    return NULL;
}

/* NULL: there is none, and no memory for one. */
static struct list_pace *get_locked(struct remote *remote, const struct folder *f)
{
    struct target t = { .res = f->res, .parent = f->parent };
    struct list_pace *p = NULL;
    char key[API_KEY_MAX];

    api_list_key(&t, f->filter, f->filter_value, key);
    HASH_FIND_STR(remote->paces, key, p);
    if (p || !(p = pace_new(key)))
        return p;
    HASH_ADD_KEYPTR(hh, remote->paces, p->key, strlen(p->key), p);
    if (HASH_ADDED(p))
        return p;
    free(p->key);
    free(p);
    return NULL;
}

unsigned list_pace_cold(struct remote *remote, const struct folder *f)
{
    struct list_pace *p;
    unsigned cold;

    lock_take(&remote->lists_lock);
    p = get_locked(remote, f);
    cold = p ? p->cold : 0;
    lock_give(&remote->lists_lock);
    return cold;
}

void list_pace_add_cold(struct remote *remote, const struct folder *f)
{
    struct list_pace *p;

    lock_take(&remote->lists_lock);
    p = get_locked(remote, f);
    if (p)
        p->cold++;
    lock_give(&remote->lists_lock);
}

bool list_pace_look(struct remote *remote, const struct folder *f)
{
    int64_t now = clock_now_ms(remote->clock);
    struct list_pace *p;
    bool look;

    lock_take(&remote->lists_lock);
    p = get_locked(remote, f);
    look = !p || !p->looked || p->looked_ms + LOOK_AGAIN_MS <= now;
    if (p && look) {
        p->looked = true;
        p->looked_ms = now;
    }
    lock_give(&remote->lists_lock);
    return look;
}

void list_paces_release(struct remote *remote)
{
    struct list_pace *p, *next;

    HASH_ITER(hh, remote->paces, p, next) {
        HASH_DELETE(hh, remote->paces, p);
        free(p->key);
        free(p);
    }
}
