#include "pack.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "time_text.h"

#include "banned.h"

#define KEY_OTHER 0xff /* instead of a field's number: its name follows */
#define ID_BYTES 16
#define ID_DIGITS (2 * ID_BYTES)
#define NS_PER_S 1000000000
#define TIME_S_MAX (INT64_MAX / NS_PER_S)

/* --- Numbers of any length ------------------------------------------------------------------- */

static int put_varint(struct buf *out, uint64_t v)
{
    char bytes[10];
    size_t n = 0;

    do {
        bytes[n] = (char)(v & 0x7f);
        v >>= 7;
        if (v)
            bytes[n] = (char)(bytes[n] | 0x80);
        n++;
    } while (v);
    return buf_add(out, bytes, n);
}

static uint64_t get_varint(const unsigned char **at)
{
    uint64_t v = 0;
    unsigned shift = 0;
    unsigned char c;

    do {
        c = *(*at)++;
        v |= (uint64_t)(c & 0x7f) << shift;
        shift += 7;
    } while (c & 0x80 && shift < 64);
    return v;
}

static uint64_t zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* --- Reading --------------------------------------------------------------------------------- */

static size_t value_length(enum pack_tag tag, const unsigned char *at)
{
    const unsigned char *from = at;
    uint64_t text;

    switch (tag) {
    case PACK_NULL:
    case PACK_FALSE:
    case PACK_TRUE:
        return 0;
    case PACK_INTEGER:
        get_varint(&at);
        return (size_t)(at - from);
    case PACK_REAL:
        return sizeof(double);
    case PACK_ENUM:
        return 1;
    case PACK_ID:
        return 1 + ID_BYTES;
    case PACK_TIME:
        get_varint(&at);
        at += 2;
        get_varint(&at);
        return (size_t)(at - from);
    case PACK_STRING:
    case PACK_JSON:
        break;
    }
    text = get_varint(&at);
    return (size_t)(at - from) + text;
}

bool pack_next(const struct record *r, size_t *pos, struct packed *out)
{
    const unsigned char *at = r->data + *pos;

    if (*pos >= r->len)
        return false;
    out->start = at;
    if (*at == KEY_OTHER) {
        at++;
        out->field = NULL;
        out->key_len = get_varint(&at);
        out->key = (const char *)at;
        at += out->key_len;
    } else {
        out->field = &r->res->fields[*at++];
        out->key = out->field->name;
        out->key_len = strlen(out->key);
    }
    out->tag = (enum pack_tag) * at++;
    out->value = at;
    out->len = value_length(out->tag, at);
    *pos = (size_t)(at + out->len - r->data);
    return true;
}

bool pack_find(const struct record *r, const char *name, struct packed *out)
{
    size_t len = strlen(name);

    for (size_t pos = 0; pack_next(r, &pos, out);)
        if (out->key_len == len && memcmp(out->key, name, len) == 0)
            return true;
    return false;
}

/* --- Ids ------------------------------------------------------------------------------------- */

/* The word of the ids that the API has no collection for. */
static const char *id_word(unsigned kind)
{
    const struct resource *res = resource_get((enum resource_kind)kind);

    return res ? res->id_type : "consent";
}

/* las:WORD:<32 hex> to a kind and 16 bytes. */
static bool id_parse(const char *text, size_t len, unsigned char out[1 + ID_BYTES])
{
    const char *hex = len > ID_DIGITS ? text + len - ID_DIGITS : NULL;

    if (!hex || len < 5 + ID_DIGITS || memcmp(text, "las:", 4) != 0 || hex[-1] != ':')
        return false;
    if (!hex_decode(hex, ID_BYTES, out + 1))
        return false;
    for (unsigned kind = RES_NONE; kind < RES_COUNT; kind++) {
        const char *word = id_word(kind);
        size_t word_len = word ? strlen(word) : 0;

        if (word && len == 5 + word_len + ID_DIGITS && memcmp(text + 4, word, word_len) == 0) {
            out[0] = (unsigned char)kind;
            return true;
        }
    }
    return false;
}

static void id_write(const unsigned char *value, char out[PACK_ROOM])
{
    char hex[ID_DIGITS + 1];

    hex_encode(value + 1, ID_BYTES, hex);
    snprintf(out, PACK_ROOM, "las:%s:%s", id_word(value[0]), hex);
}

/* --- Writing --------------------------------------------------------------------------------- */

int pack_key(struct buf *out, const struct resource *res, const char *key, size_t len)
{
    int rc;

    for (size_t i = 0; i < KEY_OTHER && res->fields[i].name; i++)
        if (strlen(res->fields[i].name) == len && memcmp(res->fields[i].name, key, len) == 0)
            return buf_addc(out, (char)i);
    rc = buf_addc(out, (char)KEY_OTHER);
    if (rc == 0)
        rc = put_varint(out, len);
    return rc < 0 ? rc : buf_add(out, key, len);
}

int pack_tag_only(struct buf *out, enum pack_tag tag)
{
    return buf_addc(out, (char)tag);
}

int pack_integer(struct buf *out, int64_t value)
{
    int rc = pack_tag_only(out, PACK_INTEGER);

    return rc < 0 ? rc : put_varint(out, zigzag(value));
}

int pack_real(struct buf *out, double value)
{
    int rc = pack_tag_only(out, PACK_REAL);

    return rc < 0 ? rc : buf_add(out, &value, sizeof(value));
}

int pack_text(struct buf *out, enum pack_tag tag, const char *text, size_t len)
{
    int rc = pack_tag_only(out, tag);

    if (rc == 0)
        rc = put_varint(out, len);
    return rc < 0 ? rc : buf_add(out, text, len);
}

static int pack_time(struct buf *out, const struct time_text *t)
{
    int rc = pack_tag_only(out, PACK_TIME);

    if (rc == 0)
        rc = put_varint(out, zigzag(t->ns));
    if (rc == 0)
        rc = buf_add(out, &t->shape, sizeof(t->shape));
    return rc < 0 ? rc : put_varint(out, zigzag(t->offset_min));
}

static void time_read(const struct packed *p, struct time_text *t)
{
    const unsigned char *at = p->value;

    t->ns = unzigzag(get_varint(&at));
    memcpy(&t->shape, at, sizeof(t->shape));
    at += sizeof(t->shape);
    t->offset_min = (int16_t)unzigzag(get_varint(&at));
}

static bool time_exact(const char *text, size_t len, struct time_text *t)
{
    char again[TIME_TEXT_MAX];

    return time_text_parse(text, len, t) == 0 && time_text_format(t, again) == len &&
           memcmp(again, text, len) == 0;
}

static const struct schema *answered(const struct field *f)
{
    return f->answer ? f->answer : f->schema;
}

static int enum_index(const struct field *f, const char *text, size_t len)
{
    const char *const *words = f ? answered(f)->enums : NULL;

    for (int i = 0; words && words[i] && i < 256; i++)
        if (strlen(words[i]) == len && memcmp(words[i], text, len) == 0)
            return i;
    return -1;
}

int pack_string(struct buf *out, const struct field *f, const char *text, size_t len)
{
    unsigned char id[1 + ID_BYTES];
    int word = enum_index(f, text, len);
    struct time_text t;
    int rc;

    if (word >= 0) {
        rc = pack_tag_only(out, PACK_ENUM);
        return rc < 0 ? rc : buf_addc(out, (char)word);
    }
    if (id_parse(text, len, id)) {
        rc = pack_tag_only(out, PACK_ID);
        return rc < 0 ? rc : buf_add(out, id, sizeof(id));
    }
    if (time_exact(text, len, &t))
        return pack_time(out, &t);
    return pack_text(out, PACK_STRING, text, len);
}

/* --- Values ---------------------------------------------------------------------------------- */

bool pack_is_string(const struct packed *p)
{
    return p->tag == PACK_ENUM || p->tag == PACK_ID || p->tag == PACK_TIME || p->tag == PACK_STRING;
}

const char *unpack_text(const struct packed *p, size_t *len)
{
    const unsigned char *at = p->value;

    *len = get_varint(&at);
    return (const char *)at;
}

const char *unpack_string_at(const struct packed *p, char room[PACK_ROOM], size_t *len)
{
    const char *text = room;
    struct time_text t;

    if (p->tag == PACK_ENUM) {
        text = answered(p->field)->enums[p->value[0]];
    } else if (p->tag == PACK_ID) {
        id_write(p->value, room);
    } else if (p->tag == PACK_TIME) {
        time_read(p, &t);
        time_text_format(&t, room);
    } else {
        return unpack_text(p, len);
    }
    *len = strlen(text);
    return text;
}

int unpack_string(const struct packed *p, struct buf *out)
{
    char room[PACK_ROOM];
    size_t len;
    const char *text = unpack_string_at(p, room, &len);

    return buf_add(out, text, len);
}

int64_t unpack_integer(const struct packed *p)
{
    const unsigned char *at = p->value;

    return unzigzag(get_varint(&at));
}

double unpack_real(const struct packed *p)
{
    double value;

    memcpy(&value, p->value, sizeof(value));
    return value;
}

bool unpack_time(const struct packed *p, int64_t *ns)
{
    struct time_text t;
    const char *text;
    size_t len;

    if (p->tag == PACK_TIME) {
        time_read(p, &t);
        *ns = t.ns;
        return true;
    }
    if (p->tag == PACK_INTEGER) {
        int64_t s = unpack_integer(p);

        *ns = s * (s > -TIME_S_MAX && s < TIME_S_MAX ? NS_PER_S : 0);
        return *ns != 0;
    }
    if (p->tag == PACK_REAL) {
        double s = unpack_real(p);

        *ns = s > -(double)TIME_S_MAX && s < (double)TIME_S_MAX ? (int64_t)(s * NS_PER_S) : 0;
        return *ns != 0;
    }
    if (p->tag != PACK_STRING)
        return false;
    text = unpack_text(p, &len);
    if (time_text_parse(text, len, &t) < 0)
        return false;
    *ns = t.ns;
    return true;
}

int pack_record(const struct resource *res, const struct buf *data, struct record **out)
{
    struct record *r;

    if (data->len > UINT32_MAX)
        return -EFBIG;
    r = malloc(sizeof(*r) + data->len);
    if (!r)
        return -ENOMEM;
    r->res = res;
    atomic_init(&r->refs, 1);
    r->len = (uint32_t)data->len;
    if (data->len)
        memcpy(r->data, data->data, data->len);
    *out = r;
    return 0;
}
