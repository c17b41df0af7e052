/* A list of the API from its first page on, for who looks for something in it that nobody here knows yet. */
#ifndef LASFS_LIST_WALK_H
#define LASFS_LIST_WALK_H

#include "backend.h"
#include "list_page.h"

struct uploads;

/*
 * Each page as it comes, asked for anew. query may be NULL. each(): 0 go on, 1 that is enough, -errno. 0 it
 * has come to its end, or what each() returned last; what backend_list() gives; -EIO: the list does not go on.
 */
int list_walk(struct uploads *uploads, struct call *call, const struct target *t,
              const struct query *query,
              int (*each)(void *arg, const struct page *p, struct failure *err), void *arg,
              struct failure *err);

#endif
