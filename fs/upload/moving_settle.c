#include "moving_settle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doomed.h"
#include "drop_events.h"
#include "drop_folders.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drops.h"
#include "folder.h"
#include "journal.h"
#include "known.h"
#include "list_filter.h"
#include "moving_look.h"
#include "name_rules.h"
#include "passes.h"
#include "posting.h"
#include "restamp.h"
#include "unsure.h"
#include "upload_patch.h"
#include "uploads_context.h"

#include "banned.h"

#define LOOK_AGAIN_MS 1000
#define BUSY_AGAIN_MS 300

struct settling {
    struct uploads *uploads;
    const struct intent_row *row;
    struct folder *to;
    const char *name;   /* what it will be called there */
    struct drop *drop;  /* held exclusively */
    struct drop *there; /* what the name is taken from, held exclusively; or NULL */
    bool undo;          /* what it was to take the place of is gone: no name is its own */
    bool away;          /* and that is not gone, but called otherwise by now, or going */
    char gone[RESOURCE_ID_MAX + 1]; /* what the name stood for, or "" */
};

/* Is it what the name was to be taken from? */
static bool is_old(const struct settling *s, struct drop *there)
{
    const char *old = s->row->old ? s->row->old : "", *look = s->row->look ? s->row->look : "";
    struct drop_snapshot now = drop_snapshot(s->uploads->drops, there);
    char seen[RESOURCE_ID_MAX + 1];

    moving_look_at_name(s->uploads, there, seen);
    return !now.writers && seen[0] && (strcmp(seen, old) == 0 || strcmp(seen, look) == 0);
}

static int hold(struct drops *drops, struct drop *d)
{
    struct call now = { .nowait = true };

    return drop_lock_exclusive(drops, d, &now);
}

static void let_go(struct drops *drops, struct drop **d)
{
    if (!*d)
        return;
    drop_unlock_exclusive(drops, *d);
    drop_unref(steal_pointer(d));
}

/* What the name is to be taken from is held. -EEXIST: it is another one's by now; -EWOULDBLOCK. */
static int hold_there(struct settling *s, struct drop *there)
{
    struct drops *drops = s->uploads->drops;
    int rc = hold(drops, there);

    if (rc < 0)
        return rc;
    s->there = drop_ref(there);
    if (!is_old(s, there)) {
        let_go(drops, &s->there);
        return -EEXIST;
    }
    snprintf(s->gone, sizeof(s->gone), "%s", drop_snapshot(drops, there).id);
    return 0;
}

/* Who has renamed it since has said what it is called. */
static bool is_moved_since(const struct settling *s, const struct folder *from)
{
    return s->drop ? !drop_is_called(s->uploads->drops, s->drop, from, s->row->name)
                   : drops_has_id(s->uploads->drops, s->row->id);
}

/* What stood for it, or else what has the name, or is made to have it. -EEXIST: it was moved since. */
static int find_mover(struct settling *s)
{
    struct drops *drops = s->uploads->drops;
    struct folder *from = NULL;

    if (drops_folder(drops, s->row->folder, &from) == 0)
        s->drop = drops_find_id(drops, from, s->row->id);
    if (is_moved_since(s, from))
        return -EEXIST;
    if (!s->drop && s->there)
        s->drop = drop_ref(s->there); /* it has the name, and gets the resource */
    return s->drop ? 0 : drops_add_late(drops, s->to, s->name, &s->drop);
}

/* The same, held. -EWOULDBLOCK. */
static int hold_mover(struct settling *s)
{
    struct drops *drops = s->uploads->drops;
    char was[RESOURCE_ID_MAX + 1];
    int rc = find_mover(s);

    if (rc < 0) {
        drop_unref(steal_pointer(&s->drop));
        return rc;
    }
    if (s->drop == s->there) {
        drop_unref(steal_pointer(&s->there));
        return 0;
    }
    snprintf(was, sizeof(was), "%s", drop_snapshot(drops, s->drop).id);
    rc = hold(drops, s->drop);
    if (rc < 0) {
        drop_unref(steal_pointer(&s->drop));
        return rc;
    }
    if (strcmp(drop_snapshot(drops, s->drop).id, was) == 0)
        return 0;
    let_go(drops, &s->drop); /* it has become another one just now */
    return -EWOULDBLOCK;
}

/* What had the name, and would be here still, has been called something else since: who did that
 * knows of no file that took its place. */
static bool is_left(const struct settling *s)
{
    return s->name == s->row->to_name && ((s->row->look && !s->row->old) || s->away);
}

/* Has what it was to take the place of got another name since, or is it going to be deleted? Whoever did that was
 * told that it is done, and means that one: it stays, and is no sign that this was carried out. -errno. */
static int is_away(const struct settling *s)
{
    struct drops *drops = s->uploads->drops;
    cleanup_drop struct drop *d = NULL;
    int rc;

    if (!s->row->old)
        return 0;
    if (drops_is_doomed(drops, s->row->old))
        return 1;
    rc = drops_find_id_anywhere(drops, s->row->old, &d);
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    return drop_snapshot(drops, d).linked && !drop_is_called(drops, d, s->to, s->row->to_name);
}

/* moving_is_done(). */
static int is_done(struct settling *s, struct call *call, const struct target *t,
                   struct failure *why)
{
    int rc = is_away(s);

    if (rc < 0)
        return rc;
    s->away = rc > 0;
    rc = moving_is_done(s->uploads, call, t, s->to, s->row->to_name, s->away ? NULL : s->row->old,
                        &s->undo, why);
    s->undo = s->undo || s->away;
    return rc;
}

/* The name that moves: where it was, or, if a list has taken it away meanwhile, a new one where it
 * goes. 0 held exclusively; 1 it is there already; -EWOULDBLOCK. */
static int find_name(struct settling *s)
{
    cleanup_drop struct drop *there = drops_find(s->uploads->drops, s->to, s->name);
    struct drops *drops = s->uploads->drops;
    int rc;

    s->gone[0] = '\0';
    if (there && strcmp(drop_snapshot(drops, there).id, s->row->id) == 0)
        return 1;
    if (s->undo || (!there && is_left(s)))
        return -EEXIST;
    rc = there ? hold_there(s, there) : 0;
    if (rc == 0)
        rc = hold_mover(s);
    if (rc < 0)
        let_go(drops, &s->there);
    return rc;
}

static int take_name(struct settling *s)
{
    struct acked acked = { .size = s->row->size, .has_digest = s->row->has_sha256 };
    struct drops *drops = s->uploads->drops;
    struct drop_snapshot now = drop_snapshot(drops, s->drop);

    drop_listed_elsewhere(drops, s->drop);
    if (strcmp(now.id, s->row->id) == 0)
        return s->there ? drops_move_over(drops, s->drop, s->to, s->name, s->there, NULL, 0)
                        : drops_move(drops, s->drop, s->to, s->name);
    memcpy(acked.digest, s->row->sha256, sizeof(acked.digest));
    drop_acknowledged(drops, s->drop, s->row->id, acked, true);
    return drop_row_save(drops, s->drop, true);
}

/* What it was given of what it was to take the place of goes again: its mover was told that it failed. 0,
 * -errno: later. */
static int take_back(const struct settling *s, struct call *call, const struct target *t,
                     struct failure *why)
{
    cleanup_record struct record *now = NULL;
    cleanup_body struct body *body = NULL;
    const char *undo = s->row->undo;
    int rc = undo ? known_current_record(s->uploads->remote, call, t, &now, why) : -ENOENT;

    if (rc == 0)
        rc = body_new(t->res, BODY_PATCH, &body);
    if (rc == 0)
        rc = body_set_undo(body, undo, now, why);
    if (rc == 0 && !body_empty(body))
        rc = upload_patch(s->uploads, call, t, body, why);
    return rc < 0 && failure_passes(rc, why) ? rc : 0;
}

/* It is in the list of from again. */
static int move_back(struct uploads *uploads, struct call *call, const struct target *t,
                     const struct folder *from, struct failure *why)
{
    const struct field *f = from->filter ? resource_field(from->res, from->filter) : NULL;
    cleanup_record struct record *now = NULL;
    int rc = known_current_record(uploads->remote, call, t, &now, why);

    if (rc < 0 || list_filter_holds(from->filter, from->filter_value, now))
        return rc;
    if (!f || !(f->flags & F_IN_PATCH))
        return -EPERM;
    return upload_field(uploads, call, t, f, from->filter_value, strlen(from->filter_value), why);
}

/* A list has taken its name away meanwhile. Where another one has that by now, it stays under its id. */
static int name_again(const struct settling *s, struct folder *from)
{
    struct settling back = {
        .uploads = s->uploads, .row = s->row, .to = from, .name = s->row->name
    };
    int rc = drops_add_late(s->uploads->drops, from, back.name, &back.drop);

    if (rc < 0)
        return rc == -EEXIST ? 0 : rc;
    rc = hold(s->uploads->drops, back.drop);
    if (rc == 0) {
        rc = take_name(&back);
        restamp_late(s->uploads, back.drop);
        drop_unlock_exclusive(s->uploads->drops, back.drop);
    }
    drop_unref(back.drop);
    return rc;
}

/* Does d, which is held, stand for it in that list still? */
static bool is_unmoved(const struct settling *s, struct drop *d, const struct folder *from)
{
    struct drop_snapshot now = drop_snapshot(s->uploads->drops, d);

    return now.linked && folder_same_list(now.folder, from) && strcmp(now.id, s->row->id) == 0;
}

/* What stands for it in from's list, under its old name or another; or what has that name. NULL: neither. */
static struct drop *find_in(const struct settling *s, struct folder *from)
{
    struct drops *drops = s->uploads->drops;
    struct drop *d = drops_find_id(drops, from, s->row->id);

    if (!d && drops_load_below(drops, from) == 0)
        d = drops_find_id_in_list(drops, from, s->row->id);
    return d ? d : drops_find(drops, from, s->row->name);
}

/* Another one is called so by now. Its mover was told that it failed, so it goes back to where it was, if that
 * can be. -EEXIST: it cannot; -EWOULDBLOCK. */
static int put_back(struct settling *s, struct call *call, const struct target *t,
                    struct failure *why)
{
    struct drops *drops = s->uploads->drops;
    cleanup_drop struct drop *d = NULL;
    struct folder *from;
    int rc = drops_folder(drops, s->row->folder, &from);

    if (rc < 0 || (s->to->filter && !from->filter))
        return -EEXIST;
    d = find_in(s, from);
    if (!d && drops_owns_id(drops, s->to, s->row->id))
        return 0; /* it was moved since, and is what it is called */
    if (d && hold(drops, d) < 0)
        return -EWOULDBLOCK;
    rc = d && !is_unmoved(s, d, from) ? -EEXIST : move_back(s->uploads, call, t, from, why);
    if (rc == 0 && d) {
        drop_listed_elsewhere(drops, d);
        restamp_late(s->uploads, d); /* that PATCH may have said the other name */
    }
    if (d)
        drop_unlock_exclusive(drops, d);
    else if (rc == 0)
        rc = name_again(s, from);
    return rc < 0 && !failure_passes(rc, why) ? -EEXIST : rc;
}

/* It cannot: it keeps the name that it had, if that is free. */
static int keep_name(struct settling *s)
{
    struct failure why = { 0 };
    int rc = -EEXIST;

    if (strcmp(s->name, s->row->name) != 0 && !rule_scratch(s->uploads->scratch, s->row->name)) {
        s->name = s->row->name;
        rc = find_name(s);
    }
    if (rc >= 0)
        failure_set(&why, 0, "it was moved, and is called %s there: the name has been taken since",
                    s->name);
    else if (rc == -EEXIST)
        failure_set(&why, 0, "it was moved, and stays under its id: the name has been taken since");
    if (why.text[0])
        posting_report(s->uploads, "rename", s->row, 0, &why);
    return rc;
}

static bool stays_in_list(const struct settling *s)
{
    struct folder *from;

    return drops_folder(s->uploads->drops, s->row->folder, &from) == 0 &&
           folder_same_list(from, s->to);
}

/* It was carried out, or gone: what it was to take the place of was removed since, and its mover was told that it
 * failed. As find_name(), and UNDONE: its name is where it was. */
#define UNDONE 2
static int settle_name(struct settling *s, struct call *call, const struct target *t,
                       struct failure *why)
{
    int rc = find_name(s);

    if (rc != -EEXIST)
        return rc;
    rc = put_back(s, call, t, why);
    if (rc == 0 || rc == -EEXIST) {
        int back = take_back(s, call, t, why);

        rc = back < 0 ? back : rc;
    }
    if (rc == 0)
        return UNDONE;
    if (rc == -EEXIST && s->undo) {
        s->undo = false;
        rc = find_name(s);
    }
    return rc == -EEXIST ? keep_name(s) : rc;
}

/* A PATCH may have said the other name, where what it was to take the place of is gone since. */
static int leave_where_it_was(const struct settling *s)
{
    struct drops *drops = s->uploads->drops;
    cleanup_drop struct drop *d = NULL;
    struct folder *from;
    int rc = journal_tell(s->uploads->journal, s->row->number, INTENT_REFUSED, NULL, STATE_NOW);

    if (rc == 0 && s->row->id && drops_folder(drops, s->row->folder, &from) == 0)
        d = drops_find_id(drops, from, s->row->id);
    if (d)
        restamp_late(s->uploads, d);
    return rc;
}

/* What was said of t by a file that did not get its name (moving_say()). */
static int64_t settle_said(const struct settling *s, struct call *call, const struct target *t,
                           struct failure *why)
{
    int rc;

    if (unsure_may_land(s->uploads, s->row))
        return LOOK_AGAIN_MS;
    rc = take_back(s, call, t, why);
    return rc < 0
               ? rc
               : journal_tell(s->uploads->journal, s->row->number, INTENT_REFUSED, NULL, STATE_NOW);
}

/* It was carried out: its name follows, and what it was to take the place of goes. */
static int64_t settle_moved(struct settling *s, struct call *call, const struct target *t,
                            struct failure *why)
{
    const struct intent_row *row = s->row;
    struct uploads *uploads = s->uploads;
    struct intent_news news = { .owes_nothing = s->away };
    int rc;

    s->name = row->to_name;
    rc = settle_name(s, call, t, why);
    if (rc == -EWOULDBLOCK)
        return BUSY_AGAIN_MS;
    if (rc == -EEXIST || rc == UNDONE)
        return journal_tell(uploads->journal, row->number, INTENT_REFUSED, NULL, STATE_NOW);
    if (rc == 0) {
        rc = take_name(s);
        if (rc == 0)
            restamp_late(uploads, s->drop); /* what was PATCHed may not have said where it is now */
        let_go(uploads->drops, &s->drop);
        let_go(uploads->drops, &s->there);
        if (rc == -EEXIST) /* somebody has made one of that name just now */
            return BUSY_AGAIN_MS;
    }
    if (s->gone[0] && strcmp(s->gone, row->id) != 0 && !row->old && !uploads->nodelete)
        news.old = s->gone;
    return rc < 0 ? rc
                  : journal_tell(uploads->journal, row->number, INTENT_FOUND, &news, STATE_NOW);
}

/* Where it was to go. -EINVAL: there is no such place; -EAGAIN: it is being renamed, perhaps. */
static int find_target(struct settling *s)
{
    const struct intent_row *row = s->row;
    int rc = row->to_folder && row->to_name
                 ? drops_folder(s->uploads->drops, row->to_folder, &s->to)
                 : -EINVAL;

    if (rc < 0 || drops_is_reachable(s->uploads->drops, s->to))
        return rc;
    return unsure_may_land(s->uploads, row) ? -EAGAIN : -EINVAL;
}

int64_t moving_settle(struct uploads *uploads, struct call *call, const struct intent_row *row,
                      struct failure *why)
{
    struct target t = { .res = resource_get((enum resource_kind)row->resource), .id = row->id };
    struct settling s = { .uploads = uploads, .row = row };
    bool sense = t.res && row->id && resource_id_ok(t.res, row->id);
    int rc;

    if (sense && !row->to_name)
        return settle_said(&s, call, &t, why);
    rc = sense ? find_target(&s) : -EINVAL;
    if (rc == -EAGAIN)
        return LOOK_AGAIN_MS;
    if (rc == 0)
        rc = is_done(&s, call, &t, why);
    if (rc == 1 && s.undo && stays_in_list(&s))
        rc = 0; /* who has removed it since has not removed what was to take its place */
    if (rc == 0 && unsure_may_land(uploads, row))
        return LOOK_AGAIN_MS;
    if (rc == 0) /* not moved, or that counts as not */
        rc = take_back(&s, call, &t, why);
    if (rc == 0 || rc == -EINVAL) /* or nowhere to move to */
        return leave_where_it_was(&s);
    return rc < 0 ? rc : settle_moved(&s, call, &t, why);
}
