#include "sidecar.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "binding.h"
#include "deliver.h"
#include "drop_store.h"
#include "names.h"
#include "text.h"

#include "banned.h"

#define ENDING NAMES_JSON_ENDING

/* The field that a sidecar holds. */
static const struct field *labels_of(const struct resource *res)
{
    for (const struct field *f = res->fields; f->name; f++)
        if ((f->flags & F_LABELS) && (f->flags & F_IN_PATCH))
            return f;
    return NULL;
}

bool sidecar_is(const struct folder *f, const char *name)
{
    size_t len = strlen(name);

    return f->res && f->res->make_from == MAKE_DOCUMENT && labels_of(f->res) &&
           len > strlen(ENDING) && strcmp(name + len - strlen(ENDING), ENDING) == 0;
}

/* The document that a file stands beside; -ENOENT it is not there yet. */
static int bind_document(struct fs *fs, struct folder *f, const char *sidecar, struct bound *out)
{
    cleanup_drop struct drop *d = NULL;
    char name[ROUTE_NAME_MAX + 1];

    snprintf(name, sizeof(name), "%.*s", (int)(strlen(sidecar) - strlen(ENDING)), sidecar);
    d = drops_find(fs->drops, f, name);
    return d ? bind_drop(fs, d, out) : -ENOENT;
}

/* What is wrong with it shows now, and not only when its document comes. */
static int check(const struct folder *f, const struct buf *text, struct failure *err)
{
    cleanup_body struct body *body = NULL;
    int rc = body_new(f->res, BODY_PATCH, &body);

    return rc < 0 ? rc : body_set_text(body, labels_of(f->res), buf_str(text), text->len, err);
}

static int patch(struct fs *fs, struct call *call, const struct folder *f, const struct bound *b,
                 const struct buf *text, struct failure *err)
{
    return text_patch(fs, call, &b->target, labels_of(f->res), buf_str(text), text->len, err);
}

int sidecar_commit(struct fs *fs, struct call *call, struct folder *f, const char *name,
                   struct bytes *bytes, struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct bound b;
    int rc = bytes_read(bytes, &text);

    if (rc < 0)
        return rc;
    if (fs->options->ro || bind_document(fs, f, name, &b) < 0)
        return check(f, &text, err);
    return patch(fs, call, f, &b, &text, err);
}

/* Is it what somebody wrote, all of it? Not what was refused, nor an inbox's answer. */
static bool is_ready(struct fs *fs, struct drop *d)
{
    bool ready;

    drops_lock(fs->drops);
    ready = d->linked && d->local && !d->id && !d->failed && !d->broken && !d->writers;
    drops_unlock(fs->drops);
    return ready && !drop_is_answer(fs->drops, d);
}

static int follow(struct fs *fs, struct call *call, struct drop *document, struct folder *f,
                  struct drop *d, struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct bytes *bytes = drop_bytes(fs->drops, d);
    struct bound b;
    int rc = bytes ? bytes_read(bytes, &text) : -ENOENT;

    bytes_unref(bytes);
    if (rc == 0)
        rc = bind_drop(fs, document, &b);
    if (rc == 0)
        rc = patch(fs, call, f, &b, &text, err);
    if (rc < 0)
        drop_set_failed(fs->drops, d, err->text[0] ? err->text : strerrordesc_np(-rc));
    return rc;
}

void sidecar_follow(struct fs *fs, struct call *call, struct drop *document, struct folder *f,
                    const char *name)
{
    cleanup_buf struct buf sidecar = BUF_INIT(ROUTE_NAME_MAX);
    cleanup_drop struct drop *d = NULL;
    struct call now = { .nowait = true };
    struct failure err = { 0 };
    int rc = 0;

    if (buf_addf(&sidecar, "%s%s", name, ENDING) < 0 || !sidecar_is(f, sidecar.data))
        return;
    d = drops_find(fs->drops, f, sidecar.data);
    /* who holds it is about to send it */
    if (!d || drop_lock_exclusive(fs->drops, d, &now) < 0)
        return;
    if (is_ready(fs, d))
        rc = follow(fs, call, document, f, d, &err);
    drop_unlock_exclusive(fs->drops, d);
    if (rc < 0)
        errlog_add(fs->errlog, "send", sidecar.data, rc, &err);
}
