#include "index.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "known.h"

#include "banned.h"

#define DIGITS 8 /* that tell clashing names apart */

/* The collection that it is an index of, with a reference. */
static struct node *collection_above(struct fs *fs, struct node *n)
{
    struct node *at = node_ref(fs->nodes, n);

    while (at && at->place.kind != NODE_COLLECTION) {
        struct node *up = node_parent(fs->nodes, at);

        node_unref(fs->nodes, at);
        at = up;
    }
    return at;
}

static int folder_above(struct fs *fs, struct call *call, struct node *n, struct folder **out)
{
    struct node *collection = collection_above(fs, n);
    int rc = collection ? bind_folder(fs, call, collection, true, out) : -ENOENT;

    node_unref(fs->nodes, collection);
    return rc;
}

int index_bind(struct fs *fs, struct node *link, struct bound *out)
{
    struct node *collection = collection_above(fs, link);
    int rc = collection ? bind_entry(fs, collection, link->id, out) : -EINVAL;

    node_unref(fs->nodes, collection);
    return rc;
}

int index_target(struct fs *fs, struct node *link, char out[INDEX_TARGET_MAX])
{
    struct node *parent = node_parent(fs->nodes, link);
    const char *up = parent && parent->place.kind == NODE_BY_VALUE ? "../../" : "../";

    node_unref(fs->nodes, parent);
    return snprintf(out, INDEX_TARGET_MAX, "%s%s", up, link->id) >= INDEX_TARGET_MAX ? -ENAMETOOLONG
                                                                                     : 0;
}

/* --- Names ------------------------------------------------------------------------------------ */

/* The resource that was made here under this name. */
static int find_made_here(struct fs *fs, struct folder *f, const char *name,
                          char id[RESOURCE_ID_MAX + 1])
{
    cleanup_drop struct drop *d = drops_find(fs->drops, f, name);
    int rc = -ENOENT;

    if (!d)
        return rc;
    drops_lock(fs->drops);
    if (d->id) {
        snprintf(id, RESOURCE_ID_MAX + 1, "%s", d->id);
        rc = 0;
    }
    drops_unlock(fs->drops);
    return rc;
}

static int find_by_name(struct fs *fs, struct call *call, struct folder *f, const char *name,
                        char id[RESOURCE_ID_MAX + 1], struct failure *err)
{
    cleanup_name_index struct name_index *names = NULL;
    char base[NAMES_MAX + 1];
    char *tilde;
    int rc = find_made_here(fs, f, name, id);

    if (rc == -ENOENT)
        rc = known_id_in_folder(fs, call, f, name, id, err);
    if (rc != -ENOENT)
        return rc;
    snprintf(base, sizeof(base), "%s", name);
    tilde = strrchr(base, '~');
    if (!tilde || strlen(tilde + 1) != DIGITS)
        return -ENOENT;
    *tilde = '\0';
    rc = known_folder_names(fs, call, f, &names, err);
    return rc < 0 ? rc : name_index_find_digits(names, base, tilde + 1, id);
}

/* Its own name and the first digits of its id, where another one has that name too. */
static int clashing_name(const struct name_index *names, const char *id, const char *name,
                         char out[NAMES_MAX + 1])
{
    const char *digits = strrchr(id, ':');

    if (!digits || strlen(name) + 1 + DIGITS > NAMES_MAX)
        return name_index_shown(names, id, true, out);
    snprintf(out, NAMES_MAX + 1, "%s~%.*s", name, DIGITS, digits + 1);
    return 0;
}

static int name_of(struct fs *fs, struct folder *f, const struct name_index *names, const char *id,
                   char out[NAMES_MAX + 1])
{
    cleanup_drop struct drop *here = drops_find_id(fs->drops, f, id);
    cleanup_drop struct drop *taken = NULL;
    const char *name = name_index_name(names, id);
    int rc;

    if (here) {
        drops_lock(fs->drops);
        snprintf(out, NAMES_MAX + 1, "%s", here->name);
        drops_unlock(fs->drops);
        return 0;
    }
    rc = name_index_shown(names, id, false, out);
    if (rc == 0)
        taken = drops_find(fs->drops, f, out);
    if (rc < 0 || (!taken && (!name || strcmp(name, out) == 0)))
        return rc;
    return name ? clashing_name(names, id, name, out) : name_index_shown(names, id, true, out);
}

/* --- Listing ---------------------------------------------------------------------------------- */

/* The rows that an index is about. */
struct rows {
    struct listing *listing;
    const struct filter *filter; /* that each must hold; NULL: all */
    const char *value;
};

static int rows_of(struct fs *fs, struct node *n, const struct folder *f, struct rows *out)
{
    bool by_value = n->place.kind == NODE_BY_VALUE;

    *out = (struct rows){ .filter = by_value ? n->place.filter : NULL, .value = n->id };
    if (by_value && !f->filter) /* the API filters */
        return known_listing(fs, f->res, f->parent, n->place.filter->name, n->id, &out->listing);
    return known_folder_listing(fs, f, &out->listing);
}

static int add_link(struct fs *fs, struct dirhandle *d, struct folder *f,
                    const struct name_index *names, struct record *r)
{
    struct found found = { .place = { .kind = NODE_LINK, .res = f->res } };
    char name[NAMES_MAX + 1];
    int rc = record_id(r, found.id);

    if (rc < 0 || !resource_id_ok(f->res, found.id))
        return 0; /* never trusted as a path */
    if (names)
        rc = name_of(fs, f, names, found.id, name);
    if (rc == -ENOENT)
        return 0; /* it came after the names */
    return rc < 0 ? rc : dir_add(d, names ? name : found.id, &found);
}

static int add_links(struct fs *fs, struct call *call, struct dirhandle *d, struct folder *f,
                     struct failure *err)
{
    cleanup_name_index struct name_index *names = NULL;
    struct rows rows;
    int rc = rows_of(fs, d->node, f, &rows);

    if (rc < 0)
        return rc;
    rc = listing_complete(rows.listing, call, err);
    if (rc == 0 && d->node->place.kind == NODE_BY_NAME)
        rc = listing_names(rows.listing, call, &names, err);
    for (size_t i = 0; rc == 0; i++) {
        cleanup_record struct record *r = NULL;

        rc = listing_row(rows.listing, call, i, &r, err);
        if (rc == 0 && r &&
            listing_filter_holds(rows.filter ? rows.filter->name : NULL, rows.value, r))
            rc = add_link(fs, d, f, names, r);
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
        if (rc == 0 && r && record_string(r, field, &value) == 0 && value.len)
            (*out)[(*n)++] = buf_take(&value);
    }
    qsort(*out, *n, sizeof(**out), compare_texts);
    return rc;
}

int index_add_values(struct call *call, struct dirhandle *d, struct listing *l, const char *field,
                     const struct place *place, bool (*ok)(const char *value), struct failure *err)
{
    char **values;
    size_t n;
    int rc = listing_complete(l, call, err);

    if (rc < 0)
        return rc;
    rc = collect_values(call, l, field, &values, &n, err);
    for (size_t i = 0; i < n; i++) {
        struct found found = { .place = *place };

        if (rc == 0 && ok(values[i]) && (i == 0 || strcmp(values[i - 1], values[i]) != 0)) {
            snprintf(found.id, sizeof(found.id), "%s", values[i]);
            rc = dir_add(d, values[i], &found);
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
static int add_values(struct fs *fs, struct call *call, struct dirhandle *d, struct folder *f,
                      struct failure *err)
{
    const struct filter *filter = d->node->place.filter;
    const struct place place = { .kind = NODE_BY_VALUE, .res = f->res, .filter = filter };
    cleanup_listing struct listing *l = NULL;
    int rc = 0;

    for (const char *const *word = filter->schema->enums; rc == 0 && word && *word; word++) {
        struct found found = { .place = place };

        snprintf(found.id, sizeof(found.id), "%s", *word);
        rc = dir_add(d, *word, &found);
    }
    if (filter->schema->enums)
        return rc;
    rc = known_folder_listing(fs, f, &l);
    return rc < 0 ? rc : index_add_values(call, d, l, filter->name, &place, any_id_ok, err);
}

int index_add(struct fs *fs, struct call *call, struct dirhandle *d, struct failure *err)
{
    struct folder *f;
    int rc = folder_above(fs, call, d->node, &f);

    if (rc < 0)
        return rc;
    return d->node->place.kind == NODE_BY_FIELD ? add_values(fs, call, d, f, err)
                                                : add_links(fs, call, d, f, err);
}

/* --- Look-ups --------------------------------------------------------------------------------- */

int index_find(struct fs *fs, struct call *call, struct node *parent, const char *name,
               char id[RESOURCE_ID_MAX + 1], struct failure *err)
{
    cleanup_record struct record *r = NULL;
    const struct filter *filter = parent->place.filter;
    struct node *collection;
    struct folder *f;
    struct bound b;
    int rc = folder_above(fs, call, parent, &f);

    if (rc < 0)
        return rc;
    if (parent->place.kind == NODE_BY_NAME)
        return find_by_name(fs, call, f, name, id, err);
    collection = collection_above(fs, parent);
    rc = bind_entry(fs, collection, name, &b);
    node_unref(fs->nodes, collection);
    if (rc == 0)
        rc = known_record(fs, call, &b.target, &r, err);
    if (rc < 0)
        return rc;
    if (!listing_filter_holds(f->filter, f->filter_value, r) ||
        !listing_filter_holds(filter ? filter->name : NULL, parent->id, r))
        return -ENOENT;
    snprintf(id, RESOURCE_ID_MAX + 1, "%s", name);
    return 0;
}
