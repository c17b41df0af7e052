#include "inbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drop_store.h"
#include "make.h"
#include "names.h"
#include "resolve.h"
#include "text.h"

#include "banned.h"

#define LABELS NAMES_JSON_ENDING
#define WHOLE ".prediction.json"

bool inbox_is_answer(const char *name)
{
    size_t len = strlen(name);

    return len > strlen(ERROR_NOTE_ENDING) &&
           strcmp(name + len - strlen(ERROR_NOTE_ENDING), ERROR_NOTE_ENDING) == 0;
}

/* NAMEENDING in f with a reference, or NULL. */
static struct drop *beside(struct fs *fs, struct folder *f, const char *name, const char *ending)
{
    cleanup_buf struct buf full = BUF_INIT(ROUTE_NAME_MAX);

    return buf_addf(&full, "%s%s", name, ending) < 0 ? NULL : drops_find(fs->drops, f, full.data);
}

bool inbox_has_answer(struct fs *fs, struct folder *f, const char *name)
{
    cleanup_drop struct drop *d = beside(fs, f, name, LABELS);

    return d != NULL;
}

static int replace(struct fs *fs, struct drop *d, const struct buf *text)
{
    struct call now = { .nowait = true };
    int rc = drop_lock_exclusive(fs->drops, d, &now);

    if (rc < 0)
        return rc;
    rc = drop_is_answer(fs->drops, d) ? drop_put_answer(fs->drops, d, buf_str(text), text->len)
                                      : -EEXIST;
    drop_unlock_exclusive(fs->drops, d);
    return rc;
}

/* What somebody else has written stays: only answers give way to answers. */
static int put(struct fs *fs, struct folder *f, const char *name, const char *ending,
               const struct buf *text, struct failure *err)
{
    cleanup_buf struct buf full = BUF_INIT(ROUTE_NAME_MAX);
    cleanup_drop struct drop *d = beside(fs, f, name, ending);
    int rc = 0;

    if (d)
        rc = replace(fs, d, text);
    else if (buf_addf(&full, "%s%s", name, ending) < 0)
        rc = -ENAMETOOLONG;
    else
        rc = drops_add(fs->drops, f, full.data, DROP_FILE, &d);
    if (rc == 0 && full.len)
        rc = drop_put_answer(fs->drops, d, buf_str(text), text->len);
    return rc < 0 ? fail(err, rc, 0, "%s%s is somebody else's and stays", name, ending) : 0;
}

static int ask(struct fs *fs, struct call *call, struct folder *f, const char *id,
               struct record **out, struct failure *err)
{
    const struct resource *res = resource_get(RES_PREDICTIONS);
    const struct field *document = resource_field_of(res, RES_DOCUMENTS);
    const struct field *model = resource_field_of(res, RES_MODELS);
    cleanup_body struct body *body = NULL;
    struct folder *predictions;
    int rc = drops_folder(fs->drops, res->name, &predictions);

    if (rc == 0)
        rc = body_new(res, BODY_POST, &body);
    if (rc == 0)
        rc = body_set_string(body, document->name, id, err);
    if (rc == 0)
        rc = body_set_string(body, model->name, f->model, err);
    return rc < 0 ? rc : make_resource(fs, call, predictions, body, out, err);
}

static int put_answer(struct fs *fs, struct folder *f, const char *name, const struct record *r,
                      struct failure *err)
{
    cleanup_buf struct buf labels = BUF_INIT(TEXT_MAX_BYTES);
    cleanup_buf struct buf whole = BUF_INIT(TEXT_MAX_BYTES);
    cleanup_drop struct drop *refusal = beside(fs, f, name, ERROR_NOTE_ENDING);
    int rc = record_labels(r, &labels);

    if (rc == 0)
        rc = record_json(r, true, &whole);
    if (rc == 0)
        rc = put(fs, f, name, WHOLE, &whole, err);
    if (rc == 0)
        rc = put(fs, f, name, LABELS, &labels, err); /* who waits for it finds the other one too */
    if (rc == 0 && refusal)
        drops_remove(fs->drops, refusal, false);
    return rc;
}

void inbox_predict(struct fs *fs, struct call *call, struct folder *f, const char *name,
                   const char *id)
{
    cleanup_buf struct buf why = BUF_INIT(2 * FAILURE_TEXT_MAX);
    cleanup_record struct record *r = NULL;
    struct failure err = { 0 };
    int rc = ask(fs, call, f, id, &r, &err);

    if (rc == 0)
        rc = put_answer(fs, f, name, r, &err);
    if (rc == 0)
        return;
    errlog_add(fs->errlog, "predict", name, rc, &err);
    buf_addf(&why, "%s: there is no prediction: %s\n", name,
             err.text[0] ? err.text : strerrordesc_np(-rc));
    put(fs, f, name, ERROR_NOTE_ENDING, &why, NULL);
}
