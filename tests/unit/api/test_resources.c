/*
 * The table of the API: is it sound in itself, in each generation and as the sum of them?
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
#include "generation.h"
#include "resources.h"

#include "banned.h"

#define NAME_MAX_LEN 128

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* A place, "specification.definition", cut at its first part. */
static void first_part(const char *place, char out[NAME_MAX_LEN])
{
    snprintf(out, NAME_MAX_LEN, "%.*s", (int)strcspn(place, "."), place);
}

/* --- The table in itself --------------------------------------------------------------------- */

static void lint_schema(const struct schema *s, int depth)
{
    if (depth == 10)
        return; /* it is a part of itself */
    if (s->limits == (LIMIT_MIN | LIMIT_MAX))
        assert_true(s->min <= s->max);
    if (s->enums)
        assert_non_null(s->enums[0]);
    if (s->ints)
        assert_int_not_equal(s->ints[0], INTS_END);
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
    assert_true(!f || (f->flags & F_READABLE));
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
    assert_false((f->flags & ~f->since & ~f->until & F_ANSWER) && (f->flags & F_MAYBE));
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
    assert_ptr_equal(resource_by_id(id), resource_get(res->kind));
    id[strlen("las:") + strlen(res->id_type) + 1] = '\0';
    assert_false(schema_pattern_ok(res->id->pattern, id));
    snprintf(path_end, sizeof(path_end), "/{%s}", res->id_field);
    assert_string_equal(res->path + strlen(res->path) - strlen(path_end), path_end);
}

/* What lists are filtered by is a field, unless the list stands under what it is. */
static void lint_filters(const struct resource *res)
{
    for (const struct filter *f = res->filters; f && f->name; f++) {
        const struct field *field =
            resource_field(resource_get(res->kind), f->field ? f->field : f->name);

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
    assert_ptr_equal(resource_by_name(res->parent, res->name), resource_get(res->kind));
    if (res->parent != RES_NONE) {
        const struct resource *above = resource_get(res->parent);

        assert_non_null(above);
        assert_int_equal(strncmp(res->path, above->path, strlen(above->path)), 0);
    }
    if (!(res->flags & R_COMMAND))
        lint_id(res);
    assert_int_equal(res->list_key != NULL, (res->can & CAN_LIST) != 0);
    if (res->made_field) /* perhaps of the other generation: the other time stands in then */
        assert_non_null(resource_field(resource_get(res->kind), res->made_field));
    if (res->changed_field)
        assert_non_null(resource_field(resource_get(res->kind), res->changed_field));
    assert_true(res->make_from == MAKE_NOT || (res->can & CAN_POST));
    lint_filters(res);
    lint_state(res);
    lint_bare(res);
    for (const struct field *f = res->fields; f->name; f++)
        lint_field(res, f);
}

static void lint_generation(enum generation generation)
{
    struct generation_table *t = NULL;
    int n = 0;

    assert_int_equal(generation_new(generation, &t), 0);
    assert_int_equal(generation_of(t), generation);
    for (int k = RES_NONE + 1; k < RES_COUNT; k++) {
        const struct resource *res = generation_resource(t, (enum resource_kind)k);

        if (!res)
            continue;
        print_message("%s\n", res->path);
        assert_ptr_equal(generation_by_name(t, res->parent, res->name), res);
        for (const struct field *f = res->fields; f->name; f++)
            assert_false((f->flags & F_ANSWER) && (f->flags & F_MAYBE));
        lint_resource(res);
        n++;
    }
    assert_true(n > 10);
    generation_free(t);
}

static void resources_table_is_sound_in_each_generation(void **state)
{
    (void)state;
    lint_generation(API_2021);
    lint_generation(API_2024);
}

/* What one generation alone has is something that the sum has. */
static void lint_bits(const struct resource *res)
{
    for (const struct field *f = res->fields; f->name; f++) {
        assert_true(f->since == F_ALL || (f->since & ~f->flags) == 0);
        assert_true(f->until == F_ALL || (f->until & ~f->flags) == 0);
        assert_true(!f->was || f->since != F_ALL);
        assert_true(!f->patch || (f->flags & F_PATCH));
    }
    assert_true(res->since == F_ALL || (res->since & ~res->can) == 0);
    assert_true((res->sorts_since & ~res->sorts) == 0);
    assert_true((res->flags_until & ~res->flags) == 0);
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
        lint_bits(res);
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
        "las:deployment-environment:x:7",
        "las:organization:x/las:model:y",
        "cradl:organization:x/las:plan:y:@z",
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
        "las:organization:x/",
        "las:organization:x/..",
        "las:organization:../las:model:y",
        "las:organization:x/las:organization:y/las:model:z",
        "las:organization:x//las:model:y",
        "las:organization:x%2Flas:model:y",
        "las:organization/las:model:y",
        "las:model:x/las:model:y",
        "/las:model:y",
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
        cmocka_unit_test(resources_table_is_sound_in_each_generation),
        cmocka_unit_test(resources_quotas_are_fields_of_the_organization),
        cmocka_unit_test(ids_are_words_that_no_path_or_header_minds),
        cmocka_unit_test(ids_are_whole_by_the_resource_s_own_form),
        cmocka_unit_test(what_is_no_id_is_shown_in_one_line),
        cmocka_unit_test(resources_take_ids_that_are_looser_and_refuse_paths),
        cmocka_unit_test(resources_content_has_the_service_s_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
