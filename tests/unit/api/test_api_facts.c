/*
 * Does the table of the API say what its descriptions say, of each generation by itself?
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
#include "generation.h"

#include "banned.h"

#define FACTS_MAX ((size_t)4 << 20)
#define COLUMNS 12
#define NAME_MAX_LEN 128

/* --- Facts ----------------------------------------------------------------------------------- */

struct fact {
    const char *what, *verb, *path, *place, *type, *required, *nullable, *min, *max, *pattern,
        *enums, *closed;
};

struct facts {
    char *text;
    struct fact *rows;
    size_t n;
    struct generation_table *table;
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

static int load_facts(void **state, const char *path, enum generation generation)
{
    static struct facts facts;
    struct buf b = BUF_INIT(FACTS_MAX);
    char *save = NULL;

    facts = (struct facts){ 0 };
    assert_int_equal(generation_new(generation, &facts.table), 0);
    assert_int_equal(file_read(path, &b), 0);
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

static int load_2021(void **state)
{
    return load_facts(state, "tests/data/api-facts.tsv", API_2021);
}

static int load_2024(void **state)
{
    return load_facts(state, "tests/data/api-facts-2024.tsv", API_2024);
}

static int drop_facts(void **state)
{
    struct facts *facts = *state;

    generation_free(facts->table);
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
static int find_places(const struct facts *facts, const struct fact *f, struct place *out)
{
    char path[NAME_MAX_LEN];
    int n = 0;

    for (int k = RES_NONE + 1; k < RES_COUNT; k++) {
        const struct resource *res = generation_resource(facts->table, (enum resource_kind)k);
        unsigned bit = 0;

        if (!res)
            continue;
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
    for (const int *i = s->ints; i && *i != INTS_END; i++)
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

/* Lines within lines: the description has another list of values there, which ends them. */
static bool is_inner_value(const char *place)
{
    const char *lines = strstr(place, "].value|4|");

    return lines && strstr(lines + 1, "].value|");
}

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
    return is_either_pattern(f->place) || is_inner_value(f->place);
}

/* What readers take besides what the description promises; and what stands inside others. */
static const struct {
    enum resource_kind kind;
    const char *field;
} only_here[] = {
    { RES_TRANSITIONS, "environment" },
    { RES_TRANSITIONS, "environmentSecrets" },
    /* the description of that PATCH has no body at all */
    { RES_PROFILES, "givenName" },
    { RES_PROFILES, "familyName" },
    { RES_PROFILES, "locale" },
    { RES_PROFILES, "picture" },
    { RES_PROFILES, "metadata" },
};

/* --- Comparing ------------------------------------------------------------------------------- */

/* POSIX has another place for the hyphen. */
static void check_pattern(const char *is, const char *described)
{
    char posix[256];

    snprintf(posix, sizeof(posix), "%s", described);
    for (char *at = strstr(posix, "-_]"); at; at = strstr(at, "-_]"))
        memcpy(at, "_-]", 3);
    assert_string_equal(is, posix);
}

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
    check_pattern(s->pattern ? s->pattern : "-", f->pattern);
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
    s = p->verb == CAN_PATCH && field->patch ? field->patch : field->schema;
    s = schema_at(s, f->place + strlen(name), &required);
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

    if (p->verb & CAN_GET) {
        assert_non_null(res->recent);
        assert_string_equal(f->place, res->recent->query);
        return;
    }
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
        assert_int_equal(find_places(facts, &facts->rows[i], &p), 1);
        assert_string_equal(facts->rows[i].type, p.res->flags & R_COMMAND ? "204" : "200");
        there++;
    }
    for (int k = RES_NONE + 1; k < RES_COUNT; k++)
        if (generation_resource(facts->table, (enum resource_kind)k))
            here +=
                __builtin_popcount(generation_resource(facts->table, (enum resource_kind)k)->can);
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
        assert_int_equal(find_places(facts, f, &p), 1);
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
            find_places(facts, &facts->rows[i], &p) == 1 && p.res == res && (p.verb & verbs))
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
    if ((f->flags & F_IN_PATCH) && !is_only_here(res, f))
        assert_true(is_described(facts, res, "request", CAN_PATCH, f->name));
    if (!(f->flags & F_READABLE) || (is_only_here(res, f) && res->kind == RES_TRANSITIONS))
        return;
    snprintf(item, sizeof(item), "%s[].%s", res->list_key ? res->list_key : "", f->name);
    assert_true(is_described(facts, res, "answer", CAN_POST | CAN_GET | CAN_PATCH, f->name) ||
                is_described(facts, res, "answer", CAN_LIST, item));
}

/* Clients ask for more of a training too, of which the description says nothing. */
static void check_recent_is_described(const struct facts *facts, const struct resource *res)
{
    assert_int_equal(is_described(facts, res, "query", CAN_GET, res->recent->query),
                     res->kind != RES_TRAININGS);
    assert_true(is_described(facts, res, "answer", CAN_GET, res->recent->field));
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
    const struct facts *facts = *state;

    for (int k = RES_NONE + 1; k < RES_COUNT; k++) {
        const struct resource *res = generation_resource(facts->table, (enum resource_kind)k);

        for (const struct field *f = res ? res->fields : NULL; f && f->name; f++)
            check_field_is_described(facts, res, f);
        if (res && res->recent)
            check_recent_is_described(facts, res);
        if (res)
            check_list_is_described(facts, res);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resources_have_each_endpoint_once),
        cmocka_unit_test(resources_know_each_request_field),
        cmocka_unit_test(resources_know_each_answer_field),
        cmocka_unit_test(resources_know_each_query_parameter),
        cmocka_unit_test(resources_invent_nothing),
    };
    int rc = cmocka_run_group_tests_name("2021", tests, load_2021, drop_facts);

    return rc + cmocka_run_group_tests_name("2024", tests, load_2024, drop_facts);
}
