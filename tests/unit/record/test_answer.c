/* Answers that come bit by bit: when there is more to ask, what is asked, and what becomes of it. */
#include "answer.h"

#include "record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

#include "banned.h"

#define ID "las:prediction:0000000000000000000000000000000"
#define HEAD(n) "{\"predictionId\": \"" ID #n "\", "
#define ONE(value) "[{\"label\": \"a\", \"value\": \"" value "\", \"confidence\": 1}]"

/* What is kept of the parts. */
static char *parts[8];

static void keep_newest(struct answer *a)
{
    cleanup_buf struct buf text = BUF_INIT(10000);
    int64_t n = answer_parts(a);

    if (!n)
        return;
    assert_int_equal(answer_newest(a, &text), 0);
    free(parts[n - 1]);
    parts[n - 1] = strdup(text.data);
}

static struct answer *begin(const char *body, const char *first)
{
    const struct resource *res = resource_get(RES_PREDICTIONS);
    cleanup_record struct record *r = NULL;
    cleanup_body struct body *b = NULL;
    struct answer *a = NULL;

    assert_int_equal(body_new(res, BODY_POST, &b), 0);
    assert_int_equal(body_set_json(b, body, strlen(body), NULL), 0);
    assert_int_equal(record_parse(res, first, strlen(first), &r), 0);
    assert_int_equal(answer_new(b, r, &a), 0);
    keep_newest(a);
    return a;
}

static int add(struct answer *a, const char *part)
{
    cleanup_record struct record *r = NULL;
    int64_t before = answer_parts(a);
    int rc;

    assert_int_equal(record_parse(resource_get(RES_PREDICTIONS), part, strlen(part), &r), 0);
    rc = answer_add(a, r);
    if (answer_parts(a) > before)
        keep_newest(a);
    return rc;
}

/* As whoever puts them together finds it. */
static struct answer *kept(const struct answer *a)
{
    cleanup_buf struct buf text = BUF_INIT(10000);
    struct answer *b = NULL;

    assert_int_equal(answer_write(a, &text), 0);
    assert_int_equal(answer_parse(resource_get(RES_PREDICTIONS), text.data, &b), 0);
    return b;
}

static int join(struct answer *a)
{
    int rc = 0;

    for (int64_t i = 0; i < answer_parts(a) && rc == 0; i++)
        rc = answer_join(a, parts[i]);
    return rc;
}

/* Its text, all parts together, has this, and never that. */
static void has(const struct answer *a, const char *text, const char *never)
{
    cleanup_buf struct buf all = BUF_INIT(10000);
    cleanup_answer struct answer *b = kept(a);

    assert_int_equal(join(b), 0);
    assert_int_equal(answer_text(b, &all), 0);
    assert_non_null(strstr(all.data, text));
    if (never)
        assert_null(strstr(all.data, never));
}

static void next(struct answer *a, const char *json)
{
    cleanup_buf struct buf text = BUF_INIT(10000);
    cleanup_body struct body *b = NULL;

    assert_int_equal(body_new(resource_get(RES_PREDICTIONS), BODY_POST, &b), 0);
    assert_int_equal(answer_next(a, b, NULL), 0);
    assert_int_equal(answer_state(a), ANSWER_ASKED);
    assert_int_equal(body_write(b, &text), 0);
    assert_string_equal(text.data, json);
}

/* As the next mount finds it. */
static struct answer *over_a_remount(struct answer *a)
{
    struct answer *b = kept(a);

    assert_int_equal(answer_state(a), answer_state(b));
    assert_string_equal(answer_id(a), answer_id(b));
    assert_int_equal(answer_page(a), answer_page(b));
    assert_int_equal(answer_parts(a), answer_parts(b));
    answer_free(a);
    return b;
}

/* clang-format off */
static const struct {
    const char *body, *first;
    enum answer_state state;
} beginnings[] = {
    { "{}", HEAD(1) "\"predictions\": " ONE("x") "}", ANSWER_WHOLE },
    { "{}", HEAD(1) "\"predictions\": [], \"status\": \"succeeded\", \"nextPage\": null}", ANSWER_WHOLE },
    { "{}", HEAD(1) "\"predictions\": null, \"status\": \"pending\"}", ANSWER_PENDING },
    { "{}", HEAD(1) "\"predictions\": [], \"nextPage\": 3}", ANSWER_GOES_ON },
    { "{}", HEAD(1) "\"predictions\": [], \"nextPage\": 0}", ANSWER_WHOLE },
    { "{}", HEAD(1) "\"predictions\": [], \"nextPage\": -1}", ANSWER_WHOLE },
    { "{}", HEAD(1) "\"predictions\": [], \"nextPage\": \"3\"}", ANSWER_WHOLE },
    { "{}", HEAD(1) "\"predictions\": null, \"status\": \"failed\", \"nextPage\": 3}", ANSWER_WHOLE },
    { "{\"preprocessConfig\": {\"maxPages\": 2}}", HEAD(1) "\"predictions\": [], \"nextPage\": 3}", ANSWER_GOES_ON },
    { "{\"preprocessConfig\": {\"startPage\": 0}}", HEAD(1) "\"predictions\": [], \"nextPage\": 3}", ANSWER_WHOLE },
    { "{\"preprocessConfig\": {\"pages\": [1]}}", HEAD(1) "\"predictions\": [], \"nextPage\": 3}", ANSWER_WHOLE },
    { "{\"maxPages\": 2}", HEAD(1) "\"predictions\": [], \"nextPage\": 1}", ANSWER_GOES_ON },
    { "{\"maxPages\": 2}", HEAD(1) "\"predictions\": [], \"nextPage\": 2}", ANSWER_WHOLE },
    { "{\"maxPages\": 2}", HEAD(1) "\"predictions\": [], \"nextPage\": 3}", ANSWER_WHOLE },
    { "{}", HEAD(1) "\"predictions\": null, \"status\": \"queued\"}", ANSWER_PENDING },
    { "{}", HEAD(1) "\"status\": \"running\"}", ANSWER_PENDING },
    { "{}", HEAD(1) "\"predictions\": [], \"status\": \"queued\"}", ANSWER_WHOLE },
    { "{}", HEAD(1) "\"predictions\": null, \"status\": \"succeeded\"}", ANSWER_WHOLE },
    { "{}", HEAD(1) "\"predictions\": null, \"status\": \"rejected\"}", ANSWER_WHOLE },
    { "{}", HEAD(1) "\"predictions\": null}", ANSWER_WHOLE },
};
/* clang-format on */

static void answer_begins(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(beginnings); i++) {
        struct answer *a;

        print_message("%s %s\n", beginnings[i].body, beginnings[i].first);
        a = over_a_remount(begin(beginnings[i].body, beginnings[i].first));
        assert_int_equal(answer_state(a), beginnings[i].state);
        answer_free(a);
    }
}

static void answer_puts_parts_together(void **state)
{
    struct answer *a =
        begin("{\"documentId\": \"las:document:0\", \"preprocessConfig\": {\"maxPages\": 2}}",
              HEAD(1) "\"predictions\": null, \"status\": \"pending\"}");

    (void)state;
    assert_string_equal(answer_id(a), ID "1");
    assert_int_equal(add(a, HEAD(1) "\"predictions\": " ONE(
                                "x") ", \"status\": \"succeeded\", \"nextPage\": 2}"),
                     0);
    assert_int_equal(answer_state(a), ANSWER_GOES_ON);
    assert_int_equal(answer_page(a), 2);
    a = over_a_remount(a);
    next(a, "{\"documentId\": \"las:document:0\", \"preprocessConfig\": {\"maxPages\": 2, "
            "\"startPage\": 2}}");
    a = over_a_remount(a);
    answer_unasked(a);
    assert_int_equal(answer_state(a), ANSWER_GOES_ON);
    next(a, "{\"documentId\": \"las:document:0\", \"preprocessConfig\": {\"maxPages\": 2, "
            "\"startPage\": 2}}");
    assert_int_equal(add(a, HEAD(2) "\"predictions\": null, \"status\": \"pending\"}"), 0);
    assert_int_equal(answer_state(a), ANSWER_PENDING);
    assert_string_equal(answer_id(a), ID "2");
    a = over_a_remount(a);
    assert_int_equal(add(a, HEAD(2) "\"predictions\": " ONE(
                                "y") ", \"status\": \"succeeded\", \"nextPage\": null}"),
                     0);
    assert_int_equal(answer_state(a), ANSWER_WHOLE);
    has(a, ID "1", ID "2");
    has(a, "\"x\"", "pending");
    has(a, "\"y\"", NULL);
    has(a, "\"nextPage\": null", NULL);
    answer_free(a);
}

static void answer_of_a_part_may_fail(void **state)
{
    struct answer *a = begin(
        "{}", HEAD(1) "\"predictions\": " ONE("x") ", \"status\": \"succeeded\", \"nextPage\": 2}");

    (void)state;
    next(a, "{\"preprocessConfig\": {\"startPage\": 2}}");
    assert_int_equal(
        add(a,
            HEAD(
                2) "\"predictions\": null, \"status\": \"failed\", \"error\": \"why\", \"nextPage\": 4}"),
        0);
    assert_int_equal(answer_state(a), ANSWER_WHOLE);
    has(a, "\"error\": \"why\"", "succeeded");
    has(a, "\"x\"", NULL);
    answer_free(a);
}

static void answer_maps_are_merged_by_label(void **state)
{
    cleanup_answer struct answer *b = NULL;
    struct answer *a =
        begin("{}", HEAD(1) "\"predictions\": {\"a\": [{\"value\": \"x\"}]}, \"nextPage\": 2}");

    (void)state;
    next(a, "{\"preprocessConfig\": {\"startPage\": 2}}");
    assert_int_equal(add(a, HEAD(2) "\"predictions\": {\"a\": [{\"value\": \"y\"}], \"b\": []}, "
                                    "\"nextPage\": 3}"),
                     0);
    has(a, "\"x\"", NULL);
    has(a, "\"y\"", NULL);
    has(a, "\"b\"", NULL);
    next(a, "{\"preprocessConfig\": {\"startPage\": 3}}");
    assert_int_equal(add(a, HEAD(3) "\"predictions\": " ONE("z") "}"), 0);
    b = kept(a);
    assert_int_equal(join(b), -EIO);
    answer_free(a);
}

static void answer_has_no_more_pages_than_were_asked_for(void **state)
{
    struct answer *a =
        begin("{\"maxPages\": 3}", HEAD(1) "\"predictions\": " ONE("x") ", \"nextPage\": 2}");

    (void)state;
    assert_int_equal(answer_state(a), ANSWER_GOES_ON);
    next(a, "{\"maxPages\": 1, \"preprocessConfig\": {\"startPage\": 2}}");
    assert_int_equal(add(a, HEAD(2) "\"predictions\": " ONE("y") ", \"nextPage\": 3}"), 0);
    assert_int_equal(answer_state(a), ANSWER_WHOLE);
    has(a, "\"nextPage\": 3", NULL); /* there is more */
    has(a, "\"y\"", NULL);
    answer_free(a);
}

/* What is kept for each part is as long as the part is, however many there were before it. */
static void answer_keeps_each_part_for_itself(void **state)
{
    struct answer *a = begin("{}", HEAD(1) "\"predictions\": " ONE("x") ", \"nextPage\": 1}");
    char part[512];

    (void)state;
    for (int i = 2; i <= 200; i++) {
        cleanup_buf struct buf question = BUF_INIT(10000), newest = BUF_INIT(10000);
        cleanup_record struct record *r = NULL;
        cleanup_body struct body *b = NULL;

        assert_int_equal(body_new(resource_get(RES_PREDICTIONS), BODY_POST, &b), 0);
        assert_int_equal(answer_next(a, b, NULL), 0);
        snprintf(part, sizeof(part), HEAD(2) "\"predictions\": " ONE("x") ", \"nextPage\": %d}", i);
        assert_int_equal(record_parse(resource_get(RES_PREDICTIONS), part, strlen(part), &r), 0);
        assert_int_equal(answer_add(a, r), 0);
        assert_int_equal(answer_write(a, &question), 0);
        assert_int_equal(answer_newest(a, &newest), 0);
        assert_true(question.len + newest.len < 1000);
    }
    assert_int_equal(answer_parts(a), 200);
    answer_free(a);
}

static void answer_parse_refuses_what_is_none(void **state)
{
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "{\"asked\": {}}",
        "{\"asked\": {}, \"id\": \"../x\", \"state\": 1, \"next\": 0, \"parts\": 0}",
        "{\"asked\": {}, \"id\": \"" ID "1\", \"state\": 9, \"next\": 0, \"parts\": 0}",
        "{\"asked\": {}, \"id\": \"" ID "1\", \"state\": 2, \"next\": 0, \"parts\": -1}"
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct answer *a = NULL;

        assert_int_equal(answer_parse(resource_get(RES_PREDICTIONS), texts[i], &a), -EIO);
        assert_null(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_begins),
        cmocka_unit_test(answer_puts_parts_together),
        cmocka_unit_test(answer_of_a_part_may_fail),
        cmocka_unit_test(answer_maps_are_merged_by_label),
        cmocka_unit_test(answer_has_no_more_pages_than_were_asked_for),
        cmocka_unit_test(answer_keeps_each_part_for_itself),
        cmocka_unit_test(answer_parse_refuses_what_is_none),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        free(parts[i]);
    return failed;
}
