#include "text.h"

#include <errno.h>
#include <string.h>

#include "about.h"
#include "binding.h"
#include "checksums.h"
#include "control.h"
#include "drop.h"
#include "errlog.h"
#include "field.h"
#include "known.h"
#include "lease.h"
#include "node_kinds.h"
#include "once.h"
#include "refuse.h"
#include "upload_patch.h"

#include "kernel.h"
#include "node.h"
#include "pseudo_context.h"
#include "shared.h"

#include "banned.h"

/* --- Reading ---------------------------------------------------------------------------------- */

static int note_text(struct pseudo *pseudo, struct node *n, struct buf *out)
{
    const struct drop *x = n->drop;
    char when[ERRLOG_TIME_MAX];
    int rc = -ENOENT;

    drops_lock(pseudo->drops);
    if (x->linked && x->error) {
        errlog_time(x->failed_ns, when);
        rc = buf_addf(out, "%s: %s\n", x->name, x->error);
        if (rc == 0 && x->failed_ns)
            rc = buf_addf(out, "failed at %s\n", when);
    }
    drops_unlock(pseudo->drops);
    return rc;
}

/* Is it never shown, not even where a server gave it back? */
static bool is_hushed(const struct place *p)
{
    return p->kind == NODE_FIELD && (p->field->flags & F_SECRET) && !(p->field->flags & F_ONCE);
}

int text_of(struct pseudo *pseudo, struct call *call, struct node *n, struct buf *out,
            struct failure *err)
{
    if (n->place.kind == NODE_FIELD || n->place.kind == NODE_WHOLE)
        return is_hushed(&n->place) ? 0 : field_text(pseudo, call, n, out, err);
    if (n->place.kind == NODE_RECENT)
        return field_recent(pseudo, call, n, out, err);
    if (n->place.kind == NODE_LINES)
        return field_lines(pseudo, call, n, out, err);
    if (n->place.kind == NODE_README)
        return buf_adds(out, about_readme);
    if (tree_is_delivered(n->place.kind))
        return call->nowait ? -EWOULDBLOCK : checksums_text(pseudo, call, n, out, err);
    if (n->place.kind == NODE_METRICS)
        return call->nowait ? -EWOULDBLOCK : about_metrics(pseudo, out);
    if (n->place.kind == NODE_STATUS)
        return call->nowait ? -EWOULDBLOCK : about_status(pseudo, out);
    if (n->place.kind == NODE_ERROR_NOTE)
        return note_text(pseudo, n, out);
    return 0;
}

/* --- Writing ---------------------------------------------------------------------------------- */

static int refresh(struct pseudo *pseudo)
{
    known_forget_all(pseudo->remote);
    shared_look_again(pseudo->inodes);
    drops_trust_lists(pseudo->drops);
    kernel_forget_all(pseudo->kernel);
    return 0;
}

static int control(struct pseudo *pseudo, struct call *call, const char *text, size_t len,
                   struct failure *err)
{
    int rc = control_run(pseudo, call, text, len, err);

    return rc == -EFBIG && !err->text[0] ? refuse_size(err) : rc;
}

int text_commit(struct pseudo *pseudo, struct call *call, struct node *n, const char *text,
                size_t len, struct failure *err)
{
    struct target_ids b;
    int rc;

    if (n->place.kind == NODE_REFRESH)
        return refresh(pseudo);
    if (n->place.kind == NODE_CONTROL)
        return control(pseudo, call, text, len, err);
    if (n->place.kind != NODE_HEARTBEAT)
        return field_commit(pseudo, call, n, text, len, err);
    if (pseudo->ro)
        return refuse_read_only(err);
    rc = bind_resource(pseudo->inodes, n, &b);
    return rc < 0 ? rc : lease_beat(pseudo->remote, call, &b.target, err);
}
