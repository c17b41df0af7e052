#include "inbox_work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "asked.h"
#include "defaults.h"
#include "doomed.h"
#include "drop_folders.h"
#include "errlog.h"
#include "folder.h"
#include "inbox_look.h"
#include "inbox_put.h"
#include "journal.h"
#include "journal_ask.h"
#include "kept.h"
#include "known.h"
#include "make.h"
#include "name_rules.h"
#include "node_kinds.h"
#include "passes.h"
#include "unsure.h"
#include "uploads_context.h"

#include "drop.h"

#include "banned.h"

#define SOON_MS 1000
#define LOOK_AGAIN_MS 1000
#define LATER_MS (INT64_C(5) * 60000)
#define REFUSED_AGAIN_MS (INT64_C(60) * 60000)
#define NO_LONGER_MS                                                                               \
    (INT64_C(24) * 3600000) /* an answer that has not come by then is not waited for */
#define ASKS_MAX 1000 /* so often a server may fail to say whether it was asked: a day, or longer */

/* One question of an inbox, and where its document is now. */
struct inquiry {
    struct uploads *uploads;
    struct call *call;
    const struct intent_row *row;
    bool loud;            /* somebody has just asked: what was said before is said again */
    struct folder *inbox; /* whose model is asked */
    struct inbox_place at;
};

/* By the server's clock, also over what mounts there were; else of this one. */
static int64_t age_ms(const struct inquiry *q)
{
    int64_t here_ms = clock_now_ms(q->uploads->clock) - q->row->since_ms;
    int64_t there_ns = q->row->server_ns ? backend_now_ns(q->uploads->backend) : 0;
    int64_t there_ms = there_ns ? (there_ns - q->row->server_ns) / 1000000 : 0;

    return here_ms > there_ms ? here_ms : there_ms;
}

/* What takes long may take a little longer. */
static int64_t next_look_ms(const struct inquiry *q)
{
    int64_t ms = age_ms(q) / 3;

    return ms < SOON_MS ? SOON_MS : ms < LATER_MS ? ms : LATER_MS;
}

/* --- Where the document is -------------------------------------------------------------------- */

/* -ENOENT: it has no name here any more; -EAGAIN: it has none now that something could stand beside;
 * -ENOMEM, -EIO. */
static int find_document(struct inquiry *q)
{
    struct drops *drops = q->uploads->drops;
    cleanup_drop struct drop *d = NULL;
    struct drop_snapshot s;
    int rc =
        q->row->folder && q->row->look ? drops_folder(drops, q->row->folder, &q->inbox) : -EINVAL;

    if (rc == -EINVAL || (rc == 0 && !q->inbox->model))
        return -ENOENT;
    if (rc == 0)
        rc = drops_find_id_anywhere(drops, q->row->look, &d);
    if (rc < 0)
        return rc == -ENOENT && journal_moves(q->uploads->journal, q->row->look) ? -EAGAIN : rc;
    s = drop_snapshot(drops, d);
    q->at = (struct inbox_place){ .folder = s.folder, .name = drop_name(drops, d) };
    if (!q->at.name)
        return -ENOMEM;
    if (!s.linked || s.parked || s.folder->staging ||
        rule_scratch(q->uploads->scratch, q->at.name) || !drops_is_reachable(drops, s.folder))
        return -EAGAIN;
    return 0;
}

/* --- How it ends ------------------------------------------------------------------------------ */

static int64_t end(const struct inquiry *q, bool answered)
{
    int rc = journal_tell(q->uploads->journal, q->row->number,
                          answered ? INTENT_ANSWERED : INTENT_REFUSED, NULL, STATE_LATER);

    if (rc == 0 && q->row->id)
        kept_forget(q->uploads->remote, KEPT_BODY, q->row->id);
    return rc;
}

/* What was paid for so far is not thrown away. true: there is some of it. */
static bool put_part(const struct inquiry *q)
{
    cleanup_record struct record *r = NULL;
    cleanup_free char *text = NULL;
    struct failure ignored = { 0 };

    return q->row->id && kept_get(q->uploads->remote, KEPT_BODY, q->row->id, &text) == 0 &&
           record_parse(resource_get(RES_PREDICTIONS), text, strlen(text), &r) == 0 &&
           !record_is_passing(r) && inbox_check_answer(r, &ignored) == 0 &&
           inbox_put_part(q->uploads, &q->at, r, &ignored) == 0;
}

/* There is none. */
static int64_t refused(const struct inquiry *q, int rc, struct failure *why)
{
    inbox_put_refusal(q->uploads, &q->at, false, rc, why);
    why->text[0] = '\0'; /* it was said */
    return end(q, false);
}

/* Nor is there more of it. What would go on is tried again now and then, and whenever the document is put there
 * again. */
static int64_t stopped(const struct inquiry *q, bool goes_on, int rc, struct failure *why)
{
    if (q->loud || !goes_on || !inbox_has(q->uploads, q->at.folder, q->at.name, ERROR_NOTE_ENDING))
        inbox_put_refusal(q->uploads, &q->at, put_part(q), rc, why);
    why->text[0] = '\0';
    return goes_on && age_ms(q) < NO_LONGER_MS ? REFUSED_AGAIN_MS : end(q, false);
}

/* Nothing here is called so any more. Only where the document is still there somebody may look for the answer. */
static int64_t give_up(const struct inquiry *q, struct failure *why)
{
    struct target t = { .res = resource_get(RES_DOCUMENTS), .id = q->row->look };
    cleanup_record struct record *r = NULL;
    struct failure said = { 0 };
    int rc = -ENOENT;

    if (q->row->look && q->row->id && !drops_is_doomed(q->uploads->drops, q->row->look))
        rc = known_record(q->uploads->remote, q->call, &t, &r, why);
    if (rc < 0 && rc != -ENOENT && failure_passes(rc, why))
        return rc;
    if (rc == 0) {
        failure_set(&said, 0, "its document has no name here any more; the answer is %s/%s",
                    resource_get(RES_PREDICTIONS)->name, q->row->id);
        errlog_add(q->uploads->errlog, "predict", q->row->name ? q->row->name : q->row->look, 0,
                   &said);
    }
    return end(q, false);
}

/* --- Asking ----------------------------------------------------------------------------------- */

static int make_question(const struct inquiry *q, struct body **out, struct failure *err)
{
    const struct resource *res = resource_get(RES_PREDICTIONS);
    cleanup_body struct body *body = NULL;
    struct folder *predictions;
    int rc = drops_folder(q->uploads->drops, res->name, &predictions);

    if (rc == 0)
        rc = body_new(res, BODY_POST, &body);
    if (rc == 0)
        rc = body_set_string(body, resource_field_of(res, RES_DOCUMENTS)->name, q->row->look, err);
    if (rc == 0)
        rc = body_set_string(body, resource_field_of(res, RES_MODELS)->name, q->inbox->model, err);
    if (rc == 0)
        rc = defaults_apply(q->uploads, predictions, body, err);
    if (rc == 0)
        *out = steal_pointer(&body);
    return rc;
}

/* What has come is on disk with the next row that is. */
static int keep(const struct inquiry *q, const struct body *body, const struct record *r,
                char id[RESOURCE_ID_MAX + 1])
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    bool open;
    int rc = record_id(r, id);

    if (rc == 0)
        rc = record_json(r, true, &text);
    if (rc == 0)
        rc = kept_put(q->uploads->remote, KEPT_BODY, id, buf_str(&text));
    return rc < 0 ? rc : asked_begin(q->uploads, body, r, &open);
}

/* The POST has failed so. */
static int64_t not_asked(const struct inquiry *q, int rc, struct failure *why)
{
    struct journal *j = q->uploads->journal;

    if (why->outcome == OUTCOME_UNKNOWN) {
        journal_tell(j, q->row->number, INTENT_LOST, NULL, STATE_LATER);
        return 0; /* it is looked for */
    }
    if (!failure_passes(rc, why))
        return refused(q, rc, why);
    journal_tell(j, q->row->number, INTENT_POSTPONED, NULL, STATE_LATER);
    return rc;
}

/* On disk before it goes out, so that it is asked once, whoever dies. */
static int64_t ask(const struct inquiry *q, struct failure *why)
{
    struct intent_news news = { .since_ns = clock_realtime_ns(q->uploads->clock),
                                .server_ns = backend_now_ns(q->uploads->backend) };
    struct target list = { .res = resource_get(RES_PREDICTIONS) };
    cleanup_record struct record *r = NULL;
    cleanup_body struct body *body = NULL;
    char id[RESOURCE_ID_MAX + 1];
    int rc = make_question(q, &body, why);

    if (rc < 0)
        return not_asked(q, rc, why);
    rc = journal_tell(q->uploads->journal, q->row->number, INTENT_SENT, &news, STATE_NOW);
    if (rc < 0)
        return rc;
    rc = make_as_said(q->uploads, q->call, &list, body, &r, why);
    if (rc < 0)
        return not_asked(q, rc, why);
    rc = keep(q, body, r, id);
    news.id = id;
    return rc < 0 ? rc
                  : journal_tell(q->uploads->journal, q->row->number, INTENT_POSTPONED, &news,
                                 STATE_LATER);
}

/* --- What nobody knows ------------------------------------------------------------------------ */

struct intent_row inbox_row(const struct uploads *uploads, const char *key, const char *name,
                            const char *document, const char *id)
{
    return (struct intent_row){ .kind = INTENT_ANSWER,
                                .state = INTENT_WAITING,
                                .resource = RES_PREDICTIONS,
                                .folder = key,
                                .name = name,
                                .id = id,
                                .look = document,
                                .since_ns = clock_realtime_ns(uploads->clock),
                                .server_ns = backend_now_ns(uploads->backend) };
}

/* It was asked: that is done, and what is still to come of it has an intent of its own, in one step. */
static int64_t go_on_with(const struct inquiry *q, const struct record *r, struct failure *why)
{
    cleanup_intent_change struct intent_change found = { .row = NULL }, begun = { .row = NULL };
    struct journal *j = q->uploads->journal;
    cleanup_body struct body *body = NULL;
    char id[RESOURCE_ID_MAX + 1];
    struct intent_row row;
    int64_t number = 0;
    int rc = make_question(q, &body, why);

    if (rc == 0)
        rc = keep(q, body, r, id);
    if (rc < 0)
        return rc;
    row = inbox_row(q->uploads, q->row->folder, q->row->name, q->row->look, id);
    rc = journal_add(j, &row, &number, &begun);
    if (rc == 0)
        rc = journal_change(j, q->row->number, INTENT_FOUND, NULL, &found);
    if (rc == 0) {
        struct state_step steps[] = { found.step, begun.step };

        rc = state_apply(q->uploads->state, steps, 2, STATE_NOW, why);
        if (rc < 0)
            journal_doubt(j, q->row->number);
    }
    if (rc < 0 && number)
        journal_forget(j, number);
    else
        journal_leave(j, number, 0);
    return rc;
}

static int64_t look_for_it(const struct inquiry *q, struct failure *why)
{
    cleanup_record struct record *found = NULL;
    int rc = inbox_look(q->uploads, q->call, q->row, q->inbox->model, &found, why);

    if (rc < 0)
        return rc;
    if (rc == 1)
        return go_on_with(q, found, why);
    failure_set(why, 0, "nobody knows yet whether it was asked; it is looked for");
    if (unsure_may_land(q->uploads, q->row))
        return LOOK_AGAIN_MS;
    if (q->row->tries >= ASKS_MAX)
        return refused(q, -EIO, why);
    rc = journal_tell(q->uploads->journal, q->row->number, INTENT_ABSENT, NULL, STATE_LATER);
    return rc < 0 ? rc : fail(why, -EAGAIN, 0, "it was not asked, and will be");
}

/* --- What is answered later ------------------------------------------------------------------- */

static int64_t wait_on(const struct inquiry *q, struct failure *why)
{
    if (age_ms(q) >= NO_LONGER_MS) {
        failure_set(why, 0, "%s is still pending after a day, and is not waited for any longer",
                    q->row->id);
        return stopped(q, false, -ETIMEDOUT, why);
    }
    failure_set(why, 0, "%s is still pending; its answer comes by itself", q->row->id);
    return next_look_ms(q);
}

static int64_t write_answer(const struct inquiry *q, struct failure *why)
{
    cleanup_record struct record *r = NULL;
    cleanup_free char *text = NULL;
    int rc = kept_get(q->uploads->remote, KEPT_BODY, q->row->id, &text);

    if (rc == 0 && record_parse(resource_get(RES_PREDICTIONS), text, strlen(text), &r) < 0)
        rc = fail(why, -EBADMSG, 0, "what is kept of %s is damaged", q->row->id);
    if (rc == 0 && inbox_check_answer(r, why) < 0)
        return refused(q, -EIO, why);
    if (rc == 0)
        rc = inbox_put_answer(q->uploads, &q->at, r, why);
    if (rc < 0)
        return failure_passes(rc, why) ? rc : refused(q, rc, why);
    return end(q, true);
}

/* Is it only a matter of time? Of what is all there the parts may not go together. */
static bool comes_later(int rc, enum answer_state state, const struct failure *why)
{
    return why->outcome != OUTCOME_UNKNOWN && failure_passes(rc, why) &&
           !(rc == -EIO && state == ANSWER_WHOLE);
}

static int64_t go_on(const struct inquiry *q, struct failure *why)
{
    enum answer_state state;
    int rc =
        asked_step(q->uploads, q->call, resource_get(RES_PREDICTIONS), q->row->id, &state, why);

    if (rc < 0 && comes_later(rc, state, why))
        return rc;
    if (rc < 0)
        return stopped(q, state == ANSWER_GOES_ON, rc, why);
    if (state == ANSWER_PENDING)
        return wait_on(q, why);
    return state == ANSWER_WHOLE ? write_answer(q, why) : 0;
}

/* One request. As inbox_turn(). */
static int64_t work(struct inquiry *q, struct failure *why)
{
    int64_t rc = find_document(q);

    if (rc == -ENOENT)
        return give_up(q, why);
    if (rc < 0)
        return rc == -EAGAIN ? next_look_ms(q) : rc;
    if (q->row->id)
        return go_on(q, why);
    switch ((enum intent_state)q->row->state) {
    case INTENT_WAITING:
        return ask(q, why);
    case INTENT_SENDING: /* left so: nobody knows */
        return journal_tell(q->uploads->journal, q->row->number, INTENT_LOST, NULL, STATE_LATER);
    case INTENT_UNSURE:
        return look_for_it(q, why);
    case INTENT_OWING:
    case INTENT_DONE:
        break;
    }
    return 0;
}

int64_t inbox_turn(struct uploads *uploads, struct call *call, const struct intent_row *row,
                   bool loud, struct failure *why)
{
    struct inquiry q = { .uploads = uploads, .call = call, .row = row, .loud = loud };
    int64_t again = work(&q, why);

    free(q.at.name);
    return again;
}

int64_t inbox_work(struct uploads *uploads, struct call *call, const struct intent_row *row,
                   struct failure *why)
{
    return inbox_turn(uploads, call, row, false, why);
}
