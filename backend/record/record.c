#include "record.h"

#include <errno.h>
#include <nettle/base64.h>
#include <string.h>

#include "codec.h"
#include "json_text.h"
#include "labels.h"
#include "pack.h"
#include "time_text.h"

#include "banned.h"

#define RECORD_MAX_BYTES (64u << 20)

int record_id(const struct record *r, char out[RESOURCE_ID_MAX + 1])
{
    char id[RESOURCE_ID_MAX + 1], room[PACK_ROOM];
    const char *text;
    struct packed p;
    size_t len;

    if (!pack_find(r, r->res->id_field, &p) || !pack_is_string(&p))
        return -EIO;
    text = unpack_string_at(&p, room, &len);
    if (len > RESOURCE_ID_MAX)
        return -EIO;
    memcpy(id, text, len);
    id[len] = '\0';
    /* what is packed as an id was seen to be one */
    if (p.tag != PACK_ID && !resource_id_answered(r->res, id, len))
        return -EIO;
    memcpy(out, id, len + 1);
    return 0;
}

static bool time_of(const struct record *r, const char *name, int64_t *ns)
{
    struct packed p;

    return name && pack_find(r, name, &p) && unpack_time(&p, ns);
}

int64_t record_made_ns(const struct record *r)
{
    int64_t ns = 0;

    if (time_of(r, r->res->made_field, &ns) || time_of(r, r->res->changed_field, &ns))
        return ns;
    return 0;
}

int64_t record_changed_ns(const struct record *r)
{
    int64_t ns = 0;

    if (time_of(r, r->res->changed_field, &ns) || time_of(r, r->res->made_field, &ns))
        return ns;
    return 0;
}

bool record_has(const struct record *r, const struct field *f)
{
    json_auto_t *v = NULL;
    struct packed p;

    if (!f->read_at)
        return pack_find(r, f->name, &p);
    return codec_field(r, f, &v) == 0;
}

/* What a field's file says of v. */
static int value_text(json_t *v, struct buf *out)
{
    int rc;

    if (json_is_null(v))
        return 0;
    if (json_is_string(v))
        rc = buf_add(out, json_string_value(v), json_string_length(v));
    else
        rc = json_text_write(v, true, out);
    return rc < 0 ? rc : buf_addc(out, '\n');
}

/* The bytes that v is the base64 of; what is none is shown as it is. */
static int value_bytes(json_t *v, struct buf *out)
{
    const char *text = json_string_value(v);
    struct base64_decode_ctx ctx;
    size_t old = out->len, size;
    int rc;

    if (json_is_null(v))
        return 0;
    if (!text)
        return value_text(v, out);
    size = BASE64_DECODE_LENGTH(json_string_length(v));
    rc = buf_resize(out, old + size);
    if (rc < 0)
        return rc;
    base64_decode_init(&ctx);
    if (size &&
        base64_decode_update(&ctx, &size, (uint8_t *)out->data + old, json_string_length(v),
                             text) &&
        base64_decode_final(&ctx))
        return buf_resize(out, old + size);
    buf_resize(out, old);
    return value_text(v, out);
}

int record_field_text(const struct record *r, const struct field *f, struct buf *out)
{
    json_auto_t *v = NULL;
    size_t old = out->len;
    int rc = codec_field(r, f, &v);

    if (rc < 0)
        return rc;
    rc = f->ending ? value_bytes(v, out) : value_text(v, out);
    if (rc < 0 && out->len > old)
        buf_resize(out, old);
    return rc;
}

#define EVENT_S_MAX 9e9

static int event_line(json_t *event, struct buf *out)
{
    const char *message = json_string_value(json_object_get(event, "message"));
    double seconds = json_number_value(json_object_get(event, "timestamp"));
    char when[TIME_TEXT_MAX] = "";
    struct time_text t;
    int rc;

    if (seconds > 0 && seconds < EVENT_S_MAX) {
        t = time_text_utc((int64_t)(seconds * 1e6) * 1000);
        time_text_format(&t, when);
    }
    rc = buf_addf(out, "%s%s", when, *when ? " " : "");
    if (rc == 0 && message)
        rc = buf_adds(out, message);
    if (rc == 0 && !message)
        rc = json_text_write(event, false, out);
    if (rc == 0 && out->data[out->len - 1] != '\n')
        rc = buf_addc(out, '\n');
    return rc;
}

int record_field_lines(const struct record *r, const struct field *f, struct buf *out)
{
    json_auto_t *v = NULL;
    json_t *event;
    size_t i;
    int rc = codec_field(r, f, &v);

    if (rc < 0)
        return rc;
    json_array_foreach(v, i, event) {
        rc = event_line(event, out);
        if (rc < 0)
            return rc;
    }
    return 0;
}

bool record_next_other(const struct record *r, size_t *pos, char *name, size_t size,
                       bool *structure)
{
    struct packed p;

    while (pack_next(r, pos, &p)) {
        bool shown = p.key_len < size && !memchr(p.key, 0, p.key_len);

        if (p.field)
            continue;
        snprintf(name, size, "%.*s", shown ? (int)p.key_len : 0, p.key);
        *structure = p.tag == PACK_JSON;
        return true;
    }
    return false;
}

bool record_has_other(const struct record *r, const char *name, bool structure)
{
    struct packed p;

    return pack_find(r, name, &p) && !p.field && (p.tag == PACK_JSON) == structure;
}

bool record_is_of_today(const struct record *r)
{
    struct packed p;

    for (size_t pos = 0; pack_next(r, &pos, &p);)
        if (p.field && p.field->since == F_ALL &&
            (!r->res->url_field || strcmp(p.field->name, r->res->url_field) != 0))
            return true;
    return false;
}

bool record_is_of_2021(const struct record *r)
{
    struct packed p;

    for (size_t pos = 0; pack_next(r, &pos, &p);)
        if (p.field && p.field->until == F_ALL)
            return true;
    return false;
}

bool record_has_url(const struct record *r)
{
    struct packed p;

    return r->res->url_field && pack_find(r, r->res->url_field, &p) && pack_is_string(&p);
}

bool record_is_handle(const struct record *r)
{
    struct packed p;

    return record_has_url(r) && r->res->type_field && pack_find(r, r->res->type_field, &p) &&
           !pack_is_string(&p);
}

static bool is_one_of(const char *const *words, const char *word)
{
    for (; words && *words; words++)
        if (strcmp(*words, word) == 0)
            return true;
    return false;
}

/* What was found in it, which may be nothing so far. */
static bool has_labels(const struct record *r)
{
    const struct field *f = r->res->fields;
    struct packed p;

    while (f->name && !(f->flags & F_LABELS))
        f++;
    return f->name && pack_find(r, f->name, &p) && p.tag != PACK_NULL;
}

bool record_is_passing(const struct record *r)
{
    struct buf state = BUF_INIT(RESOURCE_ID_MAX);
    bool passing = false;

    if (r->res->state_field && record_string(r, r->res->state_field, &state) == 0)
        passing = is_one_of(r->res->passing, buf_str(&state)) ||
                  (r->res->ended && !is_one_of(r->res->ended, buf_str(&state)) && !has_labels(r));
    buf_release(&state);
    return passing;
}

int record_string(const struct record *r, const char *name, struct buf *out)
{
    struct packed p;

    if (!pack_find(r, name, &p) || !pack_is_string(&p))
        return -ENOENT;
    return unpack_string(&p, out);
}

bool record_mentions(const struct record *r, const char *name, const char *text)
{
    struct packed p;
    const char *is;
    size_t len;

    if (!pack_find(r, name, &p) || (p.tag != PACK_STRING && p.tag != PACK_JSON))
        return false;
    is = unpack_text(&p, &len);
    return memmem(is, len, text, strlen(text)) != NULL;
}

int record_integer(const struct record *r, const char *name, int64_t *out)
{
    struct packed p;

    if (!pack_find(r, name, &p) || p.tag != PACK_INTEGER)
        return -ENOENT;
    *out = unpack_integer(&p);
    return 0;
}

static double confidence_of(json_t *guess)
{
    return json_number_value(json_object_get(guess, "confidence"));
}

/* Lines of the same table, of one page and the next: a new guess. NULL: no memory. */
static json_t *join_lines(json_t *guess, json_t *more)
{
    json_auto_t *lines = json_copy(json_object_get(guess, "value"));
    json_auto_t *both = json_copy(guess);

    if (!lines || !both || json_array_extend(lines, json_object_get(more, "value")) < 0 ||
        json_object_set(both, "value", lines) < 0)
        return NULL;
    return steal_pointer(&both);
}

static bool is_lines(json_t *guess)
{
    return json_is_array(json_object_get(guess, "value"));
}

/* Is there a value? That it has none is no surer guess, however sure of it the model is. */
static bool has_value(json_t *guess)
{
    json_t *value = json_object_get(guess, "value");

    return value && !json_is_null(value);
}

static bool is_surer(json_t *guess, json_t *other)
{
    if (has_value(guess) != has_value(other))
        return has_value(guess);
    return confidence_of(guess) > confidence_of(other);
}

/* label -> the surest guess; lines: all of them. */
static int surest_guesses(json_t *guesses, json_t **out)
{
    json_auto_t *map = json_object();
    json_t *guess;
    size_t i;

    json_array_foreach(guesses, i, guess) {
        const char *label = json_string_value(json_object_get(guess, "label"));
        json_t *other = label ? json_object_get(map, label) : NULL;

        if (other && is_lines(other) && is_lines(guess)) {
            if (json_object_set_new(map, label, join_lines(other, guess)) < 0)
                return -ENOMEM;
            continue;
        }
        if (!label || (other && !is_surer(guess, other)))
            continue;
        if (json_object_set(map, label, guess) < 0)
            return -ENOMEM;
    }
    *out = steal_pointer(&map);
    return *out ? 0 : -ENOMEM;
}

int record_labels(const struct record *r, struct buf *out)
{
    const struct field *f = r->res->fields;
    json_auto_t *found = NULL, *guesses = NULL, *map = NULL;
    const char *label;
    json_t *guess;
    int rc;

    while (f->name && !(f->flags & F_LABELS))
        f++;
    rc = f->name ? codec_field(r, f, &found) : -ENOENT;
    if (rc == 0)
        rc = labels_list_guesses(found, &guesses);
    if (rc == 0)
        rc = surest_guesses(guesses, &map);
    if (rc < 0)
        return rc == -EINVAL ? -ENOENT : rc;
    json_object_foreach(map, label, guess) {
        json_t *value = labels_plain_value(json_object_get(guess, "value"));

        /* the key is there: the walk stays valid */
        if (!value || json_object_set_new(map, label, value) < 0)
            return -ENOMEM;
    }
    rc = json_text_write(map, true, out);
    return rc < 0 ? rc : buf_addc(out, '\n');
}

int record_json(const struct record *r, bool pretty, struct buf *out)
{
    json_auto_t *object = NULL;
    size_t old = out->len;
    int rc = codec_object(r, &object);

    if (rc < 0)
        return rc;
    rc = json_text_write(object, pretty, out);
    if (rc == 0)
        rc = buf_addc(out, '\n');
    if (rc < 0 && out->len > old)
        buf_resize(out, old);
    return rc;
}

static int add_entry(struct buf *data, const struct packed *p)
{
    return buf_add(data, p->start, (size_t)(p->value + p->len - p->start));
}

int record_parse(const struct resource *res, const char *text, size_t len, struct record **out)
{
    int rc = codec_record_text(res, text, len, out, NULL);

    return rc == -EBADMSG ? -EIO : rc;
}

int record_without(const struct record *r, unsigned flags, struct record **out)
{
    struct buf data = BUF_INIT(RECORD_MAX_BYTES);
    struct packed p;
    int rc = 0;

    for (size_t pos = 0; rc == 0 && pack_next(r, &pos, &p);)
        if (!p.field || !(p.field->flags & flags))
            rc = add_entry(&data, &p);
    if (rc == 0)
        rc = pack_record(r->res, &data, out);
    buf_release(&data);
    return rc < 0 ? -ENOMEM : 0;
}
