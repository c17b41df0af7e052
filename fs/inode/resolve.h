/* What is called NAME in a directory: from names to ids, resources and dropped files. */
#ifndef LASFS_RESOLVE_H
#define LASFS_RESOLVE_H

#include "buf.h"
#include "call.h"
#include "failure.h"
#include "route.h"
#include "types.h"

struct inodes;
struct node;
struct record;

struct lookup_result {
    struct place place;
    char id[RESOURCE_ID_MAX + 1]; /* as a node's; "": none */
    struct drop *drop;            /* of a NODE_DROP or NODE_ERROR_NOTE: one reference */
};
void lookup_result_release(struct lookup_result *f);
#define cleanup_lookup_result CLEANUP(lookup_result_release)

/* 0; -ENOENT there is none; -ENOTUNIQ, -ENAMETOOLONG, -ENOTDIR, what the API gives. */
int resolve(struct inodes *inodes, struct call *call, struct node *parent, const char *name,
            struct lookup_result *out, struct failure *err);

/* A drop as what it is in the tree. */
int resolve_drop(struct inodes *inodes, const struct place *parent, struct drop *d,
                 struct lookup_result *out);

/* What d is called in .lasfs/failed (kind NODE_FAILED_FILE) or .lasfs/pending (NODE_PENDING_FILE):
 * NUMBER-NAME. 0, -ENOENT it is not there. */
int resolve_spool_name(struct inodes *inodes, struct drop *d, enum node_kind kind,
                       char out[ROUTE_NAME_MAX + 1]);

/* All that may be there, one reference each; the caller frees the array. 0, -ENOMEM. */
int resolve_spool_list(struct inodes *inodes, enum node_kind kind, struct drop ***out, size_t *n);

/* The one that is called so there. 0, -ENOENT, -ENOMEM. */
int resolve_spool_file(struct inodes *inodes, enum node_kind kind, const char *name,
                       struct lookup_result *out);
/* Is there a value for this field of the resource of this id and record? */
bool resolve_has_field(struct inodes *inodes, const char *id, const struct record *r,
                       const struct field *f);

/* What the file of a field is called that the table does not have: other_field_file(). */
int resolve_other_file(struct inodes *inodes, const struct resource *res, const char *name,
                       bool structure, char out[ROUTE_NAME_MAX + 1]);

/* A field that shall be new, NAME in a resource's directory: other_field_new(). */
int resolve_new_field(struct inodes *inodes, const struct node *parent, const char *name,
                      struct lookup_result *out);

/* d's resource is gone, or it shall not stand for it any more: its name goes, and what was kept of
 * it. durable: as drops_remove(). 0, -EIO. */
int resolve_gone(struct inodes *inodes, struct drop *d, bool durable);

/* The resource of this id is gone, as far as one knows: d's name goes with it if it still stands
 * for it and nobody writes it (drops_remove_sent()). */
bool resolve_gone_elsewhere(struct inodes *inodes, struct drop *d, const char *id, bool durable);

/* r is what is known of d's resource. Others may have given it another name, or moved it: then d is called so
 * here too, or not at all. 0; -ENOENT it is; -EWOULDBLOCK. */
int resolve_renamed(struct inodes *inodes, struct call *call, struct drop *d,
                    const struct record *r);

/* The ending that a resource's content is also there by; NULL: none. */
const char *resolve_content_ending(const struct record *r);

/* The node for what was found; with count look-ups for the kernel. */
int resolve_node(struct inodes *inodes, struct node *parent, const char *name,
                 const struct lookup_result *f, unsigned count, struct node **out);

#endif
