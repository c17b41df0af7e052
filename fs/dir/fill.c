/* What stands in a directory: each entry once, names as the folder says. */
#include "fill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "dirs_context.h"
#include "doomed.h"
#include "drop.h"
#include "drop_folders.h"
#include "drop_table.h"
#include "drop_target.h"
#include "fill_drops.h"
#include "fill_links.h"
#include "known.h"
#include "known_lists.h"
#include "list_filter.h"
#include "listing.h"
#include "name_rules.h"
#include "node.h"
#include "resolve.h"
#include "settings.h"
#include "shared.h"

#include "banned.h"

#define ROW_LATER 2 /* a row waits for the whole list */

/* --- Adding entries --------------------------------------------------------------------------- */

static int add_place(struct dirhandle *d, const char *name, struct place place)
{
    struct lookup_result found = { .place = place };

    return dir_add(d, name, &found);
}

/* What today's API alone has is in no listing as long as the server may be an older one. */
static bool is_listed(const struct dirs *dirs, const struct tree_row *row)
{
    const struct resource *res = resource_get(row->res);

    return !res || !resource_is_new(res) || known_today(dirs->remote);
}

static int add_rows_of_tree(struct dirs *dirs, struct dirhandle *d)
{
    const struct place *at = &d->node->place;
    enum resource_kind res = at->res ? at->res->kind : RES_NONE;
    const struct tree_row *row;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && (row = tree_child(at->kind, res, i)); i++)
        rc = is_listed(dirs, row)
                 ? add_place(d, row->name,
                             (struct place){
                                 .kind = row->kind, .row = row, .res = resource_get(row->res) })
                 : 0;
    return rc;
}

/* --- Lists of the API ------------------------------------------------------------------------- */

/*
 * By the name or digits that find it: what was made here goes before it. What only its file was called so has
 * digits too: under the bare name it would be a directory in the way of who drops a file of that name.
 */
static int name_of_row(struct dirs *dirs, struct dirhandle *d, const char *id,
                       char name[NAMES_MAX + 1])
{
    bool titled = d->node->place.res->title_field != NULL;
    int rc = titled ? name_index_beside(d->names, id, name)
                    : name_index_shown(d->names, id, false, name);

    if (rc < 0 || (titled && !names_portable(name)) || fill_taken(dirs, d->folder, name))
        rc = name_index_shown(d->names, id, true, name);
    return rc;
}

static int add_by_name(struct dirs *dirs, struct dirhandle *d, struct record *r, const char *id)
{
    struct lookup_result found = { .place = { .kind = NODE_RESOURCE, .res = d->node->place.res } };
    char name[NAMES_MAX + 1];
    int rc = name_of_row(dirs, d, id, name);

    if ((rc < 0 || fill_taken(dirs, d->folder, name)) && route_id_name(id, name) < 0)
        return 0;
    snprintf(found.id, sizeof(found.id), "%s", id);
    return dir_add_named_row(d, name, &found, r);
}

/* What was not made here. ROW_LATER: whether it has its name alone the whole list tells. */
static int add_other(struct dirs *dirs, struct call *call, struct dirhandle *d, struct record *r,
                     const char *id)
{
    struct failure ignored;
    int rc = 0;

    if (dirs->list == LIST_DROPS && d->node->place.res->make_from == MAKE_DOCUMENT)
        return 0;
    if (dirs->list == LIST_IDS)
        return dir_add_row(d, r);
    if (!d->names && !listing_is_complete(d->listing))
        return ROW_LATER;
    if (!d->names)
        rc = listing_names(d->listing, call, d->node->place.res->title_field != NULL, &d->names,
                           &ignored);
    return rc < 0 ? rc : add_by_name(dirs, d, r, id);
}

/* What has been put here for it, with a reference, or NULL: others may have given that name to another one. */
static int find_named(struct dirs *dirs, struct call *call, struct dirhandle *d, struct record *r,
                      const char *id, struct drop **out)
{
    int rc;

    *out = drops_find_id(dirs->drops, d->folder, id);
    rc = *out && d->folder->res->name_field ? resolve_renamed(dirs->inodes, call, *out, r) : 0;
    if (rc < 0) {
        drop_unref(*out);
        *out = NULL;
    }
    return rc == -EWOULDBLOCK ? rc : 0;
}

static int add_row(struct dirs *dirs, struct call *call, struct dirhandle *d, struct record *r)
{
    char id[RESOURCE_ID_MAX + 1];
    struct drop *drop;
    int rc = shared_walk_row(dirs->inodes, call, d->listing, &d->walk, r);

    if (rc != 0)
        return rc < 0 ? rc : ROW_LATER;
    if (record_id(r, id) < 0 || !resource_id_ok(d->node->place.res, id))
        return 0; /* never trusted as a path */
    if (drops_is_doomed(dirs->drops, id))
        return 0; /* it was replaced, and only its DELETE is still to come */
    rc = find_named(dirs, call, d, r, id, &drop);
    if (rc < 0)
        return rc;
    if (!drop && d->node->place.kind == NODE_SUBFOLDER)
        return 0; /* in a subfolder stands what was put there, and nothing else */
    if (!drop && drops_owns_id(dirs->drops, d->folder, id))
        return 0; /* it stands in a folder within this one */
    if (!drop)
        return add_other(dirs, call, d, r, id);
    rc = fill_shown(dirs, d, drop) ? 0 : fill_drop(dirs, d, drop);
    drop_unref(drop);
    return rc;
}

/* The row is the next one, or one that had to wait for the whole list. 1: there is none. */
static int add_numbered(struct dirs *dirs, struct call *call, struct dirhandle *d, size_t row,
                        struct failure *err)
{
    struct record *r = NULL;
    int rc = listing_row(d->listing, call, row, &r, err);

    if (rc == 0 && r)
        rc = add_row(dirs, call, d, r);
    record_unref(r);
    return rc;
}

static int add_last_rows(struct dirs *dirs, struct call *call, struct dirhandle *d,
                         struct failure *err)
{
    int rc;

    if (d->next_later < d->n_later) {
        rc = add_numbered(dirs, call, d, d->later[d->next_later], err);
        d->next_later += rc == 0;
        return rc;
    }
    rc = fill_ask_lacking(dirs, call, d);
    if (rc < 0)
        return rc;
    d->done = true;
    shared_walk_end(dirs->inodes, d->listing, &d->walk, d->next_row);
    return fill_sent_drops(dirs, d);
}

static int add_more_rows(struct dirs *dirs, struct call *call, struct dirhandle *d,
                         struct failure *err)
{
    int rc;

    if (!d->may_write && d->walk.root)
        return -EWOULDBLOCK; /* what gets a name gets a row on the disk */
    rc = d->n_later && d->next_later ? 1 : add_numbered(dirs, call, d, d->next_row, err);
    if (rc == 1)
        return add_last_rows(dirs, call, d, err);
    if (rc == ROW_LATER)
        rc = dir_add_later(d, d->next_row);
    d->next_row += rc == 0;
    return rc;
}

/* No list: one's own alone, and what was made here. */
static int add_own(struct dirs *dirs, struct call *call, struct dirhandle *d)
{
    const struct resource *res = d->node->place.res;
    struct lookup_result own = { .place = { .kind = NODE_RESOURCE, .res = res } };
    int rc = 0;

    d->done = true;
    if (res->own_id) {
        snprintf(own.id, sizeof(own.id), "%s", res->own_id);
        rc = dir_add(d, res->own_id, &own);
    }
    return rc < 0 ? rc : fill_local_drops(dirs, call, d, true);
}

static int begin_collection(struct dirs *dirs, struct call *call, struct dirhandle *d,
                            struct failure *err)
{
    int rc = bind_folder(dirs->inodes, call, d->node, true, &d->folder);

    if (rc < 0)
        return rc;
    if (folder_is_closed(d->folder)) {
        d->done = true;
        return fill_local_drops(dirs, call, d, true);
    }
    rc = known_list_is_there(dirs->remote, call, d->folder, err);
    if (rc < 0)
        return rc == -EOPNOTSUPP ? add_own(dirs, call, d) : rc;
    rc = drops_load_below(dirs->drops, d->folder);
    if (rc == 0)
        rc = known_folder_listing(dirs->remote, d->folder, &d->listing);
    if (rc == 0)
        rc = shared_walk_begin(dirs->inodes, call, d->folder, d->listing, &d->walk);
    return rc < 0 ? rc : fill_local_drops(dirs, call, d, false);
}

/* --- Other directories ------------------------------------------------------------------------ */

/* The consents that documents carry: the list that a consent's folder filters, unfiltered. */
static int add_consents(struct dirs *dirs, struct call *call, struct dirhandle *d,
                        struct failure *err)
{
    const struct tree_row *row = tree_child(NODE_CONSENT, RES_NONE, 0);
    cleanup_listing struct listing *l = NULL;
    int rc = known_listing(dirs->remote, resource_get(row->res), NULL, NULL, NULL, &l);

    return rc < 0 ? rc
                  : fill_link_values(call, d, l, row->filter,
                                     &(const struct place){ .kind = NODE_CONSENT }, consent_id_ok,
                                     err);
}

static int add_fields(struct dirs *dirs, struct dirhandle *d, const char *id,
                      const struct record *r)
{
    const struct resource *res = d->node->place.res;
    int rc = 0;

    for (const struct field *f = res->fields; f->name && rc == 0; f++) {
        struct place place = { .kind = NODE_FIELD, .res = res, .field = f };
        char name[ROUTE_NAME_MAX + 1];

        if ((f->flags & F_LINES) && route_lines_name(f, name) == 0) {
            place.kind = NODE_LINES; /* also where a list does not have them */
            rc = add_place(d, name, place);
            place.kind = NODE_FIELD;
        }
        if (!route_field_shown(f) || route_field_name(f, name) < 0)
            continue;
        if (route_field_may_lack(f) && !resolve_has_field(dirs->inodes, id, r, f))
            continue;
        rc = add_place(d, name, place);
    }
    return rc;
}

/* What the answer has and the table does not. */
static int add_other_fields(struct dirs *dirs, struct dirhandle *d, const struct record *r)
{
    const struct place *at = &d->node->place;
    char name[ROUTE_NAME_MAX + 1], file[ROUTE_NAME_MAX + 1];
    bool structure;
    int rc = 0;

    for (size_t pos = 0; rc == 0 && record_next_other(r, &pos, name, sizeof(name), &structure);) {
        struct place place = { .kind = NODE_FIELD, .res = at->res };

        if (resolve_other_file(dirs->inodes, at->res, name, structure, file) < 0 ||
            (d->folder && fill_taken(dirs, d->folder, file)))
            continue;
        place.field = structure ? &resource_other_structure : &resource_other_line;
        rc = add_place(d, file, place);
    }
    return rc;
}

static int add_content(struct dirhandle *d, const struct record *r)
{
    const struct resource *res = d->node->place.res;
    const char *ending = resolve_content_ending(r);
    char name[ROUTE_NAME_MAX + 1];
    int rc;

    if (resource_content_max(res) == 0 || record_is_handle(r))
        return 0; /* bytes that are not there yet are no empty file */
    rc = add_place(d, "content", (struct place){ .kind = NODE_CONTENT, .res = res });
    if (rc < 0 || !ending)
        return rc;
    snprintf(name, sizeof(name), "content.%s", ending);
    return add_place(d, name,
                     (struct place){ .kind = NODE_CONTENT_LINK, .res = res, .ending = ending });
}

static int add_resource(struct dirs *dirs, struct call *call, struct dirhandle *d,
                        struct failure *err)
{
    const struct resource *res = d->node->place.res;
    cleanup_record struct record *r = NULL;
    struct target_ids b;
    int rc = bind_resource(dirs->inodes, d->node, &b);

    if (rc == 0)
        rc = known_record(dirs->remote, call, &b.target, &r, err);
    if (rc < 0)
        return rc;
    rc = bind_folder(dirs->inodes, call, d->node, false, &d->folder);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    rc = add_place(d, "resource.json", (struct place){ .kind = NODE_WHOLE, .res = res });
    if (rc == 0)
        rc = add_fields(dirs, d, b.id, r);
    if (rc == 0)
        rc = add_other_fields(dirs, d, r);
    if (rc == 0)
        rc = add_content(d, r);
    if (rc == 0)
        rc = add_rows_of_tree(dirs, d);
    return rc < 0 ? rc : fill_local_drops(dirs, call, d, true);
}

static int add_spool(struct dirs *dirs, struct dirhandle *d, enum node_kind kind)
{
    struct drop **list;
    size_t n;
    int rc = resolve_spool_list(dirs->inodes, kind, &list, &n);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        struct lookup_result found = { .place = { .kind = kind }, .drop = list[i] };
        char name[ROUTE_NAME_MAX + 1];

        if (rc == 0 && resolve_spool_name(dirs->inodes, list[i], kind, name) == 0)
            rc = dir_add(d, name, &found);
        drop_unref(list[i]);
    }
    free(list);
    return rc;
}

/* --- All of it -------------------------------------------------------------------------------- */

static int begin_subfolder(struct dirs *dirs, struct call *call, struct dirhandle *d)
{
    int rc = bind_folder(dirs->inodes, call, d->node, true, &d->folder);

    d->done = rc == 0 && folder_is_closed(d->folder);
    if (rc == 0 && !d->done)
        rc = known_folder_listing(dirs->remote, d->folder, &d->listing);
    if (rc == 0 && !d->done)
        rc = shared_walk_begin(dirs->inodes, call, d->folder, d->listing, &d->walk);
    return rc < 0 ? rc : fill_local_drops(dirs, call, d, d->done);
}

static int begin(struct dirs *dirs, struct call *call, struct dirhandle *d, struct failure *err)
{
    switch ((int)d->node->place.kind) {
    case NODE_COLLECTION:
        return begin_collection(dirs, call, d, err);
    case NODE_RESOURCE:
        d->done = true;
        return add_resource(dirs, call, d, err);
    case NODE_CONSENTS:
        d->done = true;
        return add_consents(dirs, call, d, err);
    case NODE_FAILED:
        d->done = true;
        return add_spool(dirs, d, NODE_FAILED_FILE);
    case NODE_PENDING:
        d->done = true;
        return add_spool(dirs, d, NODE_PENDING_FILE);
    case NODE_SUBFOLDER:
        return begin_subfolder(dirs, call, d);
    case NODE_BY_NAME:
    case NODE_BY_ID:
    case NODE_BY_FIELD:
    case NODE_BY_VALUE:
        d->done = true;
        return fill_links(dirs, call, d, err);
    default:
        d->done = true;
        return add_rows_of_tree(dirs, d);
    }
}

int dir_fill(struct dirs *dirs, struct call *call, struct dirhandle *d, size_t index,
             struct failure *err)
{
    int rc;

    if (!d->begun) {
        rc = begin(dirs, call, d, err);
        if (rc < 0) {
            dir_clear(d);
            return rc;
        }
        d->begun = true;
    }
    while (d->n <= index && !d->done) {
        rc = add_more_rows(dirs, call, d, err);
        if (rc < 0)
            return rc;
    }
    return d->n > index ? 0 : 1;
}
