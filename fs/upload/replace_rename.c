#include "replace_rename.h"

#include <errno.h>

#include "backend.h"
#include "carry.h"
#include "deliver.h"
#include "drop_events.h"
#include "drop_table.h"
#include "drop_target.h"
#include "fetch.h"
#include "known.h"
#include "list_filter.h"
#include "meant.h"
#include "moving.h"
#include "name_rules.h"
#include "posting.h"
#include "recall.h"
#include "replace.h"
#include "sidecar.h"
#include "upload_patch.h"
#include "uploads_context.h"

#include "banned.h"

#define UNDO_MAX_BYTES (8 * 1024 * 1024)

/* d's own resource becomes what old is; what is sent for that is begun as a move. 0, -EXDEV it cannot. */
static int patch_own(struct moving *m, const struct target *own, const struct record *old,
                     struct failure *err)
{
    cleanup_buf struct buf undo = BUF_INIT(UNDO_MAX_BYTES);
    cleanup_record struct record *now = NULL;
    cleanup_body struct body *body = NULL;
    int rc = carry_differences(m->uploads, m->call, own, m->to, m->to_name, old, KNOWN_JUST_NOW_MS,
                               &body, &now, err);

    if (rc < 0 || body_empty(body))
        return rc;
    rc = body_undo_text(body, now, &undo);
    if (rc == 0)
        rc = moving_begin(m, own, buf_str(&undo), err);
    if (rc == 0)
        rc = moving_patched(m, own, upload_patch(m->uploads, m->call, own, body, err), err);
    return rc;
}

/* Are d's bytes all that it will be? What is being written, and what is not complete, is not. */
static bool is_whole(struct uploads *uploads, struct drop *d)
{
    struct drop_snapshot s = drop_snapshot(uploads->drops, d);

    return !s.dirty || (!s.writers && !s.broken);
}

/* d's bytes are sent in the place of the resource of id, and its own goes; those that are still
 * being written, when they are closed. */
static int send_instead(struct moving *m, const struct target *own, const char *id,
                        struct failure *err)
{
    struct uploads *uploads = m->uploads;
    struct acked mine, theirs;
    struct drop *d = m->drop;
    bool whole = is_whole(uploads, d);
    int rc = recall_bytes(uploads, m->call, d, -1, err);

    if (rc < 0)
        return rc;
    mine = drop_snapshot(uploads->drops, d).acked;
    theirs = (struct acked){ .mtime_ns = mine.mtime_ns };
    moving_owe(m, own, false);
    m->at_once = true; /* where its bytes are queued, its name moves with them */
    rc = drop_stand_in(uploads->drops, d, id, &theirs);
    if (rc == 0 && whole)
        rc = deliver_moving(m, err);
    if (rc < 0) {
        moving_owe(m, NULL, false);
        drop_stand_again(uploads->drops, d, own->id, &mine);
        drop_forget_bytes(uploads->drops, d);
        return rc;
    }
    return REPLACED_BY_BYTES;
}

int replace_by_rename(struct moving *m, struct drop *there, struct failure *err)
{
    cleanup_record struct record *old = NULL;
    struct uploads *uploads = m->uploads;
    struct folder *f = m->to;
    struct target_ids own, theirs;
    int rc;

    if (uploads->nodelete || drop_target(uploads->drops, there, &theirs) < 0)
        return 0; /* it stays, under its id */
    /* a temporary name says nothing of what it will be, nor does another text */
    if (resource_takes_json(theirs.target.res) || rule_scratch(uploads->scratch, m->to_name)) {
        if (!(resource_can(theirs.target.res) & CAN_DELETE))
            return fail(err, -EPERM, 0, "what is called so cannot be deleted: give another name");
        rc = meant_look(uploads, m->call, there, NULL, NULL, err);
        if (rc == 0)
            moving_owe(m, &theirs.target, false);
        return rc < 0 ? rc : 0;
    }
    rc = drop_target(uploads->drops, m->drop, &own);
    if (rc == 0)
        rc = replace_look(uploads, m->call, &theirs.target, &old, err);
    if (rc < 0 || !old || meant_is_other(uploads, m->call, there, NULL, NULL, old, NULL))
        return rc;
    moving_owe(m, &theirs.target, true);
    rc = fetch_content_changes(f->res) ? -EXDEV : patch_own(m, &own.target, old, err);
    if (rc == 0 && list_filter_denies(f->filter, f->filter_value, old))
        replace_warn(uploads, f, m->to_name, REPLACED_ELSEWHERE);
    if (rc == -EXDEV)
        return send_instead(m, &own.target, theirs.id, err);
    if (rc < 0)
        return rc;
    sidecar_replaced(uploads, f, m->to_name, theirs.id, own.id);
    return REPLACED;
}
