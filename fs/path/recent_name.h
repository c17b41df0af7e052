/* What a resource's field says of the last days, by what its file is called. Pure. */
#ifndef LASFS_RECENT_NAME_H
#define LASFS_RECENT_NAME_H

#include "resources.h"

#define RECENT_DAYS_MAX 4

/* How many days a file called name is about: "7" for .statistics-7.json, by the table's recent. 0; -ENOENT:
 * nothing is called so. */
int recent_days(const struct resource *res, const char *name, char out[RECENT_DAYS_MAX + 1]);

#endif
