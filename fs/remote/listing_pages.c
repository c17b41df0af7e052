/* A list's pages as they come. */
#include "listing_context.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "page_fetch.h"

#include "banned.h"

/* Of records: five million documents. Who makes up rows without an end is stopped there. */
#define BYTES_MAX ((size_t)1 << 30)

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
            (l->index_size && listing_slot_locked(l, id, &slot)))
            continue;
        if (listing_append_locked(l, page->rows[i], id) < 0)
            return -ENOMEM;
        l->bytes += record_bytes(page->rows[i]);
        ++*fresh;
    }
    return 0;
}

/* A list may be a moment behind: what was told since is in it, or in another one by now. */
static void renew_rows(struct listing *l, struct page *page)
{
    struct target list = { .res = l->res, .parent = l->parent };
    size_t n = 0;

    for (size_t i = 0; i < page->n; i++) {
        struct record *r = page->rows[i], *newer = l->config.newer(l->config.arg, &list, r);

        if (newer) {
            record_unref(r);
            r = newer;
        }
        if (newer && listing_holds(l, r) == 0)
            record_unref(r);
        else
            page->rows[n++] = r;
    }
    page->n = n;
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
    if (l->config.newer)
        renew_rows(l, page);
    rc = take_page(l, load->page, page, err);
    page_free(page);
    return rc;
}

static int want_page(struct listing *l, struct call *call, unsigned number, struct failure *err)
{
    struct page_load load = { l, call, number };
    char key[LISTING_KEY_MAX + 16];

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
