#include "entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dirs_context.h"
#include "drop.h"
#include "hash.h"
#include "listing.h"
#include "lock.h"
#include "node.h"

#include "banned.h"

#define LATER_START 64

static void item_free(struct item *item)
{
    if (!item)
        return;
    lookup_result_release(&item->found);
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

int dir_add_row(struct dirhandle *d, struct record *record)
{
    int rc = add_slot(d, NULL, record);

    if (rc == 0)
        record_ref(record);
    return rc;
}

int dir_add_named_row(struct dirhandle *d, const char *name, const struct lookup_result *found,
                      struct record *record)
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
    if (HASH_ADDED(item) && add_slot(d, item, record) == 0) {
        if (record)
            record_ref(record);
        return 0;
    }
    if (HASH_ADDED(item))
        HASH_DELETE(hh, d->by_name, item);
    item_free(item);
    return -ENOMEM;
}

int dir_add(struct dirhandle *d, const char *name, const struct lookup_result *found)
{
    return dir_add_named_row(d, name, found, NULL);
}

int dir_add_later(struct dirhandle *d, size_t row)
{
    if (d->n_later == d->later_cap) {
        size_t cap = d->later_cap ? 2 * d->later_cap : LATER_START;
        size_t *more = realloc(d->later, cap * sizeof(*more));

        if (!more)
            return -ENOMEM;
        d->later = more;
        d->later_cap = cap;
    }
    d->later[d->n_later++] = row;
    return 0;
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
    d->n = d->n_shown = d->next_row = d->n_later = d->next_later = 0;
    d->begun = d->done = false;
}

int dir_new(struct dirs *dirs, struct node *n, struct dirhandle **out)
{
    struct dirhandle *d = calloc(1, sizeof(*d));

    if (!d)
        return -ENOMEM;
    lock_init(&d->lock, LOCK_DIRHANDLE);
    d->node = n;
    d->stat_ino = node_stat_ino(dirs->nodes, n);
    lock_take(&dirs->lock);
    DL_APPEND(dirs->dirhandles, d);
    lock_give(&dirs->lock);
    *out = d;
    return 0;
}

void dir_free(struct dirs *dirs, struct dirhandle *d)
{
    if (!d)
        return;
    lock_take(&dirs->lock);
    DL_DELETE(dirs->dirhandles, d);
    lock_give(&dirs->lock);
    dir_clear(d);
    free(d->slots);
    free(d->later);
    node_unref(dirs->nodes, d->node);
    lock_destroy(&d->lock);
    free(d);
}

void dirhandles_free(struct dirs *dirs)
{
    while (dirs->dirhandles)
        dir_free(dirs, dirs->dirhandles);
}
