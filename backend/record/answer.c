#include "answer.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "body_inside.h"
#include "codec.h"
#include "json_text.h"
#include "record.h"

#include "banned.h"

#define PATH_PART_MAX 64
#define BODY_MAX_BYTES (1u << 20)
/* What a server can make of one question: a document of a page each, and the largest one that there is. */
#define PARTS_MAX 2000

/* In what is kept of it. */
#define KEY_ASKED "asked"
#define KEY_ID "id"
#define KEY_STATE "state"
#define KEY_PAGE "next"
#define KEY_PARTS "parts"

struct answer {
    const struct resource *res;
    json_t *asked;  /* the first POST's body */
    json_t *newest; /* the part that came last; NULL: it is kept elsewhere, or there is none */
    json_t *merged; /* those that were joined; NULL: none */
    char id[RESOURCE_ID_MAX + 1];
    enum answer_state state;
    int64_t page;   /* of the next part, or the newest one */
    int64_t parts;  /* that have come */
    int64_t joined; /* that are in merged */
};

void answer_free(struct answer *a)
{
    if (!a)
        return;
    json_decref(a->asked);
    json_decref(a->newest);
    json_decref(a->merged);
    free(a);
}

enum answer_state answer_state(const struct answer *a)
{
    return a->state;
}

const char *answer_id(const struct answer *a)
{
    return a->id;
}

int64_t answer_page(const struct answer *a)
{
    return a->page;
}

int64_t answer_parts(const struct answer *a)
{
    return a->parts;
}

/* --- Several parts as one --------------------------------------------------------------------- */

static const char *found_in(const struct resource *res)
{
    const struct field *f = res->fields;

    while (f->name && !(f->flags & F_LABELS))
        f++;
    return f->name;
}

/* {label: [...]}: what both have of a label, one after the other. */
static int merge_maps(json_t *map, json_t *more)
{
    const char *label;
    json_t *list;

    json_object_foreach(more, label, list) {
        json_t *there = json_object_get(map, label);

        if (json_is_array(there) && json_is_array(list)) {
            if (json_array_extend(there, list) < 0)
                return -ENOMEM;
        } else if (!there || json_is_null(there)) {
            if (json_object_set(map, label, list) < 0)
                return -ENOMEM;
        }
    }
    return 0;
}

static int merge_found(json_t *merged, const char *name, json_t *more)
{
    json_t *there = json_object_get(merged, name);

    if (!more || json_is_null(more))
        return 0;
    if (!there || json_is_null(there))
        return json_object_set(merged, name, more) < 0 ? -ENOMEM : 0;
    if (json_is_array(there) && json_is_array(more))
        return json_array_extend(there, more) < 0 ? -ENOMEM : 0;
    return json_is_object(there) && json_is_object(more) ? merge_maps(there, more) : -EIO;
}

/* What the last one says of where it ends, and of how, is true of all. */
static int merge_end(const struct resource *res, json_t *merged, json_t *part)
{
    const char *const ends[] = { res->next_field, res->state_field, res->why_field };

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        json_t *v = ends[i] ? json_object_get(part, ends[i]) : NULL;

        if (v && json_object_set(merged, ends[i], v) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int join(struct answer *a, json_t *part)
{
    int rc;

    if (!a->joined) {
        json_decref(a->merged);
        a->merged = json_incref(part);
        a->joined = 1;
        return 0;
    }
    rc = merge_found(a->merged, found_in(a->res), json_object_get(part, found_in(a->res)));
    if (rc == 0)
        rc = merge_end(a->res, a->merged, part);
    if (rc == 0)
        a->joined++;
    return rc;
}

int answer_join(struct answer *a, const char *part)
{
    json_auto_t *v = NULL;
    int rc = json_text_parse(part, strlen(part), true, &v, NULL);

    if (rc == 0 && !json_is_object(v))
        rc = -EIO;
    if (rc == 0)
        rc = join(a, v);
    return rc == -EINVAL ? -EIO : rc;
}

/* --- Where it goes on ------------------------------------------------------------------------- */

static bool has_failed(const struct answer *a, json_t *part)
{
    json_t *state = a->res->state_field ? json_object_get(part, a->res->state_field) : NULL;

    return a->res->failed && json_is_string(state) &&
           strcmp(json_string_value(state), a->res->failed) == 0;
}

/* Which pages are looked at is not for us to say where they have said it. */
static bool is_paged(const struct answer *a)
{
    for (const char *const *p = a->res->paged_by; p && *p; p++)
        if (codec_at(a->asked, *p))
            return true;
    return false;
}

/* How many pages were asked for, in all parts. */
static int64_t most_pages(const struct answer *a)
{
    json_t *most = a->res->most_pages ? json_object_get(a->asked, a->res->most_pages) : NULL;

    return json_is_integer(most) ? (int64_t)json_integer_value(most) : INT64_MAX;
}

/* A server that does not come forward is not asked again: each time is paid for. */
static enum answer_state state_of(struct answer *a, json_t *part)
{
    json_t *next = a->res->next_field ? json_object_get(part, a->res->next_field) : NULL;
    int64_t page = json_is_integer(next) ? (int64_t)json_integer_value(next) : -1;
    bool forward = page > a->page && page < most_pages(a) && a->parts < PARTS_MAX;

    if (!forward || has_failed(a, part) || is_paged(a))
        return ANSWER_WHOLE;
    a->page = page;
    return ANSWER_GOES_ON;
}

int answer_add(struct answer *a, const struct record *part)
{
    json_auto_t *object = NULL;
    int rc = codec_object(part, &object);

    if (rc == 0)
        rc = record_id(part, a->id);
    if (rc < 0)
        return rc;
    if (record_is_passing(part)) {
        a->state = ANSWER_PENDING;
        return 0;
    }
    json_decref(a->newest);
    a->newest = steal_pointer(&object);
    a->parts++;
    a->state = state_of(a, a->newest);
    return 0;
}

/* At a path with dots, of which the members before the last are made. */
static int set_at(json_t *object, const char *path, json_t *value)
{
    size_t len = strcspn(path, ".");
    char part[PATH_PART_MAX];
    json_t *inner;

    if (!path[len])
        return json_object_set_new(object, path, value) < 0 ? -ENOMEM : 0;
    if (len >= sizeof(part)) {
        json_decref(value);
        return -EINVAL;
    }
    memcpy(part, path, len);
    part[len] = '\0';
    inner = json_object_get(object, part);
    if (!json_is_object(inner)) {
        inner = json_object();
        if (json_object_set_new(object, part, inner) < 0) {
            json_decref(value);
            return -ENOMEM;
        }
    }
    return set_at(inner, path + len + 1, value);
}

/* So many pages as are left. */
static int set_most(const struct answer *a, json_t *next)
{
    int64_t most = most_pages(a);

    if (most == INT64_MAX)
        return 0;
    return json_object_set_new(next, a->res->most_pages,
                               json_integer((json_int_t)(most - a->page))) < 0
               ? -ENOMEM
               : 0;
}

int answer_next(struct answer *a, struct body *b, struct failure *err)
{
    json_auto_t *next = json_deep_copy(a->asked);
    cleanup_buf struct buf text = BUF_INIT(BODY_MAX_BYTES);
    int rc = next ? set_at(next, a->res->paged_by[0], json_integer(a->page)) : -ENOMEM;

    if (rc == 0)
        rc = set_most(a, next);
    if (rc == 0)
        rc = json_text_write(next, false, &text);
    if (rc == 0)
        rc = body_set_json(b, buf_str(&text), text.len, err);
    if (rc == 0)
        a->state = ANSWER_ASKED;
    return rc;
}

void answer_unasked(struct answer *a)
{
    if (a->state == ANSWER_ASKED)
        a->state = ANSWER_GOES_ON;
}

/* --- As texts --------------------------------------------------------------------------------- */

static int write_text(json_t *v, struct buf *out)
{
    int rc = v ? json_text_write(v, true, out) : -ENOENT;

    return rc < 0 ? rc : buf_addc(out, '\n');
}

int answer_newest(const struct answer *a, struct buf *out)
{
    return write_text(a->newest, out);
}

int answer_text(const struct answer *a, struct buf *out)
{
    return write_text(a->merged, out);
}

int answer_write(const struct answer *a, struct buf *out)
{
    json_auto_t *v =
        json_pack("{s:O, s:s, s:i, s:I, s:I}", KEY_ASKED, a->asked, KEY_ID, a->id, KEY_STATE,
                  (int)a->state, KEY_PAGE, (json_int_t)a->page, KEY_PARTS, (json_int_t)a->parts);

    return v ? json_text_write(v, false, out) : -ENOMEM;
}

static int read_kept(json_t *v, struct answer *a)
{
    const char *id;
    json_int_t page, parts;
    int state;

    if (json_unpack(v, "{s:o, s:s, s:i, s:I, s:I}", KEY_ASKED, &a->asked, KEY_ID, &id, KEY_STATE,
                    &state, KEY_PAGE, &page, KEY_PARTS, &parts) < 0)
        a->asked = NULL;
    json_incref(a->asked);
    if (!json_is_object(a->asked) || state < 0 || state > ANSWER_ASKED || parts < 0 ||
        parts > PARTS_MAX || !resource_id_ok(a->res, id))
        return -EIO;
    snprintf(a->id, sizeof(a->id), "%s", id);
    a->state = (enum answer_state)state;
    a->page = (int64_t)page;
    a->parts = (int64_t)parts;
    return 0;
}

int answer_parse(const struct resource *res, const char *text, struct answer **out)
{
    cleanup_answer struct answer *a = calloc(1, sizeof(*a));
    json_auto_t *v = NULL;
    int rc = a ? json_text_parse(text, strlen(text), true, &v, NULL) : -ENOMEM;

    if (rc < 0)
        return rc == -EINVAL ? -EIO : rc;
    a->res = res;
    rc = read_kept(v, a);
    if (rc == 0)
        *out = steal_pointer(&a);
    return rc;
}

int answer_new(const struct body *asked, const struct record *first, struct answer **out)
{
    cleanup_answer struct answer *a = calloc(1, sizeof(*a));
    int rc;

    if (!a)
        return -ENOMEM;
    a->res = record_resource(first);
    a->page = 0;
    a->asked = json_deep_copy(asked->object);
    rc = a->asked ? answer_add(a, first) : -ENOMEM;
    if (rc == 0)
        *out = steal_pointer(&a);
    return rc;
}
