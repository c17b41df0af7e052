/*
 * Which of the API's resources, or which list of them, a request is for.
 */
#ifndef LASFS_TARGET_H
#define LASFS_TARGET_H

#include "resources.h"

/* Which collection or resource a request is for. parent: the id of the resource above it, NULL
 * at the top; id: NULL for the collection. Checked by the caller: resource_id_ok(). */
struct target {
    const struct resource *res;
    const char *parent;
    const char *id;
};

/* Values for the query string; name NULL at the end. */
struct query {
    const char *name, *value;
};

/* What asks for the newest ones first, where lists can be sorted so, to out. How many pairs. An older
 * server does not look at them. */
#define TARGET_ORDER_MAX 2
size_t target_newest_first(const struct resource *res, struct query out[TARGET_ORDER_MAX]);

/* A target with its strings. */
struct target_ids {
    struct target target;
    char id[RESOURCE_ID_MAX + 1];
    char parent[RESOURCE_ID_MAX + 1];
};

/* parent NULL or "": res stands at the top. 0, -EINVAL no id, -ENAMETOOLONG. */
int target_ids_set(struct target_ids *out, const struct resource *res, const char *parent,
                   const char *id);

#endif
