#include "sidecar.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "binding.h"
#include "deliver.h"
#include "drop_store.h"
#include "text.h"

#include "banned.h"

#define ENDING ".json"

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
    return text_patch(fs, call, &b.target, labels_of(f->res), buf_str(&text), text.len, err);
}

static int send_to(struct fs *fs, struct call *call, struct drop *document, struct folder *f,
                   struct bytes *bytes, struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct bound b;
    int rc = bytes_read(bytes, &text);

    if (rc == 0)
        rc = bind_drop(fs, document, &b);
    if (rc < 0)
        return rc;
    return text_patch(fs, call, &b.target, labels_of(f->res), buf_str(&text), text.len, err);
}

void sidecar_follow(struct fs *fs, struct call *call, struct drop *document, struct folder *f,
                    const char *name)
{
    cleanup_drop struct drop *d = NULL;
    char sidecar[ROUTE_NAME_MAX + 1];
    struct failure err = { 0 };
    struct bytes *bytes;
    int rc;

    if (strlen(name) + strlen(ENDING) > ROUTE_NAME_MAX)
        return;
    snprintf(sidecar, sizeof(sidecar), "%s%s", name, ENDING);
    d = drops_find(fs->drops, f, sidecar);
    if (!d || !sidecar_is(f, sidecar) || drop_has_writers(fs->drops, d))
        return;
    bytes = drop_bytes(fs->drops, d);
    if (!bytes)
        return;
    rc = send_to(fs, call, document, f, bytes, &err);
    bytes_unref(bytes);
    if (rc < 0) {
        errlog_add(fs->errlog, "send", sidecar, rc, &err);
        drop_set_failed(fs->drops, d, err.text[0] ? err.text : strerrordesc_np(-rc));
    }
}
