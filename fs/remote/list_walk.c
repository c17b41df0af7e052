#include "list_walk.h"

#include <stdlib.h>

#include "paging.h"
#include "record.h"

#include "banned.h"

int list_walk(struct backend *backend, struct call *call, const struct target *t,
              const struct query *query,
              int (*each)(void *arg, const struct page *p, struct failure *err), void *arg,
              struct failure *err)
{
    cleanup_free char *token = NULL;
    struct paging paging = { 0 };
    struct cycle pages = { 0 };
    int rc;

    do {
        struct page *p;
        uint64_t mark;

        rc = backend_list(backend, call, t, query, token, RESOURCE_PAGE_SIZE, &p, err);
        if (rc < 0)
            return rc;
        rc = each(arg, p, err);
        mark = paging_mark(p);
        free(token);
        token = steal_pointer(&p->next_token);
        page_free(p);
        if (rc == 0)
            rc = paging_next(&paging, t->res, token, mark && !cycle_closes(&pages, mark), 0, err);
    } while (rc == 0 && token);
    return rc;
}

bool list_is_past(struct list_order *order, const struct page *p, int64_t since_ns)
{
    for (size_t i = 0; i < p->n; i++) {
        int64_t made_ns = record_made_ns(p->rows[i]);

        order->ascends = order->ascends || (order->last_ns && made_ns > order->last_ns);
        order->last_ns = made_ns;
    }
    return !order->ascends && p->n > 1 && order->last_ns && order->last_ns < since_ns;
}
