/* The URL of a request, by the table. Pure. */
#ifndef LASFS_TARGET_URL_H
#define LASFS_TARGET_URL_H

#include <stdbool.h>

#include "buf.h"
#include "target.h"

/* base and the path of t, added to out. 0, -EINVAL (an id is missing, or cannot be one), -EFBIG,
 * -ENOMEM. */
int target_path(const char *base, const struct target *t, struct buf *out);

/* The query of a page of res's list. query and token may be NULL. 0, -EINVAL (a filter's id cannot
 * be one), -EFBIG, -ENOMEM. */
int target_query(const struct resource *res, const struct query *query, const char *token,
                 unsigned max_results, struct buf *out);

/* Does query hold a filter of the table with a value, and nothing but such? */
bool target_is_filtered(const struct resource *res, const struct query *query);

#endif
