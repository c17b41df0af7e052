#include "links.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doomed.h"
#include "drop.h"
#include "drop_table.h"
#include "drop_target.h"
#include "inodes_context.h"
#include "known.h"
#include "list_filter.h"
#include "listing.h"
#include "node.h"

#include "banned.h"

struct node *link_folder_node(struct inodes *inodes, struct node *n)
{
    struct node *at = node_ref(inodes->nodes, n);

    while (at && at->place.kind != NODE_COLLECTION && at->place.kind != NODE_SUBFOLDER) {
        struct node *up = node_parent(inodes->nodes, at);

        node_unref(inodes->nodes, at);
        at = up;
    }
    return at;
}

int link_folder(struct inodes *inodes, struct call *call, struct node *n, struct folder **out)
{
    struct node *folder = link_folder_node(inodes, n);
    int rc = folder ? bind_folder(inodes, call, folder, true, out) : -ENOENT;

    node_unref(inodes->nodes, folder);
    return rc;
}

int link_bind(struct inodes *inodes, struct node *link, struct target_ids *out)
{
    struct node *collection = link_folder_node(inodes, link);
    int rc = collection ? bind_entry(inodes, collection, link->id, out) : -EINVAL;

    node_unref(inodes->nodes, collection);
    return rc;
}

int link_target(struct inodes *inodes, struct node *link, char out[FS_LINK_MAX])
{
    struct node *at = node_parent(inodes->nodes, link);
    char name[ROUTE_NAME_MAX + 1];
    size_t len = 0;

    while (at && at->place.kind != NODE_COLLECTION && len < FS_LINK_MAX) {
        struct node *up = node_parent(inodes->nodes, at);

        len += (size_t)snprintf(out + len, FS_LINK_MAX - len, "../");
        node_unref(inodes->nodes, at);
        at = up;
    }
    node_unref(inodes->nodes, at);
    if (route_id_name(link->id, name) < 0)
        return -ENAMETOOLONG;
    if (len < FS_LINK_MAX)
        len += (size_t)snprintf(out + len, FS_LINK_MAX - len, "%s", name);
    return len < FS_LINK_MAX ? 0 : -ENAMETOOLONG;
}

/* --- Names ------------------------------------------------------------------------------------ */

static int find_by_name(struct inodes *inodes, struct call *call, struct folder *f,
                        const char *name, char id[RESOURCE_ID_MAX + 1], struct failure *err)
{
    int rc = drops_id_of_name(inodes->drops, f, name, id); /* made here */

    if (rc == -ENOENT) {
        rc = known_id_in_folder(inodes->remote, call, f, name, id, err);
        if (rc == 0 && drops_hide_name(inodes->drops, f, name, id))
            rc = -ENOENT;
    }
    if (rc == -ENOENT)
        rc = known_id_by_title(inodes->remote, call, f, name, id, err);
    return rc == -ENOENT ? known_id_beside(inodes->remote, call, f, name, id, err) : rc;
}

/* --- Filters ---------------------------------------------------------------------------------- */

static bool is_own(const char *value)
{
    return strcmp(value, resource_get(RES_ORGANIZATIONS)->own_id) == 0;
}

bool link_holds(const struct filter *filter, const char *value, const struct record *r)
{
    if (filter && filter->owns && is_own(value))
        return true;
    if (filter && filter->way != FILTER_IS)
        return list_filter_time_holds(filter, value, r);
    return list_filter_holds(filter && filter->field ? filter->field
                             : filter                ? filter->name
                                                     : NULL,
                             value, r);
}

int link_id(const struct filter *filter, const char *value, const struct record *r,
            char id[RESOURCE_ID_MAX + 1])
{
    char own[RESOURCE_ID_MAX + 1];
    int rc = record_id(r, own);
    bool prefixed = filter && filter->owns && !is_own(value) && id_own(own) == own;

    if (rc < 0)
        return rc;
    return snprintf(id, RESOURCE_ID_MAX + 1, "%s%s%s", prefixed ? value : "", prefixed ? "/" : "",
                    own) > RESOURCE_ID_MAX
               ? -ENAMETOOLONG
               : 0;
}

/* --- Look-ups --------------------------------------------------------------------------------- */

/* 0, -ENOENT: that it goes was told. */
static int check_stays(struct inodes *inodes, const char *id)
{
    return drops_is_doomed(inodes->drops, id) ? -ENOENT : 0;
}

int link_find(struct inodes *inodes, struct call *call, struct node *parent, const char *name,
              char id[RESOURCE_ID_MAX + 1], struct failure *err)
{
    cleanup_record struct record *r = NULL;
    const struct filter *filter = parent->place.filter;
    struct node *collection;
    struct folder *f;
    struct target_ids b;
    int rc = link_folder(inodes, call, parent, &f);

    if (rc < 0)
        return rc;
    if (parent->place.kind == NODE_BY_NAME) {
        rc = find_by_name(inodes, call, f, name, id, err);
        return rc < 0 ? rc : check_stays(inodes, id);
    }
    rc = route_name_id(name, id);
    if (rc < 0)
        return -ENOENT;
    collection = link_folder_node(inodes, parent);
    rc = bind_entry(inodes, collection, id, &b);
    node_unref(inodes->nodes, collection);
    if (rc == 0)
        rc = known_record(inodes->remote, call, &b.target, &r, err);
    if (rc < 0)
        return rc;
    if (!list_filter_holds(f->filter, f->filter_value, r) || !link_holds(filter, parent->id, r))
        return -ENOENT;
    return check_stays(inodes, b.id);
}
