/* Resources as the API answers them, packed: what goes in comes out, in little memory. */
#include "record.h"

#include "codec.h"
#include "json_bounds.h"
#include "json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "array.h"

#include "banned.h"

#define HEX "0123456789abcdef0123456789abcdef"
#define DOC "las:document:" HEX
#define TIME "2021-08-16T12:53:13.374930+0000"
#define PLAIN_DOCUMENT                                                                             \
    "{\"documentId\": \"" DOC "\", \"contentType\": \"application/pdf\", \"consentId\": "          \
    "\"las:consent:" HEX "\", \"datasetId\": \"las:dataset:" HEX "\", \"retentionInDays\": 1825, " \
    "\"createdBy\": \"las:user:" HEX "\", \"createdTime\": \"" TIME "\", \"updatedBy\": "          \
    "\"las:app-client:" HEX "\", \"updatedTime\": \"" TIME "\"}"

static struct record *record_of(enum resource_kind kind, const char *text)
{
    struct failure err = { 0 };
    struct record *r = NULL;
    int rc = codec_record_text(resource_get(kind), text, strlen(text), &r, &err);

    if (rc < 0)
        print_message("%s\n", err.text);
    assert_int_equal(rc, 0);
    return r;
}

static const struct field *field_of(enum resource_kind kind, const char *name)
{
    const struct field *f = resource_field(resource_get(kind), name);

    assert_non_null(f);
    return f;
}

static void round_trips_are_exact(void **state)
{
    static const char *const rows[] = {
        "{\"documentId\": \"" DOC "\"}",
        PLAIN_DOCUMENT,
        "{\"documentId\": \"las:document:x\"}",
        "{\"documentId\": \"" DOC "\", \"retentionInDays\": 1.0}",
        "{\"documentId\": \"" DOC "\", \"retentionInDays\": -1}",
        "{\"documentId\": \"" DOC "\", \"retentionInDays\": 9223372036854775807}",
        "{\"documentId\": \"" DOC "\", \"retentionInDays\": -9223372036854775808}",
        "{\"documentId\": \"" DOC "\", \"retentionInDays\": \"1825\"}",
        "{\"documentId\": \"" DOC "\", \"retentionInDays\": null}",
        "{\"documentId\": \"" DOC "\", \"contentType\": \"image/webp\"}",
        "{\"documentId\": \"" DOC "\", \"contentType\": \"\"}",
        "{\"documentId\": \"" DOC "\", \"contentType\": [\"image/png\"]}",
        "{\"documentId\": \"" DOC "\", \"createdTime\": \"2021-08-16 12:53:13Z\"}",
        "{\"documentId\": \"" DOC "\", \"createdTime\": \"2021-08-16T12:53:60Z\"}",
        "{\"documentId\": \"" DOC "\", \"createdTime\": \"2021-02-31T12:53:13-00:00\"}",
        "{\"documentId\": \"" DOC "\", \"createdTime\": \"yesterday\"}",
        "{\"documentId\": \"" DOC "\", \"createdTime\": 17}",
        "{\"documentId\": \"" DOC "\", \"createdBy\": \"las:user:" HEX "0\"}",
        "{\"documentId\": \"" DOC
        "\", \"createdBy\": \"las:user:0123456789ABCDEF0123456789abcdef\"}",
        "{\"documentId\": \"" DOC "\", \"createdBy\": \"las:organization:X/las:model:Y\"}",
        "{\"documentId\": \"" DOC "\", \"createdBy\": \"las::" HEX "\"}",
        "{\"documentId\": \"" DOC "\", \"createdBy\": \"las:" HEX "\"}",
        "{\"documentId\": \"" DOC "\", \"createdBy\": \"las:newthing:" HEX "\"}",
        "{\"documentId\": \"" DOC "\", \"createdBy\": \"las:model-data-bundle:" HEX "\"}",
        "{\"documentId\": \"" DOC
        "\", \"new\": 1, \"newer\": {\"a\": [1, 2.5, null, true, false, \"x\"]}}",
        "{\"documentId\": \"" DOC
        "\", \"\": \"empty key\", \"k\\u00e9y\": \"\\u0000\\u001f\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
        "{\"documentId\": \"" DOC
        "\", \"n\": [0.1, 1e300, -1e-300, 1.5, 100.0, 123456789.123, 0.98999999999999999, -0.0]}",
        "{\"documentId\": \"" DOC
        "\", \"groundTruth\": [{\"label\": \"a\", \"value\": null}, {\"label\": \"a\", \"value\": \"\\u00e5\"}]}",
        "{\"documentId\": \"" DOC "\", \"groundTruth\": [], \"o\": {}}",
        "{\"documentId\": \"" DOC "\", \"t\": \"" TIME "\", \"i\": \"las:log:" HEX
        "\", \"b\": true, \"r\": 0.25}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_auto_t *in = NULL, *out = NULL, *text = NULL;
        struct record *r = record_of(RES_DOCUMENTS, rows[i]);
        struct buf line = BUF_INIT(10000), pretty = BUF_INIT(10000);

        print_message("%s\n", rows[i]);
        assert_int_equal(json_text_parse(rows[i], strlen(rows[i]), true, &in, NULL), 0);
        assert_int_equal(codec_object(r, &out), 0);
        assert_true(json_equal(in, out));
        assert_int_equal(record_json(r, false, &line), 0);
        assert_int_equal(line.data[line.len - 1], '\n');
        assert_ptr_equal(strchr(line.data, '\n'), line.data + line.len - 1);
        assert_int_equal(json_text_parse(line.data, line.len, true, &text, NULL), 0);
        assert_true(json_equal(in, text));
        assert_int_equal(record_json(r, true, &pretty), 0);
        buf_release(&line);
        buf_release(&pretty);
        record_unref(r);
    }
}

static void a_document_takes_under_200_bytes(void **state)
{
    struct record *r = record_of(RES_DOCUMENTS, PLAIN_DOCUMENT);

    (void)state;
    print_message("%zu bytes\n", record_bytes(r));
    assert_true(record_bytes(r) < 200);
    record_unref(r);
}

static void content_is_dropped(void **state)
{
    struct record *r =
        record_of(RES_DOCUMENTS, "{\"content\": \"Zm9v\", \"documentId\": \"" DOC "\"}");
    struct buf text = BUF_INIT(1000);

    (void)state;
    assert_false(record_has(r, field_of(RES_DOCUMENTS, "content")));
    assert_int_equal(record_json(r, false, &text), 0);
    assert_string_equal(text.data, "{\"documentId\": \"" DOC "\"}\n");
    buf_release(&text);
    record_unref(r);
}

static void json_is_in_the_tables_order(void **state)
{
    struct record *r = record_of(
        RES_DOCUMENTS, "{\"zz\": 1, \"updatedTime\": null, \"aa\": [], \"retentionInDays\": 7, "
                       "\"groundTruth\": [{\"label\": \"a\", \"value\": \"b\"}], "
                       "\"contentType\": \"image/png\", \"documentId\": \"" DOC "\"}");
    struct buf text = BUF_INIT(1000);

    (void)state;
    assert_int_equal(record_json(r, true, &text), 0);
    assert_string_equal(text.data, "{\n"
                                   "  \"documentId\": \"" DOC "\",\n"
                                   "  \"contentType\": \"image/png\",\n"
                                   "  \"groundTruth\": [\n"
                                   "    {\n"
                                   "      \"label\": \"a\",\n"
                                   "      \"value\": \"b\"\n"
                                   "    }\n"
                                   "  ],\n"
                                   "  \"retentionInDays\": 7,\n"
                                   "  \"updatedTime\": null,\n"
                                   "  \"zz\": 1,\n"
                                   "  \"aa\": []\n"
                                   "}\n");
    buf_release(&text);
    record_unref(r);
}

static void ids_that_cannot_be_one_are_refused(void **state)
{
    static const struct {
        const char *id, *shown;
    } rows[] = {
        { ".", "\".\"" },
        { "..", "\"..\"" },
        { "../x", "\"../x\"" },
        { "x", "\"x\"" },
        { "las:document:..", "\"las:document:..\"" },
        { "las:document:a/b", "a/b\"" },
        { "las:document:a\\r\\nHost: x", "a\\x0d\\x0aHost:\\x20x\"" },
        { "las:document:a?b", "a?b" },
        { "las:document:a#b", "a#b" },
        { "las:document:%2e%2e", "%2e%2e" },
        { "las:document:a\\u0000b", "a\\x00b" },
        { "las:document:" HEX HEX HEX HEX HEX HEX HEX, "...\"" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf one = BUF_INIT(2000), list = BUF_INIT(2000);
        char id[RESOURCE_ID_MAX + 1] = "untouched";
        struct failure err = { 0 };
        struct record *r = NULL;
        struct page *page = NULL;

        print_message("%s\n", rows[i].id);
        buf_addf(&one, "{\"documentId\": \"%s\"}", rows[i].id);
        assert_int_equal(
            codec_record_text(resource_get(RES_DOCUMENTS), one.data, one.len, &r, &err), -EBADMSG);
        assert_null(r);
        assert_non_null(strstr(err.text, "an id that cannot be one"));
        assert_non_null(strstr(err.text, rows[i].shown));
        assert_int_equal(record_parse(resource_get(RES_DOCUMENTS), one.data, one.len, &r), -EIO);
        /* beside others in a list it names nothing */
        buf_addf(&list, "{\"documents\": [%s, {\"documentId\": \"" DOC "\"}]}", one.data);
        assert_int_equal(
            codec_page_text(resource_get(RES_DOCUMENTS), list.data, list.len, &page, &err), 0);
        assert_int_equal(page->n, 2);
        assert_int_equal(record_id(page->rows[0], id), -EIO);
        assert_string_equal(id, "untouched");
        assert_int_equal(record_id(page->rows[1], id), 0);
        assert_string_equal(id, DOC);
        page_free(page);
        buf_release(&one);
        buf_release(&list);
    }
}

static void hostile_answers_are_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "null",
        "[]",
        "7",
        "\"x\"",
        "{",
        "{}",
        "{\"documentId\": 7}",
        "{\"documentId\": \"\"}",
        "{\"documentId\": null}",
        "{\"documentId\": \"" DOC "\"} x",
        "{\"documentId\": \"" DOC "\", \"x\": NaN}",
        "{\"documentId\": \"" DOC "\", \"x\": 1e999}",
        "{\"documentId\": \"\xff\"}",
        "{\"documentId\": \"" DOC "\", \"x\": 99999999999999999999}",
        "<html>",
    };
    static struct buf deep = BUF_INIT(100000);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct record *r = NULL;
        struct failure err = { 0 };

        print_message("%s\n", rows[i]);
        assert_int_equal(
            codec_record_text(resource_get(RES_DOCUMENTS), rows[i], strlen(rows[i]), &r, &err),
            -EIO);
        assert_null(r);
        assert_non_null(strstr(err.text, "malformed answer"));
    }
    for (int i = 0; i < 50000; i++)
        assert_int_equal(buf_addc(&deep, '['), 0);
    {
        struct record *r = NULL;

        assert_int_equal(
            codec_record_text(resource_get(RES_DOCUMENTS), deep.data, deep.len, &r, NULL), -EIO);
    }
    buf_release(&deep);
}

/* What it takes at most, in KiB. */
static long peak_kib(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static char *filled(const char *head, const char *item, size_t size, const char *tail, size_t *len)
{
    struct buf b = BUF_INIT(size + 1000);
    size_t n = strlen(item);

    assert_int_equal(buf_resize(&b, strlen(head)), 0);
    memcpy(b.data, head, strlen(head));
    while (b.len + n < size)
        assert_int_equal(buf_add(&b, item, n), 0);
    b.data[--b.len] = '\0'; /* the last comma */
    assert_int_equal(buf_adds(&b, tail), 0);
    *len = b.len;
    return buf_take(&b);
}

/* Refused before there is a tree: a tree of it would take two gigabytes. */
static void an_answer_of_very_many_values_takes_no_memory(void **state)
{
    static const char *const items[] = { "{},", "[],", "0,", "\"\",", "{\"a\":[]}," };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        struct record *r = NULL;
        struct page *page = NULL;
        struct failure err = { 0 };
        size_t len;
        char *text =
            filled("{\"documentId\": \"" DOC "\", \"x\": [", items[i], 31u << 20, "]}", &len);
        long before = peak_kib();

        print_message("%s\n", items[i]);
        assert_int_equal(codec_record_text(resource_get(RES_DOCUMENTS), text, len, &r, &err), -EIO);
        assert_non_null(strstr(err.text, "malformed answer: it would take more than"));
        assert_true(peak_kib() - before < 16 << 10);
        free(text);
        text = filled("{\"documents\": [", items[i], 31u << 20, "]}", &len);
        before = peak_kib();
        assert_int_equal(codec_page_text(resource_get(RES_DOCUMENTS), text, len, &page, &err),
                         -EIO);
        assert_true(peak_kib() - before < 16 << 10);
        free(text);
    }
}

static int parse_nested(const char *opening, const char *closing, int depth)
{
    struct buf text = BUF_INIT(1 << 20);
    struct record *r = NULL;
    int rc;

    assert_int_equal(buf_adds(&text, "{\"documentId\": \"" DOC "\", \"x\": "), 0);
    for (int i = 0; i < depth; i++)
        assert_int_equal(buf_adds(&text, opening), 0);
    assert_int_equal(buf_adds(&text, "0"), 0);
    for (int i = 0; i < depth; i++)
        assert_int_equal(buf_adds(&text, closing), 0);
    assert_int_equal(buf_adds(&text, "}"), 0);
    rc = codec_record_text(resource_get(RES_DOCUMENTS), text.data, text.len, &r, NULL);
    record_unref(r);
    buf_release(&text);
    return rc;
}

static void an_answer_is_nested_so_deep_and_no_deeper(void **state)
{
    (void)state;
    assert_int_equal(parse_nested("[", "]", JSON_DEPTH_MAX - 1), 0);
    assert_int_equal(parse_nested("{\"a\":", "}", JSON_DEPTH_MAX - 1), 0);
    assert_int_equal(parse_nested("[", "]", JSON_DEPTH_MAX), -EIO);
    assert_int_equal(parse_nested("{\"a\":", "}", JSON_DEPTH_MAX), -EIO);
    assert_int_equal(parse_nested("[", "]", 2000), -EIO);
}

static void fields_are_files(void **state)
{
    static const struct {
        enum resource_kind kind;
        const char *answer, *field;
        int rc;
        const char *text;
    } rows[] = {
        { RES_DATASETS, "\"name\": \"invoices\"", "name", 0, "invoices\n" },
        { RES_DATASETS, "\"name\": null", "name", 0, "" },
        { RES_DATASETS, "\"name\": \"\"", "name", 0, "\n" },
        { RES_DATASETS, "\"name\": \"two\\nlines\\n\"", "name", 0, "two\nlines\n\n" },
        { RES_DATASETS, "\"version\": 0", "name", -ENOENT, NULL },
        { RES_DATASETS, "\"version\": 0", "version", 0, "0\n" },
        { RES_DATASETS, "\"containsPersonallyIdentifiableInformation\": false",
          "containsPersonallyIdentifiableInformation", 0, "false\n" },
        { RES_DATASETS, "\"groundTruthSummary\": {}", "groundTruthSummary", 0, "{}\n" },
        { RES_DATASETS, "\"groundTruthSummary\": {\"a\": 1}", "groundTruthSummary", 0,
          "{\n  \"a\": 1\n}\n" },
        { RES_DATASETS, "\"groundTruthSummary\": null", "groundTruthSummary", 0, "" },
        { RES_DATASETS, "\"createdTime\": \"" TIME "\"", "createdTime", 0, TIME "\n" },
        { RES_PREDICTIONS, "\"inferenceTime\": 3.1", "inferenceTime", 0, "3.1\n" },
        { RES_PREDICTIONS, "\"inferenceTime\": 3", "inferenceTime", 0, "3\n" },
        { RES_TRANSITIONS, "\"parameters\": {\"assets\": {\"x\": \"y\"}}", "assets", 0,
          "{\n  \"x\": \"y\"\n}\n" },
        { RES_TRANSITIONS, "\"parameters\": {}", "assets", -ENOENT, NULL },
        { RES_TRANSITIONS, "\"parameters\": null", "assets", -ENOENT, NULL },
        { RES_TRANSITIONS, "\"parameters\": \"odd\"", "assets", -ENOENT, NULL },
        { RES_TRANSITIONS, "\"assets\": {\"x\": \"y\"}", "assets", -ENOENT, NULL },
        { RES_TRANSITION_EXECUTIONS, "\"status\": \"running\"", "status", 0, "running\n" },
        { RES_TRANSITION_EXECUTIONS, "\"status\": \"new one\"", "status", 0, "new one\n" },
        { RES_TRANSITION_EXECUTIONS, "\"status\": \"running\"", "output", -ENOENT, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct resource *res = resource_get(rows[i].kind);
        const struct field *f = field_of(rows[i].kind, rows[i].field);
        struct buf text = BUF_INIT(1000);
        char answer[1000];
        struct record *r;

        print_message("%s: %s\n", rows[i].answer, rows[i].field);
        snprintf(answer, sizeof(answer), "{\"%s\": \"las:x:i\", %s}", res->id_field,
                 rows[i].answer);
        r = record_of(rows[i].kind, answer);
        assert_int_equal(record_has(r, f), rows[i].rc == 0);
        assert_int_equal(buf_adds(&text, ">"), 0);
        assert_int_equal(record_field_text(r, f, &text), rows[i].rc);
        assert_string_equal(text.data + 1, rows[i].text ? rows[i].text : "");
        buf_release(&text);
        record_unref(r);
    }
}

static void a_field_with_an_ending_is_its_bytes(void **state)
{
    static const struct {
        const char *value, *text;
        size_t len;
    } rows[] = {
        { "null", "", 0 },
        { "\"/9j/4AAQ\"", "\xff\xd8\xff\xe0\x00\x10", 6 },
        { "\"AAE=\"", "\x00\x01", 2 },
        { "\"\"", "\n", 1 },
        { "\"no!\"", "no!\n", 4 },
    };
    const struct field *f = field_of(RES_USERS, "avatar");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf json = BUF_INIT(1000), text = BUF_INIT(1000);
        struct record *r;

        print_message("%s\n", rows[i].value);
        buf_addf(&json, "{\"userId\": \"las:user:" HEX "\", \"avatar\": %s}", rows[i].value);
        r = record_of(RES_USERS, buf_str(&json));
        assert_int_equal(record_field_text(r, f, &text), 0);
        assert_int_equal(text.len, rows[i].len);
        assert_memory_equal(buf_str(&text), rows[i].text, rows[i].len);
        record_unref(r);
        buf_release(&text);
        buf_release(&json);
    }
}

static void events_are_lines(void **state)
{
    static const struct {
        const char *event, *line;
    } rows[] = {
        { "{\"timestamp\": 1629118393, \"message\": \"a b\"}",
          "2021-08-16T12:53:13.000000+0000 a b\n" },
        { "{\"timestamp\": 1629118393.5, \"message\": \"ends\\n\"}",
          "2021-08-16T12:53:13.500000+0000 ends\n" },
        { "{\"message\": \"m\"}", "m\n" },
        { "{\"timestamp\": -1, \"message\": \"m\"}", "m\n" },
        { "{\"timestamp\": 1e300, \"message\": \"m\"}", "m\n" },
        { "{\"other\": 1}", "{\"other\": 1}\n" },
        { "7", "7\n" },
    };
    const struct field *f = field_of(RES_LOGS, "events");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf json = BUF_INIT(1000), text = BUF_INIT(1000);
        struct record *r;

        print_message("%s\n", rows[i].event);
        buf_addf(&json, "{\"logId\": \"las:log:" HEX "\", \"events\": [%s]}", rows[i].event);
        r = record_of(RES_LOGS, buf_str(&json));
        assert_int_equal(record_field_lines(r, f, &text), 0);
        assert_string_equal(buf_str(&text), rows[i].line);
        record_unref(r);
        buf_release(&text);
        buf_release(&json);
    }
}

static void fields_with_a_flag_are_left_out(void **state)
{
    struct record *r = record_of(RES_APP_CLIENTS, "{\"appClientId\": \"las:app-client:" HEX
                                                  "\", \"clientSecret\": \"hush\", \"new\": 1}");
    struct record *rest;
    struct buf text = BUF_INIT(1000);

    (void)state;
    assert_int_equal(record_without(r, F_ONCE, &rest), 0);
    assert_int_equal(record_json(rest, false, &text), 0);
    assert_string_equal(text.data, "{\"appClientId\": \"las:app-client:" HEX "\", \"new\": 1}\n");
    record_unref(rest);
    record_unref(r);
    buf_release(&text);
}

static void some_states_pass(void **state)
{
    struct record *at_work =
        record_of(RES_MODELS, "{\"modelId\": \"las:model:" HEX "\", \"status\": \"training\"}");
    struct record *done =
        record_of(RES_MODELS, "{\"modelId\": \"las:model:" HEX "\", \"status\": \"active\"}");
    struct record *document = record_of(RES_DOCUMENTS, PLAIN_DOCUMENT);

    (void)state;
    assert_true(record_is_passing(at_work));
    assert_false(record_is_passing(done));
    assert_false(record_is_passing(document));
    record_unref(at_work);
    record_unref(done);
    record_unref(document);
}

/* That there is none is a guess only where nobody has another one. */
static void a_value_is_surer_than_that_there_is_none(void **state)
{
    static const struct {
        const char *guesses, *labels;
    } rows[] = {
        { "[{\"label\": \"a\", \"value\": null, \"confidence\": 0.99}, "
          "{\"label\": \"a\", \"value\": \"1\", \"confidence\": 0.2}]",
          "\"1\"" },
        { "[{\"label\": \"a\", \"value\": \"1\", \"confidence\": 0.2}, "
          "{\"label\": \"a\", \"confidence\": 0.99}]",
          "\"1\"" },
        { "[{\"label\": \"a\", \"value\": \"1\", \"confidence\": 0.2}, "
          "{\"label\": \"a\", \"value\": \"2\", \"confidence\": 0.3}]",
          "\"2\"" },
        { "{\"a\": [{\"value\": null, \"confidence\": 1}, {\"value\": \"3\", \"confidence\": 0.1}]}",
          "\"3\"" },
        { "[{\"label\": \"a\", \"value\": null, \"confidence\": 0.2}]", "null" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf json = BUF_INIT(1000), labels = BUF_INIT(1000), want = BUF_INIT(1000);
        struct record *r;

        print_message("%s\n", rows[i].guesses);
        buf_addf(&json, "{\"predictionId\": \"las:prediction:" HEX "\", \"predictions\": %s}",
                 rows[i].guesses);
        buf_addf(&want, "{\n  \"a\": %s\n}\n", rows[i].labels);
        r = record_of(RES_PREDICTIONS, buf_str(&json));
        assert_int_equal(record_labels(r, &labels), 0);
        assert_string_equal(buf_str(&labels), buf_str(&want));
        record_unref(r);
        buf_release(&json);
        buf_release(&labels);
        buf_release(&want);
    }
}

static void what_a_text_mentions_is_seen_without_reading_it(void **state)
{
    struct record *r =
        record_of(RES_DOCUMENTS, "{\"documentId\": \"" DOC "\", \"name\": \"a bill\", "
                                 "\"metadata\": {\"lasfs\": {\"sha256\": \"abcd\"}}}");

    (void)state;
    assert_true(record_mentions(r, "metadata", "abcd"));
    assert_true(record_mentions(r, "name", "bill"));
    assert_false(record_mentions(r, "metadata", "abcde"));
    assert_false(record_mentions(r, "none", "a"));
    assert_false(record_mentions(r, "documentId", "las")); /* packed otherwise than as a text */
    record_unref(r);
}

static void values_are_read_by_name(void **state)
{
    struct record *r = record_of(RES_DOCUMENTS, PLAIN_DOCUMENT);
    char id[RESOURCE_ID_MAX + 1];
    struct buf text = BUF_INIT(1000);
    int64_t n = 0;

    (void)state;
    assert_ptr_equal(record_resource(r), resource_get(RES_DOCUMENTS));
    assert_int_equal(record_id(r, id), 0);
    assert_string_equal(id, DOC);
    assert_int_equal(record_integer(r, "retentionInDays", &n), 0);
    assert_int_equal(n, 1825);
    assert_int_equal(record_integer(r, "contentType", &n), -ENOENT);
    assert_int_equal(record_integer(r, "none", &n), -ENOENT);
    assert_int_equal(record_string(r, "contentType", &text), 0);
    assert_string_equal(text.data, "application/pdf");
    assert_int_equal(record_string(r, "retentionInDays", &text), -ENOENT);
    assert_int_equal(record_string(r, "groundTruth", &text), -ENOENT);
    buf_release(&text);
    buf_init(&text, 5);
    assert_int_equal(record_string(r, "contentType", &text), -EFBIG);
    assert_int_equal(record_json(r, true, &text), -EFBIG);
    assert_int_equal(text.len, 0);
    buf_release(&text);
    record_unref(r);
}

#define NS 1000000000LL

static void times_stand_in_for_each_other(void **state)
{
    static const struct {
        enum resource_kind kind;
        const char *answer;
        int64_t made, changed;
    } rows[] = {
        { RES_DOCUMENTS,
          "\"createdTime\": \"1970-01-01T00:00:05Z\", \"updatedTime\": \"1970-01-01T00:00:07Z\"",
          5 * NS, 7 * NS },
        { RES_DOCUMENTS, "\"createdTime\": \"1970-01-01T00:00:05Z\", \"updatedTime\": null", 5 * NS,
          5 * NS },
        { RES_DOCUMENTS, "\"createdTime\": null, \"updatedTime\": \"1970-01-01T00:00:07Z\"", 7 * NS,
          7 * NS },
        { RES_DOCUMENTS, "\"createdTime\": null", 0, 0 },
        { RES_DOCUMENTS, "\"createdTime\": \"odd\", \"updatedTime\": {}", 0, 0 },
        { RES_DOCUMENTS, "\"createdTime\": \"1970-01-01T00:00:60Z\"", 60 * NS, 60 * NS },
        { RES_WORKFLOW_EXECUTIONS, "\"startTime\": \"1970-01-01T00:00:05Z\", \"endTime\": null",
          5 * NS, 5 * NS },
        { RES_PREDICTIONS, "\"timestamp\": 1629118393", 1629118393 * NS, 1629118393 * NS },
        { RES_PREDICTIONS, "\"timestamp\": 1629118393.5", 1629118393 * NS + NS / 2,
          1629118393 * NS + NS / 2 },
        { RES_PREDICTIONS, "\"timestamp\": 9223372036854775807", 0, 0 },
        { RES_PREDICTIONS, "\"timestamp\": 1e300", 0, 0 },
        { RES_ORGANIZATIONS, "\"updatedTime\": \"1970-01-01T00:00:07Z\"", 7 * NS, 7 * NS },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char answer[1000];
        struct record *r;

        print_message("%s\n", rows[i].answer);
        snprintf(answer, sizeof(answer), "{\"%s\": \"las:x:i\", %s}",
                 resource_get(rows[i].kind)->id_field, rows[i].answer);
        r = record_of(rows[i].kind, answer);
        assert_int_equal(record_made_ns(r), rows[i].made);
        assert_int_equal(record_changed_ns(r), rows[i].changed);
        record_unref(r);
    }
}

static void references_are_counted(void **state)
{
    struct record *r = record_of(RES_DOCUMENTS, PLAIN_DOCUMENT);
    char id[RESOURCE_ID_MAX + 1];

    (void)state;
    assert_ptr_equal(record_ref(r), r);
    record_unref(r);
    assert_int_equal(record_id(r, id), 0);
    record_unref(r);
    record_unref(NULL);
    assert_null(record_ref(NULL));
}

static void pages_are_read(void **state)
{
    static const struct {
        const char *answer;
        int rc;
        size_t n;
        const char *token;
    } rows[] = {
        { "{\"documents\": [], \"nextToken\": null}", 0, 0, NULL },
        { "{\"documents\": []}", 0, 0, NULL },
        { "{\"documents\": [], \"nextToken\": \"\"}", 0, 0, NULL },
        { "{\"documents\": [], \"nextToken\": \"t\"}", 0, 0, "t" },
        { "{\"documents\": [{\"documentId\": \"a\"}, {\"documentId\": \"b\"}], \"nextToken\": \"t\", \"datasetId\": [\"x\"]}",
          0, 2, "t" },
        { "{\"documents\": {}}", -EIO, 0, NULL },
        { "{\"nextToken\": null}", -EIO, 0, NULL },
        { "{\"documents\": [{\"documentId\": \"a\"}, {}], \"nextToken\": null}", -EIO, 0, NULL },
        { "{\"documents\": [], \"nextToken\": 7}", -EIO, 0, NULL },
        { "{\"documents\": [], \"nextToken\": \"a\\u0000\"}", -EIO, 0, NULL },
        { "[]", -EIO, 0, NULL },
        { "", -EIO, 0, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct page *p = NULL;

        print_message("%s\n", rows[i].answer);
        assert_int_equal(codec_page_text(resource_get(RES_DOCUMENTS), rows[i].answer,
                                         strlen(rows[i].answer), &p, NULL),
                         rows[i].rc);
        if (rows[i].rc < 0) {
            assert_null(p);
            continue;
        }
        assert_int_equal(p->n, rows[i].n);
        if (rows[i].token)
            assert_string_equal(p->next_token, rows[i].token);
        else
            assert_null(p->next_token);
        page_free(p);
    }
    page_free(NULL);
}

/* --- Out of memory --------------------------------------------------------------------------- */

static long mallocs_left = -1; /* -1: without end */

static void *rationed(size_t size)
{
    if (mallocs_left == 0)
        return NULL;
    if (mallocs_left > 0)
        mallocs_left--;
    return malloc(size);
}

static int make_all(struct page **page, struct record **rest, struct buf *text)
{
    static const char answer[] =
        "{\"documents\": [" PLAIN_DOCUMENT ", {\"documentId\": \"b\", \"x\": [{\"y\": 1.5}]}], "
        "\"nextToken\": \"t\"}";
    int rc = codec_page_text(resource_get(RES_DOCUMENTS), answer, strlen(answer), page, NULL);

    if (rc == 0)
        rc = record_without((*page)->rows[0], F_ONCE, rest);
    return rc < 0 ? rc : record_json(*rest, true, text);
}

static void running_out_of_memory_is_survived(void **state)
{
    bool done = false;

    (void)state;
    json_set_alloc_funcs(rationed, free);
    for (long n = 0; !done; n++) {
        struct page *page = NULL;
        struct record *rest = NULL;
        struct buf text = BUF_INIT(10000);
        int rc;

        mallocs_left = n;
        rc = make_all(&page, &rest, &text);
        done = mallocs_left != 0;
        mallocs_left = -1;
        /* jansson's lexer calls a token that it has no memory for an invalid one */
        if (!done && rc != 0) {
            assert_true(rc == -ENOMEM || rc == -EIO);
            assert_int_equal(text.len, 0);
        }
        if (done)
            assert_int_equal(rc, 0);
        page_free(page);
        record_unref(rest);
        buf_release(&text);
        assert_true(n < 10000);
    }
    json_set_alloc_funcs(malloc, free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips_are_exact),
        cmocka_unit_test(a_document_takes_under_200_bytes),
        cmocka_unit_test(content_is_dropped),
        cmocka_unit_test(json_is_in_the_tables_order),
        cmocka_unit_test(ids_that_cannot_be_one_are_refused),
        cmocka_unit_test(hostile_answers_are_refused),
        cmocka_unit_test(an_answer_of_very_many_values_takes_no_memory),
        cmocka_unit_test(an_answer_is_nested_so_deep_and_no_deeper),
        cmocka_unit_test(fields_are_files),
        cmocka_unit_test(a_field_with_an_ending_is_its_bytes),
        cmocka_unit_test(events_are_lines),
        cmocka_unit_test(fields_with_a_flag_are_left_out),
        cmocka_unit_test(some_states_pass),
        cmocka_unit_test(a_value_is_surer_than_that_there_is_none),
        cmocka_unit_test(what_a_text_mentions_is_seen_without_reading_it),
        cmocka_unit_test(values_are_read_by_name),
        cmocka_unit_test(times_stand_in_for_each_other),
        cmocka_unit_test(references_are_counted),
        cmocka_unit_test(pages_are_read),
        cmocka_unit_test(running_out_of_memory_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
