#include "drop_links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "beside.h"

#include "banned.h"

/* --- By name ---------------------------------------------------------------------------------- */

struct drop *drop_linked(const struct folder *f, const char *name)
{
    struct drop *d = NULL;

    HASH_FIND(hh, f->drops, name, strlen(name), d);
    return d;
}

struct drop *drop_linked_failed(const struct folder *f, const char *name)
{
    struct drop *x = NULL;

    HASH_FIND(hh, f->failed, name, strlen(name), x);
    return x;
}

int drop_link(struct drop *d)
{
    struct folder *f = d->folder;

    if (d->state == DROP_APART)
        HASH_ADD_KEYPTR(hh, f->failed, d->name, strlen(d->name), d);
    else
        HASH_ADD_KEYPTR(hh, f->drops, d->name, strlen(d->name), d);
    if (!HASH_ADDED(d))
        return -ENOMEM;
    d->linked = true;
    beside_link(d);
    drop_ref(d);
    return 0;
}

struct drop *drop_unlink(struct drop *d)
{
    if (!d->linked)
        return NULL;
    beside_unlink(d);
    if (d->state == DROP_APART)
        HASH_DELETE(hh, d->folder->failed, d);
    else
        HASH_DELETE(hh, d->folder->drops, d);
    if (d->parked)
        d->parked_in->parked--;
    d->linked = false;
    return d;
}

/* --- By resource ------------------------------------------------------------------------------ */

int drop_own(struct drops *t, struct drop *d)
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

void drop_disown(struct drops *t, struct drop *d)
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
    char *before = d->id, *copy = NULL;
    int rc = 0;

    atomic_fetch_add(&d->version, 1);
    if (id && before && strcmp(id, before) == 0)
        return 0;
    copy = id ? strdup(id) : NULL;
    if (id && !copy)
        return -ENOMEM;
    if (copy && d->linked) { /* of both for a moment: without memory it stays the one */
        d->id = copy;
        rc = drop_own(t, d);
        d->id = before;
    }
    if (rc < 0) {
        free(copy);
        return rc;
    }
    drop_disown(t, d);
    free(before);
    d->id = copy;
    return 0;
}

int drop_stand_for_locked(struct drops *t, struct drop *d, const char *id,
                          const struct acked *acked)
{
    int rc = drop_set_id_locked(t, d, id);

    if (rc == 0)
        d->acked = *acked;
    return rc;
}

/* --- Folders ---------------------------------------------------------------------------------- */

struct folder *drop_folder_of_key(struct drops *t, const char *key)
{
    struct folder *f = NULL;

    HASH_FIND(hh, t->folders, key, strlen(key), f);
    return f;
}

bool drop_links_meet(const struct folder *f, const struct folder *there)
{
    struct drop *x, *next;

    HASH_ITER(hh, f->failed, x, next)
        if (drop_linked_failed(there, x->name))
            return true;
    return false;
}

int drop_links_join(struct folder *f, struct folder *there)
{
    struct drop *x, *next;

    HASH_ITER(hh, there->failed, x, next) {
        HASH_DELETE(hh, there->failed, x);
        x->folder = f;
        atomic_fetch_add(&x->version, 1);
        HASH_ADD_KEYPTR(hh, f->failed, x->name, strlen(x->name), x);
        if (!HASH_ADDED(x)) {
            x->linked = false;
            drop_unref(x); /* its row and its bytes are there at the next start */
            return -ENOMEM;
        }
    }
    return 0;
}

void folder_free(struct folder *f)
{
    struct drop *x, *next;

    HASH_ITER(hh, f->failed, x, next)
        drop_unref(drop_unlink(x));
    free(f->key);
    free(f->parent);
    free(f->filter_value);
    free(f->model);
    free(f->document);
    beside_free(f->beside);
    free(f);
}
