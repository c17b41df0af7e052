#include "moving.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drop_folders.h"
#include "drop_table.h"
#include "drops.h"
#include "folder.h"
#include "journal.h"
#include "moving_look.h"
#include "passes.h"
#include "posting.h"
#include "uploads_context.h"

#include "banned.h"

#define LOOK_AGAIN_MS 1000

void moving_owe(struct moving *m, const struct target *old, bool carried)
{
    m->carried = old && carried;
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

static int make_row(struct moving *m, const struct resource *res, const char *id,
                    struct move_row *out)
{
    struct drop_snapshot s = drop_snapshot(m->uploads->drops, m->drop);

    *out = (struct move_row){ .from = drops_key(m->uploads->drops, s.folder),
                              .to = drops_key(m->uploads->drops, m->to) };
    if (!out->from || !out->to)
        return -ENOMEM;
    if (m->there && !m->saying)
        moving_look_at_name(m->uploads, m->there, out->seen);
    out->row = (struct intent_row){ .kind = INTENT_MOVE,
                                    .state = INTENT_SENDING,
                                    .resource = (int)res->kind,
                                    .folder = out->from,
                                    .name = m->name,
                                    .to_folder = out->to,
                                    .to_name = m->saying ? NULL : m->to_name,
                                    .id = id,
                                    .old = m->carried ? m->old : NULL,
                                    .look = out->seen[0] ? out->seen : NULL,
                                    .size = s.acked.size,
                                    .has_sha256 = s.acked.has_digest,
                                    .since_ns = clock_realtime_ns(m->uploads->clock) };
    memcpy(out->row.sha256, s.acked.digest, sizeof(out->row.sha256));
    return 0;
}

int moving_begin(struct moving *m, const struct target *t, const char *undo, struct failure *err)
{
    cleanup_move_row struct move_row r = { .from = NULL };

    m->patching = true;
    if (m->number)
        return 0;
    if (make_row(m, t->res, t->id, &r) < 0)
        return fail(err, -ENOMEM, 0, "out of memory");
    r.row.undo = undo && undo[0] ? undo : NULL;
    return journal_begin(m->uploads->journal, &r.row, NULL, 0, &m->number, err);
}

int moving_say(struct moving *m, const struct target *t, const char *undo, struct failure *err)
{
    m->saying = true;
    return moving_begin(m, t, undo, err);
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

static void end_begun(struct moving *m, enum intent_event event)
{
    /* what was sent last may arrive for so long from now on */
    struct intent_news news = { .since_ns = clock_realtime_ns(m->uploads->clock) };
    int64_t number = m->number;

    m->number = 0;
    journal_tell(m->uploads->journal, number, event, &news, STATE_LATER);
    journal_leave(m->uploads->journal, number, LOOK_AGAIN_MS);
}

void moving_unsay(struct moving *m)
{
    if (m->number)
        end_begun(m, INTENT_REFUSED);
}

int moving_patched(struct moving *m, const struct target *t, int rc, struct failure *err)
{
    const char *old = m->carried ? m->old : NULL;
    struct failure why = { 0 };
    bool passes, gone, late; /* it may arrive later than the look */
    int done;

    if (rc == 0)
        return 0;
    passes = failure_passes(rc, err);
    done = passes ? moving_is_done(m->uploads, m->call, t, m->to, m->to_name, old, &gone, &why) : 0;
    if (done == 1)
        return 0;
    late = passes && !failure_is_answer(err);
    end_begun(m, done < 0 || late ? INTENT_LOST : INTENT_REFUSED);
    return rc;
}

void moving_posted(struct moving *m, int64_t number, const char *replaced)
{
    m->posted = number;
    snprintf(m->replaced, sizeof(m->replaced), "%s", replaced);
}

/* Whether what its bytes were sent for goes, or its name comes back, is seen once the journal has moved it. */
static void leave_posted(struct moving *m)
{
    if (m->posted)
        journal_leave(m->uploads->journal, m->posted, LOOK_AGAIN_MS);
    m->posted = 0;
}

void moving_leave(struct moving *m)
{
    leave_posted(m);
    if (m->number)
        end_begun(m, m->patching ? INTENT_LOST : INTENT_REFUSED);
}

void moving_updated(struct moving *m, int64_t number)
{
    m->number = number;
    m->patching = true;
}

/* What is owed, as an intent of its own. */
static int add_debt(struct moving *m, int64_t *owed, struct intent_change *out)
{
    /* what it stands in is known by the folder alone */
    cleanup_free char *key = m->to->parent ? drops_key(m->uploads->drops, m->to) : NULL;
    struct intent_row row = { .kind = INTENT_DELETE,
                              .state = INTENT_OWING,
                              .resource = m->res ? (int)m->res->kind : 0,
                              .folder = key,
                              .old = m->old,
                              .since_ns = clock_realtime_ns(m->uploads->clock) };

    if (m->to->parent && !key)
        return -ENOMEM;
    return journal_add(m->uploads->journal, &row, owed, out);
}

int moving_debt(struct moving *m, struct intent_change *out)
{
    return m->old[0] ? add_debt(m, &m->debt, out) : 1;
}

/* What has to be on disk with the names: that the PATCH is done, and what is owed. */
static int make_step(struct moving *m, int64_t *owed, struct intent_change *out)
{
    *owed = m->number;
    if (m->number)
        return journal_change(m->uploads->journal, m->number, INTENT_ANSWERED,
                              &(struct intent_news){ .old = m->old[0] ? m->old : NULL }, out);
    return add_debt(m, owed, out);
}

/* Has its name moved with its intent? */
static bool has_moved(const struct moving *m)
{
    cleanup_free char *name = m->at_once ? drop_name(m->uploads->drops, m->drop) : NULL;

    return name && drop_folder(m->uploads->drops, m->drop) == m->to &&
           strcmp(name, m->to_name) == 0;
}

static int finish(struct moving *m)
{
    cleanup_intent_change struct intent_change change = { .row = NULL };
    struct target old = { .res = m->res, .parent = m->to->parent, .id = m->old };
    struct posting debt = { .uploads = m->uploads, .call = m->call };
    int rc;

    if (!m->number && !m->old[0])
        return has_moved(m) ? 0
                            : drops_move_over(m->uploads->drops, m->drop, m->to, m->to_name,
                                              m->there, NULL, 0);
    if (m->debt) {
        debt.number = m->debt;
        posting_pay(&debt, &old);
        return 0;
    }
    rc = make_step(m, &debt.number, &change);
    if (rc == 0)
        rc = drops_move_over(m->uploads->drops, m->drop, m->to, m->to_name, m->there, &change.step,
                             1);
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

int moving_finish(struct moving *m)
{
    struct target replaced = { .res = m->to->res, .parent = m->to->parent, .id = m->replaced };
    struct posting owed = { .uploads = m->uploads, .call = m->call, .number = m->posted };
    int rc = finish(m);

    if (rc < 0) {
        leave_posted(m);
        return rc;
    }
    posting_pay(&owed, &replaced);
    return 0;
}
