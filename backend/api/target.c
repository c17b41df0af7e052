#include "target.h"

#include <errno.h>
#include <stdio.h>

#include "banned.h"

size_t target_newest_first(const struct resource *res, struct query out[TARGET_ORDER_MAX])
{
    if (!res->made_field || (res->sorts & (SORTS_BY | SORTS_ORDER)) != (SORTS_BY | SORTS_ORDER))
        return 0;
    out[0] = (struct query){ "sortBy", res->made_field };
    out[1] = (struct query){ "order", "descending" };
    return 2;
}

static int copy_id(char out[RESOURCE_ID_MAX + 1], const char *id)
{
    return snprintf(out, RESOURCE_ID_MAX + 1, "%s", id) > RESOURCE_ID_MAX ? -ENAMETOOLONG : 0;
}

int target_ids_set(struct target_ids *out, const struct resource *res, const char *parent,
                   const char *id)
{
    int rc = id ? copy_id(out->id, id) : -EINVAL;

    if (rc == 0)
        rc = copy_id(out->parent, parent ? parent : "");
    if (rc < 0)
        return rc;
    out->target.res = res;
    out->target.id = out->id;
    out->target.parent = out->parent[0] ? out->parent : NULL;
    return 0;
}
