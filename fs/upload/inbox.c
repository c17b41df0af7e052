#include "inbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drop_folders.h"
#include "drop_put.h"
#include "drop_table.h"
#include "drops.h"
#include "errlog.h"
#include "make.h"
#include "name_rules.h"
#include "names.h"
#include "node_kinds.h"
#include "uploads_context.h"

#include "banned.h"

#define LABELS NAMES_JSON_ENDING
#define WHOLE ".prediction.json"

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

static int ask(struct uploads *uploads, struct call *call, struct folder *f, const char *id,
               struct record **out, struct failure *err)
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
    return rc < 0 ? rc : make_resource(uploads, call, predictions, body, out, err);
}

static int put_answer(struct uploads *uploads, struct folder *f, const char *name,
                      const struct record *r, struct failure *err)
{
    cleanup_buf struct buf labels = BUF_INIT(TEXT_MAX_BYTES);
    cleanup_buf struct buf whole = BUF_INIT(TEXT_MAX_BYTES);
    cleanup_drop struct drop *refusal = beside(uploads, f, name, ERROR_NOTE_ENDING);
    int rc = record_labels(r, &labels);

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

void inbox_predict(struct uploads *uploads, struct call *call, struct folder *f, const char *name,
                   const char *id)
{
    cleanup_buf struct buf why = BUF_INIT(2 * FAILURE_TEXT_MAX);
    cleanup_record struct record *r = NULL;
    struct failure err = { 0 };
    char when[ERRLOG_TIME_MAX];
    int rc = ask(uploads, call, f, id, &r, &err);

    if (rc == 0)
        rc = put_answer(uploads, f, name, r, &err);
    if (rc == 0)
        return;
    err.at_ns = clock_realtime_ns(uploads->clock);
    errlog_time(err.at_ns, when);
    errlog_add(uploads->errlog, "predict", name, rc, &err);
    buf_addf(&why, "%s: there is no prediction: %s\nfailed at %s\n", name,
             err.text[0] ? err.text : strerrordesc_np(-rc), when);
    put(uploads, f, name, ERROR_NOTE_ENDING, &why, NULL);
}
