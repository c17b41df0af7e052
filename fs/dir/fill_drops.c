#include "fill_drops.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dirs_context.h"
#include "drop.h"
#include "drop_folders.h"
#include "drop_table.h"
#include "drop_target.h"
#include "hash.h"
#include "known.h"
#include "known_lists.h"
#include "list_filter.h"
#include "listing.h"
#include "name_rules.h"
#include "node.h"
#include "resolve.h"

#include "banned.h"

bool fill_taken(struct dirs *dirs, struct folder *f, const char *name)
{
    cleanup_drop struct drop *drop = drops_find(dirs->drops, f, name);

    return drop != NULL;
}

int fill_drop(struct dirs *dirs, struct dirhandle *d, struct drop *drop)
{
    cleanup_free char *name = NULL;
    cleanup_lookup_result struct lookup_result found = { .drop = NULL };
    int rc = resolve_drop(dirs->inodes, &d->node->place, drop, &found);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    drops_lock(dirs->drops);
    name = strdup(drop->name);
    drops_unlock(dirs->drops);
    if (!name)
        return -ENOMEM;
    return rule_defaults(name) ? 0 : dir_add(d, name, &found);
}

/* NAME.error.txt of what could not be delivered; a field's has no listing. */
static int add_note(struct dirs *dirs, struct dirhandle *d, struct drop *x)
{
    struct lookup_result found = { .place = { .kind = NODE_ERROR_NOTE }, .drop = x };
    struct lookup_result new_field;
    char note[ROUTE_NAME_MAX + 1];
    bool noted, fits;

    drops_lock(dirs->drops);
    noted = x->error && !rule_field_text(&d->node->place, x->name) &&
            resolve_new_field(dirs->inodes, d->node, x->name, &new_field) < 0;
    fits = snprintf(note, sizeof(note), "%s%s", x->name, ERROR_NOTE_ENDING) <= ROUTE_NAME_MAX;
    drops_unlock(dirs->drops);
    return noted && fits && !fill_taken(dirs, d->folder, note) ? dir_add(d, note, &found) : 0;
}

static int add_notes(struct dirs *dirs, struct dirhandle *d)
{
    struct drop **list;
    size_t n;
    int rc = drops_list_failed(dirs->drops, d->folder, &list, &n);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        if (rc == 0)
            rc = add_note(dirs, d, list[i]);
        drop_unref(list[i]);
    }
    free(list);
    return rc;
}

static bool is_local(struct dirs *dirs, struct drop *drop)
{
    struct drop_snapshot s = drop_snapshot(dirs->drops, drop);

    return !s.id[0] || s.has_bytes || s.what == DROP_SUBFOLDER;
}

static int compare_pointers(const void *a, const void *b)
{
    struct drop *const *x = a, *const *y = b;

    return (*x > *y) - (*x < *y);
}

static bool was_shown(const struct dirhandle *d, struct drop *drop)
{
    return d->n_shown && bsearch(&drop, d->shown, d->n_shown, sizeof(*d->shown), compare_pointers);
}

bool fill_shown(struct dirs *dirs, const struct dirhandle *d, struct drop *drop)
{
    struct item *item = NULL;

    if (!was_shown(d, drop))
        return false;
    drops_lock(dirs->drops);
    HASH_FIND_STR(d->by_name, drop->name, item);
    drops_unlock(dirs->drops);
    return item != NULL;
}

/* An inbox has no list of its own: what was sent from it is among all of its kind, as far as a few pages of those
 * tell. 0: it is there, or nobody knows; -ENOENT, -EWOULDBLOCK, -EINTR. */
static int check_asked(struct dirs *dirs, struct call *call, struct drop *drop)
{
    struct drop_snapshot s = drop_snapshot(dirs->drops, drop);
    cleanup_listing struct listing *l = NULL;
    cleanup_record struct record *r = NULL;
    struct target_ids b;
    int rc;

    if (!s.folder->model || s.has_bytes || s.writers || s.exclusive ||
        drop_target(dirs->drops, drop, &b) < 0)
        return 0;
    rc = known_told(dirs->remote, &b.target, &r);
    if (rc == -EWOULDBLOCK &&
        (known_listing(dirs->remote, b.target.res, NULL, NULL, NULL, &l) < 0 ||
         drop_is_newer(&s, listing_began_ms(l))))
        return 0;
    if (rc == -EWOULDBLOCK)
        rc = known_in_list(dirs->remote, call, &b.target);
    if (rc != -ENOENT)
        return rc == -EWOULDBLOCK || rc == -EINTR ? rc : 0;
    return resolve_gone_elsewhere(dirs->inodes, drop, b.id, false) ? rc : 0;
}

int fill_local_drops(struct dirs *dirs, struct call *call, struct dirhandle *d, bool all)
{
    struct drop **list;
    int rc;
    size_t n;

    if (!d->folder)
        return 0;
    rc = drops_list(dirs->drops, d->folder, &list, &n);
    if (rc < 0)
        return rc;
    d->shown = list;
    for (size_t i = 0; i < n; i++) {
        int there = rc == 0 && all ? check_asked(dirs, call, list[i]) : rc;

        if (there != -ENOENT)
            rc = there;
        if (there == 0 && (all || is_local(dirs, list[i]))) {
            rc = fill_drop(dirs, d, list[i]);
            d->shown[d->n_shown++] = list[i];
        } else {
            drop_unref(list[i]);
        }
    }
    qsort(d->shown, d->n_shown, sizeof(*d->shown), compare_pointers);
    return rc < 0 ? rc : add_notes(dirs, d);
}

/* Is it known to be in another list by now? From itself: that other list may be behind as well. */
static bool is_elsewhere(struct dirs *dirs, const struct folder *f, struct drop *drop)
{
    cleanup_record struct record *r = NULL;
    struct target_ids b;

    return f->filter && drop_target(dirs->drops, drop, &b) == 0 &&
           known_told(dirs->remote, &b.target, &r) == 0 &&
           list_filter_denies(f->filter, f->filter_value, r);
}

/* Was drop sent, and does the list not have it? */
static bool is_lacking(struct dirs *dirs, struct dirhandle *d, struct drop *drop,
                       const struct drop_snapshot *s)
{
    return s->id[0] && !s->has_bytes && !s->exclusive && !s->writers &&
           listing_find(d->listing, s->id, NULL) == -ENOENT && !fill_shown(dirs, d, drop);
}

static int ask(struct dirs *dirs, struct call *call, struct drop *drop)
{
    cleanup_record struct record *r = NULL;
    struct failure ignored = { 0 };
    struct target_ids b;
    int rc = drop_target(dirs->drops, drop, &b);

    if (rc == 0)
        rc = known_record(dirs->remote, call, &b.target, &r, &ignored);
    if (rc == -ENOENT)
        resolve_gone_elsewhere(dirs->inodes, drop, b.id, false);
    return rc == -EWOULDBLOCK || rc == -EINTR ? rc : 0;
}

int fill_ask_lacking(struct dirs *dirs, struct call *call, struct dirhandle *d)
{
    struct drop **list;
    size_t n;
    int rc = drops_list(dirs->drops, d->folder, &list, &n);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        struct drop_snapshot s = drop_snapshot(dirs->drops, list[i]);

        if (rc == 0 && drop_is_newer(&s, listing_began_ms(d->listing)) &&
            is_lacking(dirs, d, list[i], &s))
            rc = ask(dirs, call, list[i]);
        drop_unref(list[i]);
    }
    free(list);
    return rc;
}

int fill_sent_drops(struct dirs *dirs, struct dirhandle *d)
{
    struct drop **list;
    size_t n;
    int rc = drops_list(dirs->drops, d->folder, &list, &n);

    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct drop *drop = list[i];
        struct drop_snapshot s = drop_snapshot(dirs->drops, drop);
        bool folder =
            s.what == DROP_SUBFOLDER && !fill_shown(dirs, d, drop); /* a row's file has made it */
        bool lacks = is_lacking(dirs, d, drop, &s);
        bool newer = drop_is_newer(&s, listing_began_ms(d->listing));
        bool renamed = was_shown(d, drop) && is_local(dirs, drop) && !fill_shown(dirs, d, drop);

        if (folder || renamed)
            rc = fill_drop(dirs, d, drop);
        else if (lacks && newer && !is_elsewhere(dirs, d->folder, drop))
            rc = fill_drop(dirs, d, drop);
        else if (lacks)
            resolve_gone_elsewhere(dirs->inodes, drop, s.id, false);
    }
    for (size_t i = 0; i < n; i++)
        drop_unref(list[i]);
    free(list);
    return rc;
}
