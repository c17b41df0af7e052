#include "overview.h"

#include "banned.h"

static int count(struct view *v, void *arg)
{
    int64_t *out = arg, month;
    int rc = 0;

    for (int k = RES_NONE + 1; k < RES_COUNT && rc == 0; k++)
        rc = view_counts(v, (enum resource_kind)k, &out[k], &month);
    return rc;
}

int overview_counts(const struct sandbox *sb, int64_t out[RES_COUNT])
{
    return store_read(sb->store, count, out);
}
