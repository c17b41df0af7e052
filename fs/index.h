/*
 * What helps in a collection and stands in no listing: .by-name/ and .by-id/, links to all its
 * resources, and .by-FIELD/VALUE/, links to those for which a filter of the API's list holds.
 */
#ifndef LASFS_INDEX_H
#define LASFS_INDEX_H

#include "binding.h"
#include "dir.h"

/* Where a link points, as readlink(2) says it. 0, -EINVAL, -ENAMETOOLONG. */
#define INDEX_TARGET_MAX FS_LINK_MAX
int index_target(struct fs *fs, struct node *link, char out[INDEX_TARGET_MAX]);

/* The resource that a link points to. 0, -EINVAL, -ENAMETOOLONG. */
int index_bind(struct fs *fs, struct node *link, struct bound *out);

/* The id of what is called name in one of these directories. 0, -ENOENT, -ENOTUNIQ, what the list
 * gives. */
int index_find(struct fs *fs, struct call *call, struct node *parent, const char *name,
               char id[RESOURCE_ID_MAX + 1], struct failure *err);

/* All that stands in such a directory. 0, -ENOMEM, what the list gives. */
int index_add(struct fs *fs, struct call *call, struct dirhandle *d, struct failure *err);

/* An entry of that place for each value that the field has in the list and ok() takes, once. */
int index_add_values(struct call *call, struct dirhandle *d, struct listing *l, const char *field,
                     const struct place *place, bool (*ok)(const char *value), struct failure *err);

#endif
