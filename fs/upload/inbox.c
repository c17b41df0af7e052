#include "inbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asked.h"
#include "drop_folders.h"
#include "drop_put.h"
#include "drop_table.h"
#include "drops.h"
#include "errlog.h"
#include "folder.h"
#include "journal.h"
#include "kept.h"
#include "make.h"
#include "name_rules.h"
#include "names.h"
#include "node_kinds.h"
#include "passes.h"
#include "uploads_context.h"

#include "banned.h"

#define LABELS NAMES_JSON_ENDING
#define WHOLE ".prediction.json"
#define SOON_MS 1000
#define LATER_MS 10000

/* NAMEENDING in f with a reference, or NULL. */
static struct drop *beside(struct uploads *uploads, struct folder *f, const char *name,
                           const char *ending)
{
    cleanup_buf struct buf full = BUF_INIT(ROUTE_NAME_MAX);

    return buf_addf(&full, "%s%s", name, ending) < 0 ? NULL
                                                     : drops_find(uploads->drops, f, full.data);
}

bool inbox_has_answer(struct uploads *uploads, struct folder *f, const char *name)
{
    cleanup_drop struct drop *d = beside(uploads, f, name, LABELS);

    return d != NULL;
}

static int replace(struct uploads *uploads, struct drop *d, const struct buf *text)
{
    struct call now = { .nowait = true };
    int rc = drop_lock_exclusive(uploads->drops, d, &now);

    if (rc < 0)
        return rc;
    rc = drop_is_answer(uploads->drops, d)
             ? drop_put_answer(uploads->drops, d, buf_str(text), text->len)
             : -EEXIST;
    drop_unlock_exclusive(uploads->drops, d);
    return rc;
}

/* What somebody else has written stays: only answers give way to answers. */
static int put(struct uploads *uploads, struct folder *f, const char *name, const char *ending,
               const struct buf *text, struct failure *err)
{
    cleanup_buf struct buf full = BUF_INIT(ROUTE_NAME_MAX);
    cleanup_drop struct drop *d = beside(uploads, f, name, ending);
    int rc = 0;

    if (d)
        rc = replace(uploads, d, text);
    else if (buf_addf(&full, "%s%s", name, ending) < 0)
        rc = -ENAMETOOLONG;
    else
        rc = drops_add(uploads->drops, f, full.data, DROP_FILE, &d);
    if (rc == 0 && full.len)
        rc = drop_put_answer(uploads->drops, d, buf_str(text), text->len);
    if (rc == -EEXIST || rc == -EWOULDBLOCK) /* or somebody is at it */
        return fail(err, rc, 0, "%s%s is somebody else's and stays", name, ending);
    return rc;
}

/* *open: the answer is not all there yet. */
static int ask(struct uploads *uploads, struct call *call, struct folder *f, const char *id,
               struct record **out, bool *open, struct failure *err)
{
    const struct resource *res = resource_get(RES_PREDICTIONS);
    const struct field *document = resource_field_of(res, RES_DOCUMENTS);
    const struct field *model = resource_field_of(res, RES_MODELS);
    cleanup_body struct body *body = NULL;
    struct folder *predictions;
    int rc = drops_folder(uploads->drops, res->name, &predictions);

    if (rc == 0)
        rc = body_new(res, BODY_POST, &body);
    if (rc == 0)
        rc = body_set_string(body, document->name, id, err);
    if (rc == 0)
        rc = body_set_string(body, model->name, f->model, err);
    if (rc == 0)
        rc = make_resource(uploads, call, predictions, body, out, err);
    return rc < 0 ? rc : asked_begin(uploads, body, *out, open);
}

/* An answer may say that there is none, too. */
static int check_answer(const struct record *r, struct failure *err)
{
    const struct resource *res = record_resource(r);
    cleanup_buf struct buf state = BUF_INIT(NAMES_MAX), why = BUF_INIT(FAILURE_TEXT_MAX);

    if (record_string(r, res->state_field, &state) < 0 || strcmp(state.data, res->failed) != 0)
        return 0;
    record_string(r, res->why_field, &why);
    return fail(err, -EIO, 0, "%s", why.len ? why.data : res->failed);
}

static int put_answer(struct uploads *uploads, struct folder *f, const char *name,
                      const struct record *r, struct failure *err)
{
    cleanup_buf struct buf labels = BUF_INIT(TEXT_MAX_BYTES);
    cleanup_buf struct buf whole = BUF_INIT(TEXT_MAX_BYTES);
    cleanup_drop struct drop *refusal = beside(uploads, f, name, ERROR_NOTE_ENDING);
    int rc = check_answer(r, err);

    if (rc == 0)
        rc = record_labels(r, &labels);
    if (rc == 0)
        rc = record_json(r, true, &whole);
    if (rc == 0)
        rc = put(uploads, f, name, WHOLE, &whole, err);
    if (rc == 0)
        rc = put(uploads, f, name, LABELS, &labels,
                 err); /* who waits for it finds the other one too */
    if (rc == 0 && refusal)
        drops_remove(uploads->drops, refusal, false);
    return rc;
}

/* NAME.error.txt says why there is none, and the error log does. */
static void put_refusal(struct uploads *uploads, struct folder *f, const char *name, int rc,
                        struct failure *err)
{
    cleanup_buf struct buf why = BUF_INIT(2 * FAILURE_TEXT_MAX);
    char when[ERRLOG_TIME_MAX];

    err->at_ns = clock_realtime_ns(uploads->clock);
    errlog_time(err->at_ns, when);
    errlog_add(uploads->errlog, "predict", name, rc, err);
    buf_addf(&why, "%s: there is no prediction: %s\nfailed at %s\n", name,
             err->text[0] ? err->text : strerrordesc_np(-rc), when);
    put(uploads, f, name, ERROR_NOTE_ENDING, &why, NULL);
}

/* --- What is answered later ------------------------------------------------------------------- */

static int is_of_document(void *arg, const struct intent_row *row)
{
    return row->kind == INTENT_ANSWER && row->look && strcmp(row->look, arg) == 0 ? 1 : 0;
}

/* The intent of what is open for this document, held; one of another document that had the name is
 * nobody's question any more. The caller frees. 0; -ENOENT: there is none; -EBUSY: the journal is at
 * it; -ENOMEM. */
static int take_open(struct uploads *uploads, const char *key, const char *name,
                     const char *document, struct intent_row **out)
{
    struct intent_row *row;
    int rc;

    while ((rc = journal_take(uploads->journal, INTENT_ANSWER, key, name, &row)) == 0) {
        if (row->id && row->look && strcmp(row->look, document) == 0) {
            *out = row;
            return 0;
        }
        journal_tell(uploads->journal, row->number, INTENT_REFUSED, NULL, STATE_LATER);
        journal_leave(uploads->journal, row->number, 0);
        free(row);
    }
    if (rc == -EBUSY &&
        !journal_each(uploads->journal, is_of_document, (void *)(uintptr_t)document))
        return -ENOENT; /* it is another document's, which has gone */
    return rc;
}

static int begin_open(struct uploads *uploads, const char *key, const char *name,
                      const char *document, const char *id, int64_t *number, struct failure *err)
{
    struct intent_row row = { .kind = INTENT_ANSWER,
                              .state = INTENT_WAITING,
                              .resource = RES_PREDICTIONS,
                              .folder = key,
                              .name = name,
                              .id = id,
                              .look = document,
                              .since_ns = clock_realtime_ns(uploads->clock) };

    return journal_begin(uploads->journal, &row, NULL, 0, number, err);
}

/* One that is open has come to its end. */
static void end_open(struct uploads *uploads, int64_t number, const char *id, bool answered)
{
    kept_forget(uploads->remote, KEPT_BODY, id);
    journal_tell(uploads->journal, number, answered ? INTENT_ANSWERED : INTENT_REFUSED, NULL,
                 STATE_LATER);
}

static int put_kept(struct uploads *uploads, struct folder *f, const char *name, const char *id,
                    struct failure *err)
{
    cleanup_record struct record *r = NULL;
    cleanup_free char *text = NULL;
    int rc = kept_get(uploads->remote, KEPT_BODY, id, &text);

    if (rc == 0)
        rc = record_parse(resource_get(RES_PREDICTIONS), text, strlen(text), &r);
    return rc < 0 ? rc : put_answer(uploads, f, name, r, err);
}

/* Is it only a matter of time? */
static bool comes_later(int rc, const struct failure *err)
{
    return rc == -ETIMEDOUT || rc == -EINTR ||
           (err->outcome != OUTCOME_UNKNOWN && failure_passes(rc, err));
}

/* 0: it is written; 1: it comes later, and err says why; else there is none. */
static int finish(struct uploads *uploads, struct call *call, struct folder *f, const char *name,
                  const char *id, int64_t timeout_ms, struct failure *err)
{
    int rc = asked_finish(uploads, call, resource_get(RES_PREDICTIONS), id, timeout_ms, err);

    if (rc < 0 && comes_later(rc, err))
        return 1;
    return rc < 0 ? rc : put_kept(uploads, f, name, id, err);
}

/* For who has put the document there, and waits a while. */
static void finish_now(struct uploads *uploads, struct call *call, struct folder *f,
                       const char *name, const char *id, int64_t number)
{
    struct failure err = { 0 };
    int rc = finish(uploads, call, f, name, id, uploads->timeout_ms, &err);

    if (rc < 0)
        put_refusal(uploads, f, name, rc, &err);
    if (rc <= 0)
        end_open(uploads, number, id, rc == 0);
    else if (!call_cancelled(call))
        errlog_add(uploads->errlog, "predict", name, 0, &err);
    journal_leave(uploads->journal, number, SOON_MS);
}

int64_t inbox_work(struct uploads *uploads, struct call *call, const struct intent_row *row,
                   struct failure *why)
{
    int64_t age_ms = (clock_realtime_ns(uploads->clock) - row->since_ns) / 1000000;
    cleanup_drop struct drop *d = NULL;
    cleanup_free char *name = NULL;
    struct folder *f;
    int rc = row->folder && row->look && row->id ? drops_folder(uploads->drops, row->folder, &f)
                                                 : -EINVAL;

    if (rc == -EIO || rc == -ENOMEM)
        return rc;
    d = rc == 0 ? drops_find_id(uploads->drops, f, row->look) : NULL;
    name = d ? drop_name(uploads->drops, d) : NULL;
    if (!name) { /* the document has gone, and whoever would have read it */
        end_open(uploads, row->number, row->id ? row->id : "", false);
        return 0;
    }
    rc = finish(uploads, call, f, name, row->id, 0, why);
    if (rc == 1)
        return age_ms / 3 < SOON_MS ? SOON_MS : age_ms / 3 < LATER_MS ? age_ms / 3 : LATER_MS;
    if (rc < 0)
        put_refusal(uploads, f, name, rc, why);
    end_open(uploads, row->number, row->id, rc == 0);
    return 0;
}

/* --- Asking ----------------------------------------------------------------------------------- */

/* 0: it was answered at once, or *number is that of what is open. */
static int begin(struct uploads *uploads, struct call *call, struct folder *f, const char *key,
                 const char *name, const char *document, char id[RESOURCE_ID_MAX + 1],
                 int64_t *number, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    bool open = false;
    int rc = ask(uploads, call, f, document, &r, &open, err);

    if (rc == 0 && !open)
        return put_answer(uploads, f, name, r, err);
    if (rc == 0)
        rc = record_id(r, id);
    return rc < 0 ? rc : begin_open(uploads, key, name, document, id, number, err);
}

void inbox_predict(struct uploads *uploads, struct call *call, struct folder *f, const char *name,
                   const char *document)
{
    cleanup_free char *key = drops_key(uploads->drops, f);
    cleanup_free struct intent_row *row = NULL;
    char id[RESOURCE_ID_MAX + 1] = "";
    struct failure err = { 0 };
    int64_t number = 0;
    int rc = key ? take_open(uploads, key, name, document, &row) : -ENOMEM;

    if (rc == -EBUSY)
        return;
    if (rc == 0)
        snprintf(id, sizeof(id), "%s", row->id);
    else if (rc == -ENOENT)
        rc = begin(uploads, call, f, key, name, document, id, &number, &err);
    if (row)
        number = row->number;
    if (rc < 0)
        put_refusal(uploads, f, name, rc, &err);
    else if (number)
        finish_now(uploads, call, f, name, id, number);
}
