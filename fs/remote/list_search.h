/*
 * A resource by its list, where a GET of it would cost its content too: as far as that pays, a few pages,
 * and one more each time that was not enough. Any thread; the call must be one that may wait.
 */
#ifndef LASFS_LIST_SEARCH_H
#define LASFS_LIST_SEARCH_H

#include "backend.h"

#define LIST_COLD_MAX 10 /* so often a few pages were not worth it: then they are not asked for */

struct folder;
struct remote;

/* In the folder's list. 0 with a reference, -ENOENT: it has all, and not this one, -EAGAIN: not in so many
 * pages, what a list gives. */
int list_search(struct remote *remote, struct call *call, const struct folder *f, const char *id,
                struct record **out, struct failure *err);

/* By the list's filter of ids, where today's API has one, for one whose content the cache has already. 0 with a
 * reference; -EAGAIN: ask for it by itself. */
int list_search_by_id(struct remote *remote, struct call *call, const struct target *t,
                      struct record **out);

/* In the list of all of its kind, for one whose content the cache has already: all that a GET would bring
 * is that it is still there. Where that has not paid ten times the list is left alone. 0 with a reference;
 * -EAGAIN: ask for it by itself. */
int list_search_cached(struct remote *remote, struct call *call, const struct target *t,
                       struct record **out);

#endif
