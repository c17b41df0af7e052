#include "paging.h"

#include <errno.h>

#include "hash.h"
#include "list_page.h"
#include "record.h"

#include "banned.h"

uint64_t paging_mark(const struct page *page)
{
    char id[RESOURCE_ID_MAX + 1];
    uint64_t mark = 0;

    for (size_t i = 0; i < page->n; i++)
        if (record_id(page->rows[i], id) == 0)
            mark += hash_text(HASH_TEXT_START, id);
    return mark;
}

int paging_next(struct paging *p, const struct resource *res, const char *token, size_t fresh,
                size_t spare, struct failure *err)
{
    p->barren = fresh ? 0 : p->barren + 1;
    if (!token)
        return 0;
    if (cycle_closes_text(&p->tokens, token))
        return fail(err, -EIO, 0, "the list of %s does not go on: a page comes again", res->name);
    if (p->barren >= PAGING_BARREN_MAX + spare)
        return fail(err, -EIO, 0,
                    "the list of %s does not go on: %u pages in a row had nothing new", res->name,
                    p->barren);
    return 0;
}
