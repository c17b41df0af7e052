#include "list_search.h"

#include <errno.h>

#include "content.h"
#include "fetch.h"
#include "folder.h"
#include "known_lists.h"
#include "list_pace.h"
#include "listing.h"
#include "remote_context.h"

#include "banned.h"

#define LIST_PAGES_WORTH 10 /* of a list, before one GET with its content costs less */
#define COLD_MAX 10

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

int list_search_cached(struct remote *remote, struct call *call, const struct target *t,
                       struct record **out)
{
    struct folder all = { .res = t->res };
    struct failure ignored = { 0 };
    char id[CONTENT_ID_MAX + 1];
    int64_t size;

    if (resource_content_max(t->res) <= 0 || fetch_content_changes(t->res) || t->parent ||
        !(resource_can(t->res) & CAN_LIST) || fetch_content_id(t, NULL, id) < 0 ||
        content_size(remote->content, id, &size) < 0 || list_pace_cold(remote, &all) >= COLD_MAX)
        return -EAGAIN;
    /* what a list does not have may be too new for it, and its failure is not this one's */
    return list_search(remote, call, &all, t->id, out, &ignored) == 0 ? 0 : -EAGAIN;
}
