#include "inbox_put.h"

#include <errno.h>
#include <string.h>

#include "drop_put.h"
#include "drop_table.h"
#include "drops.h"
#include "errlog.h"
#include "folder.h"
#include "name_rules.h"
#include "names.h"
#include "node_kinds.h"
#include "uploads_context.h"

#include "banned.h"

#define LABELS NAMES_JSON_ENDING
#define WHOLE ".prediction.json"

/* NAMEENDING with a reference, or NULL. */
static struct drop *beside(struct uploads *uploads, const struct folder *f, const char *name,
                           const char *ending)
{
    cleanup_buf struct buf full = BUF_INIT(ROUTE_NAME_MAX);

    return buf_addf(&full, "%s%s", name, ending) < 0 ? NULL
                                                     : drops_find(uploads->drops, f, full.data);
}

bool inbox_has(struct uploads *uploads, const struct folder *f, const char *name,
               const char *ending)
{
    cleanup_drop struct drop *d = beside(uploads, f, name, ending);

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
static int put(struct uploads *uploads, const struct inbox_place *at, const char *ending,
               const struct buf *text, struct failure *err)
{
    cleanup_buf struct buf full = BUF_INIT(ROUTE_NAME_MAX);
    cleanup_drop struct drop *d = beside(uploads, at->folder, at->name, ending);
    int rc = 0;

    if (d)
        rc = replace(uploads, d, text);
    else if (buf_addf(&full, "%s%s", at->name, ending) < 0)
        rc = -ENAMETOOLONG;
    else
        rc = drops_add(uploads->drops, at->folder, full.data, DROP_FILE, &d);
    if (rc == 0 && full.len)
        rc = drop_put_answer(uploads->drops, d, buf_str(text), text->len);
    if (rc == -EEXIST)
        return fail(err, rc, 0, "%s%s is somebody else's and stays", at->name, ending);
    return rc;
}

int inbox_check_answer(const struct record *r, struct failure *err)
{
    const struct resource *res = record_resource(r);
    cleanup_buf struct buf state = BUF_INIT(NAMES_MAX), why = BUF_INIT(FAILURE_TEXT_MAX);
    cleanup_buf struct buf labels = BUF_INIT(TEXT_MAX_BYTES);

    record_string(r, res->state_field, &state);
    if (strcmp(buf_str(&state), res->failed) != 0 && record_labels(r, &labels) != -ENOENT)
        return 0;
    record_string(r, res->why_field, &why);
    return fail(err, -EIO, 0, "%s",
                why.len     ? buf_str(&why)
                : state.len ? buf_str(&state)
                            : "the server has answered, and has none");
}

int inbox_put_part(struct uploads *uploads, const struct inbox_place *at, const struct record *r,
                   struct failure *err)
{
    cleanup_buf struct buf whole = BUF_INIT(TEXT_MAX_BYTES);
    int rc = record_json(r, true, &whole);

    return rc < 0 ? rc : put(uploads, at, WHOLE, &whole, err);
}

int inbox_put_answer(struct uploads *uploads, const struct inbox_place *at, const struct record *r,
                     struct failure *err)
{
    cleanup_drop struct drop *refusal = beside(uploads, at->folder, at->name, ERROR_NOTE_ENDING);
    cleanup_buf struct buf labels = BUF_INIT(TEXT_MAX_BYTES);
    int rc = record_labels(r, &labels);

    if (rc == 0)
        rc = inbox_put_part(uploads, at, r, err);
    if (rc == 0 && at->folder->model) /* who waits for it finds the other one too */
        rc = put(uploads, at, LABELS, &labels, err);
    if (rc == 0 && refusal)
        drops_remove(uploads->drops, refusal, false);
    return rc;
}

void inbox_put_refusal(struct uploads *uploads, const struct inbox_place *at, bool part, int rc,
                       struct failure *err)
{
    cleanup_buf struct buf why = BUF_INIT(2 * FAILURE_TEXT_MAX);
    char when[ERRLOG_TIME_MAX];

    err->at_ns = clock_realtime_ns(uploads->clock);
    errlog_time(err->at_ns, when);
    errlog_add(uploads->errlog, "predict", at->name, rc, err);
    buf_addf(&why, "%s: %s: %s\nfailed at %s\n", at->name,
             part ? "there is only a part of the prediction" : "there is no prediction",
             err->text[0] ? err->text : strerrordesc_np(-rc), when);
    put(uploads, at, ERROR_NOTE_ENDING, &why, NULL);
}
