/*
 * What helps in a collection and stands in no listing: .by-name/ and .by-id/, links to all its
 * resources, and .by-FIELD/VALUE/, links to those for which a filter of the API's list holds.
 */
#ifndef LASFS_LINKS_H
#define LASFS_LINKS_H

#include "binding.h"

struct folder;
struct inodes;
struct node;
struct record;

/* Where a link points, as readlink(2) says it. 0, -EINVAL, -ENAMETOOLONG. */
int link_target(struct inodes *inodes, struct node *link, char out[FS_LINK_MAX]);

/* The resource that a link points to. 0, -EINVAL, -ENAMETOOLONG. */
int link_bind(struct inodes *inodes, struct node *link, struct target_ids *out);

/* The id of what is called name in one of these directories. 0, -ENOENT, -ENOTUNIQ, what the list
 * gives. */
int link_find(struct inodes *inodes, struct call *call, struct node *parent, const char *name,
              char id[RESOURCE_ID_MAX + 1], struct failure *err);

/* Is r, which the API gave for this filter (NULL: none) and value, one that it holds for? An older
 * server knows fewer filters, and gives all. */
bool link_holds(const struct filter *filter, const char *value, const struct record *r);

/* The id of r as it is found from here: another organization's has that before it. 0, -EIO,
 * -ENAMETOOLONG. */
int link_id(const struct filter *filter, const char *value, const struct record *r,
            char id[RESOURCE_ID_MAX + 1]);

/* The collection, or the folder within, that n is an index of, with a reference; NULL: none. */
struct node *link_folder_node(struct inodes *inodes, struct node *n);

/* The same as a folder. 0, -ENOENT, what bind_folder() gives. */
int link_folder(struct inodes *inodes, struct call *call, struct node *n, struct folder **out);

#endif
