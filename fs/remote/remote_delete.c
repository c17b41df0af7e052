#include "remote_delete.h"

#include <errno.h>

#include "backend.h"
#include "kept.h"
#include "known.h"
#include "once.h"
#include "refuse.h"
#include "remote_context.h"

#include "banned.h"

/* An earlier try has deleted it, and its answer was lost: what it was, as far as one remembers. */
static struct record *remember(struct remote *remote, const struct target *t)
{
    struct call now = { .nowait = true };
    struct record *r = NULL;
    struct failure ignored = { 0 };

    known_record(remote, &now, t, &r, &ignored);
    return r;
}

int remote_delete(struct remote *remote, struct call *call, const struct target *t,
                  struct record **was, struct failure *err)
{
    int rc;

    if (remote->ro)
        return refuse_read_only(err);
    if (remote->nodelete)
        return fail(err, -EPERM, 0, "the mount deletes nothing (nodelete): mount it without that");
    rc = backend_delete(remote->backend, call, t, was, err);
    if (rc < 0 && rc != -ENOENT) {
        known_forget_record(remote, t, true); /* it may have gone all the same */
        return rc;
    }
    if (rc == 0 && was && !*was)
        *was = remember(remote, t);
    known_removed(remote, t);
    once_forget(remote, t->id);
    if (resource_takes_json(t->res))
        kept_forget(remote, KEPT_BODY, t->id);
    if (t->res->name_field)
        kept_forget(remote, KEPT_NAME, t->id);
    return 0;
}
