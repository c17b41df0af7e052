#include "sample.h"

#include <stdio.h>
#include <string.h>

#include "array.h"
#include "clock.h"
#include "ident.h"

#include "banned.h"

#define ID_START "^las:"
#define OTHER_START "/)las:" /* behind an organization that need not be there */

/* Where the word of a pattern of ids is; NULL: it is of something else. */
static const char *word_of_ids(const char *pattern)
{
    const char *other = strstr(pattern, OTHER_START);

    if (strncmp(pattern, ID_START, strlen(ID_START)) == 0)
        return pattern + strlen(ID_START);
    return other ? other + strlen(OTHER_START) : NULL;
}

/* A new id for a pattern such as ^las:consent:[a-f0-9]{32}$ */
static json_t *sample_id(const char *word)
{
    const char *end = strchr(word, ':');
    char copy[64], id[ID_MAX];

    snprintf(copy, sizeof(copy), "%.*s", end ? (int)(end - word) : 0, word);
    return ident_new(copy, id) == 0 ? json_string(id) : NULL;
}

static json_t *sample_text(const struct schema *s)
{
    static const char *const tries[] = { "sandbox", "https://localhost/", "sandbox@example.com" };
    char now[TIME_TEXT_MAX];

    if (s->enums)
        return json_string(s->enums[0]);
    if (s->time) {
        stamp_format(clock_realtime_ns(clock_real()) / 1000, now);
        return json_string(now);
    }
    if (s->base64)
        return json_string("c2FuZGJveAo=");
    if (s->pattern && word_of_ids(s->pattern))
        return sample_id(word_of_ids(s->pattern));
    for (size_t i = 0; s->pattern && i < ARRAY_LEN(tries); i++)
        if (schema_pattern_ok(s->pattern, tries[i]))
            return json_string(tries[i]);
    return json_string(tries[0]);
}

static json_t *sample_object(const struct schema *s)
{
    json_t *v = json_object();

    for (const struct member *m = s->members; v && m && m->name; m++)
        if (m->required && json_object_set_new(v, m->name, sample_of(m->schema)) < 0) {
            json_decref(v);
            v = NULL;
        }
    return v;
}

json_t *sample_of(const struct schema *s)
{
    if (s->any_of)
        s = s->any_of[0];
    switch (s->type) {
    case V_STRING:
        return sample_text(s);
    case V_INTEGER:
    case V_NUMBER:
        return json_integer(s->ints ? s->ints[0] : (s->limits & LIMIT_MIN) ? s->min : 0);
    case V_BOOLEAN:
        return json_false();
    case V_OBJECT:
        return sample_object(s);
    case V_ARRAY:
        return json_array();
    }
    return NULL;
}
