/*
 * One page of a list, as large as the server gives it: what its largest is nobody says. The first page of a
 * list is of the API's default size, since most looks at a folder are one page; of those behind it more is
 * asked for, until a server refuses that. Any thread; blocks.
 */
#ifndef LASFS_PAGE_FETCH_H
#define LASFS_PAGE_FETCH_H

#include <stdatomic.h>

#include "backend.h"

struct page_ask {
    struct backend *backend;
    const struct target *target;
    const struct query *query; /* or NULL */
    const char *token;         /* NULL: the first page */
};

/* size: the rows that are asked for behind the first page, shared by all lists of a server, and
 * RESOURCE_PAGE_SIZE from when it was too much; NULL: that. What backend_list() gives. */
int page_fetch(const struct page_ask *ask, atomic_uint *size, struct call *call, struct page **out,
               struct failure *err);

#endif
