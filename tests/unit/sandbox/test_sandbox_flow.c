/* The sandbox's pure parts of running workflows: paths, choices, definitions, schemas, faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "array.h"
#include "choice.h"
#include "definition.h"
#include "fault.h"
#include "import.h"
#include "json_schema.h"

#include <cmocka.h> /* behind the rest: its fail() is a macro */

#include "banned.h"

/* JSON with ' for ", so that it can be read here. */
static json_t *json(const char *text)
{
    char *copy = strdup(text);
    json_t *v;

    assert_non_null(copy);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    v = json_loads(copy, JSON_DECODE_ANY, NULL);
    if (!v)
        print_message("no JSON: %s\n", copy);
    free(copy);
    assert_non_null(v);
    return v;
}

static void choice_path_finds_what_stands_there(void **state)
{
    static const struct {
        const char *path, *found; /* NULL: nothing */
    } cases[] = {
        { "$", "{'a': {'b': [1, {'c': 2}]}, 'x y': 3}" },
        { "$.a.b[0]", "1" },
        { "$.a.b[1].c", "2" },
        { "$.x y", "3" },
        { "$.a.b[2]", NULL },
        { "$.a.b[99999999999999999999999]", NULL },
        { "$.a.b[-1]", NULL },
        { "$.a.b[", NULL },
        { "$.a.b[0", NULL },
        { "$.a.b[]", NULL },
        { "$.a[0]", NULL },
        { "$.a.b.c", NULL },
        { "$..a", NULL },
        { "$.", NULL },
        { "$a", NULL },
        { "a", NULL },
        { "", NULL },
        { NULL, NULL },
    };
    json_t *data = json(cases[0].found);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *found = choice_find(data, cases[i].path);
        json_t *wanted = cases[i].found ? json(cases[i].found) : NULL;

        print_message("%s\n", cases[i].path ? cases[i].path : "NULL");
        assert_true(found == wanted || json_equal(found, wanted));
        json_decref(wanted);
    }
    json_decref(data);
}

static void choice_rules_have_a_greatest_depth(void **state)
{
    json_t *rule = json("{'Variable': '$.a', 'IsPresent': true}");
    struct failure err = { 0 };

    (void)state;
    for (int i = 0; i < 1000; i++)
        rule = json_pack("{s:o}", "Not", rule);
    assert_int_equal(choice_check(rule, &err), -EINVAL);
    json_decref(rule);
}

static void choice_rule_that_makes_no_sense_does_not_hold(void **state)
{
    static const char *const rules[] = {
        "{'Variable': '$.a', 'StringEquals': 5}",
        "{'Variable': '$.a', 'StringLessThan': null}",
        "{'Variable': '$.n', 'NumericEquals': 'x'}",
        "{'Variable': 7, 'StringEquals': 'x'}",
        "{'Variable': '$.a', 'BooleanEquals': 'x'}",
        "{'Or': 7}",
        "{'And': [5]}",
        "{}",
        "5",
    };
    json_t *data = json("{'a': 'x', 'n': 1}");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        json_t *rule = json(rules[i]);
        struct failure err = { 0 };

        print_message("%s\n", rules[i]);
        assert_int_equal(choice_check(rule, &err), -EINVAL);
        assert_false(choice_holds(rule, data));
        json_decref(rule);
    }
    json_decref(data);
}

static void definition_retries_by_interval_backoff_and_attempts(void **state)
{
    static const struct {
        const char *state;
        int64_t n, us;
    } cases[] = {
        { "{}", 0, -1 },
        { "{'Retry': [{'ErrorEquals': ['States.Timeout']}]}", 0, 1000000 },
        { "{'Retry': [{'ErrorEquals': ['States.Timeout']}]}", 1, 2000000 },
        { "{'Retry': [{'ErrorEquals': ['States.Timeout']}]}", 2, 4000000 },
        { "{'Retry': [{'ErrorEquals': ['States.Timeout']}]}", 3, -1 },
        { "{'Retry': [{'ErrorEquals': ['States.ALL'], 'MaxAttempts': 0}]}", 0, -1 },
        { "{'Retry': [{'ErrorEquals': ['x', 'States.ALL'], 'IntervalSeconds': 5, 'MaxAttempts': 9,"
          " 'BackoffRate': 1.5}]}",
          2, 11250000 },
        { "{'Retry': [{'ErrorEquals': ['x'], 'IntervalSeconds': 7}, {'ErrorEquals':"
          " ['States.Timeout'], 'IntervalSeconds': 3}]}",
          0, 3000000 },
        { "{'Retry': [{'ErrorEquals': ['States.ALL'], 'MaxAttempts': 1000000,"
          " 'BackoffRate': 1000000}]}",
          500000, INT64_C(31536000000000) },
        { "{'Retry': [{'ErrorEquals': [1]}]}", 0, -1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *v = json(cases[i].state);

        print_message("%s %d\n", cases[i].state, (int)cases[i].n);
        assert_int_equal(definition_retry_us(v, cases[i].n), cases[i].us);
        json_decref(v);
    }
}

static void definition_follows_choices_to_a_task_or_the_end(void **state)
{
    static const struct {
        const char *from, *data, *to; /* to "": the end; NULL: nowhere */
    } cases[] = {
        { "T", "{}", "T" },           { "C", "{'a': 1}", "T" }, { "C", "{'a': 2}", "" },
        { "C", "{'a': 3}", "T" },     { "C", "{}", NULL },      { "D", "{}", "T" },
        { "loop", "{'a': 1}", NULL }, { "none", "{}", NULL },
    };
    json_t *d = json("{'States': {'T': {'Type': 'Task'},"
                     " 'C': {'Choices': [{'Variable': '$.a', 'NumericEquals': 1, 'Next': 'T'},"
                     " {'Variable': '$.a', 'NumericEquals': 2, 'End': true},"
                     " {'Variable': '$.a', 'NumericEquals': 3, 'Next': 'D'}]},"
                     " 'D': {'Choices': [{'Variable': '$.z', 'IsPresent': true, 'End': true}],"
                     " 'Default': 'T'},"
                     " 'loop': {'Choices': [{'Variable': '$.a', 'IsPresent': true,"
                     " 'Next': 'loop'}]}}}");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *data = json(cases[i].data);
        const char *to = "unset";
        struct failure err = { 0 };
        int rc = definition_follow(d, cases[i].from, data, &to, &err);

        print_message("%s %s\n", cases[i].from, cases[i].data);
        assert_int_equal(rc, cases[i].to ? 0 : -EINVAL);
        assert_string_equal(rc < 0 ? "unset" : cases[i].to, to ? to : "");
        assert_true(rc == 0 || err.text[0]);
        json_decref(data);
    }
    json_decref(d);
}

static void schema_forbids_only_what_it_says(void **state)
{
    static const struct {
        const char *schema, *value, *place; /* place NULL: fits */
    } cases[] = {
        { "{}", "[1]", NULL },
        { "{'type': 'integer'}", "1.0", NULL },
        { "{'type': 'integer'}", "1.5", "x:" },
        { "{'type': 'number'}", "1", NULL },
        { "{'type': ['string', 'null']}", "null", NULL },
        { "{'type': ['string', 'null']}", "true", "x:" },
        { "{'type': 'unheard of'}", "1", NULL },
        { "{'type': 7}", "1", NULL },
        { "{'enum': [1, 'a', null]}", "1.0", NULL },
        { "{'enum': [1, 'a', null]}", "'b'", "x:" },
        { "{'const': {'a': 1}}", "{'a': 1}", NULL },
        { "{'required': ['a', 1]}", "{}", "x.a:" },
        { "{'required': ['a']}", "'no object'", NULL },
        { "{'properties': {'a': {'type': 'string'}}}", "{'a': 1, 'b': 1}", "x.a:" },
        { "{'properties': {'a': {}}, 'additionalProperties': false}", "{'b': 1}", "x.b:" },
        { "{'additionalProperties': {'type': 'string'}}", "{'b': 1}", "x.b:" },
        { "{'items': {'type': 'string'}}", "['a', 1]", "x[1]:" },
        { "{'minimum': 5, 'pattern': '^a'}", "1", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *schema = json(cases[i].schema), *v = json(cases[i].value);
        struct failure err = { 0 };
        int rc = json_schema_check(schema, v, "x", &err);

        print_message("%s %s\n", cases[i].schema, cases[i].value);
        assert_int_equal(rc, cases[i].place ? -EINVAL : 0);
        if (cases[i].place)
            assert_memory_equal(err.text, cases[i].place, strlen(cases[i].place));
        json_decref(schema);
        json_decref(v);
    }
}

static void import_takes_three_forms_of_labels(void **state)
{
    static const struct {
        const char *sidecar, *labels; /* NULL: none of the forms */
    } cases[] = {
        { "{'a': 'x', 'b': 1.5, 'c': '', 'd': false}",
          "[{'label': 'a', 'value': 'x'}, {'label': 'b', 'value': '1.5'},"
          " {'label': 'c', 'value': null}, {'label': 'd', 'value': false}]" },
        { "[{'label': 'a', 'value': 'x', 'confidence': 1}, {'label': 'a'}]",
          "[{'label': 'a', 'value': 'x'}, {'label': 'a', 'value': null}]" },
        { "{'predictions': [{'label': 'a', 'value': 'x', 'confidence': 0.5}], 'modelId': 'm'}",
          "[{'label': 'a', 'value': 'x'}]" },
        { "{'predictions': 'x'}", "[{'label': 'predictions', 'value': 'x'}]" },
        { "{}", "[]" },
        { "[]", "[]" },
        { "'x'", NULL },
        { "[1]", NULL },
        { "[{'label': 1, 'value': 'x'}]", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *v = json(cases[i].sidecar), *labels = import_labels(v);
        json_t *wanted = cases[i].labels ? json(cases[i].labels) : NULL;

        print_message("%s\n", cases[i].sidecar);
        assert_true(labels == wanted || json_equal(labels, wanted));
        json_decref(wanted);
        json_decref(labels);
        json_decref(v);
    }
}

static void fault_is_for_its_verb_path_and_times(void **state)
{
    struct fault faults[3];
    _Atomic int64_t used[3] = { 0 };
    struct failure err = { 0 };

    (void)state;
    assert_int_equal(fault_parse("POST /documents 503 2", &faults[0], &err), 0);
    assert_int_equal(fault_parse("* /documents/* close", &faults[1], &err), 0);
    assert_int_equal(fault_parse(" GET  /* lose 1 ", &faults[2], &err), 0);
    assert_int_equal(fault_find(faults, 3, used, "POST", "/v1/documents"), 503);
    assert_int_equal(fault_find(faults, 3, used, "POST", "/documents"), 503);
    assert_int_equal(fault_find(faults, 3, used, "POST", "/documents"), FAULT_NONE);
    assert_int_equal(fault_find(faults, 3, used, "GET", "/v1/documents/x"), FAULT_CLOSE);
    assert_int_equal(fault_find(faults, 3, used, "GET", "/v1/models"), FAULT_LOSE);
    assert_int_equal(fault_find(faults, 3, used, "GET", "/v1/models"), FAULT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choice_path_finds_what_stands_there),
        cmocka_unit_test(choice_rules_have_a_greatest_depth),
        cmocka_unit_test(choice_rule_that_makes_no_sense_does_not_hold),
        cmocka_unit_test(definition_retries_by_interval_backoff_and_attempts),
        cmocka_unit_test(definition_follows_choices_to_a_task_or_the_end),
        cmocka_unit_test(schema_forbids_only_what_it_says),
        cmocka_unit_test(import_takes_three_forms_of_labels),
        cmocka_unit_test(fault_is_for_its_verb_path_and_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
