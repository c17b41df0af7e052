#include "removal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "doomed.h"
#include "drop_events.h"
#include "drop_folders.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drop_target.h"
#include "heir.h"
#include "journal.h"
#include "journal_ask.h"
#include "known.h"
#include "list_filter.h"
#include "meant.h"
#include "passes.h"
#include "posting.h"
#include "uploads_context.h"

#include "banned.h"

#define MOVING_AGAIN_MS 300

bool removal_may_wait(struct uploads *uploads, struct drop *d)
{
    struct drop_snapshot s = drop_snapshot(uploads->drops, d);
    struct target_ids b;

    return uploads->writeback && !uploads->nodelete && s.id[0] &&
           (!s.dirty || s.state == DROP_WAITING) && !s.folder->memory &&
           drop_target(uploads->drops, d, &b) == 0 && (resource_can(b.target.res) & CAN_DELETE) &&
           !resource_takes_json(b.target.res) && !(b.target.res->flags & R_MUST_BE_EMPTY) &&
           !journal_moves(uploads->journal, s.id);
}

static void leave_to_heir(struct uploads *uploads, struct drop *d, struct heir_left *left)
{
    struct drop_snapshot s = drop_snapshot(uploads->drops, d);

    memcpy(left->id, s.id, sizeof(left->id));
    left->acked = s.acked;
    if (s.dirty)
        left->number =
            0; /* what the server has is not what was removed: nothing goes back to that */
    heir_leave(uploads, left);
}

int removal_begin(struct uploads *uploads, struct drop *d, const char *name, pid_t process,
                  struct failure *err)
{
    struct folder *f = drop_folder(uploads->drops, d);
    cleanup_free char *key = drops_key(uploads->drops, f), *path = meant_path(uploads, d);
    struct target_ids b;
    int rc = key ? drop_target(uploads->drops, d, &b) : -ENOMEM;
    const struct state_step step = { .change = STATE_DELETE_DROP, .folder = key, .name = name };
    struct intent_row row = { .kind = INTENT_DELETE,
                              .state = INTENT_OWING,
                              .folder = key,
                              .name = name,
                              .look = path,
                              .since_ns = clock_realtime_ns(uploads->clock) };
    int64_t number;

    if (rc < 0)
        return rc;
    row.resource = (int)b.target.res->kind;
    row.old = b.id;
    drops_doom(uploads->drops, b.id);
    rc = journal_begin(uploads->journal, &row, &step, 1, &number, err);
    if (rc < 0) {
        drops_spare(uploads->drops, b.id);
        return rc;
    }
    if (f->res->make_from == MAKE_DOCUMENT)
        leave_to_heir(
            uploads, d,
            &(struct heir_left){ .folder = f, .name = name, .process = process, .number = number });
    journal_leave(uploads->journal, number,
                  f->res->make_from == MAKE_DOCUMENT ? HEIR_AT_ONCE_MS : 0);
    return 0;
}

/* d stands for what was to be deleted, and that is owed no more. */
static int stand_in(struct uploads *uploads, struct drop *d, const struct heir_left *left)
{
    const struct state_step paid = { .change = STATE_DELETE_INTENT, .number = left->number };
    struct bytes *own = drop_bytes(uploads->drops, d);
    int rc = own ? 0 : drop_new_bytes(uploads->drops, d, &(struct bytes *){ NULL });

    bytes_unref(own);
    /* with bytes of its own, or it would begin with those of what it takes the place of */
    if (rc == 0)
        rc = drop_stand_in(uploads->drops, d, left->id, &left->acked);
    if (rc == 0)
        rc = drop_row_save_with(uploads->drops, d, &paid, 1, STATE_NOW);
    if (rc < 0)
        drop_lost(uploads->drops, d);
    return rc;
}

void removal_claim(struct uploads *uploads, const struct folder *f, const char *name, pid_t process,
                   struct drop *d)
{
    cleanup_free struct intent_row *row = NULL;
    struct heir_left left;
    bool taken = heir_find_owed(uploads, f, name, process, &left) &&
                 journal_take_number(uploads->journal, left.number, &row) == 0;

    if (taken && row->state == INTENT_OWING && stand_in(uploads, d, &left) == 0) {
        drops_spare(uploads->drops, left.id);
        heir_forget(uploads, left.number);
        journal_forget(uploads->journal, left.number);
        return;
    }
    heir_claim(uploads, f, name, process, d); /* it is being deleted, or was */
    if (taken)
        journal_leave(uploads->journal, left.number, 0);
}

int removal_is_elsewhere(struct uploads *uploads, struct call *call, const struct folder *f,
                         const struct target *t, bool fresh, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    int rc;

    if (!f->filter || f->model)
        return 0;
    rc = known_sent_record_now(uploads->remote, call, f, t, fresh, &r, err);
    if (rc == -ENOENT)
        return 0;
    return rc < 0 ? rc : list_filter_denies(f->filter, f->filter_value, r);
}

/* delete_owed(). Its answer, which says what it was, may be lost: whoever takes its place goes by what is
 * known of it, and is worth a question. */
static int delete_known(struct uploads *uploads, struct call *call, const struct folder *f,
                        const struct target *t, const struct intent_row *row, struct record **was,
                        struct failure *why)
{
    cleanup_record struct record *is = NULL;
    struct call now = { .nowait = true };
    struct failure ignored = { 0 };
    bool claimed;

    if (f && heir_is_wanted(uploads, t->id, &claimed) &&
        known_sent_record(uploads->remote, claimed ? call : &now, f, t, true, &is, &ignored) == 0)
        heir_know(uploads, t->id, is);
    return delete_owed(uploads, call, t, row, was, why);
}

/* 0: it has gone, or stays for good, and that was said; -errno: later. */
static int delete_it(struct uploads *uploads, struct call *call, struct target *t,
                     const struct intent_row *row, enum state_when *when, struct failure *why)
{
    cleanup_record struct record *was = NULL;
    struct folder *f = NULL;
    int rc = 0;

    if (row->kind == INTENT_DELETE && row->folder)
        rc = drops_folder(uploads->drops, row->folder, &f);
    if (f && rc == 0)
        t->parent = f->parent;
    if (f && rc == 0)
        rc = removal_is_elsewhere(uploads, call, f, t, true, why);
    if (row->kind == INTENT_DELETE && row->folder && row->look && rc == 0)
        rc = meant_look_at(uploads, call, f, t, row->look, why);
    if (rc < 0 && !failure_passes(rc, why)) {
        posting_report(uploads, "delete", row, rc, why);
        rc = 1;
    }
    if (rc > 0)
        drops_spare(uploads->drops, t->id);
    else if (rc == 0)
        rc = delete_known(uploads, call, f, t, row, &was, why);
    if (rc < 0)
        return rc;
    if (rc > 0)
        heir_know(uploads, t->id, NULL);
    heir_fill(uploads, t->id, rc == 0 ? was : NULL);
    *when =
        rc > 0 ? STATE_NOW : STATE_LATER; /* what was said is not said again by the next mount */
    return 0;
}

/* What was sent for a rename takes the place of what has the name: not before the name is its own. */
static bool is_moving(struct uploads *uploads, const struct intent_row *row)
{
    return row->kind == INTENT_CREATE && row->id && journal_moves(uploads->journal, row->id);
}

/* Does a name here stand for it still? -errno. */
static int has_name(struct uploads *uploads, const char *id)
{
    cleanup_drop struct drop *d = NULL;
    struct drop_snapshot s;
    int rc = drops_find_id_anywhere(uploads->drops, id, &d);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    s = drop_snapshot(uploads->drops, d);
    return s.linked && !s.parked;
}

struct owed {
    struct uploads *uploads;
    char (*ids)[RESOURCE_ID_MAX + 1]; /* that something else was to take the place of */
    size_t n;
};

/* What was removed is hidden; what is replaced is looked at when the journal is not held any more. */
static int add_owed(void *arg, const struct intent_row *row)
{
    struct owed *o = arg;
    void *more;

    if (row->state != INTENT_OWING || !row->old)
        return 0;
    if (row->kind != INTENT_CREATE) {
        drops_doom(o->uploads->drops, row->old);
        return 0;
    }
    more = realloc(o->ids, (o->n + 1) * sizeof(*o->ids));
    if (!more)
        return -ENOMEM;
    o->ids = more;
    snprintf(o->ids[o->n++], sizeof(*o->ids), "%s", row->old);
    return 0;
}

int removal_load(struct uploads *uploads)
{
    struct owed o = { .uploads = uploads };
    int rc = journal_each(uploads->journal, add_owed, &o);

    for (size_t i = 0; i < o.n && rc == 0; i++) {
        rc = has_name(uploads, o.ids[i]);
        if (rc == 0)
            drops_doom(uploads->drops, o.ids[i]);
        rc = rc < 0 ? rc : 0;
    }
    free(o.ids);
    return rc;
}

int64_t removal_work(struct uploads *uploads, struct call *call, const struct intent_row *row,
                     struct failure *why)
{
    struct target t = { .res = resource_get((enum resource_kind)row->resource), .id = row->old };
    enum state_when when = STATE_LATER;
    int rc = 0;

    if (is_moving(uploads, row))
        return MOVING_AGAIN_MS;
    /* what it was sent for came to nothing, or this was renamed first: then it stays */
    rc = row->kind == INTENT_CREATE && row->old ? has_name(uploads, row->old) : 0;
    if (rc < 0)
        return rc;
    if (rc > 0) {
        drops_spare(uploads->drops, row->old);
        return journal_tell(uploads->journal, row->number, INTENT_DELETED, NULL, STATE_NOW);
    }
    if (t.res && t.id && resource_id_ok(t.res, t.id) && !uploads->nodelete && !uploads->ro) {
        if (row->kind == INTENT_CREATE)
            drops_doom(uploads->drops, t.id); /* it has no name any more */
        rc = delete_it(uploads, call, &t, row, &when, why);
    }
    if (rc == 0)
        rc = journal_tell(uploads->journal, row->number, INTENT_DELETED, NULL, when);
    return rc;
}
