#include "folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "route.h"
#include "scratch.h"

#include "banned.h"

struct walk {
    struct place at;
    struct place collection;        /* the last collection on the way, kind NODE_NONE: none */
    char above[ROUTE_NAME_MAX + 1]; /* what that stands under */
    char last[ROUTE_NAME_MAX + 1];
    const char *scratch; /* more patterns, or NULL */
    bool staging;
};

static bool is_id(const struct place *at)
{
    return at->kind == NODE_ENTRY && (at->form == FORM_ID || at->form == FORM_LATER_ID);
}

/* In a collection, an id is a resource and anything else a folder within. */
static int walk_step(struct walk *w, const char *name)
{
    struct place next;
    int rc;

    if (w->at.kind == NODE_ENTRY)
        w->at = is_id(&w->at) ? route_resource(&w->at) : w->collection;
    rc = route_step(&w->at, name, &next);
    if (rc < 0)
        return rc;
    if (next.kind == NODE_COLLECTION) {
        w->collection = next;
        memcpy(w->above, w->last, sizeof(w->above));
    }
    w->staging = w->staging || (next.kind == NODE_ENTRY && next.form != FORM_ID &&
                                scratch_folder(name, w->scratch));
    memset(w->last, 0, sizeof(w->last));
    memcpy(w->last, name, strlen(name));
    w->at = next;
    return 0;
}

static int walk_all(struct walk *w, const char *key)
{
    w->at = route_root;
    while (*key) {
        char name[ROUTE_NAME_MAX + 1];
        size_t len = strcspn(key, "/");
        int rc;

        if (len == 0 || len > ROUTE_NAME_MAX)
            return -EINVAL;
        memcpy(name, key, len);
        name[len] = '\0';
        rc = walk_step(w, name);
        if (rc < 0)
            return -EINVAL;
        key += len + (key[len] == '/');
    }
    return w->collection.kind == NODE_COLLECTION ? 0 : -EINVAL;
}

bool folder_same_list(const struct folder *a, const struct folder *b)
{
    bool same_value = a->filter_value && b->filter_value
                          ? strcmp(a->filter_value, b->filter_value) == 0
                          : a->filter_value == b->filter_value;

    return a == b ||
           (a->res == b->res && a->filter == b->filter && same_value && !a->parent && !b->parent);
}

const char *folder_below(const struct folder *f, const char *key)
{
    unsigned names = f->filter || f->parent || folder_is_closed(f) ? 3 : 1;

    for (; names && *key; names--) {
        key += strcspn(key, "/");
        key += *key == '/';
    }
    return key;
}

int folder_resource_key(const struct target *t, struct buf *key)
{
    const struct resource *above = resource_get(t->res->parent);
    char name[ROUTE_NAME_MAX + 1];
    int rc = above ? route_id_name(t->parent, name) : 0;

    if (rc == 0 && above)
        rc = buf_addf(key, "%s/%s/", above->name, name);
    if (rc == 0)
        rc = route_id_name(t->id, name);
    return rc < 0 ? rc : buf_addf(key, "%s/%s", t->res->name, name);
}

int folder_describe(const char *key, const char *scratch, struct folder *f)
{
    struct walk w = { .at = route_root, .scratch = scratch };
    int rc = walk_all(&w, key);
    char id[RESOURCE_ID_MAX + 1];
    char *above = NULL;

    if (rc < 0)
        return rc;
    f->memory = resource_takes_secrets(w.collection.res);
    if (is_id(&w.at))
        return 0; /* a resource's own directory: nothing becomes a resource there */
    if (w.above[0] && !(above = strdup(route_name_id(w.above, id) == 0 ? id : w.above)))
        return -ENOMEM;
    f->res = w.collection.res;
    f->staging = w.staging;
    f->filter = w.collection.row->filter;
    if (w.collection.row->use == ROW_INBOX)
        f->model = above;
    else if (w.collection.row->use == ROW_ASK)
        f->document = above;
    else if (f->filter)
        f->filter_value = above;
    else
        f->parent = above;
    return 0;
}
