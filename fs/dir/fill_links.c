#include "fill_links.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dirs_context.h"
#include "doomed.h"
#include "drop.h"
#include "drop_table.h"
#include "known.h"
#include "known_lists.h"
#include "links.h"
#include "listing.h"
#include "node.h"

#include "banned.h"

static int name_of(struct dirs *dirs, struct folder *f, const struct name_index *names,
                   const char *id, char out[NAMES_MAX + 1])
{
    cleanup_drop struct drop *here = drops_find_id(dirs->drops, f, id);
    cleanup_drop struct drop *taken = NULL;
    const char *name = name_index_name(names, id);
    int rc;

    if (here) {
        drops_lock(dirs->drops);
        snprintf(out, NAMES_MAX + 1, "%s", here->name);
        drops_unlock(dirs->drops);
        return 0;
    }
    rc = name_index_shown(names, id, false, out);
    if (rc == 0)
        taken = drops_find(dirs->drops, f, out);
    if (rc < 0 || (!taken && (!name || strcmp(name, out) == 0)))
        return rc;
    return name_index_beside(names, id, out) < 0 ? name_index_shown(names, id, true, out) : 0;
}

/* --- Listing ---------------------------------------------------------------------------------- */

/* The rows that an index is about. */
struct rows {
    struct listing *listing;
    const struct filter *filter; /* that each must hold; NULL: all */
    const char *value;
};

static int rows_of(struct dirs *dirs, struct node *n, const struct folder *f, struct rows *out)
{
    bool by_value = n->place.kind == NODE_BY_VALUE;

    *out = (struct rows){ .filter = by_value ? n->place.filter : NULL, .value = n->id };
    if (by_value && !f->filter) /* the API filters */
        return known_listing(dirs->remote, f->res, f->parent, n->place.filter->name, n->id,
                             &out->listing);
    return known_folder_listing(dirs->remote, f, &out->listing);
}

static int add_link(struct dirs *dirs, struct dirhandle *d, struct folder *f,
                    const struct name_index *names, const struct rows *rows, struct record *r)
{
    struct lookup_result found = { .place = { .kind = NODE_LINK, .res = f->res } };
    char name[NAMES_MAX + 1];
    int rc = link_id(rows->filter, rows->value, r, found.id);

    if (rc < 0 || !resource_id_ok(f->res, found.id))
        return 0; /* never trusted as a path */
    if (drops_is_doomed(dirs->drops, found.id))
        return 0;
    rc = names ? name_of(dirs, f, names, found.id, name) : route_id_name(found.id, name);
    if (rc == -ENOENT)
        return 0; /* it came after the names */
    return rc < 0 ? rc : dir_add(d, name, &found);
}

/* A folder within has what was put there, and no list. */
static int add_links_here(struct dirs *dirs, struct dirhandle *d, struct folder *f)
{
    struct drop **list;
    size_t n;
    int rc = drops_list(dirs->drops, f, &list, &n);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct lookup_result found = { .place = { .kind = NODE_LINK, .res = f->res } };
        cleanup_free char *name = NULL;

        drops_lock(dirs->drops);
        if (list[i]->id) {
            snprintf(found.id, sizeof(found.id), "%s", list[i]->id);
            name = strdup(list[i]->name);
            rc = name ? 0 : -ENOMEM;
        }
        drops_unlock(dirs->drops);
        if (name)
            rc = dir_add(d, name, &found);
    }
    for (size_t i = 0; i < n; i++)
        drop_unref(list[i]);
    free(list);
    return rc;
}

static int add_links(struct dirs *dirs, struct call *call, struct dirhandle *d, struct folder *f,
                     struct failure *err)
{
    cleanup_name_index struct name_index *names = NULL;
    struct rows rows;
    int rc = rows_of(dirs, d->node, f, &rows);

    if (rc < 0)
        return rc;
    rc = listing_complete(rows.listing, call, err);
    if (rc == 0 && d->node->place.kind == NODE_BY_NAME)
        rc = listing_names(rows.listing, call, true, &names, err);
    for (size_t i = 0; rc == 0; i++) {
        cleanup_record struct record *r = NULL;

        rc = listing_row(rows.listing, call, i, &r, err);
        if (rc == 0 && r && link_holds(rows.filter, rows.value, r))
            rc = add_link(dirs, d, f, names, &rows, r);
    }
    listing_unref(rows.listing);
    return rc == 1 ? 0 : rc;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The field's value in each row that has one; the caller frees each and the array. */
static int collect_values(struct call *call, struct listing *l, const char *field, char ***out,
                          size_t *n, struct failure *err)
{
    size_t rows = listing_rows(l); /* asked once: it may grow meanwhile */
    int rc = 0;

    *n = 0;
    *out = calloc(rows + 1, sizeof(**out));
    if (!*out)
        return -ENOMEM;
    for (size_t i = 0; rc == 0 && i < rows; i++) {
        cleanup_record struct record *r = NULL;
        cleanup_buf struct buf value = BUF_INIT(RESOURCE_ID_MAX);

        rc = listing_row(l, call, i, &r, err);
        if (rc == 0 && r && record_string(r, field, &value) == 0 && value.len &&
            strlen(buf_str(&value)) == value.len)
            (*out)[(*n)++] = buf_take(&value);
    }
    qsort(*out, *n, sizeof(**out), compare_texts);
    return rc;
}

int fill_link_values(struct call *call, struct dirhandle *d, struct listing *l, const char *field,
                     const struct place *place, bool (*ok)(const char *value), struct failure *err)
{
    char name[ROUTE_NAME_MAX + 1];
    char **values;
    size_t n;
    int rc = listing_complete(l, call, err);

    if (rc < 0)
        return rc;
    rc = collect_values(call, l, field, &values, &n, err);
    for (size_t i = 0; i < n; i++) {
        struct lookup_result found = { .place = *place };

        if (rc == 0 && ok(values[i]) && (i == 0 || strcmp(values[i - 1], values[i]) != 0) &&
            route_id_name(values[i], name) == 0) {
            snprintf(found.id, sizeof(found.id), "%s", values[i]);
            rc = dir_add(d, name, &found);
        }
    }
    for (size_t i = 0; i < n; i++)
        free(values[i]);
    free(values);
    return rc;
}

static bool any_id_ok(const char *value)
{
    return resource_id_ok(NULL, value);
}

/* The words that the API has for it, or the ids that are there. */
static int add_values(struct dirs *dirs, struct call *call, struct dirhandle *d, struct folder *f,
                      struct failure *err)
{
    const struct filter *filter = d->node->place.filter;
    const struct place place = { .kind = NODE_BY_VALUE, .res = f->res, .filter = filter };
    bool older = filter->was && !known_today(dirs->remote);
    const char *const *words = older ? filter->was->enums : filter->schema->enums;
    cleanup_listing struct listing *l = NULL;
    int rc = 0;

    for (const char *const *word = words; rc == 0 && word && *word; word++) {
        struct lookup_result found = { .place = place };

        snprintf(found.id, sizeof(found.id), "%s", *word);
        rc = dir_add(d, *word, &found);
    }
    if (filter->schema->enums)
        return rc;
    rc = known_folder_listing(dirs->remote, f, &l);
    return rc < 0 ? rc
                  : fill_link_values(call, d, l, filter->field ? filter->field : filter->name,
                                     &place, any_id_ok, err);
}

int fill_links(struct dirs *dirs, struct call *call, struct dirhandle *d, struct failure *err)
{
    struct node *folder = link_folder_node(dirs->inodes, d->node);
    bool within = folder && folder->place.kind == NODE_SUBFOLDER;
    struct folder *f;
    int rc = link_folder(dirs->inodes, call, d->node, &f);

    node_unref(dirs->nodes, folder);
    if (rc < 0)
        return rc;
    if (within)
        return add_links_here(dirs, d, f);
    return d->node->place.kind == NODE_BY_FIELD ? add_values(dirs, call, d, f, err)
                                                : add_links(dirs, call, d, f, err);
}
