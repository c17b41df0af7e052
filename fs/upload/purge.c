#include "purge.h"

#include <errno.h>

#include "backend.h"
#include "drops.h"
#include "known.h"
#include "paging.h"
#include "refuse.h"
#include "uploads_context.h"

#include "banned.h"

#define PAGE 1000 /* the most that one request deletes */

static void forget(struct uploads *uploads, const struct resource *res, const struct page *page)
{
    for (size_t i = 0; i < page->n; i++) {
        char id[RESOURCE_ID_MAX + 1];
        struct target t = { .res = res, .id = id };

        if (record_id(page->rows[i], id) < 0)
            continue;
        known_removed(uploads->remote, &t);
        drops_remove_id(uploads->drops, id);
    }
}

int purge_list(struct uploads *uploads, struct call *call, const struct resource *res,
               const char *filter, const char *value, int64_t max, struct failure *err)
{
    const struct query query[] = { { filter, value }, { NULL, NULL } };
    const struct target t = { .res = res };
    cleanup_free char *token = NULL;
    struct paging paging = { 0 };
    struct cycle pages = { 0 };
    bool all = max == INT64_MAX;

    if (uploads->ro)
        return refuse_read_only(err);
    if (uploads->nodelete)
        return fail(err, -EPERM, 0, "the mount deletes nothing (nodelete): mount it without that");
    do {
        struct page *page = NULL;
        uint64_t mark;
        int rc = backend_delete_many(uploads->backend, call, &t, query, token,
                                     (unsigned)(max < PAGE ? max : PAGE), all, &page, err);

        if (rc < 0) {
            known_unsure(uploads->remote, &t, err);
            return rc;
        }
        mark = paging_mark(page);
        forget(uploads, res, page);
        max -= (int64_t)page->n;
        atomic_fetch_add(&uploads->purged, page->n);
        free(token);
        token = steal_pointer(&page->next_token);
        page_free(page);
        if (token && mark && cycle_closes(&pages, mark)) /* what was deleted is not */
            rc = fail(err, -EIO, 0, "the list of %s does not go on: a page comes again", res->name);
        if (rc == 0)
            rc = paging_next(&paging, res, token, mark != 0, 0, err);
        if (rc < 0)
            return rc;
    } while (token && max > 0);
    return 0;
}
