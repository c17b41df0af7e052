#include "codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "pack.h"

#include "banned.h"

#define RECORD_MAX_BYTES (64u << 20)
#define PATH_PART_MAX 64
#define PAGE_TOKEN_MAX (16u << 10) /* escaped it is still shorter than a URL may be */

/* --- JSON to record -------------------------------------------------------------------------- */

static int add_value(struct buf *data, const struct field *f, json_t *v)
{
    struct buf text = BUF_INIT(RECORD_MAX_BYTES);
    int rc;

    switch (json_typeof(v)) {
    case JSON_NULL:
        return pack_tag_only(data, PACK_NULL);
    case JSON_TRUE:
        return pack_tag_only(data, PACK_TRUE);
    case JSON_FALSE:
        return pack_tag_only(data, PACK_FALSE);
    case JSON_INTEGER:
        return pack_integer(data, json_integer_value(v));
    case JSON_REAL:
        return pack_real(data, json_real_value(v));
    case JSON_STRING:
        return pack_string(data, f, json_string_value(v), json_string_length(v));
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    rc = json_text_write(v, false, &text);
    if (rc == 0)
        rc = pack_text(data, PACK_JSON, buf_str(&text), text.len);
    buf_release(&text);
    return rc;
}

static int add_member(struct buf *data, const struct resource *res, const struct field *f,
                      const char *key, size_t key_len, json_t *v)
{
    int rc = pack_key(data, res, key, key_len);

    return rc < 0 ? rc : add_value(data, f, v);
}

static bool is_content(const struct resource *res, const char *key)
{
    return strcmp(key, "content") == 0 && resource_content_max(res) > 0;
}

static int add_members(struct buf *data, const struct resource *res, json_t *object)
{
    void *at;
    int rc = 0;

    for (const struct field *f = res->fields; f->name && rc == 0; f++) {
        json_t *v = json_object_get(object, f->name);

        if (v && !is_content(res, f->name))
            rc = add_member(data, res, f, f->name, strlen(f->name), v);
    }
    for (at = json_object_iter(object); at && rc == 0; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);

        if (!resource_field(res, key))
            rc = add_member(data, res, NULL, key, json_object_iter_key_len(at),
                            json_object_iter_value(at));
    }
    return rc;
}

static int refuse_id(const json_t *id, struct failure *err)
{
    char shown[ID_SHOWN_MAX];

    id_show(json_string_value(id), json_string_length(id), shown);
    return fail(err, -EBADMSG, 0, "the server gave an id that cannot be one: \"%s\"", shown);
}

/* row: it is one of a list, where one with a bad id names nothing and does not harm the others. */
static int read_record(const struct resource *res, json_t *object, bool row, struct record **out,
                       struct failure *err)
{
    struct buf data = BUF_INIT(RECORD_MAX_BYTES);
    const json_t *id;
    int rc;

    if (!json_is_object(object))
        return fail(err, -EIO, 0, "malformed answer: not an object");
    id = json_object_get(object, res->id_field);
    if (!json_is_string(id) || (!row && !json_string_length(id)))
        return fail(err, -EIO, 0, "malformed answer: no %s", res->id_field);
    if (!row && !resource_id_answered(res, json_string_value(id), json_string_length(id)))
        return refuse_id(id, err);
    rc = add_members(&data, res, object);
    if (rc == 0)
        rc = pack_record(res, &data, out);
    buf_release(&data);
    if (rc == -EFBIG)
        return fail(err, -EIO, 0, "malformed answer: too large");
    return rc < 0 ? fail(err, rc, 0, "out of memory") : 0;
}

/* What the server sent and is not JSON is the server's fault. */
static int parse_answer(const char *text, size_t len, json_t **out, struct failure *err)
{
    struct failure why = { 0 };
    int rc = json_text_parse(text, len, false, out, &why);

    if (rc == -EINVAL)
        return fail(err, -EIO, 0, "malformed answer: %s", why.text);
    return rc < 0 ? fail(err, rc, 0, "%s", why.text) : 0;
}

int codec_record_text(const struct resource *res, const char *text, size_t len, struct record **out,
                      struct failure *err)
{
    json_auto_t *object = NULL;
    int rc = parse_answer(text, len, &object, err);

    return rc < 0 ? rc : read_record(res, object, false, out, err);
}

/* --- Lists ----------------------------------------------------------------------------------- */

static void page_free_p(struct page **p)
{
    page_free(*p);
}

static int read_token(json_t *root, struct page *p, struct failure *err)
{
    const json_t *token = json_object_get(root, "nextToken");

    if (!token || json_is_null(token))
        return 0;
    if (!json_is_string(token) || json_string_length(token) > PAGE_TOKEN_MAX ||
        strlen(json_string_value(token)) != json_string_length(token))
        return fail(err, -EIO, 0, "malformed answer: nextToken");
    if (!json_string_length(token))
        return 0;
    p->next_token = strdup(json_string_value(token));
    return p->next_token ? 0 : fail(err, -ENOMEM, 0, "out of memory");
}

static int read_rows(const struct resource *res, json_t *rows, struct page *p, struct failure *err)
{
    size_t n = json_array_size(rows);

    if (!json_is_array(rows))
        return fail(err, -EIO, 0, "malformed answer: no %s", res->list_key);
    p->rows = calloc(n ? n : 1, sizeof(struct record *));
    if (!p->rows)
        return fail(err, -ENOMEM, 0, "out of memory");
    for (; p->n < n; p->n++) {
        int rc = read_record(res, json_array_get(rows, p->n), true, &p->rows[p->n], err);

        if (rc < 0)
            return rc;
    }
    return 0;
}

int codec_page_text(const struct resource *res, const char *text, size_t len, struct page **out,
                    struct failure *err)
{
    CLEANUP(page_free_p) struct page *p = calloc(1, sizeof(*p));
    json_auto_t *root = NULL;
    int rc;

    if (!p)
        return fail(err, -ENOMEM, 0, "out of memory");
    rc = parse_answer(text, len, &root, err);
    if (rc == 0)
        rc = read_rows(res, json_object_get(root, res->list_key), p, err);
    if (rc == 0)
        rc = read_token(root, p, err);
    if (rc < 0)
        return rc;
    *out = steal_pointer(&p);
    return 0;
}

/* --- Record to JSON -------------------------------------------------------------------------- */

static json_t *string_value(const struct packed *p, int *rc)
{
    struct buf text = BUF_INIT(RECORD_MAX_BYTES);
    json_t *v = NULL;

    *rc = unpack_string(p, &text);
    if (*rc == 0)
        v = json_stringn(buf_str(&text), text.len);
    buf_release(&text);
    return v;
}

static int value_of(const struct packed *p, json_t **out)
{
    const char *text;
    json_t *v = NULL;
    size_t len;
    int rc = 0;

    switch (p->tag) {
    case PACK_NULL:
        v = json_null();
        break;
    case PACK_FALSE:
        v = json_false();
        break;
    case PACK_TRUE:
        v = json_true();
        break;
    case PACK_INTEGER:
        v = json_integer(unpack_integer(p));
        break;
    case PACK_REAL:
        v = json_real(unpack_real(p));
        break;
    case PACK_ENUM:
    case PACK_ID:
    case PACK_TIME:
    case PACK_STRING:
        v = string_value(p, &rc);
        break;
    case PACK_JSON:
        text = unpack_text(p, &len);
        /* it is our own text: only memory can be wanting */
        rc = json_text_parse(text, len, false, &v, NULL) < 0 ? -ENOMEM : 0;
        break;
    }
    if (!v)
        return rc < 0 ? rc : -ENOMEM;
    *out = v;
    return 0;
}

int codec_object(const struct record *r, json_t **out)
{
    json_auto_t *object = json_object();
    struct packed p;

    if (!object)
        return -ENOMEM;
    for (size_t pos = 0; pack_next(r, &pos, &p);) {
        json_t *v;
        int rc = value_of(&p, &v);

        if (rc < 0)
            return rc;
        if (json_object_setn_new(object, p.key, p.key_len, v) < 0)
            return -ENOMEM;
    }
    *out = steal_pointer(&object);
    return 0;
}

json_t *codec_at(json_t *object, const char *path)
{
    while (object) {
        size_t len = strcspn(path, ".");
        char part[PATH_PART_MAX];

        if (len >= sizeof(part))
            return NULL;
        memcpy(part, path, len);
        part[len] = '\0';
        object = json_object_get(object, part);
        if (!path[len])
            return object;
        path += len + 1;
    }
    return NULL;
}

/* The entry that holds the field, which may be a part of it; what is left of the path. */
static bool find_outer(const struct record *r, const struct field *f, struct packed *p,
                       const char **rest)
{
    const char *path = f->read_at ? f->read_at : f->name;
    size_t len = f->read_at ? strcspn(path, ".") : strlen(path);

    *rest = path[len] ? path + len + 1 : NULL;
    for (size_t pos = 0; pack_next(r, &pos, p);)
        if (p->key_len == len && memcmp(p->key, path, len) == 0)
            return true;
    return false;
}

int codec_field(const struct record *r, const struct field *f, json_t **out)
{
    json_auto_t *outer = NULL;
    const char *rest;
    struct packed p;
    json_t *v;
    int rc;

    if (!find_outer(r, f, &p, &rest))
        return -ENOENT;
    rc = value_of(&p, &outer);
    if (rc < 0)
        return rc;
    v = rest ? codec_at(outer, rest) : outer;
    if (!v)
        return -ENOENT;
    *out = json_incref(v);
    return 0;
}
