/* Directories: fs.h's functions on open ones. Each entry once, names as rule and folder say. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "binding.h"
#include "core.h"
#include "hash.h"
#include "hide.h"
#include "known.h"
#include "resolve.h"

#include "banned.h"

#define LIST_LAG_MS 30000 /* a list may be so much behind */
#define FIRST_ITEM 2 /* offsets: . and .. come first */

struct item {
    char *name;             /* NULL: the record's id */
    struct record *record;  /* of a row of a list, else NULL */
    struct found found;     /* with its drop; its id is the name of a row by id */
};

/* Rows by id are many: they are kept as their record alone. */
struct slot {
    struct item *item;     /* NULL: a row by its id */
    struct record *record;
};

struct dirhandle {
    struct node *node;
    uint64_t stat_ino;
    pthread_mutex_t lock;  /* one reads a handle at a time */
    struct slot *slots;    /* guarded by lock, as all below */
    size_t n, cap;
    bool begun, done;
    struct folder *folder;
    struct listing *listing;
    size_t next_row;
    struct drop **shown;   /* local ones that stand among the slots already, sorted */
    size_t n_shown;
    struct dirhandle *next, *prev; /* guarded by the fs's lock: all that are open */
};

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

static int add_item(struct dirhandle *d, const char *name, const struct found *found)
{
    struct item *item = calloc(1, sizeof(*item));

    if (!item || !(item->name = strdup(name))) {
        free(item);
        return -ENOMEM;
    }
    item->found = *found;
    drop_ref(item->found.drop);
    if (add_slot(d, item, NULL) == 0)
        return 0;
    item_free(item);
    return -ENOMEM;
}

static int add_place(struct dirhandle *d, const char *name, struct place place)
{
    struct found found = { .place = place };

    return add_item(d, name, &found);
}

static int add_rows_of_tree(struct dirhandle *d)
{
    const struct place *at = &d->node->place;
    enum resource_kind res = at->res ? at->res->kind : RES_NONE;
    const struct tree_row *row;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && (row = tree_child(at->kind, res, i)); i++)
        rc = add_place(d, row->name, (struct place){ .kind = row->kind, .row = row,
                                                     .res = resource_get(row->res) });
    return rc;
}

/* --- Dropped files ---------------------------------------------------------------------------- */

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
    rc = add_item(d, name, &found);
    if (rc == 0 && failed && strlen(name) + strlen(ERROR_NOTE_ENDING) <= ROUTE_NAME_MAX) {
        char note[ROUTE_NAME_MAX + 1];

        found.place = (struct place){ .kind = NODE_ERROR_NOTE };
        snprintf(note, sizeof(note), "%s%s", name, ERROR_NOTE_ENDING);
        rc = add_item(d, note, &found);
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
    return d->n_shown &&
           bsearch(&drop, d->shown, d->n_shown, sizeof(*d->shown), compare_pointers);
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
 * goes; unless it was sent so lately that the list may not have it yet: it will show again.
 */
static int add_sent_drops(struct fs *fs, struct dirhandle *d)
{
    int64_t recent = clock_now_ms(fs->clock) - LIST_LAG_MS;
    struct drop **list;
    size_t n;
    int rc = drops_list(fs->drops, d->folder, &list, &n);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct drop *drop = list[i];
        bool sent, fresh;

        drops_lock(fs->drops);
        sent = drop->id && !drop->local && !drop->failed && !drop->exclusive;
        fresh = drop->acked_ms >= recent && drop->acked_ms;
        if (sent)
            sent = listing_find(d->listing, drop->id, NULL) == -ENOENT;
        drops_unlock(fs->drops);
        if (sent && !is_shown(d, drop))
            rc = fresh ? 0 : drops_remove(fs->drops, drop);
    }
    for (size_t i = 0; i < n; i++)
        drop_unref(list[i]);
    free(list);
    return rc;
}

/* --- Lists of the API ------------------------------------------------------------------------- */

static int add_row(struct fs *fs, struct dirhandle *d, struct record *r)
{
    char id[RESOURCE_ID_MAX + 1];
    struct drop *drop;
    int rc;

    if (record_id(r, id) < 0 || !resource_id_ok(d->node->place.res, id))
        return 0; /* never trusted as a path */
    drop = drops_find_id(fs->drops, d->folder, id);
    if (!drop && drops_owns_id(fs->drops, d->folder, id))
        return 0; /* it stands in a folder within this one */
    if (!drop) {
        rc = add_slot(d, NULL, r);
        if (rc == 0)
            record_ref(r);
        return rc;
    }
    rc = is_shown(d, drop) ? 0 : add_drop(fs, d, drop);
    drop_unref(drop);
    return rc;
}

static int add_more_rows(struct fs *fs, struct call *call, struct dirhandle *d,
                         struct failure *err)
{
    struct record *r = NULL;
    int rc = listing_row(d->listing, call, d->next_row, &r, err);

    if (rc == -ENOENT) {
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

static int begin_collection(struct fs *fs, struct call *call, struct dirhandle *d)
{
    const struct resource *res = d->node->place.res;
    int rc = bind_folder(fs, call, d->node, true, &d->folder);

    if (rc < 0)
        return rc;
    if (!(res->can & CAN_LIST)) {
        d->done = true;
        if (!res->own_id)
            return 0;
        struct found own = { .place = { .kind = NODE_RESOURCE, .res = res } };
        snprintf(own.id, sizeof(own.id), "%s", res->own_id);
        return add_item(d, res->own_id, &own);
    }
    rc = known_folder_listing(fs, d->folder, &d->listing);
    return rc < 0 ? rc : add_local_drops(fs, d, false);
}

/* --- Other directories ------------------------------------------------------------------------ */

static int add_consent(struct dirhandle *d, const char *id)
{
    struct found found = { .place = { .kind = NODE_CONSENT } };

    for (size_t i = 0; i < d->n; i++)
        if (strcmp(d->slots[i].item->name, id) == 0)
            return 0;
    snprintf(found.id, sizeof(found.id), "%s", id);
    return add_item(d, id, &found);
}

/* The consents that documents carry: the list that a consent's folder filters, unfiltered. */
static int add_consents(struct fs *fs, struct call *call, struct dirhandle *d,
                        struct failure *err)
{
    const struct tree_row *row = tree_child(NODE_CONSENT, RES_NONE, 0);
    cleanup_listing struct listing *l = NULL;
    int rc = known_listing(fs, resource_get(row->res), NULL, NULL, NULL, &l);

    if (rc == 0)
        rc = listing_complete(l, call, err);
    for (size_t i = 0; rc == 0; i++) {
        cleanup_record struct record *r = NULL;
        cleanup_buf struct buf id = BUF_INIT(RESOURCE_ID_MAX);

        rc = listing_row(l, call, i, &r, err);
        if (rc == 0 && r && record_string(r, row->filter, &id) == 0 &&
            consent_id_ok(buf_str(&id)))
            rc = add_consent(d, id.data);
    }
    return rc == -ENOENT ? 0 : rc;
}

static int add_fields(struct dirhandle *d, const struct record *r)
{
    const struct resource *res = d->node->place.res;
    int rc = 0;

    for (const struct field *f = res->fields; f->name && rc == 0; f++) {
        struct place place = { .kind = NODE_FIELD, .res = res, .field = f };
        char name[ROUTE_NAME_MAX + 1];

        if (!route_field_shown(f) || route_field_name(f, name) < 0)
            continue;
        if ((f->flags & F_MAYBE) && !(f->flags & F_IN_PATCH) && !record_has(r, f))
            continue;
        rc = add_place(d, name, place);
    }
    return rc;
}

static int add_content(struct dirhandle *d, const struct record *r)
{
    const struct resource *res = d->node->place.res;
    cleanup_buf struct buf type = BUF_INIT(ROUTE_NAME_MAX);
    char name[ROUTE_NAME_MAX + 1];
    const char *ending = NULL;
    int rc;

    if (resource_content_max(res) == 0)
        return 0;
    rc = add_place(d, "content", (struct place){ .kind = NODE_CONTENT, .res = res });
    if (rc == 0 && res->type_field && record_string(r, res->type_field, &type) == 0)
        ending = tree_content_ending(buf_str(&type));
    if (!ending)
        return rc;
    snprintf(name, sizeof(name), "content.%s", ending);
    return add_place(d, name, (struct place){ .kind = NODE_CONTENT_LINK, .res = res,
                                              .ending = ending });
}

static int add_resource(struct fs *fs, struct call *call, struct dirhandle *d,
                        struct failure *err)
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
        rc = add_fields(d, r);
    if (rc == 0)
        rc = add_content(d, r);
    if (rc == 0)
        rc = add_rows_of_tree(d);
    return rc < 0 ? rc : add_local_drops(fs, d, true);
}

static int add_failed(struct fs *fs, struct dirhandle *d)
{
    struct drop **list;
    size_t n;
    int rc = drops_list_failed(fs->drops, &list, &n);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        struct found found = { .place = { .kind = NODE_FAILED_FILE }, .drop = list[i] };
        char name[ROUTE_NAME_MAX + 1];

        if (rc == 0 && resolve_failed_name(fs, list[i], name) == 0)
            rc = add_item(d, name, &found);
        drop_unref(list[i]);
    }
    free(list);
    return rc;
}

/* --- Handles ---------------------------------------------------------------------------------- */

static int begin_subfolder(struct fs *fs, struct call *call, struct dirhandle *d)
{
    int rc = bind_folder(fs, call, d->node, true, &d->folder);

    return rc < 0 ? rc : add_local_drops(fs, d, true);
}

static void clear(struct dirhandle *d)
{
    for (size_t i = 0; i < d->n; i++) {
        item_free(d->slots[i].item);
        record_unref(d->slots[i].record);
    }
    for (size_t i = 0; i < d->n_shown; i++)
        drop_unref(d->shown[i]);
    free(d->shown);
    listing_unref(d->listing);
    d->shown = NULL;
    d->listing = NULL;
    d->folder = NULL;
    d->n = d->n_shown = d->next_row = 0;
    d->begun = d->done = false;
}

static int begin(struct fs *fs, struct call *call, struct dirhandle *d, struct failure *err)
{
    switch ((int)d->node->place.kind) {
    case NODE_COLLECTION:
        return begin_collection(fs, call, d);
    case NODE_RESOURCE:
        d->done = true;
        return add_resource(fs, call, d, err);
    case NODE_CONSENTS:
        d->done = true;
        return add_consents(fs, call, d, err);
    case NODE_FAILED:
        d->done = true;
        return add_failed(fs, d);
    case NODE_SUBFOLDER:
        d->done = true;
        return begin_subfolder(fs, call, d);
    default:
        d->done = true;
        return add_rows_of_tree(d);
    }
}

/* Makes slots until there is one number index. 0, -ENOENT there are no more. */
static int fill_to(struct fs *fs, struct call *call, struct dirhandle *d, size_t index,
                   struct failure *err)
{
    int rc;

    if (!d->begun) {
        rc = begin(fs, call, d, err);
        if (rc < 0) {
            clear(d);
            return rc;
        }
        d->begun = true;
    }
    while (d->n <= index && !d->done) {
        rc = add_more_rows(fs, call, d, err);
        if (rc < 0)
            return rc;
    }
    return d->n > index ? 0 : -ENOENT;
}

int fs_opendir(struct fs *fs, struct call *call, uint64_t ino, struct dirhandle **out,
               struct failure *err)
{
    struct node *n = node_get(fs->nodes, ino);
    struct dirhandle *d;

    (void)call;
    (void)err;
    if (!n)
        return -ESTALE;
    d = tree_is_dir(n->place.kind) ? calloc(1, sizeof(*d)) : NULL;
    if (!d) {
        int rc = tree_is_dir(n->place.kind) ? -ENOMEM : -ENOTDIR;

        node_unref(fs->nodes, n);
        return rc;
    }
    pthread_mutex_init(&d->lock, NULL);
    d->node = n;
    d->stat_ino = node_stat_ino(fs->nodes, n);
    pthread_mutex_lock(&fs->lock);
    DL_APPEND(fs->dirhandles, d);
    pthread_mutex_unlock(&fs->lock);
    *out = d;
    return 0;
}

void dirhandles_free(struct fs *fs)
{
    while (fs->dirhandles)
        fs_releasedir(fs, fs->dirhandles);
}

void fs_releasedir(struct fs *fs, struct dirhandle *d)
{
    if (!d)
        return;
    pthread_mutex_lock(&fs->lock);
    DL_DELETE(fs->dirhandles, d);
    pthread_mutex_unlock(&fs->lock);
    clear(d);
    free(d->slots);
    node_unref(fs->nodes, d->node);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* --- Reading ---------------------------------------------------------------------------------- */

static int slot_name(const struct slot *s, char out[ROUTE_NAME_MAX + 1])
{
    if (!s->item)
        return record_id(s->record, out); /* an id is shorter than a name may be */
    snprintf(out, ROUTE_NAME_MAX + 1, "%s", s->item->name);
    return 0;
}

static struct found slot_found(struct dirhandle *d, const struct slot *s)
{
    struct found f = { .place = { .kind = NODE_RESOURCE, .res = d->node->place.res } };

    if (s->item)
        return s->item->found;
    record_id(s->record, f.id);
    return f;
}

/* The entry with its attributes, if they cost nothing. */
static int slot_entry(struct fs *fs, struct dirhandle *d, const struct found *f, const char *name,
                      struct entry *e)
{
    struct failure ignored;
    struct call now = { .nowait = true };
    struct node *n;
    int rc = resolve_node(fs, d->node, name, f, 1, &n);

    if (rc < 0)
        return rc;
    rc = attr_of(fs, &now, n, &e->st, &e->ttl_ms, &ignored);
    e->ino = n->ino;
    if (rc < 0)
        node_forget(fs->nodes, n->ino, 1);
    node_unref(fs->nodes, n);
    return rc;
}

/* false: the buffer is full. */
static bool give(struct fs *fs, struct dirhandle *d, size_t index, bool plus, fs_fill_fn *fill,
                 void *arg)
{
    const struct slot *s = &d->slots[index];
    char name[ROUTE_NAME_MAX + 1];
    struct stat st = { 0 };
    struct found f;
    struct entry e;

    if (slot_name(s, name) < 0 || hide_is_hidden(fs, d->node->ino, name))
        return true;
    f = slot_found(d, s);
    st.st_ino = node_child_stat_ino(d->stat_ino, name);
    st.st_mode = attr_type(f.place.kind);
    if (!plus || slot_entry(fs, d, &f, name, &e) < 0)
        return fill(arg, name, &st, NULL, (int64_t)index + FIRST_ITEM + 1);
    if (fill(arg, name, &e.st, &e, (int64_t)index + FIRST_ITEM + 1))
        return true;
    node_forget(fs->nodes, e.ino, 1);
    return false;
}

static bool give_dots(struct dirhandle *d, int64_t *offset, fs_fill_fn *fill, void *arg)
{
    struct stat st = { .st_mode = S_IFDIR, .st_ino = d->stat_ino };

    while (*offset < FIRST_ITEM) {
        if (!fill(arg, *offset == 0 ? "." : "..", &st, NULL, *offset + 1))
            return false;
        ++*offset;
    }
    return true;
}

static int read_from(struct fs *fs, struct call *call, struct dirhandle *d, int64_t offset,
                     bool plus, fs_fill_fn *fill, void *arg, struct failure *err)
{
    size_t index;

    /* the first page is asked for before the dots: a failure shows at once */
    if (offset == 0) {
        int rc;

        if (d->begun)
            clear(d); /* rewinddir: see what is there now */
        rc = fill_to(fs, call, d, 0, err);
        if (rc < 0 && rc != -ENOENT)
            return rc;
    }
    if (!give_dots(d, &offset, fill, arg))
        return 0;
    for (index = (size_t)(offset - FIRST_ITEM);; index++) {
        int rc = fill_to(fs, call, d, index, err);

        if (rc < 0)
            return rc == -ENOENT ? 0 : rc;
        if (!give(fs, d, index, plus, fill, arg))
            return 0;
    }
}

int fs_readdir(struct fs *fs, struct call *call, struct dirhandle *d, int64_t offset, bool plus,
               fs_fill_fn *fill, void *arg, struct failure *err)
{
    int rc;

    if (call->nowait ? pthread_mutex_trylock(&d->lock) != 0 : pthread_mutex_lock(&d->lock) != 0)
        return -EWOULDBLOCK;
    rc = read_from(fs, call, d, offset, plus, fill, arg, err);
    pthread_mutex_unlock(&d->lock);
    return rc;
}
