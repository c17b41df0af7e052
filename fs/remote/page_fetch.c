#include "page_fetch.h"

#include "banned.h"

/* Has the server refused so many rows, or broken down over them, or were they too many to be taken in? */
static bool is_too_large(const struct failure *why)
{
    return (why->status >= 200 && why->status < 300) || why->status == 400 || why->status == 413 ||
           why->status == 422 || why->status >= 500;
}

static int fetch(const struct page_ask *ask, unsigned rows, struct call *call, struct page **out,
                 struct failure *err)
{
    *err = (struct failure){ 0 };
    return backend_list(ask->backend, call, ask->target, ask->query, ask->token, rows, out, err);
}

int page_fetch(const struct page_ask *ask, atomic_uint *size, struct call *call, struct page **out,
               struct failure *err)
{
    unsigned rows = ask->token && size ? atomic_load(size) : RESOURCE_PAGE_SIZE;
    struct failure why;
    int rc = fetch(ask, rows, call, out, &why);

    if (rc < 0 && rows > RESOURCE_PAGE_SIZE && is_too_large(&why)) {
        rc = fetch(ask, RESOURCE_PAGE_SIZE, call, out, &why);
        if (rc == 0)
            atomic_store(size, RESOURCE_PAGE_SIZE);
    }
    if (rc < 0 && err)
        *err = why;
    return rc;
}
