/*
 * The table of the API: is it sound in itself, and does it say what the description says?
 * API_FACTS names the file of facts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"
#include "buf.h"
#include "file.h"
#include "number.h"
#include "resources.h"

#include "banned.h"

#define FACTS_MAX ((size_t)4 << 20)
#define COLUMNS 12
#define NAME_MAX_LEN 128

#ifndef API_FACTS
#define API_FACTS "tests/data/api-facts.tsv"
#endif

/* --- Facts ----------------------------------------------------------------------------------- */

struct fact {
    const char *what, *verb, *path, *place, *type, *required, *nullable, *min, *max, *pattern,
        *enums, *closed;
};

struct facts {
    char *text;
    struct fact *rows;
    size_t n;
};

static void split_row(char *line, struct fact *out)
{
    const char **columns[COLUMNS] = { &out->what, &out->verb,     &out->path,     &out->place,
                                      &out->type, &out->required, &out->nullable, &out->min,
                                      &out->max,  &out->pattern,  &out->enums,    &out->closed };

    for (size_t i = 0; i < COLUMNS; i++) {
        *columns[i] = line;
        line = strchr(line, '\t');
        if (i + 1 < COLUMNS) {
            assert_non_null(line);
            *line++ = '\0';
        } else {
            assert_null(line);
        }
    }
}

static int load_facts(void **state)
{
    static struct facts facts;
    struct buf b = BUF_INIT(FACTS_MAX);
    char *save = NULL;

    assert_int_equal(file_read(API_FACTS, &b), 0);
    facts.text = buf_take(&b);
    strtok_r(facts.text, "\n", &save); /* the columns' names */
    for (char *line = strtok_r(NULL, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        struct fact *more = realloc(facts.rows, (facts.n + 1) * sizeof(*more));

        assert_non_null(more);
        facts.rows = more;
        split_row(line, &facts.rows[facts.n++]);
    }
    assert_true(facts.n > 1000);
    *state = &facts;
    return 0;
}

static int drop_facts(void **state)
{
    struct facts *facts = *state;

    free(facts->rows);
    free(facts->text);
    return 0;
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* --- From a fact to the table ---------------------------------------------------------------- */

struct place {
    const struct resource *res;
    unsigned verb; /* one of CAN_* */
};

/* The path of a row's list: what stands before its own id. */
static void list_path(const struct resource *res, char out[NAME_MAX_LEN])
{
    char *last;

    snprintf(out, NAME_MAX_LEN, "/%s", res->path);
    last = strrchr(out, '/');
    if (!(res->flags & R_COMMAND))
        *last = '\0';
}

static unsigned verb_bit(const char *verb, bool of_item)
{
    if (is(verb, "GET"))
        return of_item ? CAN_GET : CAN_LIST;
    if (is(verb, "DELETE"))
        return of_item ? CAN_DELETE : CAN_DELETE_MANY;
    if (is(verb, "POST"))
        return of_item ? 0 : CAN_POST;
    return is(verb, "PATCH") && of_item ? CAN_PATCH : 0;
}

/* How many rows have that endpoint; the last of them. */
static int find_places(const struct fact *f, struct place *out)
{
    char path[NAME_MAX_LEN];
    int n = 0;

    for (int k = RES_NONE + 1; k < RES_COUNT; k++) {
        const struct resource *res = resource_get((enum resource_kind)k);
        unsigned bit = 0;

        list_path(res, path);
        if (is(path, f->path))
            bit = verb_bit(f->verb, false);
        else if (is(res->path, f->path + 1))
            bit = verb_bit(f->verb, true);
        if (bit && (res->can & bit)) {
            *out = (struct place){ res, bit };
            n++;
        }
    }
    return n;
}

/* A fact's place, "groundTruth[].label", cut at its first part. */
static void first_part(const char *place, char out[NAME_MAX_LEN])
{
    snprintf(out, NAME_MAX_LEN, "%.*s", (int)strcspn(place, ".[|"), place);
}

static const struct schema *member_of(const struct schema *s, const char *name, bool *required)
{
    for (const struct member *m = s->members; m && m->name; m++)
        if (is(m->name, name)) {
            *required = m->required;
            return m->schema;
        }
    return is(name, "*") ? s->values : NULL;
}

/* What the table says of the rest of a place; NULL: nothing. */
static const struct schema *schema_at(const struct schema *s, const char *rest, bool *required)
{
    while (s && *rest) {
        char name[NAME_MAX_LEN];
        size_t n;

        *required = false;
        if (strncmp(rest, "[]", 2) == 0) {
            s = s->items;
            rest += 2;
        } else if (*rest == '|') {
            n = (size_t)(rest[1] - '1');
            for (size_t i = 0; s->any_of && i <= n; i++)
                if (!s->any_of[i])
                    return NULL;
            s = s->any_of ? s->any_of[n] : NULL;
            rest += 2;
        } else {
            first_part(rest + 1, name);
            s = member_of(s, name, required);
            rest += 1 + strlen(name);
        }
    }
    return s;
}

static const char *type_name(const struct schema *s)
{
    static const char *const names[] = {
        "string", "integer", "number", "boolean", "object", "array"
    };

    return s->any_of ? "any" : names[s->type];
}

static void join_values(const struct schema *s, char out[256])
{
    size_t len = 0;

    snprintf(out, 256, "-");
    for (const char *const *e = s->enums; e && *e; e++)
        len += (size_t)snprintf(out + len, 256 - len, "%s%s", len ? "," : "", *e);
    for (const int *i = s->ints; i && *i; i++)
        len += (size_t)snprintf(out + len, 256 - len, "%s%d", len ? "," : "", *i);
}

static void limit_text(const struct schema *s, unsigned which, char out[32])
{
    if (s->limits & which)
        snprintf(out, 32, "%lld", (long long)(which == LIMIT_MIN ? s->min : s->max));
    else
        snprintf(out, 32, "-");
}

/* --- Where the table knows better than the description ---------------------------------------- */

static const struct exception {
    const char *what, *verb, *path, *place;
} exceptions[] = {
    /* the description has no largest content here, the service does */
    { "request", "PATCH", "/assets/{assetId}", "content" },
    /* alternatives for the whole body, of which the table says the sum */
    { "request", "PATCH", "/transitions/{transitionId}/executions/{executionId}", "status" },
    { "request", "PATCH", "/transitions/{transitionId}/executions/{executionId}", ".|1" },
    { "request", "PATCH", "/transitions/{transitionId}/executions/{executionId}", ".|1.status" },
    { "request", "PATCH", "/transitions/{transitionId}/executions/{executionId}", ".|2" },
    { "request", "PATCH", "/transitions/{transitionId}/executions/{executionId}", ".|2.status" },
};

/* Ids of transitions are one pattern here and two alternatives there. */
static bool is_either_pattern(const char *place)
{
    size_t len = strlen(place);

    return len > 2 && place[len - 2] == '|' &&
           (strstr(place, "ransitionId|") || strstr(place, "nextTransitionId|"));
}

static bool is_exception(const struct fact *f)
{
    for (size_t i = 0; i < ARRAY_LEN(exceptions); i++)
        if (is(exceptions[i].what, f->what) && is(exceptions[i].verb, f->verb) &&
            is(exceptions[i].path, f->path) && is(exceptions[i].place, f->place))
            return true;
    return is_either_pattern(f->place);
}

/* What readers take besides what the description promises; and what stands inside others. */
static const struct {
    enum resource_kind kind;
    const char *field;
} only_here[] = {
    { RES_TRANSITIONS, "environment" },
    { RES_TRANSITIONS, "environmentSecrets" },
};

/* --- Comparing ------------------------------------------------------------------------------- */

static void check_value(const struct fact *f, const struct schema *s)
{
    char values[256], low[32], high[32];

    if (s->refers == RES_TRANSITIONS) {
        assert_string_equal(f->type, "any");
        return;
    }
    assert_string_equal(type_name(s), f->type);
    join_values(s, values);
    assert_string_equal(values, f->enums);
    limit_text(s, LIMIT_MIN, low);
    limit_text(s, LIMIT_MAX, high);
    assert_string_equal(low, f->min);
    assert_string_equal(high, f->max);
    assert_string_equal(s->pattern ? s->pattern : "-", f->pattern);
    if (is(f->type, "object"))
        assert_string_equal(s->closed ? "yes" : "no", f->closed);
}

static void check_request_body(const struct fact *f, const struct place *p)
{
    bool open = p->verb == CAN_POST ? (p->res->flags & R_POST_OPEN) != 0 : false;
    bool empty = (p->res->flags & R_PATCH_EMPTY) != 0;

    assert_string_equal(f->closed, open ? "no" : "yes");
    /* a PATCH of an execution says nothing of its own size, but has no use empty */
    if (p->verb == CAN_PATCH && !strstr(f->path, "executions/"))
        assert_string_equal(f->min, empty ? "-" : "1");
}

static void check_request(const struct fact *f, const struct place *p)
{
    unsigned may = p->verb == CAN_POST ? F_IN_POST : F_IN_PATCH;
    unsigned needs = p->verb == CAN_POST ? F_POST_NEEDS : F_PATCH_NEEDS;
    char name[NAME_MAX_LEN];
    const struct field *field;
    const struct schema *s;
    bool required;

    if (is(f->place, ".")) {
        check_request_body(f, p);
        return;
    }
    first_part(f->place, name);
    field = resource_field(p->res, name);
    assert_non_null(field);
    assert_true(field->flags & may);
    required = (field->flags & needs) != 0;
    s = schema_at(field->schema, f->place + strlen(name), &required);
    assert_non_null(s);
    assert_string_equal(required ? "yes" : "no", f->required);
    assert_string_equal(s->nullable ? "yes" : "no", f->nullable);
    check_value(f, s);
}

/* A list's answer: its array, its token, its echoes. */
static const char *check_list(const struct fact *f, const struct place *p)
{
    const struct resource *above = resource_get(p->res->parent);
    const struct filter *filter;
    char name[NAME_MAX_LEN];
    size_t key = strlen(p->res->list_key);

    if (strncmp(f->place, p->res->list_key, key) == 0 && strncmp(f->place + key, "[]", 2) == 0)
        return f->place[key + 2] == '.' ? f->place + key + 3 : NULL;
    first_part(f->place, name);
    filter = resource_filter(p->res, name);
    if (is(name, p->res->list_key) || is(name, "nextToken")) {
        assert_string_equal(f->required, "yes");
    } else if (is(name, "sortBy") || is(name, "order")) {
        assert_true(p->res->sorts & ECHOES_SORT);
    } else if (filter) {
        if (is(f->place, name))
            assert_true(filter->echo == (is(f->type, "array") ? ECHO_ARRAY : ECHO_STRING));
    } else {
        assert_true(p->res->sorts & ECHOES_PARENT);
        assert_string_equal(name, above->id_field);
    }
    return NULL;
}

static void check_answer(const struct fact *f, const struct place *p)
{
    const char *place = f->place;
    char name[NAME_MAX_LEN];
    const struct field *field;
    const struct schema *s;
    bool required;

    if (is(place, ".") || (p->res->flags & R_COMMAND))
        return;
    if (p->verb & (CAN_LIST | CAN_DELETE_MANY)) {
        place = check_list(f, p);
        if (!place)
            return;
    }
    first_part(place, name);
    field = resource_field(p->res, name);
    assert_non_null(field);
    assert_true(field->flags & F_READABLE);
    required = (field->flags & F_ANSWER) != 0;
    if (field->read_at || field->flags & F_BY_ID)
        return; /* inside another field; as it is sent, with limits of its own */
    if (is(place, name))
        assert_true(is(f->nullable, "no") || (field->flags & F_NULL));
    s = schema_at(field->answer ? field->answer : field->schema, place + strlen(name), &required);
    if (!s && !is_either_pattern(place) && is(f->type, "null"))
        return; /* a null among alternatives */
    if (s && is(f->type, "any") && s->nullable)
        return; /* the same, told the other way */
    if (!s)
        assert_true(is_either_pattern(place) || strstr(place, ".description|"));
    if (!s)
        return;
    assert_string_equal(required ? "yes" : "no", f->required);
    check_value(f, s);
}

static void check_query(const struct fact *f, const struct place *p)
{
    const struct resource *res = p->res;

    assert_true(p->verb & (CAN_LIST | CAN_DELETE_MANY));
    if (is(f->place, "nextToken") || is(f->place, "maxResults"))
        return;
    if (is(f->place, "sortBy"))
        assert_true(res->sorts & SORTS_BY);
    else if (is(f->place, "order"))
        assert_true(res->sorts & SORTS_ORDER);
    else
        assert_non_null(resource_filter(res, f->place));
}

static void resources_have_each_endpoint_once(void **state)
{
    const struct facts *facts = *state;
    int there = 0, here = 0;

    for (size_t i = 0; i < facts->n; i++) {
        struct place p;

        if (!is(facts->rows[i].what, "endpoint"))
            continue;
        print_message("%s %s\n", facts->rows[i].verb, facts->rows[i].path);
        assert_int_equal(find_places(&facts->rows[i], &p), 1);
        assert_string_equal(facts->rows[i].type, p.res->flags & R_COMMAND ? "204" : "200");
        there++;
    }
    for (int k = RES_NONE + 1; k < RES_COUNT; k++)
        here += __builtin_popcount(resource_get((enum resource_kind)k)->can);
    assert_int_equal(here, there);
}

static void check_facts(const struct facts *facts, const char *what,
                        void (*check)(const struct fact *f, const struct place *p))
{
    int n = 0;

    for (size_t i = 0; i < facts->n; i++) {
        const struct fact *f = &facts->rows[i];
        struct place p;

        if (!is(f->what, what) || is_exception(f))
            continue;
        print_message("%s %s %s %s\n", f->what, f->verb, f->path, f->place);
        assert_int_equal(find_places(f, &p), 1);
        check(f, &p);
        n++;
    }
    assert_true(n > 0);
}

static void resources_know_each_request_field(void **state)
{
    check_facts(*state, "request", check_request);
}

static void resources_know_each_answer_field(void **state)
{
    check_facts(*state, "answer", check_answer);
}

static void resources_know_each_query_parameter(void **state)
{
    check_facts(*state, "query", check_query);
}

/* Is there a fact about that field of that row's for one of those verbs? */
static bool is_described(const struct facts *facts, const struct resource *res, const char *what,
                         unsigned verbs, const char *field)
{
    for (size_t i = 0; i < facts->n; i++) {
        struct place p;

        if (is(facts->rows[i].what, what) && is(facts->rows[i].place, field) &&
            find_places(&facts->rows[i], &p) == 1 && p.res == res && (p.verb & verbs))
            return true;
    }
    return false;
}

static bool is_only_here(const struct resource *res, const struct field *f)
{
    for (size_t i = 0; i < ARRAY_LEN(only_here); i++)
        if (only_here[i].kind == res->kind && is(only_here[i].field, f->name))
            return true;
    return false;
}

static void check_field_is_described(const struct facts *facts, const struct resource *res,
                                     const struct field *f)
{
    char item[NAME_MAX_LEN];

    print_message("%s %s\n", res->path, f->name);
    if (f->flags & F_IN_POST)
        assert_true(is_described(facts, res, "request", CAN_POST, f->name));
    if (f->flags & F_IN_PATCH)
        assert_true(is_described(facts, res, "request", CAN_PATCH, f->name));
    if (!(f->flags & F_READABLE) || is_only_here(res, f))
        return;
    snprintf(item, sizeof(item), "%s[].%s", res->list_key ? res->list_key : "", f->name);
    assert_true(is_described(facts, res, "answer", CAN_POST | CAN_GET | CAN_PATCH, f->name) ||
                is_described(facts, res, "answer", CAN_LIST, item));
}

static void check_list_is_described(const struct facts *facts, const struct resource *res)
{
    const struct resource *above = resource_get(res->parent);

    print_message("%s\n", res->path);
    for (const struct filter *f = res->filters; f && f->name; f++) {
        assert_true(is_described(facts, res, "query", CAN_LIST, f->name));
        assert_int_equal(is_described(facts, res, "answer", CAN_LIST, f->name),
                         f->echo != ECHO_NONE);
    }
    assert_int_equal(is_described(facts, res, "query", CAN_LIST, "sortBy"),
                     (res->sorts & SORTS_BY) != 0);
    assert_int_equal(is_described(facts, res, "query", CAN_LIST, "order"),
                     (res->sorts & SORTS_ORDER) != 0);
    assert_int_equal(is_described(facts, res, "answer", CAN_LIST, "order"),
                     (res->sorts & ECHOES_SORT) != 0);
    if (above)
        assert_int_equal(is_described(facts, res, "answer", CAN_LIST, above->id_field),
                         (res->sorts & ECHOES_PARENT) != 0);
}

static void resources_invent_nothing(void **state)
{
    for (int k = RES_NONE + 1; k < RES_COUNT; k++) {
        const struct resource *res = resource_get((enum resource_kind)k);

        for (const struct field *f = res->fields; f->name; f++)
            check_field_is_described(*state, res, f);
        check_list_is_described(*state, res);
    }
}

/* --- The table in itself --------------------------------------------------------------------- */

static void lint_schema(const struct schema *s, int depth)
{
    assert_true(depth < 10);
    if (s->limits == (LIMIT_MIN | LIMIT_MAX))
        assert_true(s->min <= s->max);
    if (s->enums)
        assert_non_null(s->enums[0]);
    if (s->ints)
        assert_int_not_equal(s->ints[0], 0);
    if (s->pattern || s->base64 || s->time || s->refers)
        assert_int_equal(s->type, V_STRING);
    if (s->pattern)
        assert_false(schema_pattern_ok(s->pattern, "\x01"));
    assert_true(!s->items || s->type == V_ARRAY);
    assert_true(s->any_of || s->type != V_ARRAY || s->items);
    assert_true(!(s->members || s->values || s->closed) || s->type == V_OBJECT);
    for (const struct member *m = s->members; m && m->name; m++) {
        for (const struct member *other = s->members; other < m; other++)
            assert_string_not_equal(other->name, m->name);
        lint_schema(m->schema, depth + 1);
    }
    if (s->items)
        lint_schema(s->items, depth + 1);
    if (s->values)
        lint_schema(s->values, depth + 1);
    for (const struct schema *const *any = s->any_of; any && *any; any++)
        lint_schema(*any, depth + 1);
}

static bool has_word(const char *const *words, const char *word)
{
    for (; words && *words; words++)
        if (is(*words, word))
            return true;
    return false;
}

static void lint_state(const struct resource *res)
{
    const struct field *f = res->state_field ? resource_field(res, res->state_field) : NULL;

    assert_int_equal(res->state_field != NULL, res->passing != NULL);
    assert_int_equal(res->state_field != NULL, f != NULL);
    assert_true(!f || (f->flags & F_ANSWER));
}

static void lint_bare(const struct resource *res)
{
    char outer[NAME_MAX_LEN];
    const struct field *f;

    if (!res->bare)
        return;
    first_part(res->bare, outer);
    f = resource_field(res, outer);
    assert_non_null(f);
    assert_true(f->flags & F_IN_POST);
    if (strchr(res->bare, '.')) {
        const struct member *m = f->schema->members;

        while (m->name && !is(m->name, strchr(res->bare, '.') + 1))
            m++;
        assert_non_null(m->name);
    }
}

static void lint_field(const struct resource *res, const struct field *f)
{
    assert_non_null(f->schema);
    lint_schema(f->schema, 0);
    if (f->answer)
        lint_schema(f->answer, 0);
    for (const struct field *other = res->fields; other < f; other++)
        assert_string_not_equal(other->name, f->name);
    /* a field is read, or sent, or both */
    assert_true(f->flags & (F_READABLE | F_IN_POST | F_IN_PATCH));
    assert_false((f->flags & F_ANSWER) && (f->flags & F_MAYBE));
    assert_true(!(f->flags & (F_BY_ID | F_ONCE)) || (f->flags & F_MAYBE));
    assert_true(!(f->flags & F_NULL) || (f->flags & F_READABLE));
    assert_true(!(f->flags & F_AT_ONCE) || (f->flags & F_IN_PATCH));
    assert_true(!(f->flags & F_IN_POST) || (res->can & CAN_POST));
    assert_true(!(f->flags & F_IN_PATCH) || (res->can & CAN_PATCH));
    assert_true(!f->ending || f->schema->type == V_STRING);
    assert_true(!(f->flags & F_LINES) || f->schema->type == V_ARRAY);
    if (f->implies.field) {
        const struct field *implied = resource_field(res, f->implies.field);

        assert_non_null(implied);
        assert_true(implied->flags & F_IN_PATCH);
        assert_true(has_word(implied->schema->enums, f->implies.value));
    }
    if (f->read_at && strchr(f->read_at, '.')) {
        char outer[NAME_MAX_LEN];

        first_part(f->read_at, outer);
        assert_non_null(resource_field(res, outer));
    }
}

static void lint_id(const struct resource *res)
{
    const struct field *f = resource_field(res, res->id_field);
    char id[NAME_MAX_LEN], path_end[NAME_MAX_LEN];

    assert_non_null(f);
    assert_ptr_equal(f->schema, res->id);
    assert_int_equal(res->id->refers, res->kind);
    snprintf(id, sizeof(id), "las:%s:0123456789abcdef0123456789abcdef", res->id_type);
    assert_true(schema_pattern_ok(res->id->pattern, id));
    assert_true(resource_id_ok(res, id));
    assert_ptr_equal(resource_by_id(id), res);
    id[strlen(id) - 1] = '\0';
    assert_false(schema_pattern_ok(res->id->pattern, id));
    snprintf(path_end, sizeof(path_end), "/{%s}", res->id_field);
    assert_string_equal(res->path + strlen(res->path) - strlen(path_end), path_end);
}

/* What lists are filtered by is a field, unless the list stands under what it is. */
static void lint_filters(const struct resource *res)
{
    for (const struct filter *f = res->filters; f && f->name; f++) {
        const struct field *field = resource_field(res, f->name);

        assert_non_null(field);
        assert_true(field->flags & F_READABLE);
        assert_non_null(f->schema);
        lint_schema(f->schema, 0);
        assert_int_equal(f->schema->type, V_STRING);
    }
    assert_true(!res->filters || (res->can & CAN_LIST));
    assert_true(!res->sorts || (res->can & CAN_LIST));
}

static void lint_resource(const struct resource *res)
{
    assert_non_null(res->path);
    assert_non_null(res->fields);
    assert_ptr_equal(resource_by_name(res->parent, res->name), res);
    if (res->parent != RES_NONE) {
        const struct resource *above = resource_get(res->parent);

        assert_non_null(above);
        assert_int_equal(strncmp(res->path, above->path, strlen(above->path)), 0);
    }
    if (!(res->flags & R_COMMAND))
        lint_id(res);
    assert_int_equal(res->list_key != NULL, (res->can & CAN_LIST) != 0);
    if (res->made_field)
        assert_non_null(resource_field(res, res->made_field));
    if (res->changed_field)
        assert_non_null(resource_field(res, res->changed_field));
    assert_true(res->make_from == MAKE_NOT || (res->can & CAN_POST));
    lint_filters(res);
    lint_state(res);
    lint_bare(res);
    for (const struct field *f = res->fields; f->name; f++)
        lint_field(res, f);
}

static void resources_table_is_sound(void **state)
{
    (void)state;
    for (int k = RES_NONE + 1; k < RES_COUNT; k++) {
        const struct resource *res = resource_get((enum resource_kind)k);

        assert_non_null(res);
        print_message("%s\n", res->path);
        assert_int_equal(res->kind, k);
        for (int other = RES_NONE + 1; other < k; other++) {
            const struct resource *o = resource_get((enum resource_kind)other);

            assert_string_not_equal(o->path, res->path);
            assert_false(o->parent == res->parent && is(o->name, res->name));
            assert_true(!o->id_type || !res->id_type || !is(o->id_type, res->id_type));
        }
        lint_resource(res);
    }
}

static void resources_quotas_are_fields_of_the_organization(void **state)
{
    const struct resource *organization = resource_get(RES_ORGANIZATIONS);

    (void)state;
    for (const struct quota *q = resource_quotas; q->allowed; q++) {
        print_message("%s\n", q->allowed);
        assert_non_null(resource_field(organization, q->allowed));
        assert_non_null(resource_field(organization, q->created));
        assert_true(q->kind == RES_NONE || (resource_get(q->kind)->can & CAN_POST));
    }
}

static void resources_take_ids_that_are_looser_and_refuse_paths(void **state)
{
    static const struct {
        enum resource_kind kind;
        const char *id;
        bool ok;
    } cases[] = {
        { RES_MODELS, "las:model:0123456789abcdef0123456789abcdef", true },
        { RES_MODELS, "las:model:invoices-v2", true },
        { RES_MODELS, "las:document:0123456789abcdef0123456789abcdef", false },
        { RES_MODELS, "las:model:", false },
        { RES_MODELS, "las:model", false },
        { RES_MODELS, "", false },
        { RES_MODELS, "me", false },
        { RES_ORGANIZATIONS, "me", true },
        { RES_MODELS, "las:model:a/b", false },
        { RES_MODELS, "las:model:a\nb", false },
        { RES_MODELS, "las:model:a b", false },
        { RES_MODELS, "las:model:a?b", false },
        { RES_MODELS, "las:model:%2e", false },
        { RES_HEARTBEATS, "las:model:a", false },
        { RES_DATA_BUNDLES, "las:model-data-bundle:a", true },
        { RES_DATA_BUNDLES, "las:model:a", false },
        { RES_DOCUMENTS, "cradl:document:0123456789abcdef0123456789abcdef", true },
        { RES_DOCUMENTS, "cradl:dataset:0123456789abcdef0123456789abcdef", false },
        { RES_DOCUMENTS, "las:document:..", false },
        { RES_DOCUMENTS, "las:document:.", false },
        { RES_DOCUMENTS, "las:document:a..b", true },
        { RES_DOCUMENTS, "las:document:..:a", false },
        { RES_DOCUMENTS, "las:document:a:", false },
        { RES_DOCUMENTS, "las:document::a", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].id);
        assert_int_equal(resource_id_ok(resource_get(cases[i].kind), cases[i].id), cases[i].ok);
    }
    assert_true(consent_id_ok("las:consent:0123456789abcdef0123456789abcdef"));
    assert_false(consent_id_ok("las:consent:0123456789ABCDEF0123456789abcdef"));
    assert_false(consent_id_ok("las:consent:0123"));
}

static void ids_are_words_that_no_path_or_header_minds(void **state)
{
    static const char *const good[] = {
        "las:document:0123456789abcdef0123456789abcdef",
        "cradl:document:0123456789abcdef0123456789abcdef",
        "las:transition:commons-failed",
        "las:model:a-b_c.d",
        "las:plan:x:@latest",
        "las:lambda:a:b",
    };
    static const char *const bad[] = {
        "",
        ".",
        "..",
        "../x",
        "/",
        "me",
        "x",
        "las",
        "las:",
        "las::",
        "las:a",
        "las:a:",
        "las:..:a",
        "las:document:..",
        "las:document:.",
        "las:document:a/b",
        "las:document:a/../b",
        "las:organization:x/las:model:y",
        "las:document:a\r",
        "las:document:a\r\nHost: x",
        "las:document:a\n",
        "las:document:a\x7f",
        "las:document:a\x1b[2J",
        "las:document:a?b=c",
        "las:document:a#b",
        "las:document:%2e%2e",
        "las:document:a%2fb",
        "las:document:a b",
        "las:document:a\\b",
        "las:document:\xc3\xa4",
        "las:document:\xff",
        " las:document:a",
        "LAS:document:a",
        "las:document:a\"b",
        "las:document:<a>",
    };
    char long_one[5001] = "las:document:";

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        print_message("%s\n", good[i]);
        assert_true(id_ok(good[i]));
        assert_true(resource_id_answered(resource_get(RES_DOCUMENTS), good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        print_message("%s\n", bad[i]);
        assert_false(id_ok(bad[i]));
        assert_false(resource_id_answered(resource_get(RES_DOCUMENTS), bad[i], strlen(bad[i])));
    }
    memset(long_one + strlen(long_one), 'a', sizeof(long_one) - 1 - strlen(long_one));
    assert_false(id_ok(long_one));
    long_one[RESOURCE_ID_MAX + 1] = '\0';
    assert_false(id_ok(long_one));
    long_one[RESOURCE_ID_MAX] = '\0';
    assert_true(id_ok(long_one));
    assert_false(id_ok_n("las:document:a\0b", 16));
    assert_true(resource_id_answered(resource_get(RES_ORGANIZATIONS), "me", 2));
}

static void ids_are_whole_by_the_resource_s_own_form(void **state)
{
    static const struct {
        enum resource_kind kind;
        const char *id;
        bool whole;
    } cases[] = {
        { RES_DOCUMENTS, "las:document:0123456789abcdef0123456789abcdef", true },
        { RES_DOCUMENTS, "cradl:document:0123456789abcdef0123456789abcdef", true },
        { RES_DOCUMENTS, "las:document:0123456789abcdef0123456789abcdef.pdf", false },
        { RES_DOCUMENTS, "las:document:0123456789abcdef0123456789abcde", false },
        { RES_DOCUMENTS, "las:document:0123456789ABCDEF0123456789abcdef", false },
        { RES_DOCUMENTS, "las:dataset:0123456789abcdef0123456789abcdef", false },
        { RES_TRANSITIONS, "las:transition:commons-failed", true },
        { RES_TRANSITIONS, "las:transition:commons-failed.json", false },
        { RES_MODELS, "las:model:invoices", false },
        { RES_ORGANIZATIONS, "me", true },
        { RES_HEARTBEATS, "me", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].id);
        assert_int_equal(resource_id_is_whole(resource_get(cases[i].kind), cases[i].id),
                         cases[i].whole);
    }
}

static void what_is_no_id_is_shown_in_one_line(void **state)
{
    char shown[ID_SHOWN_MAX], long_one[5000];

    (void)state;
    id_show("../x", 4, shown);
    assert_string_equal(shown, "../x");
    id_show("a\r\n\0\\ \xff", 7, shown);
    assert_string_equal(shown, "a\\x0d\\x0a\\x00\\x5c\\x20\\xff");
    memset(long_one, '\n', sizeof(long_one));
    id_show(long_one, sizeof(long_one), shown);
    assert_true(strlen(shown) < ID_SHOWN_MAX);
    assert_non_null(strstr(shown, "..."));
}

static void resources_content_has_the_service_s_limit(void **state)
{
    (void)state;
    assert_int_equal(resource_content_max(resource_get(RES_DOCUMENTS)), 4687500);
    assert_int_equal(resource_content_max(resource_get(RES_ASSETS)), 4687500);
    assert_int_equal(resource_content_max(resource_get(RES_MODELS)), 0);
    assert_int_equal(resource_get(RES_DOCUMENTS)->url_max, 64 << 20);
    assert_null(resource_get(RES_ASSETS)->url_field);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resources_table_is_sound),
        cmocka_unit_test(resources_quotas_are_fields_of_the_organization),
        cmocka_unit_test(ids_are_words_that_no_path_or_header_minds),
        cmocka_unit_test(ids_are_whole_by_the_resource_s_own_form),
        cmocka_unit_test(what_is_no_id_is_shown_in_one_line),
        cmocka_unit_test(resources_take_ids_that_are_looser_and_refuse_paths),
        cmocka_unit_test(resources_content_has_the_service_s_limit),
        cmocka_unit_test(resources_have_each_endpoint_once),
        cmocka_unit_test(resources_know_each_request_field),
        cmocka_unit_test(resources_know_each_answer_field),
        cmocka_unit_test(resources_know_each_query_parameter),
        cmocka_unit_test(resources_invent_nothing),
    };

    return cmocka_run_group_tests(tests, load_facts, drop_facts);
}
