#include "listing.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "hash.h"
#include "id_order.h"
#include "lock.h"
#include "page_fetch.h"
#include "paging.h"
#include "time_text.h"
#include "title_order.h"

#include "banned.h"

#define KEY_MAX 64
#define INDEX_START 64
/* Of records: five million documents. Who makes up rows without an end is stopped there. */
#define BYTES_MAX ((size_t)1 << 30)

struct listing {
    atomic_uint refs;
    struct listing_config config; /* set once */
    const struct resource *res;   /* set once, as the next three */
    char *parent, *value;
    const char *filter;
    char key[KEY_MAX]; /* set once: of its flights */
    struct lock lock;
    struct record **rows; /* guarded by lock, as all below */
    size_t n, cap;
    uint32_t *index;   /* open addressing: row number + 1, 0 free */
    size_t index_size; /* a power of two, more than 1.5 n */
    char *next_token;
    struct paging paging;
    size_t bytes; /* of the records that pages have brought */
    size_t added; /* rows that none has */
    unsigned pages;
    bool complete;
    bool reading_ahead;
    int64_t fresh_ms;
    char **removed; /* while pages may still bring them back */
    size_t n_removed;
    struct name_index *names[2];  /* of the rows as they are, without titles and with, or NULL */
    struct id_order *by_id;       /* of the rows as they were when somebody asked first, or NULL */
    struct title_order *by_title; /* likewise */
};

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
    l->fresh_ms = clock_now_ms(config->clock);
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
static size_t *find_slot(struct listing *l, const char *id, size_t *slot)
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

        if (l->rows[i] && record_id(l->rows[i], id) == 0 && !find_slot(l, id, &slot))
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

static int append_locked(struct listing *l, struct record *r, const char *id)
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
    if (find_slot(l, id, &slot)) {
        struct record *old = l->rows[l->index[slot] - 1];

        l->rows[l->index[slot] - 1] = record_ref(r);
        record_unref(old);
        return 0;
    }
    l->rows[l->n++] = record_ref(r);
    l->index[slot] = (uint32_t)l->n;
    return 0;
}

/* --- Loading ---------------------------------------------------------------------------------- */

struct page_load {
    struct listing *l;
    struct call *call;
    unsigned page; /* which one is wanted: the number of those that there are */
};

static bool was_removed(const struct listing *l, const char *id)
{
    for (size_t i = 0; i < l->n_removed; i++)
        if (strcmp(l->removed[i], id) == 0)
            return true;
    return false;
}

/* Rows that are there already are newer: they were changed here while the page was under way,
 * and so is what was removed. */
static int take_rows_locked(struct listing *l, const struct page *page, size_t *fresh)
{
    *fresh = 0;
    for (size_t i = 0; i < page->n; i++) {
        char id[RESOURCE_ID_MAX + 1];
        size_t slot;

        if (record_id(page->rows[i], id) < 0 || was_removed(l, id) ||
            (l->index_size && find_slot(l, id, &slot)))
            continue;
        if (append_locked(l, page->rows[i], id) < 0)
            return -ENOMEM;
        l->bytes += record_bytes(page->rows[i]);
        ++*fresh;
    }
    return 0;
}

static int take_page(struct listing *l, unsigned number, struct page *page, struct failure *err)
{
    bool completed;
    size_t fresh;
    int rc;

    lock_take(&l->lock);
    rc = take_rows_locked(l, page, &fresh);
    if (rc == 0)
        rc = paging_next(&l->paging, l->res, page->next_token, fresh, l->added + l->n_removed, err);
    if (rc == 0 && page->next_token && l->bytes > BYTES_MAX)
        rc = fail(err, -EIO, 0, "the list of %s takes more than %zu MiB of memory", l->res->name,
                  BYTES_MAX >> 20);
    if (rc == 0) {
        free(l->next_token);
        l->next_token = steal_pointer(&page->next_token);
        l->complete = l->next_token == NULL;
        l->pages = number + 1;
        l->fresh_ms = clock_now_ms(l->config.clock);
    }
    completed = rc == 0 && l->complete;
    lock_give(&l->lock);
    if (completed && l->config.completed)
        l->config.completed(l->config.arg, l, l->res);
    return rc;
}

static int load_page(void *arg, struct flight_result *result, struct failure *err)
{
    struct page_load *load = arg;
    struct listing *l = load->l;
    struct query query[] = { { l->filter, l->value }, { NULL, NULL } };
    struct target target = { .res = l->res, .parent = l->parent };
    cleanup_free char *token = NULL;
    struct page *page = NULL;
    bool have;
    int rc;

    (void)result;
    lock_take(&l->lock);
    have = l->complete || l->pages > load->page;
    token = !have && l->next_token ? strdup(l->next_token) : NULL;
    rc = !have && l->next_token && !token ? -ENOMEM : 0;
    lock_give(&l->lock);
    if (have || rc < 0)
        return rc;
    rc = page_fetch(&(struct page_ask){ .backend = l->config.backend,
                                        .target = &target,
                                        .query = l->filter ? query : NULL,
                                        .token = token },
                    l->config.page_size, load->call, &page, err);
    /* it says nothing of what would be in it, and to readdir(3) ENOENT is the end */
    if (rc == -ENOENT && !l->parent)
        rc = -EIO;
    if (rc < 0)
        return rc;
    rc = take_page(l, load->page, page, err);
    page_free(page);
    return rc;
}

static int want_page(struct listing *l, struct call *call, unsigned number, struct failure *err)
{
    struct page_load load = { l, call, number };
    char key[KEY_MAX + 16];

    snprintf(key, sizeof(key), "%s:%u", l->key, number);
    return flight_run(l->config.flights, call, l->config.clock, key, load_page, &load, NULL, err);
}

struct read_ahead {
    struct job job; /* first */
    struct listing *l;
    unsigned page;
};

static void read_ahead_job(struct job *job)
{
    struct read_ahead *ahead = (struct read_ahead *)job;
    struct call call;

    if (call_init(&call) == 0) {
        call.class = CALL_BACKGROUND;
        want_page(ahead->l, &call, ahead->page, NULL); /* who needs it sees its failure */
        call_release(&call);
    }
    lock_take(&ahead->l->lock);
    ahead->l->reading_ahead = false;
    lock_give(&ahead->l->lock);
    listing_unref(ahead->l);
    free(ahead);
}

/* One page more than is being read, so that the next one is there when it is asked for. */
static void start_read_ahead(struct listing *l, unsigned page)
{
    struct read_ahead *ahead = l->config.pool ? calloc(1, sizeof(*ahead)) : NULL;
    bool start = false;

    if (!ahead)
        return;
    lock_take(&l->lock);
    if (!l->reading_ahead && !l->complete && l->pages == page)
        start = l->reading_ahead = true;
    lock_give(&l->lock);
    if (start) {
        *ahead = (struct read_ahead){ .job = { .run = read_ahead_job }, listing_ref(l), page };
        if (pool_submit(l->config.pool, &ahead->job) == 0)
            return;
        listing_unref(l);
        lock_take(&l->lock);
        l->reading_ahead = false;
        lock_give(&l->lock);
    }
    free(ahead);
}

int listing_row(struct listing *l, struct call *call, size_t i, struct record **out,
                struct failure *err)
{
    for (;;) {
        struct record *r = NULL;
        unsigned pages;
        bool there, complete;
        int rc;

        lock_take(&l->lock);
        there = i < l->n;
        if (there)
            r = record_ref(l->rows[i]);
        complete = l->complete;
        pages = l->pages;
        lock_give(&l->lock);
        if (there) {
            if (!complete)
                start_read_ahead(l, pages);
            *out = r;
            return 0;
        }
        if (complete)
            return 1;
        rc = want_page(l, call, pages, err);
        if (rc < 0)
            return rc;
    }
}

int listing_complete(struct listing *l, struct call *call, struct failure *err)
{
    while (!listing_is_complete(l)) {
        unsigned pages;
        int rc;

        lock_take(&l->lock);
        pages = l->pages;
        lock_give(&l->lock);
        rc = want_page(l, call, pages, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int listing_names(struct listing *l, struct call *call, bool titles, struct name_index **out,
                  struct failure *err)
{
    int rc = listing_complete(l, call, err);

    if (rc < 0)
        return rc;
    lock_take(&l->lock);
    if (!l->names[titles])
        rc = name_index_new(l->res, l->rows, l->n, titles, &l->names[titles]);
    if (rc == 0)
        *out = name_index_ref(l->names[titles]);
    lock_give(&l->lock);
    return rc;
}

/* --- What is known ---------------------------------------------------------------------------- */

int listing_find(struct listing *l, const char *id, struct record **out)
{
    int rc = -ENOENT;
    size_t slot;

    lock_take(&l->lock);
    if (l->index_size && find_slot(l, id, &slot)) {
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
    int64_t row = l->index_size && find_slot(l, id, &slot) ? (int64_t)l->index[slot] - 1 : -1;

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

/* 1 it lets r through, 0, -ENOMEM nobody knows. */
static int let_through(const char *filter, const char *value, const struct record *r)
{
    cleanup_buf struct buf is = BUF_INIT(RESOURCE_ID_MAX * 2);
    int rc = filter ? record_string(r, filter, &is) : 0;

    if (rc == -ENOMEM)
        return rc;
    return rc == 0 && (!filter || strcmp(buf_str(&is), value) == 0);
}

bool listing_filter_holds(const char *filter, const char *value, const struct record *r)
{
    return let_through(filter, value, r) > 0;
}

bool listing_time_holds(const struct filter *f, const char *value, const struct record *r)
{
    cleanup_buf struct buf text = BUF_INIT(RESOURCE_ID_MAX * 2);
    struct time_text is, bound;

    if (record_string(r, f->field, &text) < 0 || time_text_parse(text.data, text.len, &is) < 0 ||
        time_text_parse(value, strlen(value), &bound) < 0)
        return false;
    return f->way == FILTER_FROM ? is.ns >= bound.ns : is.ns <= bound.ns;
}

bool listing_filter_denies(const char *filter, const char *value, const struct record *r)
{
    cleanup_buf struct buf is = BUF_INIT(RESOURCE_ID_MAX * 2);

    return filter && record_string(r, filter, &is) == 0 && strcmp(buf_str(&is), value) != 0;
}

/* As let_through(), of the row of this id. -ESTALE: only the server can tell. */
static int is_in(struct listing *l, const char *id, const struct record *r)
{
    const struct filter *f = l->filter ? resource_filter(l->res, l->filter) : NULL;

    if (f && f->way != FILTER_IS)
        return listing_time_holds(f, l->value, r);
    if (f && f->owns && id_own(id) != id)
        return -ESTALE; /* it stands there without the owner */
    if (f && f->owns && listing_find(l, id, NULL) == 0)
        return 1; /* whose it is does not change */
    if (f && f->owns && strcmp(l->value, resource_get(RES_ORGANIZATIONS)->own_id) == 0)
        return -ESTALE;
    return let_through(f && f->field ? f->field : l->filter, l->value, r);
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
    rc = append_locked(l, r, id); /* replaces what is there; a page under way will not */
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
    if (l->index_size && find_slot(l, id, &slot)) {
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

size_t listing_rows(struct listing *l)
{
    size_t n;

    lock_take(&l->lock);
    n = l->n;
    lock_give(&l->lock);
    return n;
}
