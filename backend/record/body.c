#include "body.h"

#include <errno.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>

#include "body_inside.h"
#include "codec.h"
#include "json_text.h"
#include "labels.h"
#include "labels_merge.h"
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

static int no_memory(struct failure *err)
{
    return fail(err, -ENOMEM, 0, "out of memory");
}

static bool may_set(const struct body *b, const struct field *f)
{
    return f->flags & (b->use == BODY_POST ? F_IN_POST : F_IN_PATCH);
}

static int refuse(const struct body *b, const char *name, struct failure *err)
{
    if (!resource_field(b->res, name))
        return fail(err, -EINVAL, 0, "%s: there is no such field in %s", name, b->res->name);
    return fail(err, -EINVAL, 0, "%s cannot be %s", name,
                b->use == BODY_POST ? "set at creation" : "changed");
}

/* Takes v, which may be NULL: out of memory. */
static int set_new(struct body *b, const char *name, json_t *v, struct failure *err)
{
    if (!v || json_object_set_new(b->object, name, v) < 0)
        return no_memory(err);
    return 0;
}

/* With ids in the place of names. Takes v, which may be NULL and is nobody else's. */
static int set_found(struct body *b, const struct field *f, json_t *v, struct failure *err)
{
    int rc = v && b->finder ? shape_ids(f->schema, &v, b->finder, err) : 0;

    if (rc == 0)
        return set_new(b, f->name, v, err);
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
    return find ? set_found(b, f, v, err) : set_new(b, f->name, v, err);
}

int body_set_string(struct body *b, const char *name, const char *value, struct failure *err)
{
    const struct field *f = resource_field(b->res, name);

    if (!f || !may_set(b, f))
        return refuse(b, name, err);
    return set_string(b, f, value, strlen(value), false, err);
}

/* --- From text ------------------------------------------------------------------------------- */

/* A field that says something about another one; what was said of that by itself holds. */
static int set_implied(struct body *b, struct failure *err)
{
    for (const struct field *f = b->res->fields; f->name; f++) {
        if (!f->implies.field || !body_has(b, f->name) || body_has(b, f->implies.field))
            continue;
        if (set_new(b, f->implies.field, json_string(f->implies.value), err) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* v may be shared: it is copied, as it may be wiped. */
static int set_value(struct body *b, const struct field *f, json_t *v, struct failure *err)
{
    json_t *list = NULL;
    int rc;

    if (!(f->flags & F_LABELS))
        return set_found(b, f, json_deep_copy(v), err);
    rc = labels_read(v, f->name, &list, &b->names, err);
    if (rc == 0)
        rc = set_new(b, f->name, json_deep_copy(list), err);
    json_decref(list);
    return rc;
}

static bool has_labels(const struct body *b, const struct field *f)
{
    return (f->flags & F_LABELS) && may_set(b, f);
}

/* A parser would lose how the numbers are written that are values of labels. member: where in
 * text they are, labels_quote_numbers(). */
static int parse_labels(const char *text, size_t len, const char *member, json_t **out,
                        struct failure *err)
{
    struct buf quoted = BUF_INIT(3 * len + 16);
    int rc = labels_quote_numbers(text, len, member, &quoted);

    rc = rc < 0 ? no_memory(err) : json_text_parse(buf_str(&quoted), quoted.len, true, out, err);
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
    int rc = f->flags & F_LABELS ? parse_labels(text, len, NULL, &v, &why)
                                 : json_text_parse(text, len, true, &v, &why);

    if (rc < 0)
        return fail(err, rc, 0, "%s: %s", f->name, f->flags & F_SECRET ? "not JSON" : why.text);
    fits = s->any_of || (s->type == V_ARRAY ? json_is_array(v) : json_is_object(v)) ||
           (f->flags & F_LABELS && json_is_object(v)) || (s->nullable && json_is_null(v));
    if (!fits)
        return fail(err, -EINVAL, 0, "%s must be %s", f->name,
                    s->type == V_ARRAY ? "a list" : "an object");
    return set_value(b, f, v, err);
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
    return set_new(b, f->name, v, err);
}

/* The field's file has bytes, the field their base64. */
static int set_bytes(struct body *b, const struct field *f, const char *bytes, size_t len,
                     struct failure *err)
{
    size_t size = BASE64_ENCODE_RAW_LENGTH(len);
    cleanup_free char *text = malloc(size + 1);

    if (!text)
        return no_memory(err);
    base64_encode_raw(text, len, (const uint8_t *)bytes);
    return set_new(b, f->name, json_stringn_nocheck(text, size), err);
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
        return set_new(b, f->name, json_null(), err);
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

    if (!may_set(b, f))
        return refuse(b, f->name, err);
    rc = set_text(b, f, text, len, err);
    return rc < 0 ? rc : set_implied(b, err);
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
        return set_new(b, f->name, steal_pointer(&v), err);
    return set_text(b, f, text, len, err);
}

static int parse_text(const struct body *b, const char *text, size_t len, json_t **out,
                      struct failure *err)
{
    for (const struct field *f = b->res->fields; f->name; f++)
        if (has_labels(b, f))
            return parse_labels(text, len, f->name, out, err);
    return json_text_parse(text, len, true, out, err);
}

static int parse_object(const struct body *b, const char *text, size_t len, json_t **out,
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

static void wipe_and_drop(json_t **v)
{
    json_text_wipe(*v);
    json_decref(*v);
}
#define cleanup_wiped CLEANUP(wipe_and_drop)

static int set_members(struct body *b, json_t *object, struct failure *err)
{
    const char *name;
    json_t *v;
    int rc;

    json_object_foreach(object, name, v) {
        const struct field *f = resource_field(b->res, name);

        if (!f)
            rc = set_new(b, name, json_deep_copy(v), err);
        else
            rc = may_set(b, f) ? set_value(b, f, v, err) : refuse(b, name, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int body_set_json(struct body *b, const char *text, size_t len, struct failure *err)
{
    cleanup_wiped json_t *object = NULL;
    int rc = parse_object(b, text, len, &object, err);

    if (rc < 0)
        return rc;
    if (b->use == BODY_POST && shape_bare(b->res, &object) < 0)
        return no_memory(err);
    return set_members(b, object, err);
}

int body_set_defaults(struct body *b, const char *text, size_t len, struct failure *err)
{
    json_auto_t *object = NULL;
    const char *name;
    json_t *v;
    int rc = parse_object(b, text, len, &object, err);

    if (rc < 0)
        return rc;
    json_object_foreach(object, name, v) {
        const struct field *f = resource_field(b->res, name);

        if (f && !may_set(b, f))
            return refuse(b, name, err);
        if (body_has(b, name))
            continue;
        rc = f ? set_value(b, f, v, err) : set_new(b, name, json_deep_copy(v), err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --- Labels over those that there are ------------------------------------------------------------- */

static int merge_labels(struct body *b, const struct field *f, json_t *old, struct failure *err)
{
    json_t *fresh = json_object_get(b->object, f->name);

    if (!json_is_array(old) || !json_is_array(fresh))
        return 0;
    return set_new(b, f->name, labels_merge(old, fresh, b->names), err);
}

/* What no label can be is told as it is of what somebody writes. */
static int keep_labels(struct body *b, const struct field *f, json_t *v, struct failure *err)
{
    json_auto_t *meant = NULL;
    bool plain;
    int rc = labels_read(v, f->name, &meant, &plain, err);

    if (rc < 0)
        return rc;
    if (!json_is_array(v))
        return fail(err, -EINVAL, 0, "%s must be a list", f->name);
    return set_new(b, f->name, json_deep_copy(v), err);
}

int body_keep_field(struct body *b, const struct field *f, const struct record *r,
                    struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(OTHER_MAX_BYTES);
    json_auto_t *v = NULL;
    int rc;

    if (!may_set(b, f))
        return refuse(b, f->name, err);
    rc = f->flags & F_LABELS ? codec_field(r, f, &v) : record_field_text(r, f, &text);
    if (rc < 0)
        return rc;
    /* null is no list, and may be none that can be said: as its file's text */
    if (v && !json_is_null(v))
        return keep_labels(b, f, v, err);
    return body_set_text(b, f, buf_str(&text), text.len, err);
}

int body_merge_labels(struct body *b, const struct record *now, struct failure *err)
{
    for (const struct field *f = b->res->fields; f->name; f++) {
        json_auto_t *old = NULL;
        int rc;

        if (!has_labels(b, f) || !body_has(b, f->name))
            continue;
        rc = codec_field(now, f, &old);
        if (rc == 0)
            rc = merge_labels(b, f, old, err);
        if (rc < 0 && rc != -ENOENT)
            return rc;
    }
    return 0;
}

/* --- The merge of resource.json -------------------------------------------------------------- */

static bool same(json_t *old, json_t *new)
{
    return old ? json_equal(old, new) : json_is_null(new);
}

/* Removes what stands at path, "parameters.assets". */
static void remove_at(json_t *object, const char *path)
{
    const char *dot = strrchr(path, '.');
    char outer[64];

    if (!dot || (size_t)(dot - path) >= sizeof(outer)) {
        json_object_del(object, path);
        return;
    }
    memcpy(outer, path, (size_t)(dot - path));
    outer[dot - path] = '\0';
    json_object_del(codec_at(object, outer), dot + 1);
}

/* Moves the fields that are read elsewhere than they are written to where they are written. */
static int lift_fields(const struct resource *res, json_t *object)
{
    for (const struct field *f = res->fields; f->name; f++) {
        json_t *v = f->read_at ? codec_at(object, f->read_at) : NULL;

        if (!v)
            continue;
        if (!json_object_get(object, f->name) && json_object_set(object, f->name, v) < 0)
            return -ENOMEM;
        remove_at(object, f->read_at);
    }
    return 0;
}

/* A name may stand for the id that is there, a text for a number of the server's. */
static bool is_as_before(const struct field *f, json_t *before, json_t *now)
{
    json_auto_t *meant = NULL;
    bool plain;

    if ((f->flags & F_LABELS) && before && labels_read(before, f->name, &meant, &plain, NULL) == 0)
        return json_equal(meant, now);
    return same(before, now);
}

/* Can what the server has be read, and set again in each generation of the API? */
static bool is_settled(const struct body *b, const struct field *f)
{
    return (f->flags & F_READABLE) && may_set(b, f) && (f->since == F_ALL || !(f->since & F_PATCH));
}

/* One member of what was written: is it new, and may it be? What the table does not know is for
 * the server to judge. */
static int set_one_changed(struct body *b, const char *name, json_t *v, json_t *old, json_t *sent,
                           struct failure *err)
{
    const struct field *f = resource_field(b->res, name);
    json_t *before = json_object_get(old, name), *first = json_object_get(sent, name);
    bool as_sent = first && json_equal(first, v);
    int rc;

    if (same(before, v) || (as_sent && (!f || !is_settled(b, f))))
        return 0;
    if (f && !may_set(b, f))
        return refuse(b, name, err);
    rc = f ? set_value(b, f, v, err) : set_new(b, name, json_deep_copy(v), err);
    if (rc == 0 && f && is_as_before(f, before, json_object_get(b->object, name)))
        json_object_del(b->object, name);
    else if (rc == 0 && f && (f->flags & F_LABELS))
        rc = merge_labels(b, f, before, err);
    return rc;
}

static int set_changed(struct body *b, json_t *old, json_t *sent, json_t *new, struct failure *err)
{
    const char *name;
    json_t *v;

    json_object_foreach(new, name, v) {
        int rc = set_one_changed(b, name, v, old, sent, err);

        if (rc < 0)
            return rc;
    }
    return set_implied(b, err);
}

int body_set_difference(struct body *b, const struct record *now, const char *text, size_t len,
                        struct failure *err)
{
    json_auto_t *old = NULL;
    cleanup_wiped json_t *new = NULL;
    int rc = parse_object(b, text, len, &new, err);

    if (rc < 0)
        return rc;
    if (codec_object(now, &old) < 0 || lift_fields(b->res, old) < 0 || lift_fields(b->res, new) < 0)
        return no_memory(err);
    return set_changed(b, old, NULL, new, err);
}

int body_set_overwrite(struct body *b, const struct record *now, const char *sent, const char *text,
                       size_t len, struct failure *err)
{
    json_auto_t *old = NULL;
    json_auto_t *first = NULL;
    cleanup_wiped json_t *new = NULL;
    int rc = parse_object(b, text, len, &new, err);

    if (rc < 0)
        return rc;
    if (sent)
        parse_object(b, sent, strlen(sent), &first, NULL); /* without it, everything is new */
    if (shape_bare(b->res, &new) < 0 || (first && shape_bare(b->res, &first) < 0) ||
        codec_object(now, &old) < 0)
        return no_memory(err);
    if (lift_fields(b->res, old) < 0 || lift_fields(b->res, new) < 0 ||
        (first && lift_fields(b->res, first) < 0))
        return no_memory(err);
    return set_changed(b, old, first, new, err);
}
