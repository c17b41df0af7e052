/* Many resources deleted at once, by a filter of their list. */
#ifndef LASFS_PURGE_H
#define LASFS_PURGE_H

#include "backend.h"

struct uploads;

/*
 * Deletes what the list has for filter=value, the first max of it (INT64_MAX: all), in as few
 * requests as the API allows; the names that were given here go with it. Blocks. 0, -EROFS, -EPERM
 * (nodelete; or no filter, which would delete everything), what backend_delete_many() gives: what
 * went before is gone then. When the answer was lost, all are asked for again, but max ends with
 * its -EIO: more than max might go.
 */
int purge_list(struct uploads *uploads, struct call *call, const struct resource *res,
               const char *filter, const char *value, int64_t max, struct failure *err);

#endif
