#include "binding.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drop_folders.h"
#include "inodes_context.h"
#include "node.h"
#include "other_fields.h"

#include "banned.h"

#define FOLDER_KEY_MAX 4096

/* The collection that a subfolder is in, with a reference; n itself when it is one. */
static struct node *collection_of(struct inodes *inodes, struct node *n)
{
    struct node *at = node_ref(inodes->nodes, n);

    while (at && at->place.kind == NODE_SUBFOLDER) {
        struct node *up = node_parent(inodes->nodes, at);

        node_unref(inodes->nodes, at);
        at = up;
    }
    return at;
}

int bind_entry(struct inodes *inodes, struct node *collection, const char *id,
               struct target_ids *out)
{
    struct node *base = collection_of(inodes, collection);
    const struct resource *res = base ? base->place.res : NULL;
    bool within = res && res->parent != RES_NONE;
    struct node *above = within ? node_parent(inodes->nodes, base) : NULL;
    int rc = within && (!above || !above->id)
                 ? -EINVAL
                 : target_ids_set(out, res, above ? above->id : NULL, id);

    node_unref(inodes->nodes, above);
    node_unref(inodes->nodes, base);
    return rc;
}

int bind_resource(struct inodes *inodes, struct node *n, struct target_ids *out)
{
    struct node *resource = node_ref(inodes->nodes, n);
    struct node *collection;
    int rc;

    if (resource->place.kind != NODE_RESOURCE) {
        node_unref(inodes->nodes, resource);
        resource = node_parent(inodes->nodes, n);
    }
    if (!resource || resource->place.kind != NODE_RESOURCE) {
        node_unref(inodes->nodes, resource);
        return -EINVAL;
    }
    collection = node_parent(inodes->nodes, resource);
    rc = collection ? bind_entry(inodes, collection, resource->id, out) : -EINVAL;
    node_unref(inodes->nodes, collection);
    node_unref(inodes->nodes, resource);
    return rc;
}

int bind_field(struct inodes *inodes, struct node *n, struct bound_field *out)
{
    cleanup_free char *file = NULL;
    struct place at = { .kind = NODE_RESOURCE, .res = n->place.res }, place;

    out->field = *n->place.field;
    if (!other_field_is(&n->place))
        return 0;
    file = node_name(inodes->nodes, n);
    if (!file)
        return -ENOMEM;
    if (other_field_at(&at, inodes->scratch, file, &place, out->name) < 0)
        return -ESTALE;
    out->field.name = out->name;
    return 0;
}

/* --- Folders ---------------------------------------------------------------------------------- */

/* Subfolders nest: this and add_parent_key call each other. */
static int add_key(struct inodes *inodes, struct node *n, struct buf *key);

static int add_resource_key(struct inodes *inodes, struct node *n, struct buf *key)
{
    struct target_ids b;
    int rc = bind_resource(inodes, n, &b);

    return rc < 0 ? rc : folder_resource_key(&b.target, key);
}

static int add_parent_key(struct inodes *inodes, struct node *n, struct buf *key)
{
    struct node *parent = node_parent(inodes->nodes, n);
    int rc = 0;

    if (parent && parent->place.kind != NODE_ROOT) {
        rc = add_key(inodes, parent, key);
        if (rc == 0)
            rc = buf_addc(key, '/');
    }
    node_unref(inodes->nodes, parent);
    return rc;
}

static int add_key(struct inodes *inodes, struct node *n, struct buf *key)
{
    cleanup_free char *name = NULL;
    int rc;

    if (n->place.kind == NODE_RESOURCE)
        return add_resource_key(inodes, n, key);
    if (n->place.kind == NODE_CONSENT)
        return buf_addf(key, "consents/%s", n->id);
    rc = add_parent_key(inodes, n, key);
    if (rc < 0)
        return rc;
    name = node_name(inodes->nodes, n);
    return name ? buf_adds(key, name) : -ENOMEM;
}

int bind_folder(struct inodes *inodes, struct call *call, struct node *n, bool create,
                struct folder **out)
{
    cleanup_buf struct buf key = BUF_INIT(FOLDER_KEY_MAX);
    enum node_kind kind = n->place.kind;
    bool known, loaded;
    int rc;

    if (kind != NODE_COLLECTION && kind != NODE_SUBFOLDER && kind != NODE_RESOURCE)
        return -ENOTDIR;
    rc = add_key(inodes, n, &key);
    if (rc < 0)
        return rc;
    known = drops_has_folder(inodes->drops, key.data, &loaded);
    if (call->nowait && !loaded)
        return -EWOULDBLOCK;
    /* a resource's directory mostly has no local files: no folder is made only to look */
    if (kind == NODE_RESOURCE && !create && !known && !drops_has_rows(inodes->drops, key.data))
        return -ENOENT;
    return drops_folder(inodes->drops, key.data, out);
}
