#include "files.h"

#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>

#include "digest.h"
#include "file_url.h"
#include "item.h"
#include "render.h"

#include "banned.h"

#define TEXT_BYTES_MAX (BASE64_ENCODE_RAW_LENGTH(FILES_BYTES_MAX) + 1)

/* --- Addresses ------------------------------------------------------------------------------- */

bool files_path(const struct sandbox *sb, const char *path, char id[ID_MAX])
{
    if (!sb->options->file_url)
        return false;
    if (strncmp(path, FILE_URL_VERSION, strlen(FILE_URL_VERSION)) == 0)
        path += strlen(FILE_URL_VERSION);
    if (strncmp(path, FILE_URL_PATH, strlen(FILE_URL_PATH)) != 0)
        return false;
    path += strlen(FILE_URL_PATH);
    snprintf(id, ID_MAX, "%s", resource_id_ok(resource_get(RES_DOCUMENTS), path) ? path : "");
    return true;
}

/* --- Bytes ----------------------------------------------------------------------------------- */

struct transfer {
    struct work w;
    const char *id, *type;
    const uint8_t *data; /* of a PUT */
    size_t len;
    struct buf text; /* base64 */
    struct answer *an;
};

static void finish(struct transfer *t, int rc)
{
    if (rc < 0 && rc != REFUSED)
        answer_message(t->an, 500, "message", "Internal Server Error");
    buf_release(&t->text);
}

/* A type that the API knows, in the table's memory. */
static const char *known_type(const struct resource *res, const char *type)
{
    for (const char *const *e = resource_field(res, res->type_field)->schema->enums; *e; e++)
        if (type && strcmp(*e, type) == 0)
            return *e;
    return NULL;
}

static int load(struct view *v, void *arg)
{
    struct transfer *t = arg;
    cleanup_item struct item it = { 0 };
    int rc;

    t->w.v = v;
    rc = item_get(&t->w, row_of(&t->w, RES_DOCUMENTS), t->id, NULL, &it);
    if (rc < 0)
        return rc;
    t->type = known_type(it.res, item_text(&it, it.res->type_field));
    rc = view_content(v, t->id, &t->text);
    return rc == -ENOENT ? refuse(&t->w, 404, "documentId %s has no content yet", t->id) : rc;
}

static int decode(struct transfer *t)
{
    size_t len = BASE64_DECODE_LENGTH(t->text.len);
    struct base64_decode_ctx ctx;
    uint8_t *bytes = malloc(len + 1);

    if (!bytes)
        return -ENOMEM;
    base64_decode_init(&ctx);
    if (!base64_decode_update(&ctx, &len, bytes, t->text.len, buf_str(&t->text)) ||
        !base64_decode_final(&ctx)) {
        free(bytes);
        return -EIO;
    }
    *t->an = (struct answer){ .status = 200, .body = (char *)bytes, .len = len, .type = t->type };
    return 0;
}

/* In place of the bytes, what is asked for of them. */
static int render(struct transfer *t, const struct render *r, int stop)
{
    cleanup_buf struct buf made = BUF_INIT(RENDER_BYTES_MAX);
    const char *type = NULL;
    struct failure why = { 0 };
    int rc =
        render_run(r, t->type ? t->type : "", t->an->body, t->an->len, stop, &made, &type, &why);

    free(steal_pointer(&t->an->body));
    t->an->len = 0;
    if (rc == -EINVAL || rc == -ENOENT)
        return refuse(&t->w, why.status, "%s", why.text);
    if (rc < 0)
        return rc;
    t->an->len = made.len;
    t->an->body = buf_take(&made);
    t->an->type = type;
    return 0;
}

void files_get(const struct sandbox *sb, const char *id, const struct argument *args, size_t n_args,
               int stop, struct answer *an)
{
    struct request rq = { .verb = VERB_GET };
    struct transfer t = { .w = { .sb = sb, .rq = &rq, .an = an }, .id = id, .an = an };
    struct render r;
    struct failure why = { 0 };
    int rc = render_parse(args, n_args, &r, &why);

    buf_init(&t.text, TEXT_BYTES_MAX);
    rc = rc < 0 ? refuse(&t.w, 400, "%s", why.text) : store_read(sb->store, load, &t);
    if (rc == 0)
        rc = decode(&t);
    if (rc == 0 && render_is_asked(&r))
        rc = render(&t, &r, stop);
    finish(&t, rc);
}

/*
 * Today the bytes alone say what they are. In 2023 it is what the resource says, else what the bytes
 * look like, else what the request says.
 */
static int set_type(struct transfer *t, struct item *it)
{
    const char *type = known_type(it->res, files_type(t->data, t->len));
    bool today = speaks_2024(&t->w);

    if (!today && *item_text(it, it->res->type_field))
        return 0;
    if (!type && !today)
        type = known_type(it->res, t->type);
    if (!type && !is_lenient(&t->w))
        return refuse(&t->w, 400, "%s: the bytes are of none of its types", it->res->type_field);
    return item_set_text(it, it->res->type_field, type);
}

/* From now on the bytes stand there alone. */
static int note_put(const struct transfer *t, struct item *it)
{
    char hash[DIGEST_TEXT_MAX];

    if (json_object_set_new(it->hidden, "inside", json_false()) < 0)
        return -ENOMEM;
    if (!resource_field(it->res, "contentMD5"))
        return 0;
    digest_bytes(t->w.sb->options->md5, t->data, t->len, hash);
    return item_set_text(it, "contentMD5", hash);
}

static int keep(struct view *v, void *arg)
{
    struct transfer *t = arg;
    cleanup_item struct item it = { 0 };
    int rc;

    t->w.v = v;
    rc = item_get(&t->w, row_of(&t->w, RES_DOCUMENTS), t->id, NULL, &it);
    if (rc == 0)
        rc = set_type(t, &it);
    if (rc == 0)
        rc = note_put(t, &it);
    if (rc == 0)
        rc = item_set_text(&it, "updatedBy", t->w.rq->caller);
    if (rc == 0)
        rc = item_set_time(&it, "updatedTime", view_now(v));
    if (rc == 0)
        rc = item_save(&t->w, &it);
    if (rc == 0)
        rc = view_put_content(v, t->id, t->text.data, t->text.len);
    return rc < 0 ? rc : answer_empty(t->an);
}

static int encode(struct transfer *t)
{
    size_t len = BASE64_ENCODE_RAW_LENGTH(t->len);
    int rc = buf_resize(&t->text, len);

    if (rc == 0)
        base64_encode_raw(t->text.data, t->len, t->data);
    return rc;
}

void files_put(const struct sandbox *sb, const char *caller, const char *id, const char *type,
               const void *data, size_t len, struct answer *an)
{
    struct request rq = { .verb = VERB_OTHER };
    struct transfer t = { .w = { .sb = sb, .rq = &rq, .an = an, .writer = true },
                          .id = id,
                          .type = type,
                          .data = data,
                          .len = len,
                          .an = an };
    int rc;

    snprintf(rq.caller, sizeof(rq.caller), "%s", caller);
    buf_init(&t.text, TEXT_BYTES_MAX);
    if (len == 0)
        rc = refuse(&t.w, 400, "there are no bytes");
    else
        rc = encode(&t);
    finish(&t, rc < 0 ? rc : store_write(sb->store, keep, &t));
}
