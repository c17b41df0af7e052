/* What is in the folders: by name, and by the resource that it stands for. */
#include "drop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "drop_store.h"

#include "banned.h"

/* --- By name ---------------------------------------------------------------------------------- */

int drop_link_locked(struct drop *d)
{
    HASH_ADD_KEYPTR(hh, d->folder->drops, d->name, strlen(d->name), d);
    if (!HASH_ADDED(d))
        return -ENOMEM;
    d->linked = true;
    drop_ref(d);
    return 0;
}

/* The folder's reference goes to the caller. */
static struct drop *unlink_locked(struct drop *d)
{
    if (!d->linked)
        return NULL;
    HASH_DELETE(hh, d->folder->drops, d);
    d->folder->parked -= d->parked != NULL;
    d->linked = false;
    return d;
}

static struct drop *find_locked(const struct folder *f, const char *name)
{
    struct drop *d = NULL;

    HASH_FIND(hh, f->drops, name, strlen(name), d);
    return d;
}

struct drop *drops_find(struct drops *t, const struct folder *f, const char *name)
{
    struct drop *d;

    drops_lock(t);
    d = drop_ref(find_locked(f, name));
    drops_unlock(t);
    return d;
}

struct drop *drops_find_parked(struct drops *t, struct folder *f, const char *name)
{
    struct drop *d, *next, *found = NULL;

    drops_lock(t);
    if (f->parked) /* mostly there is none, and no need to look */
        HASH_ITER(hh, f->drops, d, next)
            if (!found && d->parked && strcmp(d->parked, name) == 0)
                found = drop_ref(d);
    drops_unlock(t);
    return found;
}

int drop_set_parked_locked(struct drop *d, const char *name)
{
    char *copy = name ? strdup(name) : NULL;

    if (name && !copy)
        return -ENOMEM;
    if (d->linked) /* else its folder counts it no more */
        d->folder->parked += (unsigned)(copy != NULL) - (d->parked != NULL);
    free(d->parked);
    d->parked = copy;
    return 0;
}

/* --- By resource ------------------------------------------------------------------------------ */

struct drop *drops_find_id(struct drops *t, struct folder *f, const char *id)
{
    struct owner *o = NULL;
    struct drop *d = NULL;

    drops_lock(t);
    HASH_FIND(hh, t->owners, id, strlen(id), o);
    for (; o && !d; o = o->next)
        if (o->drop->folder == f && o->drop->linked)
            d = drop_ref(o->drop);
    drops_unlock(t);
    return d;
}

/* Is the folder of this key the one above, or below it? */
static bool within(const char *key, const char *above)
{
    size_t len = strlen(above);

    return strncmp(key, above, len) == 0 && (key[len] == '\0' || key[len] == '/');
}

bool drops_owns_id(struct drops *t, struct folder *f, const char *id)
{
    struct owner *o = NULL;
    bool owned = false;

    drops_lock(t);
    HASH_FIND(hh, t->owners, id, strlen(id), o);
    for (; o && !owned; o = o->next)
        owned = o->drop->linked && within(o->drop->folder->key, f->key);
    drops_unlock(t);
    return owned;
}

/* d->id is set: from now on it is found by it. */
static int own_locked(struct drops *t, struct drop *d)
{
    struct owner *o = calloc(1, sizeof(*o));
    struct owner *head = NULL;

    if (!o)
        return -ENOMEM;
    o->drop = d;
    o->id = d->id;
    HASH_FIND(hh, t->owners, d->id, strlen(d->id), head);
    if (head) {
        o->next = head->next;
        head->next = o;
        return 0;
    }
    HASH_ADD_KEYPTR(hh, t->owners, o->id, strlen(o->id), o);
    if (HASH_ADDED(o))
        return 0;
    free(o);
    return -ENOMEM;
}

static void disown_locked(struct drops *t, struct drop *d)
{
    struct owner *head = NULL, *o, **link;

    if (!d->id)
        return;
    HASH_FIND(hh, t->owners, d->id, strlen(d->id), head);
    if (!head)
        return;
    if (head->drop == d) {
        struct owner *next = head->next;

        HASH_DELETE(hh, t->owners, head);
        free(head);
        if (next)
            HASH_ADD_KEYPTR(hh, t->owners, next->id, strlen(next->id), next);
        return;
    }
    for (link = &head->next; (o = *link); link = &o->next) {
        if (o->drop == d) {
            *link = o->next;
            free(o);
            return;
        }
    }
}

int drop_set_id_locked(struct drops *t, struct drop *d, const char *id)
{
    char *copy = id ? strdup(id) : NULL;

    if (id && !copy)
        return -ENOMEM;
    disown_locked(t, d);
    free(d->id);
    d->id = copy;
    return copy && d->linked ? own_locked(t, d) : 0;
}

/* --- Lists and changes ------------------------------------------------------------------------ */

int drops_list(struct drops *t, struct folder *f, struct drop ***out, size_t *n)
{
    struct drop **list, *d, *next;
    size_t count = 0;

    drops_lock(t);
    list = calloc(HASH_COUNT(f->drops) + 1, sizeof(*list));
    if (list)
        HASH_ITER(hh, f->drops, d, next)
            list[count++] = drop_ref(d);
    drops_unlock(t);
    if (!list)
        return -ENOMEM;
    *out = list;
    *n = count;
    return 0;
}

/* Those of all folders that want is true for. */
static int list_all(struct drops *t, bool (*want)(const struct drop *d, const char *key),
                    const char *key, struct drop ***out, size_t *n)
{
    struct folder *f, *next_folder;
    struct drop *d, *next;
    struct drop **list;
    size_t count = 0, at = 0;

    drops_lock(t);
    HASH_ITER(hh, t->folders, f, next_folder)
        count += HASH_COUNT(f->drops);
    list = calloc(count + 1, sizeof(*list));
    if (list)
        HASH_ITER(hh, t->folders, f, next_folder)
            HASH_ITER(hh, f->drops, d, next)
                if (want(d, key))
                    list[at++] = drop_ref(d);
    drops_unlock(t);
    if (!list)
        return -ENOMEM;
    *out = list;
    *n = at;
    return 0;
}

static bool has_failed(const struct drop *d, const char *key)
{
    (void)key;
    return d->failed;
}

static bool has_bytes(const struct drop *d, const char *key)
{
    (void)key;
    return d->local != NULL;
}

static bool is_within(const struct drop *d, const char *key)
{
    return within(d->folder->key, key);
}

static int load_folder_of(void *arg, const struct drop_row *row)
{
    struct folder *f;
    int rc = drops_folder(arg, row->folder, &f);

    return rc == -EINVAL ? 0 : rc; /* a folder of another version's: left alone */
}

int drops_list_below(struct drops *t, const char *key, struct drop ***out, size_t *n)
{
    int rc = state_load_below(t->state, key, load_folder_of, t, NULL);

    return rc < 0 ? rc : list_all(t, is_within, key, out, n);
}

int drops_list_failed(struct drops *t, struct drop ***out, size_t *n)
{
    return list_all(t, has_failed, NULL, out, n);
}

int drops_list_local(struct drops *t, struct drop ***out, size_t *n)
{
    return list_all(t, has_bytes, NULL, out, n);
}

int drops_add(struct drops *t, struct folder *f, const char *name, enum drop_what what,
              struct drop **out)
{
    struct drop *d = drop_alloc(f, name, what);
    int rc;

    if (!d)
        return -ENOMEM;
    d->mtime_ns = clock_realtime_ns(t->clock);
    drops_lock(t);
    f->changed_ns = d->mtime_ns;
    rc = find_locked(f, name) ? -EEXIST : drop_link_locked(d);
    drops_unlock(t);
    if (rc < 0) {
        drop_unref(d);
        return rc;
    }
    *out = d;
    return 0;
}

/* What was unlinked: its bytes stay with open handles. The caller discards them, once the row says
 * so too. */
static struct bytes *take_bytes_locked(struct drop *d)
{
    return d->opened ? bytes_ref(d->local) : steal_pointer(&d->local);
}

/* The lock is held on entry, and released. */
static int remove_locked(struct drops *t, struct drop *d, bool durable)
{
    struct drop *held;
    struct bytes *bytes;
    int rc;

    disown_locked(t, d);
    held = unlink_locked(d);
    d->folder->changed_ns = clock_realtime_ns(t->clock);
    durable = durable && d->id;
    bytes = take_bytes_locked(d);
    drops_unlock(t);
    rc = held ? drop_row_delete(t, d, durable) : 0;
    bytes_discard(bytes);
    drop_unref(held);
    return rc;
}

int drops_remove(struct drops *t, struct drop *d, bool durable)
{
    drops_lock(t);
    return remove_locked(t, d, durable);
}

bool drops_remove_sent(struct drops *t, struct drop *d, const char *id, bool durable)
{
    bool same;

    drops_lock(t);
    same = d->linked && d->id && strcmp(d->id, id) == 0;
    if (same && !d->local && !d->writers && !d->exclusive) {
        remove_locked(t, d, durable);
        return true;
    }
    if (same && !d->exclusive) /* who holds it finds out by itself */
        drop_set_id_locked(t, d, NULL);
    drops_unlock(t);
    return false;
}

/* One name of this resource that has no bytes of its own here, with a reference. */
static struct drop *find_owner(struct drops *t, const char *id)
{
    struct owner *o = NULL;
    struct drop *d = NULL;

    drops_lock(t);
    HASH_FIND(hh, t->owners, id, strlen(id), o);
    for (; o && !d; o = o->next)
        if (!o->drop->local)
            d = drop_ref(o->drop);
    drops_unlock(t);
    return d;
}

void drops_remove_id(struct drops *t, const char *id)
{
    struct drop *d;

    while ((d = find_owner(t, id))) {
        drops_remove(t, d, false);
        drop_unref(d);
    }
}

/* The copy of its name becomes d's, the old one the caller's. */
static int move_locked(struct drops *t, struct drop *d, struct folder *f, char *copy)
{
    struct folder *from = d->folder;

    HASH_DELETE(hh, from->drops, d);
    from->parked -= d->parked != NULL;
    d->name = copy;
    d->folder = f;
    from->changed_ns = f->changed_ns = clock_realtime_ns(t->clock);
    HASH_ADD_KEYPTR(hh, f->drops, d->name, strlen(d->name), d);
    if (!HASH_ADDED(d)) {
        disown_locked(t, d);
        d->linked = false;
        return -ENOMEM;
    }
    f->parked += d->parked != NULL;
    return 0;
}

int drops_move(struct drops *t, struct drop *d, struct folder *f, const char *name)
{
    struct drop *there, *held = NULL;
    struct bytes *bytes = NULL;
    char *copy = strdup(name), *old;
    struct folder *from;
    int rc;

    if (!copy)
        return -ENOMEM;
    drops_lock(t);
    if (!d->linked) { /* removed while this waited for its turn */
        drops_unlock(t);
        free(copy);
        return -ENOENT;
    }
    there = find_locked(f, name);
    if (there && there != d) {
        disown_locked(t, there);
        held = unlink_locked(there);
        bytes = take_bytes_locked(there);
    }
    from = d->folder;
    old = d->name;
    rc = move_locked(t, d, f, copy);
    drops_unlock(t);
    drop_unref(held);
    if (rc == 0)
        rc = drop_row_move(t, from, old, d);
    else
        drop_unref(d);
    bytes_discard(bytes);
    free(old);
    return rc;
}

/* --- All of it -------------------------------------------------------------------------------- */

void drops_get_stats(struct drops *t, struct drops_stats *out)
{
    struct folder *f, *next_folder;
    struct drop *d, *next;

    *out = (struct drops_stats){ 0 };
    drops_lock(t);
    HASH_ITER(hh, t->folders, f, next_folder) {
        HASH_ITER(hh, f->drops, d, next) {
            if (d->failed)
                out->failed++;
            else if (d->writers)
                out->open++;
            else if (d->local && d->dirty)
                out->local++;
            else if (d->id)
                out->sent++;
        }
    }
    drops_unlock(t);
}

void drops_free(struct drops *t)
{
    struct folder *f, *next_folder;
    struct drop *d, *next;
    struct owner *o, *next_owner;

    if (!t)
        return;
    HASH_ITER(hh, t->owners, o, next_owner) {
        HASH_DELETE(hh, t->owners, o);
        while (o) {
            struct owner *more = o->next;

            free(o);
            o = more;
        }
    }
    HASH_ITER(hh, t->folders, f, next_folder) {
        HASH_ITER(hh, f->drops, d, next) {
            HASH_DELETE(hh, f->drops, d);
            d->linked = false;
            drop_unref(d);
        }
        HASH_DELETE(hh, t->folders, f);
        folder_free(f);
    }
    while (t->retired) {
        f = t->retired;
        t->retired = f->next;
        folder_free(f);
    }
    pthread_mutex_destroy(&t->row_lock);
    pthread_mutex_destroy(&t->load_lock);
    pthread_mutex_destroy(&t->lock);
    free(t);
}
