#include "moving.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carry.h"
#include "drop_events.h"
#include "drop_folders.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drops.h"
#include "folder.h"
#include "journal.h"
#include "known.h"
#include "listing.h"
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

/* --- While somebody waits --------------------------------------------------------------------- */

void moving_owe(struct moving *m, const struct target *old)
{
    m->res = old ? old->res : NULL;
    snprintf(m->old, sizeof(m->old), "%s", old ? old->id : "");
}

/* The copies that an intent of it needs for a moment. */
struct move_row {
    struct intent_row row;
    char *from, *to;
    char seen[RESOURCE_ID_MAX + 1]; /* what has the name until now */
};

static void move_row_release(struct move_row *r)
{
    free(r->from);
    free(r->to);
}
#define cleanup_move_row CLEANUP(move_row_release)

/* Bytes by their number in the spool, else the resource. */
static void look_at_name(struct uploads *uploads, struct drop *there,
                         char seen[RESOURCE_ID_MAX + 1])
{
    struct drop_snapshot s = drop_snapshot(uploads->drops, there);
    struct bytes *b = s.dirty ? drop_bytes(uploads->drops, there) : NULL;

    if (b)
        snprintf(seen, RESOURCE_ID_MAX + 1, "#%" PRIu64, b->number);
    else
        snprintf(seen, RESOURCE_ID_MAX + 1, "%s", s.id);
    bytes_unref(b);
}

static int make_row(struct moving *m, const struct resource *res, const char *id,
                    struct move_row *out)
{
    struct drop_snapshot s = drop_snapshot(m->uploads->drops, m->drop);

    *out = (struct move_row){ .from = drops_key(m->uploads->drops, s.folder),
                              .to = drops_key(m->uploads->drops, m->to) };
    if (!out->from || !out->to)
        return -ENOMEM;
    if (m->there)
        look_at_name(m->uploads, m->there, out->seen);
    out->row = (struct intent_row){ .kind = INTENT_MOVE,
                                    .state = INTENT_SENDING,
                                    .resource = (int)res->kind,
                                    .folder = out->from,
                                    .name = m->name,
                                    .to_folder = out->to,
                                    .to_name = m->to_name,
                                    .id = id,
                                    .old = m->old[0] ? m->old : NULL,
                                    .look = out->seen[0] ? out->seen : NULL,
                                    .size = s.acked.size,
                                    .has_sha256 = s.acked.has_digest,
                                    .since_ns = clock_realtime_ns(m->uploads->clock) };
    memcpy(out->row.sha256, s.acked.digest, sizeof(out->row.sha256));
    return 0;
}

int moving_begin(struct moving *m, const struct target *t, struct failure *err)
{
    cleanup_move_row struct move_row r = { .from = NULL };

    m->patching = true;
    if (m->number)
        return 0;
    if (make_row(m, t->res, t->id, &r) < 0)
        return fail(err, -ENOMEM, 0, "out of memory");
    return journal_begin(m->uploads->journal, &r.row, NULL, 0, &m->number, err);
}

int moving_sent(struct moving *m, const char *id, struct intent_change *out)
{
    cleanup_move_row struct move_row r = { .from = NULL };
    int rc = m->number ? -EALREADY : make_row(m, m->to->res, id, &r);

    return rc < 0 ? rc : journal_add(m->uploads->journal, &r.row, &m->number, out);
}

void moving_unsent(struct moving *m)
{
    journal_forget(m->uploads->journal, m->number);
    m->number = 0;
}

/* 1: it is in the list of f; 0: it is not, or is no more; -errno: it cannot be asked. */
static int is_moved(struct uploads *uploads, struct call *call, const struct target *t,
                    const struct folder *f, struct failure *why)
{
    cleanup_record struct record *now = NULL;
    int rc = known_current_record(uploads->remote, call, t, &now, why);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    return listing_filter_holds(f->filter, f->filter_value, now);
}

/* Is t in the list of to, and, if it takes the place of old there, what that is? *gone: old is there no more, and
 * nobody can say. As is_moved(). */
static int is_done(struct uploads *uploads, struct call *call, const struct target *t,
                   const struct folder *to, const char *to_name, const char *old, bool *gone,
                   struct failure *why)
{
    struct target theirs = { .res = t->res, .id = old };
    int rc = old ? carry_is_done(uploads, call, t, to, to_name, &theirs, why) : -ENOENT;

    *gone = old && rc == -ENOENT;
    return rc == -ENOENT ? is_moved(uploads, call, t, to, why) : rc;
}

static void end_begun(struct moving *m, enum intent_event event)
{
    /* what was sent last may arrive for so long from now on */
    struct intent_news news = { .since_ns = clock_realtime_ns(m->uploads->clock) };
    int64_t number = m->number;

    m->number = 0;
    journal_tell(m->uploads->journal, number, event, &news, STATE_LATER);
    journal_leave(m->uploads->journal, number, LOOK_AGAIN_MS);
}

int moving_patched(struct moving *m, const struct target *t, int rc, struct failure *err)
{
    const char *old = m->old[0] ? m->old : NULL;
    struct failure why = { 0 };
    bool passes, gone, late; /* it may arrive later than the look */
    int done;

    if (rc == 0)
        return 0;
    passes = failure_passes(rc, err);
    done = passes ? is_done(m->uploads, m->call, t, m->to, m->to_name, old, &gone, &why) : 0;
    if (done == 1)
        return 0;
    late = passes && !failure_is_answer(err);
    end_begun(m, done < 0 || late ? INTENT_LOST : INTENT_REFUSED);
    return rc;
}

void moving_leave(struct moving *m)
{
    if (m->number)
        end_begun(m, m->patching ? INTENT_LOST : INTENT_REFUSED);
}

/* What has to be on disk with the names: that the PATCH is done, and what is owed. */
static int make_step(struct moving *m, int64_t *owed, struct intent_change *out)
{
    struct intent_row row = { .kind = INTENT_DELETE,
                              .state = INTENT_OWING,
                              .resource = m->res ? (int)m->res->kind : 0,
                              .old = m->old,
                              .since_ns = clock_realtime_ns(m->uploads->clock) };

    *owed = m->number;
    if (m->number)
        return journal_change(m->uploads->journal, m->number, INTENT_ANSWERED,
                              &(struct intent_news){ .old = m->old[0] ? m->old : NULL }, out);
    return journal_add(m->uploads->journal, &row, owed, out);
}

/* Has its name moved with its intent? */
static bool has_moved(const struct moving *m)
{
    cleanup_free char *name = m->at_once ? drop_name(m->uploads->drops, m->drop) : NULL;

    return name && drop_folder(m->uploads->drops, m->drop) == m->to &&
           strcmp(name, m->to_name) == 0;
}

int moving_finish(struct moving *m)
{
    cleanup_intent_change struct intent_change change = { .row = NULL };
    struct target old = { .res = m->res, .id = m->old };
    struct posting debt = { .uploads = m->uploads, .call = m->call };
    int rc;

    if (!m->number && !m->old[0])
        return has_moved(m) ? 0 : drops_move(m->uploads->drops, m->drop, m->to, m->to_name);
    rc = make_step(m, &debt.number, &change);
    if (rc == 0)
        rc = drops_move_with(m->uploads->drops, m->drop, m->to, m->to_name, &change.step);
    if (rc < 0 && !m->number)
        journal_forget(m->uploads->journal, debt.number);
    if (rc < 0 && m->number) {
        journal_doubt(m->uploads->journal, m->number);
        journal_leave(m->uploads->journal, m->number, LOOK_AGAIN_MS);
        m->number = 0;
    }
    if (rc < 0)
        return rc;
    if (!m->old[0])
        old.id = NULL;
    posting_pay(&debt, &old);
    return 0;
}

/* --- When nobody waits any more --------------------------------------------------------------- */

struct settling {
    struct uploads *uploads;
    const struct intent_row *row;
    struct folder *to;
    const char *name;  /* what it will be called there */
    struct drop *drop; /* held exclusively */
    bool undo;         /* what it was to take the place of is gone: no name is its own */
    char gone[RESOURCE_ID_MAX + 1]; /* what the name stood for, or "" */
};

/* Is it what the name was to be taken from? */
static bool is_old(const struct settling *s, struct drop *there)
{
    const char *old = s->row->old ? s->row->old : "", *look = s->row->look ? s->row->look : "";
    struct drop_snapshot now = drop_snapshot(s->uploads->drops, there);
    char seen[RESOURCE_ID_MAX + 1];

    look_at_name(s->uploads, there, seen);
    return !now.writers && seen[0] && (strcmp(seen, old) == 0 || strcmp(seen, look) == 0);
}

/* The name that moves: where it was, or, if a list has taken it away meanwhile, a new one where it
 * goes. 0 held exclusively; 1 it is there already; -EWOULDBLOCK. */
static int find_name(struct settling *s)
{
    cleanup_drop struct drop *there = drops_find(s->uploads->drops, s->to, s->name);
    struct drops *drops = s->uploads->drops;
    struct call now = { .nowait = true };
    struct folder *from;
    int rc = drops_folder(drops, s->row->folder, &from);

    if (there && strcmp(drop_snapshot(drops, there).id, s->row->id) == 0)
        return 1;
    if (s->undo || (there && !is_old(s, there)))
        return -EEXIST;
    if (there)
        snprintf(s->gone, sizeof(s->gone), "%s", drop_snapshot(drops, there).id);
    s->drop = rc == 0 ? drops_find_id(drops, from, s->row->id) : NULL;
    rc = 0;
    if (!s->drop && there)
        s->drop = steal_pointer(&there); /* it has the name, and gets the resource */
    else if (!s->drop)
        rc = drops_add(drops, s->to, s->name, DROP_FILE, &s->drop);
    if (rc == 0)
        rc = drop_lock_exclusive(drops, s->drop, &now);
    if (rc < 0)
        drop_unref(steal_pointer(&s->drop));
    return rc;
}

static int take_name(struct settling *s)
{
    struct acked acked = { .size = s->row->size, .has_digest = s->row->has_sha256 };
    struct drops *drops = s->uploads->drops;
    struct drop_snapshot now = drop_snapshot(drops, s->drop);

    if (strcmp(now.id, s->row->id) == 0)
        return drops_move(drops, s->drop, s->to, s->name);
    memcpy(acked.digest, s->row->sha256, sizeof(acked.digest));
    drop_acknowledged(drops, s->drop, s->row->id, acked, true);
    return drop_row_save(drops, s->drop, true);
}

/* It is in the list of from again. */
static int move_back(struct uploads *uploads, struct call *call, const struct target *t,
                     const struct folder *from, struct failure *why)
{
    const struct field *f = from->filter ? resource_field(from->res, from->filter) : NULL;
    cleanup_record struct record *now = NULL;
    int rc = known_current_record(uploads->remote, call, t, &now, why);

    if (rc < 0 || listing_filter_holds(from->filter, from->filter_value, now))
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
    struct call now = { .nowait = true };
    int rc = drops_add(s->uploads->drops, from, back.name, DROP_FILE, &back.drop);

    if (rc < 0)
        return rc == -EEXIST ? 0 : rc;
    rc = drop_lock_exclusive(s->uploads->drops, back.drop, &now);
    if (rc == 0) {
        rc = take_name(&back);
        restamp_late(s->uploads, back.drop);
        drop_unlock_exclusive(s->uploads->drops, back.drop);
    }
    drop_unref(back.drop);
    return rc;
}

/* Does d, which is held, stand for it in that folder still? */
static bool is_unmoved(const struct settling *s, struct drop *d, const struct folder *from)
{
    struct drop_snapshot now = drop_snapshot(s->uploads->drops, d);

    return now.linked && now.folder == from && strcmp(now.id, s->row->id) == 0;
}

/* What stands for it in from, under its old name or another; or what has that name. NULL: neither. */
static struct drop *find_in(const struct settling *s, struct folder *from)
{
    struct drop *d = drops_find_id(s->uploads->drops, from, s->row->id);

    return d ? d : drops_find(s->uploads->drops, from, s->row->name);
}

/* Another one is called so by now. Its mover was told that it failed, so it goes back to where it was, if that
 * can be. -EEXIST: it cannot; -EWOULDBLOCK. */
static int put_back(struct settling *s, struct call *call, const struct target *t,
                    struct failure *why)
{
    struct drops *drops = s->uploads->drops;
    cleanup_drop struct drop *d = NULL;
    struct call now = { .nowait = true };
    struct folder *from;
    int rc = drops_folder(drops, s->row->folder, &from);

    if (rc < 0 || (s->to->filter && !from->filter))
        return -EEXIST;
    d = find_in(s, from);
    if (!d && (drops_owns_id(drops, from, s->row->id) || drops_owns_id(drops, s->to, s->row->id)))
        return 0; /* it was moved since, and is what it is called */
    if (d && drop_lock_exclusive(drops, d, &now) < 0)
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
    if (rc == 0)
        return UNDONE;
    if (rc == -EEXIST && s->undo) {
        s->undo = false;
        rc = find_name(s);
    }
    return rc == -EEXIST ? keep_name(s) : rc;
}

int64_t moving_settle(struct uploads *uploads, struct call *call, const struct intent_row *row,
                      struct failure *why)
{
    struct target t = { .res = resource_get((enum resource_kind)row->resource), .id = row->id };
    struct settling s = { .uploads = uploads, .row = row };
    struct intent_news news = { .old = NULL };
    struct journal *j = uploads->journal;
    int rc = -EINVAL;

    if (t.res && row->id && resource_id_ok(t.res, row->id) && row->to_folder && row->to_name)
        rc = drops_folder(uploads->drops, row->to_folder, &s.to);
    if (rc == 0)
        rc = is_done(uploads, call, &t, s.to, row->to_name, row->old, &s.undo, why);
    if (rc == 1 && s.undo && stays_in_list(&s))
        rc = 0; /* who has removed it since has not removed what was to take its place */
    if (rc == 0 && unsure_may_land(uploads, row))
        return LOOK_AGAIN_MS;
    if (rc == 0 || rc == -EINVAL) /* not moved; or nowhere to move to */
        return journal_tell(j, row->number, INTENT_REFUSED, NULL, STATE_NOW);
    if (rc < 0)
        return rc;
    s.name = row->to_name;
    rc = settle_name(&s, call, &t, why);
    if (rc == -EWOULDBLOCK)
        return BUSY_AGAIN_MS;
    if (rc == -EEXIST || rc == UNDONE)
        return journal_tell(j, row->number, INTENT_REFUSED, NULL, STATE_NOW);
    if (rc == 0) {
        rc = take_name(&s);
        restamp_late(uploads, s.drop); /* what was PATCHed may not have said where it is now */
        drop_unlock_exclusive(uploads->drops, s.drop);
        drop_unref(s.drop);
    }
    if (s.gone[0] && strcmp(s.gone, row->id) != 0 && !row->old && !uploads->nodelete)
        news.old = s.gone;
    return rc < 0 ? rc : journal_tell(j, row->number, INTENT_FOUND, &news, STATE_NOW);
}
