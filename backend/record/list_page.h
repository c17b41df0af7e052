/* A page of a list, as the API answered it. */
#ifndef LASFS_LIST_PAGE_H
#define LASFS_LIST_PAGE_H

#include <stddef.h>

#include "record_ref.h"

struct page {
    struct record **rows; /* n of them, one reference each */
    size_t n;
    char *next_token; /* NULL: this was the last page */
};
void page_free(struct page *p); /* NULL is fine */

#endif
