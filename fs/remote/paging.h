/*
 * Does a list of a server go on? For who follows its tokens, page by page; for one thread at a time.
 *
 * It does not when a token, or in a purge a page, comes a second time, nor when so many pages in a
 * row bring nothing that was not known: empty ones, or the same rows again. Some do where a filter
 * leaves nothing of a page.
 */
#ifndef LASFS_PAGING_H
#define LASFS_PAGING_H

#include <stddef.h>

#include "cycle.h"
#include "failure.h"
#include "resources.h"

struct page;

#define PAGING_BARREN_MAX 100

/* Begins as zeros. */
struct paging {
    struct cycle tokens;
    unsigned barren; /* pages in a row that brought nothing new */
};

/* For cycle_closes(): the same for the same ids in any order; 0: it has none. */
uint64_t paging_mark(const struct page *page);

/*
 * Takes a page: how many rows are new, and its token, NULL for the last. spare: so many more pages
 * may be barren, as what they have is known from elsewhere. 0; -EIO it does not go on, with words.
 */
int paging_next(struct paging *p, const struct resource *res, const char *token, size_t fresh,
                size_t spare, struct failure *err);

#endif
