/* What stands in a directory: each entry once, names as the folder says. */
#include "dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "defaults.h"
#include "failed_text.h"
#include "index.h"
#include "known.h"

#include "banned.h"

/* --- Adding entries --------------------------------------------------------------------------- */

static void item_free(struct item *item)
{
    if (!item)
        return;
    found_release(&item->found);
    free(item->name);
    free(item);
}

static int add_slot(struct dirhandle *d, struct item *item, struct record *record)
{
    if (d->n == d->cap) {
        size_t cap = d->cap ? 2 * d->cap : 64;
        struct slot *slots = realloc(d->slots, cap * sizeof(*slots));

        if (!slots)
            return -ENOMEM;
        d->slots = slots;
        d->cap = cap;
    }
    d->slots[d->n++] = (struct slot){ item, record };
    return 0;
}

int dir_add(struct dirhandle *d, const char *name, const struct found *found)
{
    struct item *item = NULL;

    HASH_FIND_STR(d->by_name, name, item);
    if (item)
        return 0;
    item = calloc(1, sizeof(*item));
    if (!item || !(item->name = strdup(name))) {
        free(item);
        return -ENOMEM;
    }
    item->found = *found;
    drop_ref(item->found.drop);
    HASH_ADD_KEYPTR(hh, d->by_name, item->name, strlen(item->name), item);
    if (HASH_ADDED(item) && add_slot(d, item, NULL) == 0)
        return 0;
    if (HASH_ADDED(item))
        HASH_DELETE(hh, d->by_name, item);
    item_free(item);
    return -ENOMEM;
}

static int add_place(struct dirhandle *d, const char *name, struct place place)
{
    struct found found = { .place = place };

    return dir_add(d, name, &found);
}

static int add_rows_of_tree(struct dirhandle *d)
{
    const struct place *at = &d->node->place;
    enum resource_kind res = at->res ? at->res->kind : RES_NONE;
    const struct tree_row *row;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && (row = tree_child(at->kind, res, i)); i++)
        rc = add_place(
            d, row->name,
            (struct place){ .kind = row->kind, .row = row, .res = resource_get(row->res) });
    return rc;
}

/* --- Dropped files ---------------------------------------------------------------------------- */

static bool is_taken(struct fs *fs, struct folder *f, const char *name)
{
    cleanup_drop struct drop *drop = drops_find(fs->drops, f, name);

    return drop != NULL;
}

static int add_drop(struct fs *fs, struct dirhandle *d, struct drop *drop)
{
    cleanup_free char *name = NULL;
    cleanup_found struct found found = { .drop = NULL };
    bool failed;
    int rc = resolve_drop(fs, &d->node->place, drop, &found);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    drops_lock(fs->drops);
    name = strdup(drop->name);
    failed = drop->failed;
    drops_unlock(fs->drops);
    if (!name)
        return -ENOMEM;
    if (defaults_is(name) || failed_text_is(&d->node->place, name))
        return 0;
    rc = dir_add(d, name, &found);
    if (rc == 0 && failed && strlen(name) + strlen(ERROR_NOTE_ENDING) <= ROUTE_NAME_MAX) {
        char note[ROUTE_NAME_MAX + 1];

        found.place = (struct place){ .kind = NODE_ERROR_NOTE };
        snprintf(note, sizeof(note), "%s%s", name, ERROR_NOTE_ENDING);
        rc = is_taken(fs, d->folder, note) ? 0 : dir_add(d, note, &found);
    }
    return rc;
}

static bool is_local(struct fs *fs, const struct drop *drop)
{
    bool local;

    drops_lock(fs->drops);
    local = !drop->id || drop->local || drop->failed || drop->what == DROP_SUBFOLDER;
    drops_unlock(fs->drops);
    return local;
}

static int compare_pointers(const void *a, const void *b)
{
    struct drop *const *x = a, *const *y = b;

    return (*x > *y) - (*x < *y);
}

static bool is_shown(const struct dirhandle *d, struct drop *drop)
{
    return d->n_shown && bsearch(&drop, d->shown, d->n_shown, sizeof(*d->shown), compare_pointers);
}

/* What is not (only) at the server comes first; all of it in a folder that has no list. */
static int add_local_drops(struct fs *fs, struct dirhandle *d, bool all)
{
    struct drop **list;
    int rc;
    size_t n;

    if (!d->folder)
        return 0;
    rc = drops_list(fs->drops, d->folder, &list, &n);
    if (rc < 0)
        return rc;
    d->shown = list;
    for (size_t i = 0; i < n; i++) {
        if (rc == 0 && (all || is_local(fs, list[i]))) {
            rc = add_drop(fs, d, list[i]);
            d->shown[d->n_shown++] = list[i];
        } else {
            drop_unref(list[i]);
        }
    }
    qsort(d->shown, d->n_shown, sizeof(*d->shown), compare_pointers);
    return rc;
}

/*
 * After the last row: what was sent and is not in the list was deleted elsewhere, and its name
 * goes; unless it was sent so lately that the list may not have it yet.
 */
static int add_sent_drops(struct fs *fs, struct dirhandle *d)
{
    struct drop **list;
    size_t n;
    int rc = drops_list(fs->drops, d->folder, &list, &n);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        char id[RESOURCE_ID_MAX + 1] = "";
        struct drop *drop = list[i];
        bool sent, fresh;

        drops_lock(fs->drops);
        sent = drop->id && !drop->local && !drop->failed && !drop->exclusive && !drop->writers;
        fresh = drop_is_fresh_locked(fs->drops, drop);
        if (sent)
            sent = listing_find(d->listing, drop->id, NULL) == -ENOENT;
        snprintf(id, sizeof(id), "%s", drop->id ? drop->id : "");
        drops_unlock(fs->drops);
        if (sent && !is_shown(d, drop) && fresh)
            rc = add_drop(fs, d, drop);
        else if (sent && !is_shown(d, drop))
            resolve_gone_elsewhere(fs, drop, id, false);
    }
    for (size_t i = 0; i < n; i++)
        drop_unref(list[i]);
    free(list);
    return rc;
}

/* --- Lists of the API ------------------------------------------------------------------------- */

/* By the name or digits that find it: what was made here goes before it. */
static int add_by_name(struct fs *fs, struct dirhandle *d, const char *id)
{
    struct found found = { .place = { .kind = NODE_RESOURCE, .res = d->node->place.res } };
    char name[NAMES_MAX + 1];
    int rc = name_index_shown(d->names, id, false, name);

    if (rc == 0 && is_taken(fs, d->folder, name))
        rc = name_index_shown(d->names, id, true, name);
    if (rc < 0 || is_taken(fs, d->folder, name))
        snprintf(name, sizeof(name), "%s", id);
    snprintf(found.id, sizeof(found.id), "%s", id);
    return dir_add(d, name, &found);
}

/* What was not made here. */
static int add_other(struct fs *fs, struct dirhandle *d, struct record *r, const char *id)
{
    int rc;

    if (fs->options->list == LIST_DROPS && d->node->place.res->make_from == MAKE_DOCUMENT)
        return 0;
    if (d->names)
        return add_by_name(fs, d, id);
    rc = add_slot(d, NULL, r);
    if (rc == 0)
        record_ref(r);
    return rc;
}

static int add_row(struct fs *fs, struct dirhandle *d, struct record *r)
{
    char id[RESOURCE_ID_MAX + 1];
    struct drop *drop;
    int rc;

    if (record_id(r, id) < 0 || !resource_id_ok(d->node->place.res, id))
        return 0; /* never trusted as a path */
    drop = drops_find_id(fs->drops, d->folder, id);
    if (!drop && d->node->place.kind == NODE_SUBFOLDER)
        return 0; /* in a subfolder stands what was put there, and nothing else */
    if (!drop && drops_owns_id(fs->drops, d->folder, id))
        return 0; /* it stands in a folder within this one */
    if (!drop)
        return add_other(fs, d, r, id);
    rc = is_shown(d, drop) ? 0 : add_drop(fs, d, drop);
    drop_unref(drop);
    return rc;
}

static int add_more_rows(struct fs *fs, struct call *call, struct dirhandle *d, struct failure *err)
{
    struct record *r = NULL;
    int rc = listing_row(d->listing, call, d->next_row, &r, err);

    if (rc == 1) {
        d->done = true;
        return add_sent_drops(fs, d);
    }
    if (rc < 0)
        return rc;
    d->next_row++;
    rc = r ? add_row(fs, d, r) : 0;
    record_unref(r);
    return rc;
}

static int begin_collection(struct fs *fs, struct call *call, struct dirhandle *d,
                            struct failure *err)
{
    const struct resource *res = d->node->place.res;
    int rc = bind_folder(fs, call, d->node, true, &d->folder);

    if (rc < 0)
        return rc;
    if (folder_is_closed(d->folder)) {
        d->done = true;
        return add_local_drops(fs, d, true);
    }
    if (!(res->can & CAN_LIST)) {
        d->done = true;
        if (!res->own_id)
            return 0;
        struct found own = { .place = { .kind = NODE_RESOURCE, .res = res } };
        snprintf(own.id, sizeof(own.id), "%s", res->own_id);
        return dir_add(d, res->own_id, &own);
    }
    rc = drops_load_below(fs->drops, d->folder);
    if (rc == 0)
        rc = known_folder_listing(fs, d->folder, &d->listing);
    if (rc == 0 && fs->options->list != LIST_IDS)
        rc = listing_names(d->listing, call, &d->names, err);
    return rc < 0 ? rc : add_local_drops(fs, d, false);
}

/* --- Other directories ------------------------------------------------------------------------ */

/* The consents that documents carry: the list that a consent's folder filters, unfiltered. */
static int add_consents(struct fs *fs, struct call *call, struct dirhandle *d, struct failure *err)
{
    const struct tree_row *row = tree_child(NODE_CONSENT, RES_NONE, 0);
    cleanup_listing struct listing *l = NULL;
    int rc = known_listing(fs, resource_get(row->res), NULL, NULL, NULL, &l);

    return rc < 0 ? rc
                  : index_add_values(call, d, l, row->filter,
                                     &(const struct place){ .kind = NODE_CONSENT }, consent_id_ok,
                                     err);
}

static int add_fields(struct fs *fs, struct dirhandle *d, const char *id, const struct record *r)
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
        if (route_field_may_lack(f) && !resolve_has_field(fs, id, r, f))
            continue;
        rc = add_place(d, name, place);
    }
    return rc;
}

static int add_content(struct dirhandle *d, const struct record *r)
{
    const struct resource *res = d->node->place.res;
    const char *ending = resolve_content_ending(r);
    char name[ROUTE_NAME_MAX + 1];
    int rc;

    if (resource_content_max(res) == 0)
        return 0;
    rc = add_place(d, "content", (struct place){ .kind = NODE_CONTENT, .res = res });
    if (rc < 0 || !ending)
        return rc;
    snprintf(name, sizeof(name), "content.%s", ending);
    return add_place(d, name,
                     (struct place){ .kind = NODE_CONTENT_LINK, .res = res, .ending = ending });
}

static int add_resource(struct fs *fs, struct call *call, struct dirhandle *d, struct failure *err)
{
    const struct resource *res = d->node->place.res;
    cleanup_record struct record *r = NULL;
    struct bound b;
    int rc = bind_resource(fs, d->node, &b);

    if (rc == 0)
        rc = known_record(fs, call, &b.target, &r, err);
    if (rc < 0)
        return rc;
    rc = bind_folder(fs, call, d->node, false, &d->folder);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    rc = add_place(d, "resource.json", (struct place){ .kind = NODE_WHOLE, .res = res });
    if (rc == 0)
        rc = add_fields(fs, d, b.id, r);
    if (rc == 0)
        rc = add_content(d, r);
    if (rc == 0)
        rc = add_rows_of_tree(d);
    return rc < 0 ? rc : add_local_drops(fs, d, true);
}

static int add_spool(struct fs *fs, struct dirhandle *d, enum node_kind kind)
{
    struct drop **list;
    size_t n;
    int rc = resolve_spool_list(fs, kind, &list, &n);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        struct found found = { .place = { .kind = kind }, .drop = list[i] };
        char name[ROUTE_NAME_MAX + 1];

        if (rc == 0 && resolve_spool_name(fs, list[i], kind, name) == 0)
            rc = dir_add(d, name, &found);
        drop_unref(list[i]);
    }
    free(list);
    return rc;
}

/* --- All of it -------------------------------------------------------------------------------- */

static int begin_subfolder(struct fs *fs, struct call *call, struct dirhandle *d)
{
    int rc = bind_folder(fs, call, d->node, true, &d->folder);

    d->done = rc == 0 && folder_is_closed(d->folder);
    if (rc == 0 && !d->done)
        rc = known_folder_listing(fs, d->folder, &d->listing);
    return rc < 0 ? rc : add_local_drops(fs, d, d->done);
}

void dir_clear(struct dirhandle *d)
{
    HASH_CLEAR(hh, d->by_name);
    for (size_t i = 0; i < d->n; i++) {
        item_free(d->slots[i].item);
        record_unref(d->slots[i].record);
    }
    for (size_t i = 0; i < d->n_shown; i++)
        drop_unref(d->shown[i]);
    free(d->shown);
    listing_unref(d->listing);
    name_index_unref(d->names);
    d->shown = NULL;
    d->listing = NULL;
    d->names = NULL;
    d->folder = NULL;
    d->n = d->n_shown = d->next_row = 0;
    d->begun = d->done = false;
}

static int begin(struct fs *fs, struct call *call, struct dirhandle *d, struct failure *err)
{
    switch ((int)d->node->place.kind) {
    case NODE_COLLECTION:
        return begin_collection(fs, call, d, err);
    case NODE_RESOURCE:
        d->done = true;
        return add_resource(fs, call, d, err);
    case NODE_CONSENTS:
        d->done = true;
        return add_consents(fs, call, d, err);
    case NODE_FAILED:
        d->done = true;
        return add_spool(fs, d, NODE_FAILED_FILE);
    case NODE_PENDING:
        d->done = true;
        return add_spool(fs, d, NODE_PENDING_FILE);
    case NODE_SUBFOLDER:
        return begin_subfolder(fs, call, d);
    case NODE_BY_NAME:
    case NODE_BY_ID:
    case NODE_BY_FIELD:
    case NODE_BY_VALUE:
        d->done = true;
        return index_add(fs, call, d, err);
    default:
        d->done = true;
        return add_rows_of_tree(d);
    }
}

int dir_fill(struct fs *fs, struct call *call, struct dirhandle *d, size_t index,
             struct failure *err)
{
    int rc;

    if (!d->begun) {
        rc = begin(fs, call, d, err);
        if (rc < 0) {
            dir_clear(d);
            return rc;
        }
        d->begun = true;
    }
    while (d->n <= index && !d->done) {
        rc = add_more_rows(fs, call, d, err);
        if (rc < 0)
            return rc;
    }
    return d->n > index ? 0 : 1;
}
