#include "replace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "errlog.h"
#include "fetch.h"
#include "folder.h"
#include "known.h"
#include "name_rules.h"
#include "recall.h"
#include "stamping.h"

#include "drop.h"
#include "types.h"
#include "uploads_context.h"

#include "banned.h"

#define KEPT_MAX_BYTES (4 * 1024 * 1024)
void replace_warn(struct uploads *uploads, const struct folder *f, const char *name,
                  const char *text)
{
    cleanup_buf struct buf path = BUF_INIT(PATH_TEXT_MAX);
    struct failure why = { 0 };

    drops_lock(uploads->drops);
    buf_addf(&path, "/%s/%s", f->key, name);
    drops_unlock(uploads->drops);
    failure_set(&why, 0, "%s", text);
    errlog_add(uploads->errlog, "close", buf_str(&path), 0, &why);
}

int replace_look(struct uploads *uploads, struct call *call, const struct target *t,
                 struct record **out, struct failure *err)
{
    int rc;

    *out = NULL;
    rc = known_current_record(uploads->remote, call, t, out, err);
    if (rc == -ENOENT)
        err->text[0] = '\0';
    return rc == -ENOENT ? 0 : rc;
}

/* It is refused before it is sent: the document goes without it, and says so. */
static void warn_lost(struct uploads *uploads, const struct folder *f, const char *name,
                      const struct failure *why)
{
    char text[FAILURE_TEXT_MAX + 64];

    snprintf(text, sizeof(text), "not carried over from the one it replaces: %s", why->text);
    replace_warn(uploads, f, name, text);
}

/* What others keep there goes along, what is ours is of the bytes. */
static bool is_notes(const struct folder *f, const struct field *field)
{
    return f->res->notes_field && strcmp(field->name, f->res->notes_field) == 0;
}

static bool is_title(const struct folder *f, const struct field *field)
{
    return f->res->title_field && strcmp(field->name, f->res->title_field) == 0;
}

int replace_keep(struct uploads *uploads, const struct folder *f, const char *name,
                 const struct record *old, struct body *body)
{
    int rc = 0;

    for (const struct field *field = f->res->fields; field->name && rc == 0; field++) {
        struct failure why = { 0 };

        if (!(field->flags & F_KEPT) || body_has(body, field->name))
            continue;
        if (is_notes(f, field)) {
            rc = body_keep_notes(body, old, &why);
            continue;
        }
        rc = body_keep_field(body, field, old, &why);
        if (rc == -EINVAL)
            warn_lost(uploads, f, name, &why);
        if (rc == -ENOENT || rc == -EINVAL)
            rc = 0;
    }
    return rc;
}

/* No labels: none were ever given, or all were taken away. */
static bool has_own(const struct field *field, const struct buf *text)
{
    return (field->flags & F_LABELS) && strcspn(buf_str(text), "{") < text->len;
}

static int patch_field(struct uploads *uploads, const struct folder *f, const char *name,
                       const struct field *field, const struct record *old,
                       const struct record *now, struct body *body)
{
    cleanup_buf struct buf was = BUF_INIT(KEPT_MAX_BYTES), is = BUF_INIT(KEPT_MAX_BYTES);
    struct failure why = { 0 };
    int rc = record_field_text(old, field, &was);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    rc = record_field_text(now, field, &is);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    if ((rc == 0 && strcmp(buf_str(&was), buf_str(&is)) == 0) || has_own(field, &is))
        return 0;
    if (!(field->flags & F_IN_PATCH))
        return -EXDEV;
    rc = body_keep_field(body, field, old, &why);
    if (rc == -EINVAL)
        warn_lost(uploads, f, name, &why);
    return rc == -EINVAL ? 0 : rc;
}

/* The name that others gave it, or the one that it gets here. */
static int patch_title(const struct folder *f, const char *name, const struct record *old,
                       const struct record *now, struct body *body)
{
    const char *field = f->res->title_field;
    cleanup_buf struct buf was = BUF_INIT(KEPT_MAX_BYTES), is = BUF_INIT(KEPT_MAX_BYTES);
    int rc = record_string(old, field, &was);

    if (rc == -ENOENT)
        rc = buf_adds(&was, name);
    if (rc == 0)
        rc = record_string(now, field, &is);
    if (rc == 0 && strcmp(buf_str(&was), buf_str(&is)) == 0)
        return 0;
    return rc < 0 && rc != -ENOENT ? rc : body_set_string(body, field, buf_str(&was), NULL);
}

static int patch_notes(struct uploads *uploads, const struct folder *f, const char *name,
                       const struct record *old, const struct record *now, struct body *body)
{
    struct stamp s = STAMP_NONE;
    int rc = 0;

    if (backend_keeps_stamps(uploads->backend))
        rc = stamping_place(uploads, f, name, &s);
    return rc < 0 ? rc : body_restamp(body, old, now, &s, NULL);
}

int replace_patch(struct uploads *uploads, const struct folder *f, const char *name,
                  const struct record *old, const struct record *now, struct body *body)
{
    int rc = 0;

    for (const struct field *field = f->res->fields; field->name && rc == 0; field++)
        if (is_title(f, field) && backend_keeps_stamps(uploads->backend))
            rc = patch_title(f, name, old, now, body);
        else if (is_notes(f, field))
            rc = patch_notes(uploads, f, name, old, now, body);
        else if (field->flags & F_KEPT)
            rc = patch_field(uploads, f, name, field, old, now, body);
    return rc;
}
