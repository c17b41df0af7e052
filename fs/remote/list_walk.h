/* A list of the API from its first page on, for who looks for something in it that nobody here knows yet. */
#ifndef LASFS_LIST_WALK_H
#define LASFS_LIST_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "backend.h"
#include "list_page.h"

/*
 * Each page as it comes, asked for anew. query may be NULL. each(): 0 go on, 1 that is enough, -errno. 0 it
 * has come to its end, or what each() returned last; what backend_list() gives; -EIO: the list does not go on.
 */
int list_walk(struct backend *backend, struct call *call, const struct target *t,
              const struct query *query,
              int (*each)(void *arg, const struct page *p, struct failure *err), void *arg,
              struct failure *err);

/* Is what follows older than since_ns? The pages that came, newest first as was asked for, end with what is; where
 * they come otherwise, nobody can say. All zero before the first one. */
struct list_order {
    int64_t last_ns; /* when the last row was made; 0: there was none, or nobody knows */
    bool ascends;
};
bool list_is_past(struct list_order *order, const struct page *p, int64_t since_ns);

#endif
