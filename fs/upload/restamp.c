#include "restamp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "cleanup.h"
#include "doomed.h"
#include "drop.h"
#include "drop_folders.h"
#include "folder.h"
#include "journal.h"
#include "journal_ask.h"
#include "known.h"
#include "name_rules.h"
#include "passes.h"
#include "posting.h"
#include "stamping.h"
#include "state.h"
#include "upload_patch.h"
#include "uploads_context.h"

#include "banned.h"

#define UNKNOWN_AGAIN_MS 2000
#define BUSY_AGAIN_MS 300
#define BATCH 32

/* --- Owing ------------------------------------------------------------------------------------ */

static bool is_stamped(struct uploads *uploads, struct drop *d, struct drop_snapshot *s)
{
    *s = drop_snapshot(uploads->drops, d);
    return s->id[0] && s->what == DROP_FILE && s->folder->res && s->folder->res->notes_field &&
           !folder_is_closed(s->folder);
}

/* One transaction; the numbers go to out, which has room. */
static int begin_some(struct uploads *uploads, struct drop *const *drops, size_t n,
                      struct restamps *out)
{
    struct intent_change changes[BATCH] = { { .row = NULL } };
    struct state_step steps[BATCH];
    size_t k = 0, first = out->n;
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++) {
        struct drop_snapshot s;
        struct intent_row row = { .kind = INTENT_STAMP, .state = INTENT_WAITING };

        if (!is_stamped(uploads, drops[i], &s))
            continue;
        row.resource = (int)s.folder->res->kind;
        row.id = s.id;
        row.since_ns = clock_realtime_ns(uploads->clock);
        rc = journal_add(uploads->journal, &row, &out->numbers[out->n], &changes[k]);
        if (rc == 0) {
            steps[k] = changes[k].step;
            k++;
            out->n++;
        }
    }
    if (rc == 0 && k)
        rc = state_apply(uploads->state, steps, k, STATE_NOW, NULL);
    for (size_t i = first; i < out->n && rc < 0; i++)
        journal_forget(uploads->journal, out->numbers[i]);
    out->n = rc < 0 ? first : out->n;
    for (size_t i = 0; i < k; i++)
        intent_change_release(&changes[i]);
    return rc;
}

int restamp_begin(struct uploads *uploads, struct drop *const *drops, size_t n,
                  struct restamps *out)
{
    int rc = 0;

    *out = (struct restamps){ .n = 0 };
    if (uploads->ro || (!backend_keeps_stamps(uploads->backend) &&
                        backend_generations(uploads->backend, RES_NONE)))
        return 0;
    out->numbers = calloc(n + 1, sizeof(*out->numbers));
    if (!out->numbers)
        return -ENOMEM;
    for (size_t i = 0; i < n && rc == 0; i += BATCH)
        rc = begin_some(uploads, drops + i, n - i < BATCH ? n - i : BATCH, out);
    if (rc < 0)
        restamp_end(uploads, out); /* what differs from what is there is nothing */
    return rc;
}

void restamp_end(struct uploads *uploads, struct restamps *owed)
{
    for (size_t i = 0; i < owed->n; i++)
        journal_leave(uploads->journal, owed->numbers[i], 0);
    free(owed->numbers);
    *owed = (struct restamps){ .n = 0 };
}

void restamp_late(struct uploads *uploads, struct drop *d)
{
    struct restamps owed;

    if (backend_keeps_stamps(uploads->backend) && restamp_begin(uploads, &d, 1, &owed) == 0)
        restamp_end(uploads, &owed); /* without the disk for it others see the id, no more */
}

/* --- Telling ---------------------------------------------------------------------------------- */

/* What is called how, by its row. */
struct named {
    char *folder, *name;
    struct stamp s;
    bool unsettled; /* it is written again: what takes its place says it, or it is what it was */
};

static void named_release(struct named *n)
{
    free(n->folder);
    free(n->name);
}
#define cleanup_named CLEANUP(named_release)

static int take_row(void *arg, const struct drop_row *row)
{
    struct named *n = arg;

    if (row->state != ROW_SENT)
        n->unsettled = true;
    if (row->state != ROW_SENT || row->parked)
        return 0;
    n->folder = strdup(row->folder);
    n->name = strdup(row->name);
    n->s = STAMP_NONE;
    n->s.size = row->size;
    n->s.mtime_ns = row->mtime_ns;
    n->s.mode = (int)row->mode;
    n->s.has_sha256 = row->has_sha256;
    memcpy(n->s.sha256, row->sha256, sizeof(n->s.sha256));
    return n->folder && n->name ? 1 : -ENOMEM;
}

static int make_body(struct uploads *uploads, struct folder *f, struct named *n,
                     const struct record *r, struct body **out, struct failure *err)
{
    int rc = stamping_place(uploads, f, n->name, &n->s);

    if (rc == 0)
        rc = body_new(f->res, BODY_PATCH, out);
    if (rc == 0)
        rc = body_restamp(*out, r, r, &n->s, err);
    return rc < 0 ? rc : body_retitle(*out, r, n->name, err);
}

/* 0: it says so by now, or nothing is to be said; 1: not yet. */
static int tell(struct uploads *uploads, struct call *call, const struct intent_row *row,
                struct failure *why)
{
    cleanup_record struct record *r = NULL;
    cleanup_named struct named n = { .name = NULL };
    cleanup_body struct body *body = NULL;
    struct target t = { .res = resource_get((enum resource_kind)row->resource), .id = row->id };
    struct folder *f;
    int rc = state_find_by_id(uploads->state, row->id, take_row, &n, why);

    if (rc <= 0)
        return rc < 0 ? rc : n.unsettled;
    rc = drops_folder(uploads->drops, n.folder, &f);
    if (rc < 0)
        return rc == -EINVAL ? 0 : rc;
    if (!t.res || f->res != t.res || !t.res->notes_field || folder_is_closed(f) ||
        rule_scratch(uploads->scratch, n.name))
        return 0; /* a name for a while is none */
    rc = known_sent_record_now(uploads->remote, call, f, &t, true, &r, why);
    if (rc == 0)
        rc = make_body(uploads, f, &n, r, &body, why);
    if (rc < 0 || body_empty(body))
        return rc == -ENOENT ? 0 : rc;
    return upload_patch(uploads, call, &t, body, why);
}

/* Renames that have ended are told with this one, and not once more: another machine may have given it a name
 * of its own by then. */
static void take_others(struct uploads *uploads, const struct intent_row *row)
{
    struct journal *j = uploads->journal;
    struct intent_row *other;
    int64_t number;

    while ((number = journal_next_like(j, row)) && journal_take_number(j, number, &other) == 0) {
        free(other);
        journal_tell(j, number, INTENT_ANSWERED, NULL, STATE_LATER);
        journal_leave(j, number, 0);
    }
}

int64_t restamp_work(struct uploads *uploads, struct call *call, const struct intent_row *row,
                     struct failure *why)
{
    int rc = 0;

    if (!backend_generations(uploads->backend, RES_NONE))
        return UNKNOWN_AGAIN_MS; /* nothing has answered yet: it may well keep it */
    if (!journal_is_first(uploads->journal, row))
        return BUSY_AGAIN_MS; /* what is said last has to be what it is called last */
    if (row->id && journal_moves(uploads->journal, row->id))
        return BUSY_AGAIN_MS; /* by what a rename has said it is told whether that was carried out */
    if (row->id &&
        drops_is_doomed(uploads->drops, row->id)) /* or something is put in its place, and is it */
        return journal_is_hurried(uploads->journal) ? BUSY_AGAIN_MS : UNKNOWN_AGAIN_MS;
    take_others(uploads, row);
    if (row->id && !uploads->ro && backend_keeps_stamps(uploads->backend))
        rc = tell(uploads, call, row, why);
    if (rc > 0)
        return UNKNOWN_AGAIN_MS;
    if (rc < 0 && failure_passes(rc, why))
        return rc;
    if (rc < 0 && rc != -ENOENT)
        posting_report(uploads, "say how it is called", row, rc, why);
    return journal_tell(uploads->journal, row->number, rc < 0 ? INTENT_REFUSED : INTENT_ANSWERED,
                        NULL, STATE_LATER);
}
