/* A list's rows: in memory, by id, in their orders, and as they change. */
#include "listing_context.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "hash.h"
#include "id_order.h"
#include "list_filter.h"
#include "lock.h"
#include "title_order.h"

#include "banned.h"

#define INDEX_START 64

int listing_new(const struct listing_config *config, const struct resource *res, const char *parent,
                const char *filter, const char *value, struct listing **out)
{
    struct listing *l = calloc(1, sizeof(*l));

    if (!l)
        return -ENOMEM;
    atomic_init(&l->refs, 1);
    lock_init(&l->lock, LOCK_LISTING);
    l->config = *config;
    l->res = res;
    l->filter = filter;
    l->parent = parent ? strdup(parent) : NULL;
    l->value = value ? strdup(value) : NULL;
    l->began_ms = l->fresh_ms = clock_now_ms(config->clock);
    snprintf(l->key, sizeof(l->key), "page:%p", (void *)l);
    if ((parent && !l->parent) || (value && !l->value)) {
        listing_unref(l);
        return -ENOMEM;
    }
    *out = l;
    return 0;
}

struct listing *listing_ref(struct listing *l)
{
    atomic_fetch_add(&l->refs, 1);
    return l;
}

void listing_unref(struct listing *l)
{
    if (!l || atomic_fetch_sub(&l->refs, 1) != 1)
        return;
    for (size_t i = 0; i < l->n; i++)
        record_unref(l->rows[i]);
    for (size_t i = 0; i < l->n_removed; i++)
        free(l->removed[i]);
    name_index_unref(l->names[false]);
    name_index_unref(l->names[true]);
    id_order_free(l->by_id);
    title_order_free(l->by_title);
    free(l->removed);
    free(l->rows);
    free(l->index);
    free(l->next_token);
    free(l->parent);
    free(l->value);
    lock_destroy(&l->lock);
    free(l);
}

/* --- The index: rows by id -------------------------------------------------------------------- */

/* A gap keeps its place in the index: its row is NULL, and it matches nothing. */
size_t *listing_slot_locked(struct listing *l, const char *id, size_t *slot)
{
    uint64_t h = hash_text(HASH_TEXT_START, id);
    size_t i = (h ^ (h >> 29)) & (l->index_size - 1);

    while (l->index[i]) {
        struct record *r = l->rows[l->index[i] - 1];
        char other[RESOURCE_ID_MAX + 1];

        if (r && record_id(r, other) == 0 && strcmp(other, id) == 0) {
            *slot = i;
            return slot;
        }
        i = (i + 1) & (l->index_size - 1);
    }
    *slot = i;
    return NULL;
}

static int grow_index(struct listing *l)
{
    size_t size = l->index_size ? 2 * l->index_size : INDEX_START;
    uint32_t *old = l->index;

    if (l->index_size > 2 * l->n + 2)
        return 0;
    l->index = calloc(size, sizeof(*l->index));
    if (!l->index) {
        l->index = old;
        return -ENOMEM;
    }
    l->index_size = size;
    for (size_t i = 0; i < l->n; i++) {
        char id[RESOURCE_ID_MAX + 1];
        size_t slot;

        if (l->rows[i] && record_id(l->rows[i], id) == 0 && !listing_slot_locked(l, id, &slot))
            l->index[slot] = (uint32_t)i + 1;
    }
    free(old);
    return 0;
}

static void forget_names_locked(struct listing *l)
{
    for (size_t i = 0; i < 2; i++)
        name_index_unref(steal_pointer(&l->names[i]));
}

int listing_append_locked(struct listing *l, struct record *r, const char *id)
{
    size_t slot;

    forget_names_locked(l);
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : RESOURCE_PAGE_SIZE;
        struct record **rows = realloc(l->rows, cap * sizeof(*rows));

        if (!rows)
            return -ENOMEM;
        l->rows = rows;
        l->cap = cap;
    }
    if (grow_index(l) < 0)
        return -ENOMEM;
    if (listing_slot_locked(l, id, &slot)) {
        struct record *old = l->rows[l->index[slot] - 1];

        l->rows[l->index[slot] - 1] = record_ref(r);
        record_unref(old);
        return 0;
    }
    l->rows[l->n++] = record_ref(r);
    l->index[slot] = (uint32_t)l->n;
    return 0;
}

/* --- What is known ---------------------------------------------------------------------------- */

int listing_find(struct listing *l, const char *id, struct record **out)
{
    int rc = -ENOENT;
    size_t slot;

    lock_take(&l->lock);
    if (l->index_size && listing_slot_locked(l, id, &slot)) {
        if (out)
            *out = record_ref(l->rows[l->index[slot] - 1]);
        rc = 0;
    } else if (!l->complete) {
        rc = -EAGAIN;
    }
    lock_give(&l->lock);
    return rc;
}

/* Rows that were added since are not in it. The lock is held. */
static struct id_order *by_id_locked(struct listing *l)
{
    if (!l->by_id && l->complete && id_order_new(l->rows, l->n, &l->by_id) < 0)
        l->by_id = NULL;
    return l->by_id;
}

static struct title_order *by_title_locked(struct listing *l)
{
    if (!l->by_title && l->complete && title_order_new(l->rows, l->n, &l->by_title) < 0)
        l->by_title = NULL;
    return l->by_title;
}

/* The lock is held, as for the next. */
static int64_t place_locked(struct listing *l, enum listing_order order, const char *id)
{
    const struct title_order *by_title;
    const struct id_order *by_id;
    size_t slot;
    int64_t row =
        l->index_size && listing_slot_locked(l, id, &slot) ? (int64_t)l->index[slot] - 1 : -1;

    switch (order) {
    case LISTING_ROWS:
        break;
    case LISTING_IDS:
        by_id = by_id_locked(l);
        return by_id ? id_order_place(by_id, id) : -1;
    case LISTING_TITLES:
        by_title = by_title_locked(l);
        return by_title ? title_order_place(by_title, row) : -1;
    }
    return row;
}

static int64_t row_locked(struct listing *l, enum listing_order order, int64_t place)
{
    switch (order) {
    case LISTING_ROWS:
        break;
    case LISTING_IDS:
        return l->by_id ? id_order_row(l->by_id, place) : -1;
    case LISTING_TITLES:
        return l->by_title ? title_order_row(l->by_title, place) : -1;
    }
    return place;
}

int64_t listing_place(struct listing *l, enum listing_order order, const char *id)
{
    int64_t place;

    lock_take(&l->lock);
    place = place_locked(l, order, id);
    lock_give(&l->lock);
    return place;
}

struct record *listing_at(struct listing *l, enum listing_order order, int64_t place)
{
    struct record *r = NULL;
    int64_t row;

    lock_take(&l->lock);
    row = row_locked(l, order, place);
    if (row >= 0 && (size_t)row < l->n)
        r = l->rows[row];
    if (r)
        record_ref(r);
    lock_give(&l->lock);
    return r;
}

static int is_in(struct listing *l, const char *id, const struct record *r)
{
    const struct filter *f = l->filter ? resource_filter(l->res, l->filter) : NULL;

    if (f && f->way != FILTER_IS)
        return list_filter_time_holds(f, l->value, r);
    if (f && f->owns && id_own(id) != id)
        return -ESTALE; /* it stands there without the owner */
    if (f && f->owns && listing_find(l, id, NULL) == 0)
        return 1; /* whose it is does not change */
    if (f && f->owns && strcmp(l->value, resource_get(RES_ORGANIZATIONS)->own_id) == 0)
        return -ESTALE;
    return list_filter_check(f && f->field ? f->field : l->filter, l->value, r);
}

int listing_holds(struct listing *l, const struct record *r)
{
    char id[RESOURCE_ID_MAX + 1];
    int rc = record_id(r, id);

    return rc < 0 ? rc : is_in(l, id, r);
}

int listing_apply(struct listing *l, struct record *r)
{
    char id[RESOURCE_ID_MAX + 1];
    int rc = record_id(r, id), in = rc < 0 ? rc : is_in(l, id, r);
    size_t before;

    if (in < 0)
        return in;
    if (!in) {
        listing_remove(l, id);
        return 0;
    }
    lock_take(&l->lock);
    for (size_t i = 0; i < l->n_removed; i++)
        if (strcmp(l->removed[i], id) == 0)
            l->removed[i][0] = '\0'; /* it has come back */
    before = l->n;
    rc = listing_append_locked(l, r, id); /* replaces what is there; a page under way will not */
    l->added += l->n - before;
    lock_give(&l->lock);
    return rc;
}

/* Without memory for it, a page under way may show it once more: for a list's TTL at most. */
static void remember_removed_locked(struct listing *l, const char *id)
{
    char **more = realloc(l->removed, (l->n_removed + 1) * sizeof(*more));
    char *copy = more ? strdup(id) : NULL;

    if (more)
        l->removed = more;
    if (copy)
        l->removed[l->n_removed++] = copy;
}

void listing_remove(struct listing *l, const char *id)
{
    struct record *old = NULL;
    size_t slot;

    lock_take(&l->lock);
    if (!l->complete)
        remember_removed_locked(l, id);
    if (l->index_size && listing_slot_locked(l, id, &slot)) {
        size_t row = l->index[slot] - 1;

        forget_names_locked(l);
        old = l->rows[row];
        l->rows[row] = NULL;
    }
    lock_give(&l->lock);
    record_unref(old);
}

bool listing_is_of(const struct listing *l, const struct resource *res, const char *parent)
{
    if (l->res != res)
        return false;
    return parent && l->parent ? strcmp(parent, l->parent) == 0 : parent == l->parent;
}

bool listing_is_complete(struct listing *l)
{
    bool complete;

    lock_take(&l->lock);
    complete = l->complete;
    lock_give(&l->lock);
    return complete;
}

int64_t listing_fresh_ms(struct listing *l)
{
    int64_t ms;

    lock_take(&l->lock);
    ms = l->fresh_ms;
    lock_give(&l->lock);
    return ms;
}

int64_t listing_began_ms(const struct listing *l)
{
    return l->began_ms;
}

size_t listing_rows(struct listing *l)
{
    size_t n;

    lock_take(&l->lock);
    n = l->n;
    lock_give(&l->lock);
    return n;
}
