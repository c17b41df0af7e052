/* From a node to the resource or folder that it stands for. */
#ifndef LASFS_BINDING_H
#define LASFS_BINDING_H

#include "buf.h"
#include "call.h"
#include "failure.h"
#include "route.h"
#include "target.h"
#include "types.h"

struct folder;
struct inodes;
struct node;

/* The resource of a NODE_RESOURCE, or the one that a file stands in. 0, -EINVAL none,
 * -ENAMETOOLONG. */
int bind_resource(struct inodes *inodes, struct node *n, struct target_ids *out);

/* The resource of this id in a collection or subfolder node. */
int bind_entry(struct inodes *inodes, struct node *collection, const char *id,
               struct target_ids *out);

/* A field with room for what it is called, where the table does not have it. */
struct bound_field {
    struct field field;
    char name[ROUTE_NAME_MAX + 1];
};

/* The field that a NODE_FIELD stands for. 0, -ESTALE its name means something else by now. */
int bind_field(struct inodes *inodes, struct node *n, struct bound_field *out);

/* The folder of a collection, subfolder or resource node. Without create, a resource's folder
 * that holds nothing is -ENOENT. 0, -EWOULDBLOCK, -ENOMEM, -EIO, -ENOTDIR others have none. */
int bind_folder(struct inodes *inodes, struct call *call, struct node *n, bool create,
                struct folder **out);

#endif
