#include "json_text.h"

#include <errno.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_bounds.h"
#include "utf8.h"

#include "banned.h"

#define INDENT 2
#define REAL_MAX 40
#define TELLING_MIN 4
#define MARK "\xef\xbb\xbf" /* that some editors put before UTF-8 */

int json_text_parse(const char *text, size_t len, bool strict, json_t **out, struct failure *err)
{
    size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL | (strict ? JSON_REJECT_DUPLICATES : 0);
    size_t mark = len >= strlen(MARK) && memcmp(text, MARK, strlen(MARK)) == 0 ? strlen(MARK) : 0;
    json_error_t why;
    json_t *v;

    if (json_bounds_check(text, len, err) < 0)
        return -EINVAL;
    why.text[0] = '\0';
    v = json_loadb(text + mark, len - mark, flags, &why);
    if (v) {
        *out = v;
        return 0;
    }
    /* jansson leaves the text empty in most places where memory ran out */
    if (!why.text[0] || json_error_code(&why) == json_error_out_of_memory)
        return fail(err, -ENOMEM, 0, "out of memory");
    return fail(err, -EINVAL, 0, "not JSON: line %d: %s", why.line, why.text);
}

static int write_string(const char *text, size_t len, struct buf *out)
{
    static const char named[] = "\b\f\n\r\t", letters[] = "bfnrt";
    size_t from = 0;
    int rc = buf_addc(out, '"');

    for (size_t i = 0; i < len && rc == 0; i++) {
        unsigned char c = (unsigned char)text[i];
        const char *hit;

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        rc = buf_add(out, text + from, i - from);
        from = i + 1;
        hit = c ? strchr(named, c) : NULL;
        if (rc == 0 && c >= 0x20)
            rc = buf_addf(out, "\\%c", c);
        else if (rc == 0 && hit)
            rc = buf_addf(out, "\\%c", letters[hit - named]);
        else if (rc == 0)
            rc = buf_addf(out, "\\u%04x", c);
    }
    if (rc == 0)
        rc = buf_add(out, text + from, len - from);
    return rc < 0 ? rc : buf_addc(out, '"');
}

/* The shortest of the texts that give the same number back. */
static int write_real(double value, struct buf *out)
{
    const char point = localeconv()->decimal_point[0];
    char text[REAL_MAX];
    char *at;

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    at = strchr(text, point);
    if (at)
        *at = '.';
    if (!strpbrk(text, ".eE"))
        return buf_addf(out, "%s.0", text);
    return buf_adds(out, text);
}

static int write_break(bool pretty, size_t depth, struct buf *out)
{
    size_t old = out->len;
    int rc;

    if (!pretty)
        return 0;
    rc = buf_resize(out, old + 1 + depth * INDENT);
    if (rc < 0)
        return rc;
    memset(out->data + old, ' ', out->len - old);
    out->data[old] = '\n';
    return 0;
}

static int write_scalar(const json_t *v, struct buf *out)
{
    switch (json_typeof(v)) {
    case JSON_STRING:
        return write_string(json_string_value(v), json_string_length(v), out);
    case JSON_INTEGER:
        return buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    case JSON_REAL:
        return write_real(json_real_value(v), out);
    case JSON_TRUE:
        return buf_adds(out, "true");
    case JSON_FALSE:
        return buf_adds(out, "false");
    case JSON_NULL:
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    return buf_adds(out, "null");
}

static int write_separator(bool first, bool pretty, size_t depth, struct buf *out)
{
    int rc = first ? 0 : buf_adds(out, pretty ? "," : ", ");

    return rc < 0 ? rc : write_break(pretty, depth, out);
}

static int write_key(void *at, struct buf *out)
{
    int rc = write_string(json_object_iter_key(at), json_object_iter_key_len(at), out);

    return rc < 0 ? rc : buf_adds(out, ": ");
}

/* Recurses, as deep as json_text_parse() lets a tree be; so do the two below. */
static int write_value(json_t *v, bool pretty, size_t depth, struct buf *out)
{
    bool object = json_is_object(v);
    size_t n = object ? json_object_size(v) : json_array_size(v);
    void *at = json_object_iter(v);
    int rc;

    if (!object && !json_is_array(v))
        return write_scalar(v, out);
    rc = buf_addc(out, object ? '{' : '[');
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = write_separator(i == 0, pretty, depth + 1, out);
        if (rc == 0 && object)
            rc = write_key(at, out);
        if (rc == 0)
            rc = write_value(object ? json_object_iter_value(at) : json_array_get(v, i), pretty,
                             depth + 1, out);
        at = object ? json_object_iter_next(v, at) : NULL;
    }
    if (rc == 0 && n)
        rc = write_break(pretty, depth, out);
    return rc < 0 ? rc : buf_addc(out, object ? '}' : ']');
}

int json_text_write(json_t *v, bool pretty, struct buf *out)
{
    size_t old = out->len;
    int rc = write_value(v, pretty, 0, out);

    if (rc < 0 && out->len > old)
        buf_resize(out, old);
    return rc;
}

bool json_text_utf8_ok(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = utf8_length(text + i, len - i);

        if (!n)
            return false;
        i += n;
    }
    return true;
}

void json_text_wipe(json_t *v)
{
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_string(v)) {
        explicit_bzero((void *)(uintptr_t)json_string_value(v), json_string_length(v));
        return;
    }
    json_array_foreach(v, i, item)
        json_text_wipe(item);
    json_object_foreach(v, key, item)
        json_text_wipe(item);
}

bool json_text_tells(json_t *v, const char *text)
{
    const char *name;
    json_t *item;
    size_t i;

    if (json_is_string(v))
        return json_string_length(v) >= TELLING_MIN && strstr(text, json_string_value(v));
    json_array_foreach(v, i, item)
        if (json_text_tells(item, text))
            return true;
    json_object_foreach(v, name, item)
        if (json_text_tells(item, text))
            return true;
    return false;
}
