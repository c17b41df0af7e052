#include "rules.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "time_text.h"

#include "banned.h"

#define PATTERNS_MAX 64
#define AT_MAX 256

struct pattern {
    const char *text;
    regex_t re;
};

struct rules {
    bool lenient, late_content; /* set once */
    pthread_mutex_t lock;
    size_t n;                              /* guarded by lock */
    struct pattern patterns[PATTERNS_MAX]; /* those below n never change */
};

int rules_new(bool lenient, bool late_content, struct rules **out)
{
    struct rules *r = calloc(1, sizeof(*r));

    if (!r)
        return -ENOMEM;
    r->lenient = lenient;
    r->late_content = late_content;
    pthread_mutex_init(&r->lock, NULL);
    *out = r;
    return 0;
}

void rules_free(struct rules *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++)
        regfree(&r->patterns[i].re);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static const regex_t *find_pattern(struct rules *r, const char *text)
{
    const regex_t *found = NULL;

    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->n && !found; i++)
        if (r->patterns[i].text == text)
            found = &r->patterns[i].re;
    if (!found && r->n < PATTERNS_MAX &&
        regcomp(&r->patterns[r->n].re, text, REG_EXTENDED | REG_NOSUB) == 0) {
        r->patterns[r->n].text = text;
        found = &r->patterns[r->n++].re;
    }
    pthread_mutex_unlock(&r->lock);
    return found;
}

static bool matches(struct rules *r, const char *pattern, const char *text)
{
    const regex_t *re = find_pattern(r, pattern);

    return re ? regexec(re, text, 0, NULL, 0) == 0 : schema_pattern_ok(pattern, text);
}

/* --- base64 ---------------------------------------------------------------------------------- */

#define L 1 /* a letter of base64 */
#define B 2 /* a blank */

/* clang-format off */
static const unsigned char classes[256] = { /* by ASCII, 16 a row; '=' is neither */
    0, 0, 0, 0, 0, 0, 0, 0, 0, B, B, 0, 0, B, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    B, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, L, 0, 0, 0, L,
    L, L, L, L, L, L, L, L, L, L, 0, 0, 0, 0, 0, 0,
    0, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, 0, 0, 0, 0, 0,
    0, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, 0, 0, 0, 0, 0,
};
/* clang-format on */

bool base64_is_tidy(const char *text, size_t len)
{
    unsigned all = L;
    size_t n = len;

    while (n > 0 && len - n < 2 && text[n - 1] == '=')
        n--;
    for (size_t i = 0; i < n; i++)
        all &= classes[(unsigned char)text[i]];
    return all == L && n > 0 && len % 4 == 0;
}

int64_t base64_tidy(char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        if (classes[(unsigned char)text[i]] != B)
            text[n++] = text[i];
    return base64_is_tidy(text, n) ? (int64_t)n : -EINVAL;
}

static bool base64_ok(const char *text, size_t len)
{
    cleanup_free char *copy = NULL;

    if (base64_is_tidy(text, len))
        return true;
    copy = malloc(len + 1);
    if (!copy)
        return false;
    memcpy(copy, text, len);
    return base64_tidy(copy, len) > 0;
}

/* --- Values ---------------------------------------------------------------------------------- */

static size_t characters(const char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

static int check_limits(const struct schema *s, double n, const char *what, const char *at,
                        struct failure *err)
{
    if ((s->limits & LIMIT_MIN) && n < (double)s->min)
        return fail(err, -EINVAL, 400, "%s: %s at least %lld", at, what, (long long)s->min);
    if ((s->limits & LIMIT_MAX) && n > (double)s->max)
        return fail(err, -EINVAL, 400, "%s: %s at most %lld", at, what, (long long)s->max);
    return 0;
}

static bool one_of(const char *const *enums, const char *text)
{
    for (; *enums; enums++)
        if (strcmp(*enums, text) == 0)
            return true;
    return false;
}

static int check_text(struct rules *r, const struct schema *s, const char *text, size_t len,
                      const char *at, struct failure *err)
{
    struct time_text t;
    bool may_break = s->limits && !(len >= 1 && s->min <= 1 && (int64_t)len <= s->max);
    int rc = may_break
                 ? check_limits(s, (double)characters(text, len), "its characters must be", at, err)
                 : 0;

    if (rc < 0)
        return rc;
    if ((s->enums || s->pattern) && strlen(text) != len)
        return fail(err, -EINVAL, 400, "%s: has a NUL", at);
    if (s->enums && !one_of(s->enums, text))
        return fail(err, -EINVAL, 400, "%s: is not one of its values", at);
    if (s->time && time_text_parse(text, len, &t) < 0)
        return fail(err, -EINVAL, 400, "%s: is not a time", at);
    if (s->pattern && !(s->time && r->lenient) && !matches(r, s->pattern, text))
        return fail(err, -EINVAL, 400, "%s: does not match %s", at, s->pattern);
    if (s->base64 && !r->lenient && !base64_ok(text, len))
        return fail(err, -EINVAL, 400, "%s: is not base64", at);
    return 0;
}

static int check_integer(const struct schema *s, json_t *v, const char *at, struct failure *err)
{
    if (s->ints) {
        for (const int *n = s->ints; *n != INTS_END; n++)
            if (json_number_value(v) == *n)
                return 0;
        return fail(err, -EINVAL, 400, "%s: is not one of its values", at);
    }
    return check_limits(s, json_number_value(v), "must be", at, err);
}

static bool is_integer(json_t *v)
{
    double n = json_number_value(v);

    return json_is_integer(v) ||
           (json_is_real(v) && n > -1e15 && n < 1e15 && n == (double)(long long)n);
}

static bool type_ok(const struct schema *s, json_t *v)
{
    switch (s->type) {
    case V_STRING:
        return json_is_string(v);
    case V_INTEGER:
        return is_integer(v);
    case V_NUMBER:
        return json_is_number(v);
    case V_BOOLEAN:
        return json_is_boolean(v);
    case V_OBJECT:
        return json_is_object(v);
    case V_ARRAY:
        return json_is_array(v);
    }
    return false;
}

static const char *type_name(const struct schema *s)
{
    static const char *const names[] = { "a string",  "an integer", "a number",
                                         "a boolean", "an object",  "an array" };

    return names[s->type];
}

static const struct member *find_member(const struct schema *s, const char *name)
{
    for (const struct member *m = s->members; m && m->name; m++)
        if (strcmp(m->name, name) == 0)
            return m;
    return NULL;
}

/* What a member of an object must be; NULL: anything. */
static const struct schema *member_schema(const struct schema *s, const char *name)
{
    const struct member *m = find_member(s, name);

    return m ? m->schema : s->values;
}

/* How much there is in it. */
static int check_size(const struct schema *s, json_t *v, const char *at, struct failure *err)
{
    if (s->most_bytes && json_dumpb(v, NULL, 0, JSON_COMPACT) > (size_t)s->most_bytes)
        return fail(err, -EINVAL, 400, "%s: its JSON must be at most %lld bytes", at,
                    (long long)s->most_bytes);
    return check_limits(s, (double)json_object_size(v), "its members must be", at, err);
}

static int check_object(struct rules *r, const struct schema *s, json_t *v, const char *at,
                        struct failure *err)
{
    int rc = check_size(s, v, at, err);
    const char *name;
    json_t *value;

    if (rc < 0)
        return rc;
    for (const struct member *m = s->members; m && m->name; m++)
        if (m->required && !json_object_get(v, m->name))
            return fail(err, -EINVAL, 400, "%s.%s: is missing", at, m->name);
    json_object_foreach(v, name, value) {
        const struct schema *of = member_schema(s, name);
        char below[AT_MAX];

        snprintf(below, sizeof(below), "%s.%s", at, name);
        if (s->names && !find_member(s, name) && !matches(r, s->names, name))
            return fail(err, -EINVAL, 400, "%s: its name does not match %s", below, s->names);
        if (!of && s->closed)
            return fail(err, -EINVAL, 400, "%s: is unknown", below);
        rc = of ? rules_check(r, of, value, below, err) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Few are looked at: those of a fieldConfig's enum. */
static bool has_twice(json_t *list, json_t *item, size_t before)
{
    for (size_t i = 0; i < before; i++)
        if (json_equal(json_array_get(list, i), item))
            return true;
    return false;
}

static int check_array(struct rules *r, const struct schema *s, json_t *v, const char *at,
                       struct failure *err)
{
    int rc = check_limits(s, (double)json_array_size(v), "its items must be", at, err);
    json_t *item;
    size_t i;

    if (rc < 0)
        return rc;
    json_array_foreach(v, i, item) {
        char below[AT_MAX];

        snprintf(below, sizeof(below), "%s[%zu]", at, i);
        rc = rules_check(r, s->items, item, below, err);
        if (rc == 0 && s->different && has_twice(v, item, i))
            rc = fail(err, -EINVAL, 400, "%s: stands there twice", below);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static const struct schema *fitting(struct rules *r, const struct schema *s, json_t *v,
                                    const char *at, struct failure *err)
{
    for (const struct schema *const *any = s->any_of; *any; any++)
        if (rules_check(r, *any, v, at, err) == 0)
            return *any;
    return NULL;
}

int rules_check(struct rules *r, const struct schema *s, json_t *v, const char *at,
                struct failure *err)
{
    if (s->nullable && json_is_null(v))
        return 0;
    if (s->any_of)
        return fitting(r, s, v, at, err) ? 0 : -EINVAL;
    if (!type_ok(s, v))
        return fail(err, -EINVAL, 400, "%s: must be %s", at, type_name(s));
    switch (s->type) {
    case V_STRING:
        return check_text(r, s, json_string_value(v), json_string_length(v), at, err);
    case V_INTEGER:
        return check_integer(s, v, at, err);
    case V_NUMBER:
        return check_limits(s, json_number_value(v), "must be", at, err);
    case V_OBJECT:
        return check_object(r, s, v, at, err);
    case V_ARRAY:
        return check_array(r, s, v, at, err);
    case V_BOOLEAN:
        break;
    }
    return 0;
}

int rules_check_text(struct rules *r, const struct schema *s, const char *text, const char *at,
                     struct failure *err)
{
    return check_text(r, s, text, strlen(text), at, err);
}

static bool comes_later(const struct rules *r, const struct resource *res, const struct field *f)
{
    return r->late_content && res->type_field &&
           ((f->flags & F_BY_ID) || strcmp(f->name, res->type_field) == 0);
}

int rules_check_body(struct rules *r, const struct resource *res, bool patch, json_t *body,
                     struct failure *err)
{
    unsigned needs = patch ? F_PATCH_NEEDS : F_POST_NEEDS, may = patch ? F_IN_PATCH : F_IN_POST;
    const char *name;
    json_t *value;

    if (!json_is_object(body))
        return fail(err, -EINVAL, 400, "the body must be an object");
    for (const struct field *f = res->fields; f->name; f++)
        if ((f->flags & needs) && !json_object_get(body, f->name) && !comes_later(r, res, f))
            return fail(err, -EINVAL, 400, "%s: is missing", f->name);
    if (patch && json_object_size(body) == 0 && !(res->flags & R_PATCH_EMPTY))
        return fail(err, -EINVAL, 400, "the body must have at least one field");
    json_object_foreach(body, name, value) {
        const struct field *f = resource_field(res, name);
        int rc;

        if (f && (f->flags & may))
            rc = rules_check(r, patch && f->patch ? f->patch : f->schema, value, name, err);
        else if (!patch && (res->flags & R_POST_OPEN))
            rc = 0;
        else
            rc = fail(err, -EINVAL, 400, "%s: is unknown here", name);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --- References ------------------------------------------------------------------------------ */

int rules_each_reference(struct rules *r, const struct schema *s, json_t *v, const char *at,
                         int (*each)(void *arg, enum resource_kind kind, const char *id,
                                     const char *at),
                         void *arg)
{
    const char *name;
    json_t *value;
    size_t i;
    int rc = 0;

    if (s->any_of)
        s = fitting(r, s, v, at, NULL);
    if (!s || json_is_null(v))
        return 0;
    if (s->refers != RES_NONE && json_is_string(v))
        return each(arg, s->refers, json_string_value(v), at);
    if (s->items)
        json_array_foreach(v, i, value) {
            rc = rules_each_reference(r, s->items, value, at, each, arg);
            if (rc != 0)
                return rc;
        }
    if (s->type == V_OBJECT)
        json_object_foreach(v, name, value) {
            const struct schema *of = member_schema(s, name);

            rc = of ? rules_each_reference(r, of, value, at, each, arg) : 0;
            if (rc != 0)
                return rc;
        }
    return 0;
}
