#include "replace_rename.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "deliver.h"
#include "drop_events.h"
#include "drop_table.h"
#include "drop_target.h"
#include "fetch.h"
#include "known.h"
#include "listing.h"
#include "name_rules.h"
#include "passes.h"
#include "posting.h"
#include "recall.h"
#include "remote_delete.h"
#include "replace.h"
#include "sidecar.h"
#include "upload_patch.h"
#include "uploads_context.h"

#include "banned.h"

#define JUST_SENT_MS 1000 /* what was sent or asked for a moment ago is not asked for again */

/* Of a folder's list is also what takes the place of what others have taken out of every list. */
static int set_filter(const struct folder *f, const struct record *old, const struct record *is,
                      struct body *body, struct failure *err)
{
    const struct field *field = f->filter ? resource_field(f->res, f->filter) : NULL;

    if (!field || !(field->flags & F_IN_PATCH) || body_has(body, f->filter) ||
        listing_filter_holds(f->filter, f->filter_value, is) ||
        listing_filter_denies(f->filter, f->filter_value, old))
        return 0;
    return body_set_string(body, f->filter, f->filter_value, err);
}

/* What of d's own resource has to change for it to be what old is; not older than max_age_ms. 0, -EXDEV
 * it cannot. */
static int differences(struct uploads *uploads, struct call *call, const struct target *own,
                       const struct folder *f, const char *name, const struct record *old,
                       int64_t max_age_ms, struct body **out, struct failure *err)
{
    cleanup_record struct record *is = NULL;
    cleanup_body struct body *body = NULL;
    int rc = known_new_record(uploads->remote, call, own, max_age_ms, &is, err);

    if (rc == 0)
        rc = body_new(f->res, BODY_PATCH, &body);
    if (rc == 0)
        rc = replace_patch(uploads, f, name, old, is, body);
    if (rc == 0)
        rc = set_filter(f, old, is, body, err);
    if (rc == 0)
        *out = steal_pointer(&body);
    return rc;
}

/* d's own resource becomes what old is. 0, -EXDEV it cannot. */
static int patch_own(struct uploads *uploads, struct call *call, const struct target *own,
                     const struct folder *f, const char *name, const struct record *old,
                     struct failure *err)
{
    cleanup_body struct body *body = NULL, *left = NULL;
    struct failure why = { 0 };
    int rc = differences(uploads, call, own, f, name, old, JUST_SENT_MS, &body, err);

    if (rc < 0 || body_empty(body))
        return rc;
    rc = upload_patch(uploads, call, own, body, err);
    if (rc < 0 && failure_passes(rc, err) && /* its answer may have been lost */
        differences(uploads, call, own, f, name, old, 0, &left, &why) == 0 && body_empty(left))
        return 0;
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
static int send_instead(struct uploads *uploads, struct call *call, struct drop *d,
                        const struct target *own, const char *id, struct folder *f,
                        const char *name, struct failure *err)
{
    struct acked mine, theirs;
    bool whole = is_whole(uploads, d);
    int rc = recall_bytes(uploads, call, d, -1, err);

    if (rc < 0)
        return rc;
    mine = drop_snapshot(uploads->drops, d).acked;
    theirs = (struct acked){ .mtime_ns = mine.mtime_ns };
    rc = drop_stand_in(uploads->drops, d, id, &theirs);
    if (rc == 0 && whole)
        rc = deliver_drop(uploads, call, d, f, name, err);
    if (rc < 0) {
        drop_stand_again(uploads->drops, d, own->id, &mine);
        drop_forget_bytes(uploads->drops, d);
        return rc;
    }
    owe_delete(uploads, call, own, NULL, 0, err);
    return REPLACED_BY_BYTES;
}

int replace_by_rename(struct uploads *uploads, struct call *call, struct drop *d,
                      struct drop *there, struct folder *f, const char *name, struct failure *err)
{
    cleanup_record struct record *old = NULL;
    struct target_ids own, theirs;
    int rc;

    if (uploads->nodelete || drop_target(uploads->drops, there, &theirs) < 0)
        return 0; /* it stays, under its id */
    /* a temporary name says nothing of what it will be, nor does another text */
    if (resource_takes_json(theirs.target.res) || rule_scratch(uploads->scratch, name))
        return remote_delete(uploads->remote, call, &theirs.target, NULL, err);
    rc = drop_target(uploads->drops, d, &own);
    if (rc == 0)
        rc = replace_look(uploads, call, &theirs.target, &old, err);
    if (rc < 0 || !old)
        return rc;
    rc = fetch_content_changes(f->res) ? -EXDEV
                                       : patch_own(uploads, call, &own.target, f, name, old, err);
    if (rc == 0 && listing_filter_denies(f->filter, f->filter_value, old))
        replace_warn(uploads, f, name, REPLACED_ELSEWHERE);
    if (rc == -EXDEV)
        return send_instead(uploads, call, d, &own.target, theirs.id, f, name, err);
    if (rc < 0)
        return rc;
    sidecar_replaced(uploads, f, name, theirs.id, own.id);
    return REPLACED;
}
