/* From a node to the resource or folder that it stands for. */
#ifndef LASFS_BINDING_H
#define LASFS_BINDING_H

#include "core.h"

/* A target with its strings. */
struct bound {
    struct target target;
    char id[RESOURCE_ID_MAX + 1];
    char parent[RESOURCE_ID_MAX + 1];
};

/* The resource of a NODE_RESOURCE, or the one that a file stands in. 0, -EINVAL none,
 * -ENAMETOOLONG. */
int bind_resource(struct fs *fs, struct node *n, struct bound *out);

/* The resource of this id in a collection or subfolder node. */
int bind_entry(struct fs *fs, struct node *collection, const char *id, struct bound *out);

/* The folder of a collection, subfolder or resource node. Without create, a resource's folder
 * that holds nothing is -ENOENT. 0, -EWOULDBLOCK, -ENOMEM, -EIO, -ENOTDIR others have none. */
int bind_folder(struct fs *fs, struct call *call, struct node *n, bool create, struct folder **out);

/* The resource that a sent drop stands for. The caller holds the drop exclusively, or accepts
 * what it was a moment ago. -ENOENT it stands for none. */
int bind_drop(struct fs *fs, struct drop *d, struct bound *out);

#endif
