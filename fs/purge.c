#include "purge.h"

#include <errno.h>

#include "known.h"

#include "banned.h"

#define PAGE 1000 /* the most that one request deletes */

static void forget(struct fs *fs, const struct resource *res, const struct page *page)
{
    for (size_t i = 0; i < page->n; i++) {
        char id[RESOURCE_ID_MAX + 1];
        struct target t = { .res = res, .id = id };

        if (record_id(page->rows[i], id) < 0)
            continue;
        known_removed(fs, &t);
        drops_remove_id(fs->drops, id);
    }
}

int purge_list(struct fs *fs, struct call *call, const struct resource *res, const char *filter,
               const char *value, int64_t max, struct failure *err)
{
    const struct query query[] = { { filter, value }, { NULL, NULL } };
    const struct target t = { .res = res };
    cleanup_free char *token = NULL;
    bool all = max == INT64_MAX;

    if (fs->options->ro)
        return fail(err, -EROFS, 0, "the mount is read-only");
    if (fs->options->nodelete)
        return fail(err, -EPERM, 0, "the mount deletes nothing (nodelete)");
    do {
        struct page *page = NULL;
        int rc = backend_delete_many(fs->backend, call, &t, query, token,
                                     (unsigned)(max < PAGE ? max : PAGE), all, &page, err);

        if (rc < 0)
            return rc;
        forget(fs, res, page);
        max -= (int64_t)page->n;
        free(token);
        token = steal_pointer(&page->next_token);
        page_free(page);
    } while (token && max > 0);
    return 0;
}
