#include "text.h"

#include <errno.h>
#include <string.h>

#include "about.h"
#include "binding.h"
#include "checksums.h"
#include "control.h"
#include "known.h"
#include "lease.h"
#include "once.h"

#include "banned.h"

#define LINES_AGE_MS 300
#define EMPTY_OBJECT "{}"

bool text_is(enum node_kind kind)
{
    return kind == NODE_FIELD || kind == NODE_WHOLE || kind == NODE_README || kind == NODE_STATUS ||
           kind == NODE_ERRORS || kind == NODE_REFRESH || kind == NODE_ERROR_NOTE ||
           kind == NODE_LINES || kind == NODE_HEARTBEAT || kind == NODE_CONTROL ||
           kind == NODE_METRICS || kind == NODE_SHA256SUMS;
}

bool text_is_command(const struct place *p)
{
    return p->kind == NODE_REFRESH || p->kind == NODE_CONTROL;
}

bool text_readable(const struct place *p)
{
    if (p->kind == NODE_FIELD) /* a command has no value: empty, so that tar and cp -a go through */
        return p->field->flags & (F_READABLE | F_AT_ONCE);
    return p->kind != NODE_REFRESH && p->kind != NODE_CONTROL && p->kind != NODE_HEARTBEAT;
}

bool text_writable(const struct place *p)
{
    if (p->kind == NODE_FIELD)
        return p->field->flags & F_IN_PATCH;
    if (p->kind == NODE_WHOLE)
        return p->res->can & CAN_PATCH;
    return p->kind == NODE_HEARTBEAT || text_is_command(p);
}

int64_t text_max_bytes(const struct place *p)
{
    const struct schema *s = p->kind == NODE_FIELD && p->field->ending ? p->field->schema : NULL;

    return s && (s->limits & LIMIT_MAX) ? s->max / 4 * 3 : TEXT_MAX_BYTES;
}

bool text_at_once(const struct place *p)
{
    return text_is_command(p) || (p->kind == NODE_FIELD && (p->field->flags & F_AT_ONCE));
}

/* --- Reading ---------------------------------------------------------------------------------- */

static int resource_text(struct fs *fs, struct call *call, struct node *n, struct buf *out,
                         struct failure *err)
{
    cleanup_record struct record *r = NULL;
    struct bound b;
    int rc = bind_resource(fs, n, &b);

    if (rc == 0)
        rc = known_field_record(fs, call, &b.target, &r, err);
    if (rc < 0)
        return rc;
    if (n->place.kind == NODE_WHOLE)
        return record_json(r, true, out);
    if (n->place.field->flags & F_ONCE)
        return once_text(fs, b.id, n->place.field, out);
    rc = record_field_text(r, n->place.field, out);
    /* what can be written is there to be written, also while it has no value */
    return rc == -ENOENT && text_writable(&n->place) ? 0 : rc;
}

/* A log grows: what is remembered is good for one look, not for the next. */
static int lines_text(struct fs *fs, struct call *call, struct node *n, struct buf *out,
                      struct failure *err)
{
    cleanup_record struct record *r = NULL;
    struct bound b;
    int rc = bind_resource(fs, n, &b);

    if (rc == 0)
        rc = known_new_record(fs, call, &b.target, LINES_AGE_MS, &r, err);
    if (rc == 0)
        rc = record_field_lines(r, n->place.field, out);
    return rc == -ENOENT ? 0 : rc;
}

static int note_text(struct fs *fs, struct node *n, struct buf *out)
{
    int rc;

    if (!n->drop)
        return 0; /* it went with its file, and is there to be unlinked */
    drops_lock(fs->drops);
    if (n->drop->failed)
        rc = buf_addf(out, "%s: %s\n", n->drop->name,
                      n->drop->error ? n->drop->error : "it could not be delivered");
    else
        rc = -ENOENT;
    drops_unlock(fs->drops);
    return rc;
}

int text_of(struct fs *fs, struct call *call, struct node *n, struct buf *out, struct failure *err)
{
    if (n->place.kind == NODE_FIELD || n->place.kind == NODE_WHOLE)
        return text_readable(&n->place) ? resource_text(fs, call, n, out, err) : 0;
    if (n->place.kind == NODE_LINES)
        return lines_text(fs, call, n, out, err);
    if (n->place.kind == NODE_README)
        return buf_adds(out, about_readme);
    if (n->place.kind == NODE_ERRORS)
        return errlog_text(fs->errlog, out);
    if (n->place.kind == NODE_SHA256SUMS)
        return call->nowait ? -EWOULDBLOCK : checksums_text(fs, call, n, out, err);
    if (n->place.kind == NODE_METRICS)
        return call->nowait ? -EWOULDBLOCK : about_metrics(fs, out);
    if (n->place.kind == NODE_STATUS)
        return call->nowait ? -EWOULDBLOCK : about_status(fs, out);
    if (n->place.kind == NODE_ERROR_NOTE)
        return note_text(fs, n, out);
    return 0;
}

/* --- Writing ---------------------------------------------------------------------------------- */

static int send_patch(struct fs *fs, struct call *call, const struct target *t,
                      const struct body *body, struct failure *err)
{
    cleanup_record struct record *now = NULL;
    int rc = backend_update(fs->backend, call, t, body, NO_CONTENT, &now, err);

    if (rc == 0)
        known_changed(fs, t, now);
    return rc;
}

int text_patch(struct fs *fs, struct call *call, const struct target *t, const struct field *f,
               const char *text, size_t len, struct failure *err)
{
    cleanup_body struct body *body = NULL;
    struct id_search names;
    int rc = body_new(t->res, BODY_PATCH, &body);

    if (rc < 0)
        return rc;
    known_id_search(&names, fs, call);
    body_find_ids(body, &names.finder);
    rc = body_set_text(body, f, text, len, err);
    return rc < 0 ? rc : send_patch(fs, call, t, body, err);
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

static int commit_whole(struct fs *fs, struct call *call, const struct target *t, const char *text,
                        size_t len, struct failure *err)
{
    cleanup_record struct record *now = NULL;
    cleanup_body struct body *body = NULL;
    struct id_search names;
    int rc = body_new(t->res, BODY_PATCH, &body);

    if (rc == 0)
        rc = known_current_record(fs, call, t, &now, err);
    if (rc < 0)
        return rc;
    known_id_search(&names, fs, call);
    body_find_ids(body, &names.finder);
    rc = body_set_difference(body, now, text, len, err);
    if (rc < 0 || (body_empty(body) && !asks_for_nothing(t->res, text, len)))
        return rc;
    return send_patch(fs, call, t, body, err);
}

static int refresh(struct fs *fs)
{
    struct fs_kernel kernel = core_kernel(fs);

    known_forget_all(fs);
    drops_trust_lists(fs->drops);
    if (kernel.forget_all)
        kernel.forget_all(kernel.arg);
    return 0;
}

/* The directory's times have changed with the field. */
static void tell_kernel(struct fs *fs, struct node *n)
{
    struct fs_kernel kernel = core_kernel(fs);
    struct node *parent = node_parent(fs->nodes, n);

    if (kernel.attr_changed && parent)
        kernel.attr_changed(kernel.arg, parent->ino);
    node_unref(fs->nodes, parent);
}

int text_commit(struct fs *fs, struct call *call, struct node *n, const char *text, size_t len,
                struct failure *err)
{
    struct bound b;
    int rc;

    if (n->place.kind == NODE_REFRESH)
        return refresh(fs);
    if (n->place.kind == NODE_CONTROL)
        return control_run(fs, call, text, len, err);
    if (fs->options->ro)
        return fail(err, -EROFS, 0, "the mount is read-only");
    rc = bind_resource(fs, n, &b);
    if (rc < 0)
        return rc;
    if (n->place.kind == NODE_HEARTBEAT)
        return lease_beat(fs, call, &b.target, err);
    if (n->place.kind == NODE_WHOLE)
        rc = commit_whole(fs, call, &b.target, text, len, err);
    else
        rc = text_patch(fs, call, &b.target, n->place.field, text, len, err);
    if (rc == 0)
        tell_kernel(fs, n);
    return rc;
}
