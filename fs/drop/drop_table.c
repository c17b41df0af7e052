#include "drop_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drop_links.h"
#include "folder.h"
#include "state.h"

#include "banned.h"

/* --- By name ---------------------------------------------------------------------------------- */

struct drop *drops_find(struct drops *t, const struct folder *f, const char *name)
{
    struct drop *d;

    drops_lock(t);
    d = drop_ref(drop_linked(f, name));
    drops_unlock(t);
    return d;
}

static struct drop *find_parked_locked(const struct folder *at, const struct folder *in,
                                       const char *name, int64_t now_ms)
{
    struct drop *d, *next;

    HASH_ITER(hh, at->drops, d, next)
        if (d->parked && d->parked_in == in && d->parked_until_ms >= now_ms &&
            strcmp(d->parked, name) == 0)
            return d;
    return NULL;
}

bool drop_is_called(struct drops *t, const struct drop *d, const struct folder *f, const char *name)
{
    bool called;

    drops_lock(t);
    called = d->linked && d->folder == f && strcmp(d->name, name) == 0;
    drops_unlock(t);
    return called;
}

struct drop *drops_find_parked(struct drops *t, struct folder *f, const char *name)
{
    int64_t now_ms = clock_now_ms(t->clock);
    struct folder *at, *next;
    struct drop *found = NULL;

    drops_lock(t);
    if (f->parked) { /* mostly there is none, and no need to look */
        found = find_parked_locked(f, f, name, now_ms);
        HASH_ITER(hh, t->folders, at, next)
            if (!found && at->staging)
                found = find_parked_locked(at, f, name, now_ms);
    }
    drop_ref(found);
    drops_unlock(t);
    return found;
}

struct drop *drops_find_failed(struct drops *t, struct folder *f, const char *name)
{
    struct drop *x;

    drops_lock(t);
    x = drop_ref(drop_linked_failed(f, name));
    drops_unlock(t);
    return x;
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

int drops_id_of_name(struct drops *t, const struct folder *f, const char *name,
                     char id[RESOURCE_ID_MAX + 1])
{
    cleanup_drop struct drop *d = drops_find(t, f, name);
    struct drop_snapshot s;

    if (!d)
        return -ENOENT;
    s = drop_snapshot(t, d);
    memcpy(id, s.id, sizeof(s.id));
    return s.id[0] ? 0 : -ENOENT;
}

/* Is the folder of this key the one above, or below it? */
static bool within(const char *key, const char *above)
{
    size_t len = strlen(above);

    return strncmp(key, above, len) == 0 && (key[len] == '\0' || key[len] == '/');
}

struct drop *drops_find_id_in_list(struct drops *t, const struct folder *f, const char *id)
{
    struct drop *d = NULL;
    struct owner *o;

    drops_lock(t);
    HASH_FIND(hh, t->owners, id, strlen(id), o);
    for (; o && !d; o = o->next)
        if (folder_same_list(o->drop->folder, f))
            d = drop_ref(o->drop);
    drops_unlock(t);
    return d;
}

struct drop *drops_find_id_loaded(struct drops *t, const char *id)
{
    struct owner *o = NULL;
    struct drop *d = NULL;

    drops_lock(t);
    HASH_FIND(hh, t->owners, id, strlen(id), o);
    for (; o && !d; o = o->next)
        if (o->drop->linked && o->drop->what == DROP_FILE && o->drop->state != DROP_APART)
            d = drop_ref(o->drop);
    drops_unlock(t);
    return d;
}

struct drop *drops_find_id_below(struct drops *t, struct folder *f, const char *id)
{
    struct owner *o = NULL;
    struct drop *d = NULL;

    drops_lock(t);
    HASH_FIND(hh, t->owners, id, strlen(id), o);
    for (; o && !d; o = o->next)
        if (o->drop->linked && within(o->drop->folder->key, f->key))
            d = drop_ref(o->drop);
    drops_unlock(t);
    return d;
}

bool drops_owns_id(struct drops *t, struct folder *f, const char *id)
{
    cleanup_drop struct drop *d = drops_find_id_below(t, f, id);

    return d != NULL;
}

static int is_there(void *arg, const struct drop_row *row)
{
    (void)arg;
    (void)row;
    return 1;
}

bool drops_has_id(struct drops *t, const char *id)
{
    struct owner *o = NULL;

    drops_lock(t);
    HASH_FIND(hh, t->owners, id, strlen(id), o);
    drops_unlock(t);
    return o || state_find_by_id(t->state, id, is_there, NULL, NULL) != 0;
}

/* --- Lists ------------------------------------------------------------------------------------ */

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

static bool is_within(const struct drop *d, const char *key)
{
    return within(d->folder->key, key);
}

int drops_list_within(struct drops *t, const char *key, struct drop ***out, size_t *n)
{
    return list_all(t, is_within, key, out, n);
}

static bool has_bytes(const struct drop *d, const char *key)
{
    (void)key;
    return d->local != NULL;
}

int drops_list_local(struct drops *t, struct drop ***out, size_t *n)
{
    return list_all(t, has_bytes, NULL, out, n);
}

static size_t add_all(struct folder *f, struct drop **list)
{
    struct drop *x, *next;
    size_t n = 0;

    HASH_ITER(hh, f->failed, x, next)
        list[n++] = drop_ref(x);
    return n;
}

int drops_list_failed(struct drops *t, struct folder *in, struct drop ***out, size_t *n)
{
    struct folder *f, *next;
    struct drop **list;
    size_t count = 0;

    drops_lock(t);
    HASH_ITER(hh, t->folders, f, next)
        count += HASH_COUNT(f->failed);
    list = calloc(count + 1, sizeof(*list));
    *n = 0;
    if (list && in)
        *n = add_all(in, list);
    else if (list)
        HASH_ITER(hh, t->folders, f, next)
            *n += add_all(f, list + *n);
    drops_unlock(t);
    if (!list)
        return -ENOMEM;
    *out = list;
    return 0;
}

void drops_get_stats(struct drops *t, struct drops_stats *out)
{
    struct folder *f, *next_folder;
    struct drop *d, *next;

    *out = (struct drops_stats){ 0 };
    drops_lock(t);
    HASH_ITER(hh, t->folders, f, next_folder) {
        out->failed += HASH_COUNT(f->failed);
        HASH_ITER(hh, f->drops, d, next) {
            if (d->writers)
                out->open++;
            else if (d->local && drop_state_is_dirty(d->state) && d->exclusive)
                out->sending++;
            else if (d->local && drop_state_is_dirty(d->state))
                out->local++;
            else if (d->id)
                out->sent++;
        }
    }
    drops_unlock(t);
}

/* --- Parked names ----------------------------------------------------------------------------- */

int drop_set_parked_locked(struct drop *d, struct folder *in, const char *name, int64_t until_ms)
{
    char *copy = name ? strdup(name) : NULL;

    if (name && !copy)
        return -ENOMEM;
    if (d->linked && d->parked) /* else it is counted no more */
        d->parked_in->parked--;
    if (d->linked && copy)
        in->parked++;
    free(d->parked);
    d->parked = copy;
    d->parked_in = in;
    d->parked_until_ms = until_ms;
    return 0;
}
