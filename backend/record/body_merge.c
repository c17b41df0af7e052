/* What is said over what there is: labels that are merged, and what of a resource.json is new. */
#include <errno.h>
#include <string.h>

#include "body.h"
#include "body_inside.h"
#include "codec.h"
#include "json_text.h"
#include "labels.h"
#include "labels_merge.h"
#include "record.h"
#include "shape.h"

#include "banned.h"

#define OTHER_MAX_BYTES (32u << 20) /* of a text that the server has */

/* --- Labels over those that there are ------------------------------------------------------------- */

static int merge_labels(struct body *b, const struct field *f, json_t *old, struct failure *err)
{
    json_t *fresh = json_object_get(b->object, f->name);

    if (!json_is_array(old) || !json_is_array(fresh))
        return 0;
    return body_set_new(b, f->name, labels_merge(old, fresh, b->names), err);
}

/* What no label can be is told as it is of what somebody writes. */
static int keep_labels(struct body *b, const struct field *f, json_t *v, struct failure *err)
{
    json_auto_t *meant = NULL;
    bool plain;
    int rc = labels_read(v, f->name, true, &meant, &plain, err);

    if (rc < 0)
        return rc;
    if (!json_is_array(v))
        return fail(err, -EINVAL, 0, "%s must be a list", f->name);
    return body_set_new(b, f->name, json_deep_copy(v), err);
}

int body_keep_field(struct body *b, const struct field *f, const struct record *r,
                    struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(OTHER_MAX_BYTES);
    json_auto_t *v = NULL;
    int rc;

    if (!body_may_set(b, f))
        return body_refuse(b, f->name, err);
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

        if (!body_has_labels(b, f) || !body_has(b, f->name))
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
    json_auto_t *merged = NULL;

    if (!(f->flags & F_LABELS) || !json_is_array(before) || !json_is_array(now))
        return same(before, now);
    merged = labels_merge(before, now, false);
    return merged && json_equal(merged, before);
}

/* Can what the server has be read, and set again in each generation of the API? */
static bool is_settled(const struct body *b, const struct field *f)
{
    return (f->flags & F_READABLE) && body_may_set(b, f) &&
           (f->since == F_ALL || !(f->since & F_PATCH));
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
    if (f && !body_may_set(b, f))
        return body_refuse(b, name, err);
    rc = f ? body_set_value(b, f, v, err) : body_set_new(b, name, json_deep_copy(v), err);
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
    return body_set_implied(b, err);
}

int body_set_difference(struct body *b, const struct record *now, const char *text, size_t len,
                        struct failure *err)
{
    json_auto_t *old = NULL;
    cleanup_wiped json_t *new = NULL;
    int rc = body_parse_object(b, text, len, &new, err);

    if (rc < 0)
        return rc;
    if (codec_object(now, &old) < 0 || lift_fields(b->res, old) < 0 || lift_fields(b->res, new) < 0)
        return body_no_memory(err);
    return set_changed(b, old, NULL, new, err);
}

int body_set_overwrite(struct body *b, const struct record *now, const char *sent, const char *text,
                       size_t len, struct failure *err)
{
    json_auto_t *old = NULL;
    json_auto_t *first = NULL;
    cleanup_wiped json_t *new = NULL;
    int rc = body_parse_object(b, text, len, &new, err);

    if (rc < 0)
        return rc;
    if (sent)
        body_parse_object(b, sent, strlen(sent), &first, NULL); /* without it, everything is new */
    if (shape_bare(b->res, &new) < 0 || (first && shape_bare(b->res, &first) < 0) ||
        codec_object(now, &old) < 0)
        return body_no_memory(err);
    if (lift_fields(b->res, old) < 0 || lift_fields(b->res, new) < 0 ||
        (first && lift_fields(b->res, first) < 0))
        return body_no_memory(err);
    return set_changed(b, old, first, new, err);
}
