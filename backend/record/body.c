#include "body.h"

#include <errno.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>

#include "body_inside.h"
#include "codec.h"
#include "json_text.h"
#include "labels.h"
#include "number.h"
#include "record.h"
#include "shape.h"

#include "banned.h"

#define OTHER_MAX_BYTES (32u << 20) /* of a text that the server has */

int body_new(const struct resource *res, enum body_use use, struct body **out)
{
    struct body *b = malloc(sizeof(*b));

    if (!b)
        return -ENOMEM;
    *b = (struct body){ .res = res, .use = use, .object = json_object() };
    if (!b->object) {
        free(b);
        return -ENOMEM;
    }
    *out = b;
    return 0;
}

void body_free(struct body *b)
{
    if (!b)
        return;
    json_text_wipe(b->object);
    json_decref(b->object);
    json_decref(b->plain);
    free(b);
}

void body_find_ids(struct body *b, const struct id_finder *finder)
{
    b->finder = finder;
}

void body_keep_numbers(struct body *b)
{
    b->numbers = true;
}

void body_hush(const struct body *b, struct failure *err)
{
    enum outcome outcome = err->outcome;
    bool tells = false;

    for (const struct field *f = b->res->fields; f->name; f++)
        tells = tells || ((f->flags & F_SECRET) &&
                          json_text_tells(json_object_get(b->object, f->name), err->text));
    if (!tells)
        return;
    failure_set(err, err->status, "%s, in words that would tell a secret",
                outcome == OUTCOME_UNKNOWN ? "failed" : "refused");
    if (outcome == OUTCOME_UNKNOWN)
        failure_unknown(err);
}

bool body_empty(const struct body *b)
{
    return json_object_size(b->object) == 0;
}

bool body_has(const struct body *b, const char *name)
{
    return json_object_get(b->object, name) != NULL;
}

void body_drop(struct body *b, const char *name)
{
    json_object_del(b->object, name);
    if (b->plain)
        json_object_del(b->plain, name);
}

int body_write(const struct body *b, struct buf *out)
{
    return json_text_write(b->object, false, out);
}

int body_text_string(const char *text, const char *name, char *out, size_t size)
{
    json_t *object = json_loads(text, 0, NULL);
    const char *value = json_string_value(json_object_get(object, name));
    int rc = !object ? -EIO : value ? 0 : -ENOENT;

    if (value)
        snprintf(out, size, "%s", value);
    json_decref(object);
    return rc;
}

int body_no_memory(struct failure *err)
{
    return fail(err, -ENOMEM, 0, "out of memory");
}

bool body_may_set(const struct body *b, const struct field *f)
{
    return f->flags & (b->use == BODY_POST ? F_IN_POST : F_IN_PATCH);
}

int body_refuse(const struct body *b, const char *name, struct failure *err)
{
    if (!resource_field(b->res, name))
        return fail(err, -EINVAL, 0, "%s: there is no such field in %s", name, b->res->name);
    return fail(err, -EINVAL, 0, "%s cannot be %s", name,
                b->use == BODY_POST ? "set at creation" : "changed");
}

/* Takes v, which may be NULL: out of memory. */
int body_set_new(struct body *b, const char *name, json_t *v, struct failure *err)
{
    if (!v || json_object_set_new(b->object, name, v) < 0)
        return body_no_memory(err);
    return 0;
}

/* With ids in the place of names. Takes v, which may be NULL and is nobody else's. */
static int set_found(struct body *b, const struct field *f, json_t *v, struct failure *err)
{
    int rc = v && b->finder ? shape_ids(f->schema, &v, b->finder, err) : 0;

    if (rc == 0)
        return body_set_new(b, f->name, v, err);
    json_decref(v);
    return rc;
}

static int set_string(struct body *b, const struct field *f, const char *text, size_t len,
                      bool find, struct failure *err)
{
    json_t *v;

    if (!json_text_utf8_ok(text, len))
        return fail(err, -EINVAL, 0, "%s: not valid UTF-8 text", f->name);
    v = json_stringn_nocheck(text, len);
    return find ? set_found(b, f, v, err) : body_set_new(b, f->name, v, err);
}

int body_set_string(struct body *b, const char *name, const char *value, struct failure *err)
{
    const struct field *f = resource_field(b->res, name);

    if (!f || !body_may_set(b, f))
        return body_refuse(b, name, err);
    return set_string(b, f, value, strlen(value), false, err);
}

/* --- From text ------------------------------------------------------------------------------- */

/* A field that says something about another one; what was said of that by itself holds. */
int body_set_implied(struct body *b, struct failure *err)
{
    for (const struct field *f = b->res->fields; f->name; f++) {
        if (!f->implies.field || !body_has(b, f->name) || body_has(b, f->implies.field))
            continue;
        if (body_set_new(b, f->implies.field, json_string(f->implies.value), err) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* v may be shared: it is copied, as it may be wiped. */
int body_set_value(struct body *b, const struct field *f, json_t *v, struct failure *err)
{
    json_t *list = NULL;
    int rc;

    if (!(f->flags & F_LABELS))
        return set_found(b, f, json_deep_copy(v), err);
    rc = labels_read(v, f->name, b->numbers, &list, &b->names, err);
    if (rc == 0)
        rc = body_set_new(b, f->name, json_deep_copy(list), err);
    json_decref(list);
    return rc;
}

bool body_has_labels(const struct body *b, const struct field *f)
{
    return (f->flags & F_LABELS) && body_may_set(b, f);
}

/* A parser would lose how the numbers are written that are values of labels. member: where in
 * text they are, labels_quote_numbers(). */
static int parse_labels(const struct body *b, const char *text, size_t len, const char *member,
                        json_t **out, struct failure *err)
{
    struct buf quoted = BUF_INIT(3 * len + 16);
    int rc = labels_quote_numbers(text, len, member, b->numbers, &quoted);

    rc = rc < 0 ? body_no_memory(err)
                : json_text_parse(buf_str(&quoted), quoted.len, true, out, err);
    buf_release(&quoted);
    return rc;
}

static int set_structure(struct body *b, const struct field *f, const char *text, size_t len,
                         struct failure *err)
{
    const struct schema *s = f->schema;
    struct failure why = { 0 };
    json_auto_t *v = NULL;
    bool fits;
    int rc = f->flags & F_LABELS ? parse_labels(b, text, len, NULL, &v, &why)
                                 : json_text_parse(text, len, true, &v, &why);

    if (rc < 0)
        return fail(err, rc, 0, "%s: %s", f->name, f->flags & F_SECRET ? "not JSON" : why.text);
    fits = s->any_of || (s->type == V_ARRAY ? json_is_array(v) : json_is_object(v)) ||
           (f->flags & F_LABELS && json_is_object(v)) || (s->nullable && json_is_null(v));
    if (!fits)
        return fail(err, -EINVAL, 0, "%s must be %s", f->name,
                    s->type == V_ARRAY ? "a list" : "an object");
    return body_set_value(b, f, v, err);
}

/* A number by JSON's rules, or a boolean; text ends with a NUL. */
static json_t *parse_plain(const struct schema *s, const char *text, size_t len)
{
    int64_t integer;
    json_t *v = NULL;

    if (s->type == V_INTEGER)
        return number_parse(text, INT64_MIN, INT64_MAX, &integer) == 0 ? json_integer(integer)
                                                                       : NULL;
    if (s->type == V_BOOLEAN)
        return strcmp(text, "true") == 0    ? json_true()
               : strcmp(text, "false") == 0 ? json_false()
                                            : NULL;
    if (json_text_parse(text, len, true, &v, NULL) < 0)
        return NULL;
    if (json_is_number(v))
        return v;
    json_decref(v);
    return NULL;
}

static int set_plain(struct body *b, const struct field *f, const char *text, size_t len,
                     struct failure *err)
{
    static const char *const kinds[] = {
        [V_INTEGER] = "a whole number", [V_NUMBER] = "a number", [V_BOOLEAN] = "true or false"
    };
    char word[64];
    json_t *v;

    if (len >= sizeof(word) || memchr(text, 0, len))
        return fail(err, -EINVAL, 0, "%s must be %s", f->name, kinds[f->schema->type]);
    memcpy(word, text, len);
    word[len] = '\0';
    v = parse_plain(f->schema, word, len);
    if (!v)
        return fail(err, -EINVAL, 0, "%s must be %s", f->name, kinds[f->schema->type]);
    return body_set_new(b, f->name, v, err);
}

/* The field's file has bytes, the field their base64. */
static int set_bytes(struct body *b, const struct field *f, const char *bytes, size_t len,
                     struct failure *err)
{
    size_t size = BASE64_ENCODE_RAW_LENGTH(len);
    cleanup_free char *text = malloc(size + 1);

    if (!text)
        return body_no_memory(err);
    base64_encode_raw(text, len, (const uint8_t *)bytes);
    return body_set_new(b, f->name, json_stringn_nocheck(text, size), err);
}

static size_t without_newline(const char *text, size_t len)
{
    if (len && text[len - 1] == '\n')
        len--;
    else
        return len;
    return len && text[len - 1] == '\r' ? len - 1 : len;
}

static int set_text(struct body *b, const struct field *f, const char *text, size_t len,
                    struct failure *err)
{
    if (!len && f->schema->nullable)
        return body_set_new(b, f->name, json_null(), err);
    if (f->ending)
        return set_bytes(b, f, text, len, err);
    if (!schema_is_scalar(f->schema))
        return set_structure(b, f, text, len, err);
    len = without_newline(text, len);
    if (f->schema->type == V_STRING)
        return set_string(b, f, text, len, true, err);
    return set_plain(b, f, text, len, err);
}

int body_set_text(struct body *b, const struct field *f, const char *text, size_t len,
                  struct failure *err)
{
    int rc;

    if (!body_may_set(b, f))
        return body_refuse(b, f->name, err);
    rc = set_text(b, f, text, len, err);
    return rc < 0 ? rc : body_set_implied(b, err);
}

int body_set_other(struct body *b, const struct field *f, const struct record *now,
                   const char *text, size_t len, struct failure *err)
{
    cleanup_buf struct buf there = BUF_INIT(OTHER_MAX_BYTES);
    bool line = schema_is_scalar(f->schema) && record_string(now, f->name, &there) == -ENOENT;
    size_t n = without_newline(text, len);
    json_auto_t *v = NULL;

    /* "1.10" would lose a digit: that is no quantity, but a version, or a number on a form */
    if (line && json_text_parse(text, n, true, &v, NULL) == 0 &&
        (json_is_integer(v) || json_is_boolean(v) || (json_is_real(v) && text[n - 1] != '0')))
        return body_set_new(b, f->name, steal_pointer(&v), err);
    return set_text(b, f, text, len, err);
}

static int parse_text(const struct body *b, const char *text, size_t len, json_t **out,
                      struct failure *err)
{
    for (const struct field *f = b->res->fields; f->name; f++)
        if (body_has_labels(b, f))
            return parse_labels(b, text, len, f->name, out, err);
    return json_text_parse(text, len, true, out, err);
}

int body_parse_object(const struct body *b, const char *text, size_t len, json_t **out,
                      struct failure *err)
{
    bool secret = resource_takes_secrets(b->res);
    json_auto_t *v = NULL;
    int rc = parse_text(b, text, len, &v, secret ? NULL : err);

    if (rc == -EINVAL && secret)
        fail(err, rc, 0, "not JSON"); /* what stands near the mistake may be the secret */
    if (rc < 0)
        return rc;
    if (!json_is_object(v))
        return fail(err, -EINVAL, 0, "must be a JSON object");
    *out = steal_pointer(&v);
    return 0;
}

void body_wipe(json_t **v)
{
    json_text_wipe(*v);
    json_decref(*v);
}

static int set_members(struct body *b, json_t *object, struct failure *err)
{
    const char *name;
    json_t *v;
    int rc;

    json_object_foreach(object, name, v) {
        const struct field *f = resource_field(b->res, name);

        if (!f)
            rc = body_set_new(b, name, json_deep_copy(v), err);
        else
            rc = body_may_set(b, f) ? body_set_value(b, f, v, err) : body_refuse(b, name, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int body_set_json(struct body *b, const char *text, size_t len, struct failure *err)
{
    cleanup_wiped json_t *object = NULL;
    int rc = body_parse_object(b, text, len, &object, err);

    if (rc < 0)
        return rc;
    if (b->use == BODY_POST && shape_bare(b->res, &object) < 0)
        return body_no_memory(err);
    return set_members(b, object, err);
}

int body_set_defaults(struct body *b, const char *text, size_t len, struct failure *err)
{
    json_auto_t *object = NULL;
    const char *name;
    json_t *v;
    int rc = body_parse_object(b, text, len, &object, err);

    if (rc < 0)
        return rc;
    json_object_foreach(object, name, v) {
        const struct field *f = resource_field(b->res, name);

        if (f && !body_may_set(b, f))
            return body_refuse(b, name, err);
        if (body_has(b, name))
            continue;
        rc = f ? body_set_value(b, f, v, err) : body_set_new(b, name, json_deep_copy(v), err);
        if (rc < 0)
            return rc;
    }
    return 0;
}
