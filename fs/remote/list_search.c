#include "list_search.h"

#include <errno.h>
#include <string.h>

#include "content.h"
#include "fetch.h"
#include "folder.h"
#include "known_lists.h"
#include "list_pace.h"
#include "listing.h"
#include "remote_context.h"

#include "banned.h"

#define LIST_PAGES_WORTH 10 /* of a list, before one GET with its content costs less */

int list_search(struct remote *remote, struct call *call, const struct folder *f, const char *id,
                struct record **out, struct failure *err)
{
    cleanup_listing struct listing *l = NULL;
    size_t worth = (LIST_PAGES_WORTH + (size_t)list_pace_cold(remote, f)) * RESOURCE_PAGE_SIZE;
    int rc = known_folder_listing(remote, f, &l);

    while (rc == 0 && (rc = listing_find(l, id, out)) == -EAGAIN && listing_rows(l) < worth) {
        struct record *next = NULL;

        rc = listing_row(l, call, listing_rows(l), &next, err);
        record_unref(next);
        if (rc == 1)
            rc = 0; /* that was the last page */
    }
    if (rc == -EAGAIN)
        list_pace_add_cold(remote, f);
    return rc;
}

/* What a GET would bring besides is here. */
static bool has_content(struct remote *remote, const struct target *t)
{
    char id[CONTENT_ID_MAX + 1];
    int64_t size;

    return resource_content_max(t->res) > 0 && !fetch_content_changes(t->res) && !t->parent &&
           fetch_content_id(t, NULL, id) == 0 && content_size(remote->content, id, &size) == 0;
}

int list_search_by_id(struct remote *remote, struct call *call, const struct target *t,
                      struct record **out)
{
    const struct filter *f = resource_filter(t->res, t->res->id_field);
    struct query query[] = { { f ? f->name : NULL, t->id }, { NULL, NULL } };
    struct target list = { .res = t->res };
    char id[RESOURCE_ID_MAX + 1];
    struct page *page = NULL;
    struct failure ignored = { 0 };
    int rc = -EAGAIN;

    if (!f || !backend_speaks_today(remote->backend) || !has_content(remote, t) ||
        backend_list(remote->backend, call, &list, query, NULL, 1, &page, &ignored) < 0)
        return -EAGAIN;
    /* an older server does not look at what it does not know, and gives what comes first */
    if (page->n == 1 && record_id(page->rows[0], id) == 0 && strcmp(id, t->id) == 0) {
        *out = record_ref(page->rows[0]);
        rc = 0;
    }
    page_free(page);
    return rc;
}

int list_search_cached(struct remote *remote, struct call *call, const struct target *t,
                       struct record **out)
{
    struct folder all = { .res = t->res };
    struct failure ignored = { 0 };

    if (!(resource_can(t->res) & CAN_LIST) || !has_content(remote, t) ||
        list_pace_cold(remote, &all) >= LIST_COLD_MAX)
        return -EAGAIN;
    /* what a list does not have may be too new for it, and its failure is not this one's */
    return list_search(remote, call, &all, t->id, out, &ignored) == 0 ? 0 : -EAGAIN;
}
