/* Names in the place of ids, in what somebody writes. */
#ifndef LASFS_ID_SEARCH_H
#define LASFS_ID_SEARCH_H

#include "backend.h"
#include "id_finder.h"

struct uploads;

/* For a body that is put together in this call: names, and drops by their path below their
 * collection's folder, in the place of ids. None is -EINVAL. */
struct id_search {
    struct id_finder finder;
    struct uploads *uploads;
    struct call *call;
    const struct target *at;
};

/* at: what the body is for, a list or one of it: what stands below the same resource, or below it, has its
 * name there. It lives as long as s. */
void id_search_init(struct id_search *s, struct uploads *uploads, struct call *call,
                    const struct target *at);

#endif
