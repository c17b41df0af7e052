#include "upload_patch.h"

#include "backend.h"
#include "id_search.h"
#include "kept.h"
#include "known.h"
#include "record.h"
#include "stamp.h"
#include "uploads_context.h"

#include "banned.h"

#define NAME_MAX_BYTES 16384

/* A file may be called otherwise (renamed.h). Without it it goes by the name that the API has. */
static void keep_name(struct uploads *uploads, const struct target *t, const struct record *now)
{
    cleanup_buf struct buf name = BUF_INIT(NAME_MAX_BYTES);
    bool has = record_string(now, t->res->name_field, &name) == 0;

    if (!resource_takes_secrets(t->res)) /* of those nothing is kept */
        kept_put(uploads->remote, KEPT_NAME, t->id, has ? buf_str(&name) : "");
}

int upload_patch(struct uploads *uploads, struct call *call, const struct target *t,
                 const struct body *body, struct failure *err)
{
    cleanup_record struct record *now = NULL;
    int rc = backend_update(uploads->backend, call, t, body, NO_CONTENT, &now, err);

    if (rc == 0 && t->res->name_field && body_has(body, t->res->name_field))
        keep_name(uploads, t, now);
    if (rc == 0)
        known_changed(uploads->remote, t, now);
    return rc;
}

/* What is ours among what others keep there, put into the body. */
static int keep_stamp(struct uploads *uploads, struct call *call, const struct target *t,
                      const struct record *now, struct body *body, struct failure *err)
{
    cleanup_record struct record *current = NULL;
    int rc = 0;

    if (!t->res->notes_field || !body_has(body, t->res->notes_field))
        return 0;
    if (!now)
        rc = known_current_record(uploads->remote, call, t, &current, err);
    return rc < 0 ? rc : body_keep_stamp(body, now ? now : current, err);
}

/* Labels are said over those that there are. Those of 2021 are no more than names and texts. */
static int merge_labels(struct uploads *uploads, struct call *call, const struct target *t,
                        const struct field *f, struct body *body, struct failure *err)
{
    cleanup_record struct record *now = NULL;
    int rc;

    if (!(f->flags & F_LABELS) || !backend_speaks_today(uploads->backend))
        return 0;
    /* as they are at that moment: others may have annotated it since it was looked at */
    rc = known_new_record(uploads->remote, call, t, KNOWN_JUST_NOW_MS, &now, err);
    return rc < 0 ? rc : body_merge_labels(body, now, err);
}

int upload_written(struct uploads *uploads, struct call *call, const struct target *t,
                   const struct record *now, struct body *body, struct failure *err)
{
    int rc = keep_stamp(uploads, call, t, now, body, err);

    return rc < 0 ? rc : upload_patch(uploads, call, t, body, err);
}

int upload_field_body(struct uploads *uploads, struct call *call, const struct target *t,
                      const struct field *f, const char *text, size_t len, struct body **out,
                      struct failure *err)
{
    cleanup_body struct body *body = NULL;
    struct id_search names;
    int rc = body_new(t->res, BODY_PATCH, &body);

    if (rc < 0)
        return rc;
    id_search_init(&names, uploads, call, t);
    body_find_ids(body, &names.finder);
    if (backend_speaks_today(uploads->backend))
        body_keep_numbers(body);
    rc = body_set_text(body, f, text, len, err);
    if (rc == 0)
        rc = merge_labels(uploads, call, t, f, body, err);
    if (rc == 0)
        *out = steal_pointer(&body);
    return rc;
}

int upload_field(struct uploads *uploads, struct call *call, const struct target *t,
                 const struct field *f, const char *text, size_t len, struct failure *err)
{
    cleanup_body struct body *body = NULL;
    int rc = upload_field_body(uploads, call, t, f, text, len, &body, err);

    return rc < 0 ? rc : upload_written(uploads, call, t, NULL, body, err);
}

int upload_other_field(struct uploads *uploads, struct call *call, const struct target *t,
                       const struct field *f, const char *text, size_t len, struct failure *err)
{
    cleanup_record struct record *now = NULL;
    cleanup_body struct body *body = NULL;
    int rc = known_record(uploads->remote, call, t, &now, err);

    if (rc == 0 && !len && !record_has(now, f))
        return 0;
    if (rc == 0)
        rc = body_new(t->res, BODY_PATCH, &body);
    if (rc == 0)
        rc = body_set_other(body, f, now, text, len, err);
    return rc < 0 ? rc : upload_patch(uploads, call, t, body, err);
}
