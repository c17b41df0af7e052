#include "record_ref.h"

#include <stdlib.h>

#include "pack.h"

#include "banned.h"

struct record *record_ref(struct record *r)
{
    if (r)
        atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

void record_unref(struct record *r)
{
    if (r && atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1)
        free(r);
}

const struct resource *record_resource(const struct record *r)
{
    return r->res;
}

size_t record_bytes(const struct record *r)
{
    return sizeof(*r) + r->len;
}
