#include "field.h"

#include <errno.h>
#include <string.h>

#include "binding.h"
#include "id_search.h"
#include "kernel.h"
#include "known.h"
#include "node.h"
#include "node_kinds.h"
#include "once.h"
#include "other_fields.h"
#include "pseudo_context.h"
#include "recency.h"
#include "refuse.h"
#include "upload_patch.h"

#include "banned.h"

#define LINES_AGE_MS 300
#define EMPTY_OBJECT "{}"

int field_text(struct pseudo *pseudo, struct call *call, struct node *n, struct buf *out,
               struct failure *err)
{
    cleanup_record struct record *r = NULL;
    struct bound_field f;
    struct target_ids b;
    int rc = bind_resource(pseudo->inodes, n, &b);

    if (rc == 0)
        rc = known_field_record(pseudo->remote, call, &b.target, &r, err);
    if (rc < 0)
        return rc;
    if (n->place.kind == NODE_WHOLE)
        return record_json(r, true, out);
    rc = bind_field(pseudo->inodes, n, &f);
    if (rc < 0)
        return rc;
    if (f.field.flags & F_ONCE)
        return once_text(pseudo->remote, b.id, n->place.field, out);
    rc = record_field_text(r, &f.field, out);
    /* what can be written is there to be written, also while it has no value */
    return rc == -ENOENT && kind_is_writable(&n->place) ? 0 : rc;
}

/* A log grows: what is remembered is good for one look, not for the next. */
int field_lines(struct pseudo *pseudo, struct call *call, struct node *n, struct buf *out,
                struct failure *err)
{
    cleanup_record struct record *r = NULL;
    struct target_ids b;
    int rc = bind_resource(pseudo->inodes, n, &b);

    if (rc == 0)
        rc = known_new_record(pseudo->remote, call, &b.target, LINES_AGE_MS, &r, err);
    if (rc == 0)
        rc = record_field_lines(r, n->place.field, out);
    return rc == -ENOENT ? 0 : rc;
}

int field_recent(struct pseudo *pseudo, struct call *call, struct node *n, struct buf *out,
                 struct failure *err)
{
    struct target_ids b;
    int rc = bind_resource(pseudo->inodes, n, &b);

    return rc < 0 ? rc : recency_text(pseudo->remote, call, &b.target, n->id, out, err);
}

/* PATCH {} is a command where the API has one; a text with all fields as they are is none. */
static bool asks_for_nothing(const struct resource *res, const char *text, size_t len)
{
    const char *want = EMPTY_OBJECT;

    if (!(res->flags & R_PATCH_EMPTY))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!strchr(" \t\r\n", text[i]) && *want++ != text[i])
            return false;
    return !*want;
}

static int commit_whole(struct pseudo *pseudo, struct call *call, const struct target *t,
                        const char *text, size_t len, struct failure *err)
{
    cleanup_record struct record *now = NULL;
    cleanup_body struct body *body = NULL;
    struct id_search names;
    int rc = body_new(t->res, BODY_PATCH, &body);

    if (rc == 0)
        rc = known_current_record(pseudo->remote, call, t, &now, err);
    if (rc < 0)
        return rc;
    id_search_init(&names, pseudo->uploads, call, t);
    body_find_ids(body, &names.finder);
    if (known_today(pseudo->remote))
        body_keep_numbers(body);
    rc = body_set_difference(body, now, text, len, err);
    if (rc < 0 || (body_empty(body) && !asks_for_nothing(t->res, text, len)))
        return rc;
    return upload_written(pseudo->uploads, call, t, now, body, err);
}

static void parent_changed(struct pseudo *pseudo, struct node *n)
{
    struct node *parent = node_parent(pseudo->nodes, n);

    if (parent)
        kernel_attr_changed(pseudo->kernel, parent->ino);
    node_unref(pseudo->nodes, parent);
}

static int commit_field(struct pseudo *pseudo, struct call *call, struct node *n,
                        const struct target *t, const char *text, size_t len, struct failure *err)
{
    struct bound_field f;
    int rc = bind_field(pseudo->inodes, n, &f);

    if (rc < 0)
        return rc;
    return other_field_is(&n->place)
               ? upload_other_field(pseudo->uploads, call, t, &f.field, text, len, err)
               : upload_field(pseudo->uploads, call, t, &f.field, text, len, err);
}

int field_commit(struct pseudo *pseudo, struct call *call, struct node *n, const char *text,
                 size_t len, struct failure *err)
{
    struct target_ids b;
    int rc;

    if (pseudo->ro)
        return refuse_read_only(err);
    rc = bind_resource(pseudo->inodes, n, &b);
    if (rc < 0)
        return rc;
    if (n->place.kind == NODE_WHOLE)
        rc = commit_whole(pseudo, call, &b.target, text, len, err);
    else
        rc = commit_field(pseudo, call, n, &b.target, text, len, err);
    if (rc == 0)
        parent_changed(pseudo, n); /* its times have changed with the field */
    return rc;
}
