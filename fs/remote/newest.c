#include "newest.h"

#include <errno.h>
#include <string.h>

#include "folder.h"
#include "known.h"
#include "known_lists.h"
#include "list_page.h"
#include "list_walk.h"
#include "listing.h"
#include "remote_context.h"

#include "banned.h"

#define QUERY_MAX (1 + TARGET_ORDER_MAX)

struct news {
    struct remote *remote;
    struct target of;
    int64_t since_ns;
    int (*each)(void *arg, struct record *r);
    void *arg;
};

/* So that the lists which are remembered have it too. */
static void remember(struct news *n, struct record *r, char id[RESOURCE_ID_MAX + 1])
{
    struct target t = n->of;
    struct record *known = NULL;

    t.id = id;
    if (known_lists_find(n->remote, &t, &known) != 0)
        known_lists_apply(n->remote, &t, r);
    record_unref(known);
}

/* Deleted here while the page was under way. */
static bool is_gone(const struct news *n, const char *id)
{
    struct target t = n->of;

    t.id = id;
    return known_gone(n->remote, &t);
}

/* 1: what follows is older. */
static int take_page(void *arg, const struct page *p, struct failure *err)
{
    struct news *n = arg;

    (void)err;
    for (size_t i = 0; i < p->n; i++) {
        char id[RESOURCE_ID_MAX + 1];
        int rc;

        if (record_made_ns(p->rows[i]) < n->since_ns)
            return 1;
        if (record_id(p->rows[i], id) < 0 || is_gone(n, id))
            continue;
        remember(n, p->rows[i], id);
        rc = n->each(n->arg, p->rows[i]);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int known_newest(struct remote *remote, struct call *call, const struct folder *f, int64_t since_ns,
                 int (*each)(void *arg, struct record *r), void *arg, struct failure *err)
{
    struct news n = { .remote = remote,
                      .of = { .res = f->res, .parent = f->parent },
                      .since_ns = since_ns,
                      .each = each,
                      .arg = arg };
    struct query query[QUERY_MAX + 1] = { { f->filter, f->filter_value } };
    size_t at = f->filter ? 1 : 0;
    int rc;

    if (call->nowait)
        return -EWOULDBLOCK;
    if (target_newest_first(f->res, query + at) == 0)
        return 0;
    rc = list_walk(remote->backend, call, &n.of, query, take_page, &n, err);
    return rc == 1 ? 0 : rc;
}

int64_t known_list_ttl(const struct remote *remote)
{
    return remote->list_ttl_ms;
}
