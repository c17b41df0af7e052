#include "bulk.h"

#include <errno.h>
#include <string.h>

#include "buf.h"
#include "ident.h"
#include "json_text.h"
#include "rules.h"

#include "banned.h"

#define WORTH_IT ((size_t)4096)
#define REST_MAX ((size_t)8 << 20)
#define STAND_IN_LEN 32

struct bulk {
    const char *start, *end; /* between the quotes */
};

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

/* The text that stands behind "name":, where that is what it looks like. */
static bool find_bulk(const char *text, size_t len, const char *name, struct bulk *out)
{
    const char *end = text + len, *p = text;
    size_t n = strlen(name);

    while ((p = memmem(p, (size_t)(end - p), name, n))) {
        const char *q = p + n;

        if (p > text && p[-1] == '"' && q < end && *q == '"') {
            q = skip_blanks(q + 1, end);
            q = q < end && *q == ':' ? skip_blanks(q + 1, end) : end;
            if (q < end && *q == '"') {
                out->start = q + 1;
                out->end = memchr(q + 1, '"', (size_t)(end - q - 1));
                return out->end && (size_t)(out->end - out->start) >= WORTH_IT &&
                       base64_is_tidy(out->start, (size_t)(out->end - out->start));
            }
        }
        p += n;
    }
    return false;
}

/* The body with a word of our own in the bulk's place. */
static int parse_rest(const char *text, size_t len, const struct bulk *b, const char *stand_in,
                      json_t **out)
{
    cleanup_buf struct buf rest = BUF_INIT(REST_MAX);
    int rc = buf_add(&rest, text, (size_t)(b->start - text));

    if (rc == 0)
        rc = buf_adds(&rest, stand_in);
    if (rc == 0)
        rc = buf_add(&rest, b->end, (size_t)(text + len - b->end));
    return rc < 0 ? rc : json_text_parse(rest.data, rest.len, true, out, NULL);
}

/* 0; -EAGAIN: what looked like the member was something else. */
static int put_back(json_t *v, const char *name, const struct bulk *b, const char *stand_in)
{
    const char *found = json_string_value(json_object_get(v, name));
    json_t *content;

    if (!found || strcmp(found, stand_in) != 0)
        return -EAGAIN;
    content = json_stringn_nocheck(b->start, (size_t)(b->end - b->start));
    return json_object_set_new(v, name, content) < 0 ? -ENOMEM : 0;
}

int bulk_parse(const char *text, size_t len, const char *name, json_t **out, struct failure *err)
{
    char stand_in[STAND_IN_LEN + 1];
    struct bulk b;
    json_t *v = NULL;
    int rc = -EAGAIN;

    if (name && find_bulk(text, len, name, &b) && ident_word(stand_in, STAND_IN_LEN) == 0)
        rc = parse_rest(text, len, &b, stand_in, &v);
    if (rc == 0)
        rc = put_back(v, name, &b, stand_in);
    if (rc == 0) {
        *out = v;
        return 0;
    }
    /* also for its words about what is wrong */
    json_decref(v);
    return json_text_parse(text, len, true, out, err);
}
