#include "stamp.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "array.h"
#include "body_inside.h"
#include "codec.h"
#include "hex.h"
#include "json_text.h"
#include "number.h"
#include "record.h"

#include "banned.h"

#define OURS "lasfs" /* the key in the notes */
#define NS_PER_S INT64_C(1000000000)
#define MODE_BITS 07777
#define NAME_BYTES_MAX 255
#define VALUE_MAX (STAMP_MOST_BYTES + 1)
#define SIZE_MAX_BYTES (INT64_C(1) << 40)
#define SECONDS_MAX INT64_C(9000000000) /* so that nanoseconds fit */

int stamp_make_key(char out[STAMP_KEY_CHARS + 1])
{
    unsigned char bytes[STAMP_KEY_CHARS / 2];

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        return -EIO;
    hex_encode(bytes, sizeof(bytes), out);
    return 0;
}

/* --- What it consists of ---------------------------------------------------------------------- */

static bool write_text(const char *text, char out[VALUE_MAX])
{
    snprintf(out, VALUE_MAX, "%s", text);
    return text[0] != '\0';
}

static bool write_key(const struct stamp *s, char out[VALUE_MAX])
{
    return write_text(s->key, out);
}

static bool read_key(struct stamp *s, const char *text)
{
    unsigned char bytes[STAMP_KEY_CHARS / 2];

    if (strlen(text) != STAMP_KEY_CHARS || !hex_decode(text, sizeof(bytes), bytes))
        return false;
    memcpy(s->key, text, sizeof(s->key));
    return true;
}

static bool write_size(const struct stamp *s, char out[VALUE_MAX])
{
    snprintf(out, VALUE_MAX, "%" PRId64, s->size);
    return s->size >= 0;
}

static bool read_size(struct stamp *s, const char *text)
{
    return number_parse(text, 0, SIZE_MAX_BYTES, &s->size) == 0;
}

static bool write_sha256(const struct stamp *s, char out[VALUE_MAX])
{
    hex_encode(s->sha256, sizeof(s->sha256), out);
    return s->has_sha256;
}

static bool read_sha256(struct stamp *s, const char *text)
{
    s->has_sha256 =
        strlen(text) == 2 * sizeof(s->sha256) && hex_decode(text, sizeof(s->sha256), s->sha256);
    return s->has_sha256;
}

/* Seconds, with a fraction of nine digits. */
static bool write_mtime(const struct stamp *s, char out[VALUE_MAX])
{
    int64_t second = s->mtime_ns / NS_PER_S, rest = s->mtime_ns % NS_PER_S;

    if (rest < 0) {
        rest += NS_PER_S;
        second--;
    }
    snprintf(out, VALUE_MAX, "%" PRId64 ".%09" PRId64, second, rest);
    return s->mtime_ns != 0;
}

static bool read_mtime(struct stamp *s, const char *text)
{
    const char *dot = strchr(text, '.');
    int64_t second, rest = 0;
    char whole[24];

    if (!dot || (size_t)(dot - text) >= sizeof(whole) || strlen(dot + 1) != 9)
        return false;
    memcpy(whole, text, (size_t)(dot - text));
    whole[dot - text] = '\0';
    if (number_parse(whole, -SECONDS_MAX, SECONDS_MAX, &second) < 0 ||
        strspn(dot + 1, "0123456789") != 9)
        return false;
    for (const char *c = dot + 1; *c; c++)
        rest = rest * 10 + (*c - '0');
    s->mtime_ns = second * NS_PER_S + rest;
    return s->mtime_ns != 0;
}

static bool write_path(const struct stamp *s, char out[VALUE_MAX])
{
    return write_text(s->path, out);
}

/* No name in it is empty, or means another place, or says more than a name. */
static bool path_ok(const char *path)
{
    for (const char *at = path;; at++) {
        size_t len = strcspn(at, "/");

        if (len == 0 || len > NAME_BYTES_MAX || strspn(at, ".") == len)
            return false;
        for (size_t i = 0; i < len; i++)
            if ((unsigned char)at[i] < 0x20 || at[i] == 0x7f)
                return false;
        at += len;
        if (!*at)
            return true;
    }
}

static bool read_path(struct stamp *s, const char *text)
{
    if (strlen(text) > STAMP_MOST_BYTES || !path_ok(text))
        return false;
    memcpy(s->path, text, strlen(text) + 1);
    return true;
}

static bool write_of(const struct stamp *s, char out[VALUE_MAX])
{
    return write_text(s->of, out);
}

static bool read_of(struct stamp *s, const char *text)
{
    if (!text[0] || strlen(text) >= sizeof(s->of))
        return false;
    memcpy(s->of, text, strlen(text) + 1);
    return true;
}

static bool write_mode(const struct stamp *s, char out[VALUE_MAX])
{
    snprintf(out, VALUE_MAX, "%o", (unsigned)s->mode & MODE_BITS);
    return s->mode >= 0;
}

static bool read_mode(struct stamp *s, const char *text)
{
    uint32_t mode;

    if (number_parse_octal(text, MODE_BITS, &mode) < 0)
        return false;
    s->mode = (int)mode;
    return true;
}

/* What it is worth, most first: what does not fit is left out from the end. Of a path is said which
 * folder's it is before it, or it would be another one's. */
static const struct part {
    const char *name;
    bool (*write)(const struct stamp *s, char out[VALUE_MAX]); /* false: it has none */
    bool (*read)(struct stamp *s, const char *text);           /* false: that is none */
    bool place;                                                /* it goes with the name */
} parts[] = {
    { "key", write_key, read_key },
    { "size", write_size, read_size },
    { "sha256", write_sha256, read_sha256 },
    { "mtime", write_mtime, read_mtime },
    { "of", write_of, read_of, .place = true },
    { "path", write_path, read_path, .place = true },
    { "mode", write_mode, read_mode },
};

/* --- Writing ---------------------------------------------------------------------------------- */

/* As JSON, no larger than that? */
static bool fits(json_t *v, int64_t most)
{
    struct buf text = BUF_INIT((size_t)most);
    bool ok = json_text_write(v, false, &text) == 0;

    buf_release(&text);
    return ok;
}

/* Into ours, which stands in notes, as far as there is room. 0, -ENOMEM. */
static int add_parts(const struct stamp *s, json_t *notes, json_t *ours, int64_t most)
{
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        char text[VALUE_MAX];

        if (!parts[i].write(s, text) || !json_text_utf8_ok(text, strlen(text)))
            continue;
        if (json_object_set_new(ours, parts[i].name, json_string(text)) < 0)
            return -ENOMEM;
        if (!fits(ours, STAMP_MOST_BYTES) || !fits(notes, most))
            json_object_del(ours, parts[i].name);
    }
    return 0;
}

static int add_notes(struct body *b, struct stamp *s)
{
    const struct field *f = resource_field(b->res, b->res->notes_field);
    json_t *old = json_object_get(b->object, f->name);
    json_t *notes = json_is_object(old) ? json_deep_copy(old) : json_object();
    json_t *ours = json_object();
    int rc = notes && ours ? 0 : -ENOMEM;

    if (rc == 0 && json_object_set(notes, OURS, ours) < 0)
        rc = -ENOMEM;
    if (rc == 0)
        rc = add_parts(s, notes, ours, f->schema->most_bytes);
    if (rc == 0 && json_object_size(ours) && json_object_set(b->object, f->name, notes) < 0)
        rc = -ENOMEM;
    if (!json_object_get(ours, parts[0].name))
        s->key[0] = '\0';
    json_decref(ours);
    json_decref(notes);
    return rc;
}

/* The notes of r, and ours out of them, each a new object; empty where there are none. */
static int take_notes(const struct record *r, json_t **notes, json_t **ours)
{
    const struct resource *res = record_resource(r);
    json_t *has = NULL;
    int rc = codec_field(r, resource_field(res, res->notes_field), &has);

    *notes = json_is_object(has) ? json_deep_copy(has) : json_object();
    *ours = json_object_get(*notes, OURS);
    *ours = json_is_object(*ours) ? json_deep_copy(*ours) : json_object();
    json_object_del(*notes, OURS);
    json_decref(has);
    if (rc != -ENOMEM && *notes && *ours)
        return 0;
    json_decref(*notes);
    json_decref(*ours);
    *notes = *ours = NULL;
    return -ENOMEM;
}

int body_keep_notes(struct body *b, const struct record *r, struct failure *err)
{
    json_t *notes, *ours;
    int rc = take_notes(r, &notes, &ours);

    if (rc < 0)
        return fail(err, rc, 0, "out of memory");
    if (json_object_size(notes) && json_object_set(b->object, b->res->notes_field, notes) < 0)
        rc = fail(err, -ENOMEM, 0, "out of memory");
    json_decref(notes);
    json_decref(ours);
    return rc;
}

/* Half of an old place beside half of a new one would be a third one. */
static void forget_place(json_t *ours)
{
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (parts[i].place)
            json_object_del(ours, parts[i].name);
}

/* Takes all three. */
static int set_restamped(struct body *b, json_t *was, json_t *notes, json_t *ours,
                         const struct stamp *s)
{
    const struct field *f = resource_field(b->res, b->res->notes_field);
    int rc = json_object_set(notes, OURS, ours) < 0 ? -ENOMEM : 0;

    forget_place(ours);
    if (rc == 0)
        rc = add_parts(s, notes, ours, f->schema->most_bytes);
    if (rc == 0 && !json_object_size(ours))
        json_object_del(notes, OURS);
    if (rc == 0 && !json_equal(was, notes) && json_object_set(b->object, f->name, notes) < 0)
        rc = -ENOMEM;
    json_decref(was);
    json_decref(notes);
    json_decref(ours);
    return rc;
}

int body_restamp(struct body *b, const struct record *theirs, const struct record *now,
                 const struct stamp *s, struct failure *err)
{
    json_t *was = NULL, *ours = NULL, *notes = NULL, *unused = NULL;
    int rc = take_notes(now, &was, &ours);

    if (rc == 0) {
        rc = take_notes(theirs, &notes, &unused);
        json_decref(unused);
    }
    if (rc == 0 && json_object_size(ours) &&
        json_object_set_new(was, OURS, json_deep_copy(ours)) < 0)
        rc = -ENOMEM;
    if (rc == 0) {
        rc = set_restamped(b, was, notes, ours, s);
    } else {
        json_decref(was);
        json_decref(notes);
        json_decref(ours);
    }
    return rc < 0 ? fail(err, rc, 0, "out of memory") : 0;
}

/* Takes ours. What is worth least goes first where it does not fit. */
static int put_ours(json_t *notes, json_t *ours, int64_t most)
{
    size_t last = ARRAY_LEN(parts);

    if (json_object_set(notes, OURS, ours) < 0) {
        json_decref(ours);
        return -ENOMEM;
    }
    while (last-- > 0 && !fits(notes, most))
        json_object_del(ours, parts[last].name);
    if (!fits(notes, most) || !json_object_size(ours))
        json_object_del(notes, OURS);
    json_decref(ours);
    return 0;
}

int body_keep_stamp(struct body *b, const struct record *now, struct failure *err)
{
    const char *field = b->res->notes_field;
    json_t *set = field ? json_object_get(b->object, field) : NULL;
    json_t *was = NULL, *ours = NULL, *notes;
    int rc;

    if (!set || !(json_is_object(set) || json_is_null(set)))
        return 0;
    rc = take_notes(now, &was, &ours);
    json_decref(was);
    notes = rc == 0 ? json_is_null(set) ? json_object() : json_copy(set) : NULL;
    if (!notes)
        rc = -ENOMEM;
    if (rc == 0 && json_is_null(json_object_get(notes, OURS))) {
        json_object_del(notes, OURS);
        json_decref(ours);
    } else if (rc == 0 && !json_object_get(notes, OURS) && json_object_size(ours)) {
        rc = put_ours(notes, ours, resource_field(b->res, field)->schema->most_bytes);
    } else {
        json_decref(ours);
    }
    if (rc == 0 && (!json_is_null(set) || json_object_size(notes)) &&
        json_object_set(b->object, field, notes) < 0)
        rc = -ENOMEM;
    json_decref(notes);
    return rc < 0 ? fail(err, rc, 0, "out of memory") : 0;
}

static int add_title(struct body *b, const char *name)
{
    const char *field = b->res->title_field;

    if (!field || !name || !json_text_utf8_ok(name, strlen(name)) ||
        json_is_string(json_object_get(b->object, field)))
        return 0;
    return json_object_set_new(b->object, field, json_string(name)) < 0 ? -ENOMEM : 0;
}

int body_retitle(struct body *b, const struct record *now, const char *name, struct failure *err)
{
    const char *field = b->res->title_field;
    struct buf was = BUF_INIT(4 * STAMP_MOST_BYTES);
    int rc = 0;

    if (!field || record_string(now, field, &was) < 0 || strcmp(buf_str(&was), name) != 0)
        rc = add_title(b, name);
    buf_release(&was);
    return rc < 0 ? fail(err, rc, 0, "out of memory") : 0;
}

int body_stamp(struct body *b, struct stamp *s, const char *name, struct failure *err)
{
    json_t *plain = json_copy(b->object);
    int rc = plain ? add_title(b, name) : -ENOMEM;
    if (rc == 0)
        rc = add_notes(b, s);
    if (rc < 0) {
        json_decref(plain);
        return fail(err, rc, 0, "out of memory");
    }
    json_decref(b->plain);
    b->plain = plain;
    return 0;
}

bool body_unstamp(struct body *b)
{
    if (!b->plain)
        return false;
    json_decref(b->object);
    b->object = b->plain;
    b->plain = NULL;
    return true;
}

/* --- Reading ---------------------------------------------------------------------------------- */

static void read_notes(json_t *notes, struct stamp *out)
{
    json_t *ours = json_object_get(notes, OURS);

    *out = (struct stamp){ .size = -1, .mode = -1 };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        json_t *v = json_object_get(ours, parts[i].name);

        if (json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v))
            parts[i].read(out, json_string_value(v));
    }
}

static bool is_empty(const struct stamp *s)
{
    return !s->key[0] && !s->path[0] && s->size < 0 && !s->has_sha256 && s->mtime_ns == 0;
}

int stamp_key_of(const struct resource *res, const char *text, char out[STAMP_KEY_CHARS + 1])
{
    json_t *body = NULL;
    struct stamp s;
    int rc = res->notes_field ? json_text_parse(text, strlen(text), false, &body, NULL) : -ENOENT;

    if (rc == 0) {
        read_notes(json_object_get(body, res->notes_field), &s);
        memcpy(out, s.key, sizeof(s.key));
        rc = s.key[0] ? 0 : -ENOENT;
    }
    json_decref(body);
    return rc == -ENOMEM ? rc : rc < 0 ? -ENOENT : 0;
}

/* Of a path of any system. */
static const char *last_part(const char *path)
{
    const char *last = path;

    for (const char *c = path; *c; c++)
        if ((*c == '/' || *c == '\\') && c[1])
            last = c + 1;
    return last;
}

int stamp_title(const struct record *r, struct buf *out)
{
    const struct resource *res = record_resource(r);
    int rc = res->title_field ? record_string(r, res->title_field, out) : -ENOENT;
    json_t *notes = NULL, *path;

    if ((rc == 0 && out->len) || (rc < 0 && rc != -ENOENT) || !res->notes_field || !res->path_note)
        return rc == 0 && !out->len ? -ENOENT : rc;
    rc = codec_field(r, resource_field(res, res->notes_field), &notes);
    path = rc == 0 ? json_object_get(notes, res->path_note) : NULL;
    if (rc == 0)
        rc = json_is_string(path) && *json_string_value(path)
                 ? buf_adds(out, last_part(json_string_value(path)))
                 : -ENOENT;
    json_decref(notes);
    return rc;
}

int stamp_read(const struct record *r, struct stamp *out)
{
    const struct resource *res = record_resource(r);
    json_t *notes = NULL;
    int rc =
        res->notes_field ? codec_field(r, resource_field(res, res->notes_field), &notes) : -ENOENT;

    if (rc < 0)
        return rc;
    read_notes(notes, out);
    json_decref(notes);
    return is_empty(out) ? -ENOENT : 0;
}
