#include "binding.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drop_store.h"

#include "banned.h"

#define FOLDER_KEY_MAX 4096

static int copy_id(char out[RESOURCE_ID_MAX + 1], const char *id)
{
    if (!id)
        return -EINVAL;
    return snprintf(out, RESOURCE_ID_MAX + 1, "%s", id) > RESOURCE_ID_MAX ? -ENAMETOOLONG : 0;
}

static void set_target(struct bound *b, const struct resource *res)
{
    b->target.res = res;
    b->target.id = b->id;
    b->target.parent = b->parent[0] ? b->parent : NULL;
}

/* The collection that a subfolder is in, with a reference; n itself when it is one. */
static struct node *collection_of(struct fs *fs, struct node *n)
{
    struct node *at = node_ref(fs->nodes, n);

    while (at && at->place.kind == NODE_SUBFOLDER) {
        struct node *up = node_parent(fs->nodes, at);

        node_unref(fs->nodes, at);
        at = up;
    }
    return at;
}

int bind_entry(struct fs *fs, struct node *collection, const char *id, struct bound *out)
{
    struct node *base = collection_of(fs, collection);
    int rc = copy_id(out->id, id);

    out->parent[0] = '\0';
    if (rc == 0 && base && base->place.res && base->place.res->parent != RES_NONE) {
        struct node *above = node_parent(fs->nodes, base);

        rc = copy_id(out->parent, above ? above->id : NULL);
        node_unref(fs->nodes, above);
    }
    if (rc == 0 && base)
        set_target(out, base->place.res);
    node_unref(fs->nodes, base);
    return rc;
}

int bind_resource(struct fs *fs, struct node *n, struct bound *out)
{
    struct node *resource = node_ref(fs->nodes, n);
    struct node *collection;
    int rc;

    if (resource->place.kind != NODE_RESOURCE) {
        node_unref(fs->nodes, resource);
        resource = node_parent(fs->nodes, n);
    }
    if (!resource || resource->place.kind != NODE_RESOURCE) {
        node_unref(fs->nodes, resource);
        return -EINVAL;
    }
    collection = node_parent(fs->nodes, resource);
    rc = collection ? bind_entry(fs, collection, resource->id, out) : -EINVAL;
    node_unref(fs->nodes, collection);
    node_unref(fs->nodes, resource);
    return rc;
}

/* --- Folders ---------------------------------------------------------------------------------- */

/* Subfolders nest: this and add_parent_key call each other. */
static int add_key(struct fs *fs, struct node *n, struct buf *key);

static int add_resource_key(struct fs *fs, struct node *n, struct buf *key)
{
    struct bound b;
    const struct resource *above;
    int rc = bind_resource(fs, n, &b);

    if (rc < 0)
        return rc;
    above = resource_get(b.target.res->parent);
    if (above)
        rc = buf_addf(key, "%s/%s/", above->name, b.parent);
    return rc < 0 ? rc : buf_addf(key, "%s/%s", b.target.res->name, b.id);
}

static int add_parent_key(struct fs *fs, struct node *n, struct buf *key)
{
    struct node *parent = node_parent(fs->nodes, n);
    int rc = 0;

    if (parent && parent->place.kind != NODE_ROOT) {
        rc = add_key(fs, parent, key);
        if (rc == 0)
            rc = buf_addc(key, '/');
    }
    node_unref(fs->nodes, parent);
    return rc;
}

static int add_key(struct fs *fs, struct node *n, struct buf *key)
{
    cleanup_free char *name = NULL;
    int rc;

    if (n->place.kind == NODE_RESOURCE)
        return add_resource_key(fs, n, key);
    if (n->place.kind == NODE_CONSENT)
        return buf_addf(key, "consents/%s", n->id);
    rc = add_parent_key(fs, n, key);
    if (rc < 0)
        return rc;
    name = node_name(fs->nodes, n);
    return name ? buf_adds(key, name) : -ENOMEM;
}

static int has_row(void *arg, const struct drop_row *row)
{
    (void)arg;
    (void)row;
    return 1;
}

int bind_folder(struct fs *fs, struct call *call, struct node *n, bool create, struct folder **out)
{
    cleanup_buf struct buf key = BUF_INIT(FOLDER_KEY_MAX);
    enum node_kind kind = n->place.kind;
    bool known, loaded;
    int rc;

    if (kind != NODE_COLLECTION && kind != NODE_SUBFOLDER && kind != NODE_RESOURCE)
        return -ENOTDIR;
    rc = add_key(fs, n, &key);
    if (rc < 0)
        return rc;
    known = drops_has_folder(fs->drops, key.data, &loaded);
    if (call->nowait && !loaded)
        return -EWOULDBLOCK;
    /* a resource's directory mostly has no local files: no folder is made only to look */
    if (kind == NODE_RESOURCE && !create && !known &&
        state_load_folder(fs->state, key.data, has_row, NULL, NULL) != 1)
        return -ENOENT;
    return drops_folder(fs->drops, key.data, out);
}

int bind_drop(struct fs *fs, struct drop *d, struct bound *out)
{
    int rc = -ENOENT;

    out->parent[0] = '\0';
    drops_lock(fs->drops);
    if (d->id && d->folder->res) {
        rc = copy_id(out->id, d->id);
        if (rc == 0 && d->folder->parent)
            rc = copy_id(out->parent, d->folder->parent);
        if (rc == 0)
            set_target(out, d->folder->res);
    }
    drops_unlock(fs->drops);
    return rc;
}
