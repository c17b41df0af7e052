/* The bodies of POST and PATCH: from texts, from JSON, and from what was edited. */
#include "body.h"

#include "codec.h"
#include "json_text.h"
#include "record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

#include "banned.h"

#define POST BODY_POST
#define PATCH BODY_PATCH

static struct body *new_body(enum resource_kind kind, enum body_use use)
{
    struct body *b = NULL;

    assert_int_equal(body_new(resource_get(kind), use, &b), 0);
    assert_true(body_empty(b));
    return b;
}

/* Checks b's JSON and frees it. */
static void expect(struct body *b, const char *json)
{
    struct buf text = BUF_INIT(10000);

    assert_int_equal(body_write(b, &text), 0);
    assert_string_equal(text.data, json);
    assert_int_equal(body_empty(b), strcmp(json, "{}") == 0);
    buf_release(&text);
    body_free(b);
}

/* clang-format off */
#define LABEL(label, value) "{\"label\": \"" label "\", \"value\": " value "}"
#define TO_NUMBERS(text, labels) { text, "{\"groundTruth\": [" labels "]}" }
#define TRUTH(text, list) \
    { RES_DOCUMENTS, PATCH, "groundTruth", text, 0, "{\"groundTruth\": [" list "]}" }
#define NO_TRUTH(text) { RES_DOCUMENTS, PATCH, "groundTruth", text, -EINVAL, NULL }
/* clang-format on */

static void texts_become_fields(void **state)
{
    static const struct {
        enum resource_kind kind;
        enum body_use use;
        const char *field, *text;
        int rc;
        const char *json;
    } rows[] = {
        { RES_DATASETS, PATCH, "name", "new\n", 0, "{\"name\": \"new\"}" },
        { RES_DATASETS, PATCH, "name", "new", 0, "{\"name\": \"new\"}" },
        { RES_DATASETS, PATCH, "name", "new\r\n", 0, "{\"name\": \"new\"}" },
        { RES_DATASETS, PATCH, "name", "new\n\n", 0, "{\"name\": \"new\\n\"}" },
        { RES_DATASETS, PATCH, "name", "new\r", 0, "{\"name\": \"new\\r\"}" },
        { RES_DATASETS, PATCH, "name", "", 0, "{\"name\": null}" },
        { RES_DATASETS, PATCH, "name", "\n", 0, "{\"name\": \"\"}" },
        { RES_DATASETS, PATCH, "name", "\r\n", 0, "{\"name\": \"\"}" },
        { RES_DATASETS, PATCH, "name", " \"x\" \n", 0, "{\"name\": \" \\\"x\\\" \"}" },
        { RES_DATASETS, PATCH, "name", "\xc3\xa5\n", 0, "{\"name\": \"\xc3\xa5\"}" },
        { RES_DATASETS, PATCH, "name", "\xff\n", -EINVAL, NULL },
        { RES_DATASETS, PATCH, "name", "\xed\xa0\x80", -EINVAL, NULL },
        { RES_DATASETS, PATCH, "name", "\xc0\xaf", -EINVAL, NULL },
        { RES_DATASETS, PATCH, "name", "\xf4\x90\x80\x80", -EINVAL, NULL },
        { RES_DATASETS, PATCH, "name", "\xe2\x82", -EINVAL, NULL },
        { RES_DATASETS, PATCH, "version", "3\n", -EINVAL, NULL },
        { RES_DATASETS, PATCH, "retentionInDays", "3\n", 0, "{\"retentionInDays\": 3}" },
        { RES_DATASETS, PATCH, "storageLocation", "3\n", -EINVAL, NULL },
        { RES_DATASETS, POST, "retentionInDays", "3\n", 0, "{\"retentionInDays\": 3}" },
        { RES_DOCUMENTS, PATCH, "retentionInDays", "30", 0, "{\"retentionInDays\": 30}" },
        { RES_DOCUMENTS, PATCH, "retentionInDays", "-1\n", 0, "{\"retentionInDays\": -1}" },
        { RES_DOCUMENTS, PATCH, "retentionInDays", "3.5\n", -EINVAL, NULL },
        { RES_DOCUMENTS, PATCH, "retentionInDays", " 3\n", -EINVAL, NULL },
        { RES_DOCUMENTS, PATCH, "retentionInDays", "3 4", -EINVAL, NULL },
        { RES_DOCUMENTS, PATCH, "retentionInDays", "", -EINVAL, NULL },
        { RES_DOCUMENTS, PATCH, "retentionInDays", "99999999999999999999", -EINVAL, NULL },
        { RES_DOCUMENTS, PATCH, "retentionInDays", "null", -EINVAL, NULL },
        { RES_DOCUMENTS, PATCH, "datasetId", "las:dataset:x\n", 0,
          "{\"datasetId\": \"las:dataset:x\"}" },
        { RES_DOCUMENTS, PATCH, "contentType", "image/png", -EINVAL, NULL },
        { RES_DATASETS, POST, "containsPersonallyIdentifiableInformation", "false\n", 0,
          "{\"containsPersonallyIdentifiableInformation\": false}" },
        { RES_DATASETS, POST, "containsPersonallyIdentifiableInformation", "yes\n", -EINVAL, NULL },
        { RES_DATASETS, POST, "containsPersonallyIdentifiableInformation", "False\n", -EINVAL,
          NULL },
        { RES_MODELS, PATCH, "fieldConfig", "{\"a\": {\"type\": \"all\", \"maxLength\": 3}}\n", 0,
          "{\"fieldConfig\": {\"a\": {\"type\": \"all\", \"maxLength\": 3}}}" },
        { RES_MODELS, PATCH, "fieldConfig", "[]", -EINVAL, NULL },
        { RES_MODELS, PATCH, "fieldConfig", "null", -EINVAL, NULL },
        { RES_MODELS, PATCH, "fieldConfig", "7", -EINVAL, NULL },
        { RES_MODELS, PATCH, "fieldConfig", "", -EINVAL, NULL },
        { RES_MODELS, PATCH, "fieldConfig", "{\"a\": NaN}", -EINVAL, NULL },
        { RES_MODELS, PATCH, "fieldConfig", "{\"a\": 1, \"a\": 2}", -EINVAL, NULL },
        { RES_MODELS, PATCH, "fieldConfig", "{} {}", -EINVAL, NULL },
        { RES_TRANSITION_EXECUTIONS, PATCH, "output", "{\"a\": [1, 2.5]}\n", 0,
          "{\"output\": {\"a\": [1, 2.5]}, \"status\": \"succeeded\"}" },
        { RES_TRANSITIONS, PATCH, "assets", "{\"x\": \"y\"}", 0, "{\"assets\": {\"x\": \"y\"}}" },
        { RES_DATA_BUNDLES, POST, "datasetIds", "[\"a\"]", 0, "{\"datasetIds\": [\"a\"]}" },
        { RES_DATA_BUNDLES, POST, "datasetIds", "{\"a\": 1}", -EINVAL, NULL },
        /* labels */
        { RES_DOCUMENTS, PATCH, "groundTruth", "[]", 0, "{\"groundTruth\": []}" },
        { RES_DOCUMENTS, PATCH, "groundTruth", "{}", 0, "{\"groundTruth\": []}" },
        { RES_DOCUMENTS, PATCH, "groundTruth", "[{\"label\": \"a\", \"value\": \"1\"}]", 0,
          "{\"groundTruth\": [{\"label\": \"a\", \"value\": \"1\"}]}" },
        { RES_DOCUMENTS, PATCH, "groundTruth", "{\"a\": \"1\", \"b\": null, \"c\": true}", 0,
          "{\"groundTruth\": [{\"label\": \"a\", \"value\": \"1\"}, {\"label\": \"b\", \"value\": null}, "
          "{\"label\": \"c\", \"value\": true}]}" },
        { RES_DOCUMENTS, PATCH, "groundTruth",
          "{\"predictionId\": \"las:prediction:p\", \"predictions\": [{\"label\": \"a\", \"value\": \"1\", \"confidence\": 0.9}, "
          "{\"label\": \"a\", \"value\": null, \"confidence\": 0.1}]}",
          0,
          "{\"groundTruth\": [{\"label\": \"a\", \"value\": \"1\"}, {\"label\": \"a\", \"value\": null}]}" },
        { RES_DOCUMENTS, PATCH, "groundTruth", "{\"predictions\": \"a label\"}", 0,
          "{\"groundTruth\": [{\"label\": \"predictions\", \"value\": \"a label\"}]}" },
        { RES_DOCUMENTS, PATCH, "groundTruth", "{\"predictions\": [{\"value\": \"1\"}]}", -EINVAL,
          NULL },
        { RES_DOCUMENTS, PATCH, "groundTruth", "{\"predictions\": [7]}", -EINVAL, NULL },
        { RES_DOCUMENTS, PATCH, "groundTruth", "\"x\"", -EINVAL, NULL },
        TRUTH("{\"total\": 6.50}", LABEL("total", "\"6.50\"")),
        TRUTH("{\"a\": 1e3, \"b\":-0,\n\"c\" : 1E+05 }",
              LABEL("a", "\"1e3\"") ", " LABEL("b", "\"-0\"") ", " LABEL("c", "\"1E+05\"")),
        TRUTH("{\"a\": 9007199254740993, \"b\": 123456789012345678901234567890}",
              LABEL("a", "\"9007199254740993\"") ", " LABEL("b",
                                                            "\"123456789012345678901234567890\"")),
        TRUTH("{\"a\": 1e999, \"b\": 0.10000000000000000000001}",
              LABEL("a", "\"1e999\"") ", " LABEL("b", "\"0.10000000000000000000001\"")),
        TRUTH("{\"value\": 1.0, \"label\": 2.0, \"labels\": 3.0}",
              LABEL("value", "\"1.0\"") ", " LABEL("label", "\"2.0\"") ", " LABEL("labels",
                                                                                  "\"3.0\"")),
        TRUTH("{\"labels\": \"x\"}", LABEL("labels", "\"x\"")),
        TRUTH("{\"labels\": null, \"b\": false}", LABEL("labels", "null") ", " LABEL("b", "false")),
        TRUTH("{\"a\": \"1, \\\"b\\\": 2.50\"}", LABEL("a", "\"1, \\\"b\\\": 2.50\"")),
        TRUTH("[{\"label\": \"a\", \"value\": 6.50, \"confidence\": 0.5, \"pages\": [1, 2]}]",
              "{\"label\": \"a\", \"value\": \"6.50\", \"confidence\": 0.5, \"pages\": [1, 2]}"),
        TRUTH("[{\"value\": 7, \"label\": \"a\"}]", "{\"value\": \"7\", \"label\": \"a\"}"),
        TRUTH("[{\"v\\u0061lue\": 7, \"label\": \"a\"}]", "{\"value\": \"7\", \"label\": \"a\"}"),
        TRUTH("{\"predictions\": [{\"label\": \"a\", \"value\": 6.50, \"confidence\": 0.5}], "
              "\"inferenceTime\": 3.0}",
              LABEL("a", "\"6.50\"")),
        TRUTH("{\"document\": \"x.pdf\", \"labels\": {\"total\": 6.50}, \"other\": {\"a\": {}}}",
              LABEL("total", "\"6.50\"")),
        TRUTH("{\"labels\": [{\"label\": \"a\", \"value\": 6.50}]}", LABEL("a", "\"6.50\"")),
        TRUTH("{\"labels\": {\"predictions\": [{\"label\": \"a\", \"value\": 6.50}]}}",
              LABEL("a", "\"6.50\"")),
        TRUTH("{\"labels\": {}}", ""),
        TRUTH("\xef\xbb\xbf{\"total\": 6.50}\r\n", LABEL("total", "\"6.50\"")),
        /* the lines of a table */
        TRUTH("[{\"label\": \"lines\", \"value\": [[{\"label\": \"a\", \"value\": 1.50}]]}]",
              "{\"label\": \"lines\", \"value\": [[" LABEL("a", "\"1.50\"") "]]}"),
        NO_TRUTH("{\"total\": 007}"),
        NO_TRUTH("{\"total\": 1.}"),
        NO_TRUTH("{\"total\": .5}"),
        NO_TRUTH("{\"total\": 1e}"),
        NO_TRUTH("{\"total\": 1e+}"),
        NO_TRUTH("{\"total\": -}"),
        NO_TRUTH("{\"total\": +1}"),
        NO_TRUTH("{\"total\": 1_000}"),
        NO_TRUTH("{\"total\": 0x10}"),
        NO_TRUTH("{\"total\": NaN}"),
        NO_TRUTH("{\"total\": 1 2}"),
        NO_TRUTH("{\"total\": 1.5.2}"),
        NO_TRUTH("{6.50: \"a\"}"),
        NO_TRUTH("{\"a\": 1, \"a\": 2}"),
        NO_TRUTH("{\"a\": {\"b\": 1}}"),
        NO_TRUTH("{\"a\": {}}"),
        NO_TRUTH("[{\"label\": \"a\", \"value\": {\"b\": 1}}]"),
        NO_TRUTH("{\"predictions\": [{\"label\": \"a\", \"value\": {}}]}"),
        NO_TRUTH("{\"labels\": {\"a\": {\"b\": 1}}}"),
        NO_TRUTH("6.50"),
        NO_TRUTH("\xef\xbb\xbf"),
        NO_TRUTH("{\"a\": \"x"),
        NO_TRUTH("{\"a\": \"x\\"),
        NO_TRUTH("{\"a\": \xef\xbb\xbf 1}"),
        { RES_MODELS, PATCH, "fieldConfig", "\xef\xbb\xbf{}", 0, "{\"fieldConfig\": {}}" },
        { RES_DOCUMENTS, PATCH, "groundTruth", "not json", -EINVAL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct body *b = new_body(rows[i].kind, rows[i].use);
        const struct field *f = resource_field(resource_get(rows[i].kind), rows[i].field);
        struct failure err = { 0 };

        print_message("%s <- %s\n", rows[i].field, rows[i].text);
        assert_int_equal(body_set_text(b, f, rows[i].text, strlen(rows[i].text), &err), rows[i].rc);
        if (rows[i].rc < 0)
            assert_non_null(strstr(err.text, rows[i].field));
        assert_int_equal(body_has(b, rows[i].field), rows[i].rc == 0);
        expect(b, rows[i].rc < 0 ? "{}" : rows[i].json);
    }
}

/* What the API's own list has of numbers, where the server takes them; what would lose a letter is a text there too. */
static void numbers_of_a_list_stay_numbers_where_they_may(void **state)
{
    static const struct {
        const char *text, *json;
    } rows[] = {
        TO_NUMBERS("[{\"label\": \"a\", \"value\": 12.5, \"pages\": [0]}]",
                   "{\"label\": \"a\", \"value\": 12.5, \"pages\": [0]}"),
        TO_NUMBERS("[{\"value\": -7, \"label\": \"a\"}]", "{\"value\": -7, \"label\": \"a\"}"),
        TO_NUMBERS("{\"labels\": [{\"label\": \"a\", \"value\": 1e-07}]}", LABEL("a", "1e-07")),
        TO_NUMBERS("[{\"label\": \"a\", \"value\": [[{\"label\": \"b\", \"value\": 1.5}]]}]",
                   LABEL("a", "[[" LABEL("b", "1.5") "]]")),
        TO_NUMBERS("[{\"label\": \"a\", \"value\": \"12.5\"}]", LABEL("a", "\"12.5\"")),
        TO_NUMBERS("[{\"label\": \"a\", \"value\": 12.50}]", LABEL("a", "\"12.50\"")),
        TO_NUMBERS("[{\"label\": \"a\", \"value\": 123456789012345678901234567890}]",
                   LABEL("a", "\"123456789012345678901234567890\"")),
        TO_NUMBERS("[{\"label\": \"a\", \"value\": 1e999}]", LABEL("a", "\"1e999\"")),
        TO_NUMBERS("{\"a\": 12.5}", LABEL("a", "\"12.5\"")),
    };
    const struct field *f = resource_field(resource_get(RES_DOCUMENTS), "groundTruth");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct body *b = new_body(RES_DOCUMENTS, PATCH);

        print_message("%s\n", rows[i].text);
        body_keep_numbers(b);
        assert_int_equal(body_set_text(b, f, rows[i].text, strlen(rows[i].text), NULL), 0);
        expect(b, rows[i].json);
    }
}

static void a_nul_is_refused(void **state)
{
    struct body *b = new_body(RES_DATASETS, POST);
    const struct resource *res = resource_get(RES_DATASETS);

    (void)state;
    assert_int_equal(body_set_text(b, resource_field(res, "name"), "a\0b", 3, NULL), -EINVAL);
    assert_int_equal(body_set_text(b, resource_field(res, "retentionInDays"), "3\0", 2, NULL),
                     -EINVAL);
    expect(b, "{}");
}

static void strings_are_set_as_they_are(void **state)
{
    struct body *b = new_body(RES_DOCUMENTS, POST);
    struct failure err = { 0 };

    (void)state;
    assert_int_equal(body_set_string(b, "contentType", "image/png", &err), 0);
    assert_int_equal(body_set_string(b, "consentId", "\n", &err), 0);
    assert_int_equal(body_set_string(b, "createdBy", "x", &err), -EINVAL);
    assert_non_null(strstr(err.text, "createdBy"));
    assert_int_equal(body_set_string(b, "nothing", "x", &err), -EINVAL);
    assert_non_null(strstr(err.text, "nothing"));
    assert_int_equal(body_set_string(b, "datasetId", "\xff", &err), -EINVAL);
    expect(b, "{\"contentType\": \"image/png\", \"consentId\": \"\\n\"}");
}

static void json_sets_many(void **state)
{
    static const struct {
        enum resource_kind kind;
        enum body_use use;
        const char *text;
        int rc;
        const char *json, *says;
    } rows[] = {
        { RES_DATASETS, POST, "{}", 0, "{}" },
        { RES_DATASETS, POST, "{\"name\": null, \"retentionInDays\": 3}", 0,
          "{\"name\": null, \"retentionInDays\": 3}" },
        { RES_DATASETS, POST, "{\"later\": 1}", 0, "{\"later\": 1}" },
        { RES_DATASETS, POST, "{\"version\": 1}", -EINVAL, .says = "version" },
        { RES_DATASETS, POST, "[]", -EINVAL, .says = "object" },
        { RES_DATASETS, POST, "", -EINVAL, .says = "JSON" },
        { RES_DATASETS, POST, "{\"name\": \"a\", \"name\": \"b\"}", -EINVAL, .says = "duplicate" },
        { RES_TRANSITION_EXECUTIONS, POST, "{\"anything\": [1]}", 0, "{\"anything\": [1]}" },
        { RES_TRANSITION_EXECUTIONS, PATCH, "{\"anything\": [1]}", 0, "{\"anything\": [1]}" },
        { RES_TRANSITION_EXECUTIONS, PATCH,
          "{\"status\": \"failed\", \"error\": {\"message\": \"m\"}}", 0,
          "{\"status\": \"failed\", \"error\": {\"message\": \"m\"}}" },
        { RES_DOCUMENTS, POST, "{\"groundTruth\": {\"a\": \"1\"}}", 0,
          "{\"groundTruth\": [{\"label\": \"a\", \"value\": \"1\"}]}" },
        { RES_DOCUMENTS, POST,
          "\xef\xbb\xbf{\"retentionInDays\": 30, \"groundTruth\": {\"a\": 6.50, "
          "\"retentionInDays\": 1}}",
          0,
          "{\"retentionInDays\": 30, \"groundTruth\": [{\"label\": \"a\", \"value\": \"6.50\"}, "
          "{\"label\": \"retentionInDays\", \"value\": \"1\"}]}" },
        { RES_SECRETS, POST, "{\"data\": {\"password\": \"hush\"}}", 0,
          "{\"data\": {\"password\": \"hush\"}}" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct body *b = new_body(rows[i].kind, rows[i].use);
        struct failure err = { 0 };

        print_message("%s\n", rows[i].text);
        assert_int_equal(body_set_json(b, rows[i].text, strlen(rows[i].text), &err), rows[i].rc);
        if (rows[i].rc < 0) {
            assert_non_null(strstr(err.text, rows[i].says));
            body_free(b);
        } else {
            expect(b, rows[i].json);
        }
    }
}

static void only_the_difference_is_sent(void **state)
{
    static const char model[] =
        "{\"modelId\": \"las:model:m\", \"name\": \"old\", \"description\": null, \"width\": 100, \"height\": 200, "
        "\"fieldConfig\": {\"a\": {\"type\": \"all\", \"maxLength\": 3}}, \"status\": \"inactive\", "
        "\"createdTime\": \"2021-08-16T12:53:13.374930+0000\", \"new\": [1]}";
    static const char transition[] =
        "{\"transitionId\": \"las:transition:t\", \"name\": null, \"parameters\": {\"imageUrl\": \"i\", "
        "\"environment\": {\"A\": \"1\"}}}";
    static const char execution[] =
        "{\"executionId\": \"las:transition-execution:e\", \"status\": \"running\", \"input\": {}}";
    static const char document[] =
        "{\"documentId\": \"las:document:d\", \"groundTruth\": [{\"label\": \"a\", \"value\": 6.5, "
        "\"confidence\": 0.5}, {\"label\": \"b\", \"value\": \"3\"}]}";
    static const struct {
        enum resource_kind kind;
        const char *now, *text;
        int rc;
        const char *json, *says;
    } rows[] = {
        { RES_MODELS, model, model, 0, "{}" },
        { RES_MODELS, model, "{}", 0, "{}" },
        { RES_MODELS, model, "{\"name\": \"new\"}", 0, "{\"name\": \"new\"}" },
        { RES_MODELS, model, "{\"name\": null, \"width\": 101, \"height\": 200}", 0,
          "{\"name\": null, \"width\": 101}" },
        { RES_MODELS, model, "{\"description\": null}", 0, "{}" },
        { RES_MODELS, model, "{\"description\": \"\"}", 0, "{\"description\": \"\"}" },
        { RES_MODELS, model, "{\"fieldConfig\": {\"a\": {\"maxLength\": 3, \"type\": \"all\"}}}", 0,
          "{}" },
        { RES_MODELS, model, "{\"fieldConfig\": {}}", 0, "{\"fieldConfig\": {}}" },
        { RES_MODELS, model, "{\"modelId\": \"other\"}", -EINVAL, .says = "modelId" },
        { RES_MODELS, model, "{\"createdTime\": \"2021-08-16T12:53:13Z\"}", -EINVAL,
          .says = "createdTime" },
        { RES_MODELS, model, "{\"new\": [1]}", 0, "{}" },
        { RES_MODELS, model, "{\"new\": [2]}", 0, "{\"new\": [2]}" },
        { RES_MODELS, model, "{\"newer\": null}", 0, "{}" },
        { RES_MODELS, model, "[]", -EINVAL, .says = "object" },
        { RES_MODELS, model, "{", -EINVAL, .says = "JSON" },
        { RES_TRANSITIONS, transition, transition, 0, "{}" },
        { RES_TRANSITIONS, transition,
          "{\"parameters\": {\"imageUrl\": \"i\", \"environment\": {\"A\": \"2\"}}}", 0,
          "{\"environment\": {\"A\": \"2\"}}" },
        { RES_TRANSITIONS, transition, "{\"parameters\": {\"imageUrl\": \"j\"}}", 0,
          "{\"parameters\": {\"imageUrl\": \"j\"}}" },
        { RES_TRANSITIONS, transition, "{\"environment\": {\"A\": \"1\"}}", 0, "{}" },
        { RES_TRANSITIONS, transition, "{\"assets\": {\"x\": \"y\"}}", 0,
          "{\"assets\": {\"x\": \"y\"}}" },
        { RES_DOCUMENTS, document, document, 0, "{}" },
        { RES_DOCUMENTS, document, "{\"groundTruth\": {\"a\": 6.5, \"b\": 3}}", 0,
          "{\"groundTruth\": [{\"label\": \"a\", \"value\": 6.5, \"confidence\": 0.5}, "
          "{\"label\": \"b\", \"value\": \"3\"}]}" },
        { RES_DOCUMENTS, document, "{\"groundTruth\": [{\"label\": \"a\", \"value\": 6.50}]}", 0,
          "{\"groundTruth\": [{\"label\": \"a\", \"value\": \"6.50\"}]}" },
        { RES_DOCUMENTS, document, "{\"groundTruth\": {\"a\": {}}}", -EINVAL,
          .says = "value of a" },
        { RES_TRANSITION_EXECUTIONS, execution,
          "{\"status\": \"succeeded\", \"output\": {\"a\": 1}}", 0,
          "{\"status\": \"succeeded\", \"output\": {\"a\": 1}}" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct body *b = new_body(rows[i].kind, PATCH);
        struct record *now = NULL;
        struct failure err = { 0 };

        print_message("%s\n", rows[i].text);
        assert_int_equal(codec_record_text(resource_get(rows[i].kind), rows[i].now,
                                           strlen(rows[i].now), &now, NULL),
                         0);
        assert_int_equal(body_set_difference(b, now, rows[i].text, strlen(rows[i].text), &err),
                         rows[i].rc);
        record_unref(now);
        if (rows[i].rc < 0) {
            assert_non_null(strstr(err.text, rows[i].says));
            body_free(b);
        } else {
            expect(b, rows[i].json);
        }
    }
}

/* What record_field_text() writes, body_set_text() reads. */
static void files_and_fields_are_inverse(void **state)
{
    static const char model[] =
        "{\"modelId\": \"las:model:m\", \"name\": \"two\\nlines\\n\", \"description\": null, \"width\": 100, "
        "\"fieldConfig\": {\"a\": {\"type\": \"all\", \"maxLength\": 3}}, \"status\": \"inactive\"}";
    struct record *r = NULL;

    (void)state;
    assert_int_equal(codec_record_text(resource_get(RES_MODELS), model, strlen(model), &r, NULL),
                     0);
    for (const struct field *f = resource_get(RES_MODELS)->fields; f->name; f++) {
        struct body *b = new_body(RES_MODELS, PATCH);
        struct buf text = BUF_INIT(1000);
        json_t *before = NULL, *after = NULL;
        struct buf json = BUF_INIT(1000);

        if (f->flags & F_IN_PATCH && record_field_text(r, f, &text) == 0) {
            print_message("%s\n", f->name);
            assert_int_equal(body_set_text(b, f, buf_str(&text), text.len, NULL), 0);
            assert_int_equal(body_write(b, &json), 0);
            assert_int_equal(json_text_parse(json.data, json.len, true, &after, NULL), 0);
            assert_int_equal(codec_field(r, f, &before), 0);
            assert_true(json_equal(json_object_get(after, f->name), before));
        }
        json_decref(before);
        json_decref(after);
        buf_release(&json);
        buf_release(&text);
        body_free(b);
    }
    record_unref(r);
    body_free(NULL);
}

static void what_is_shared_is_not_wiped(void **state)
{
    struct body *b = new_body(RES_DATASETS, POST);
    json_auto_t *empty = json_string("");

    (void)state;
    assert_int_equal(body_set_string(b, "name", "", NULL), 0);
    json_text_wipe(empty);
    expect(b, "{\"name\": \"\"}");
}

/* --- Out of memory --------------------------------------------------------------------------- */

#define MALLOCS_MAX 10000

static long mallocs_left = -1; /* -1: without end */

static void *rationed(size_t size)
{
    if (mallocs_left == 0)
        return NULL;
    if (mallocs_left > 0)
        mallocs_left--;
    return malloc(size);
}

static int make_all(struct body *b, const struct record *now)
{
    static const char truth[] =
        "{\"predictions\": [{\"label\": \"a\", \"value\": \"1\", \"confidence\": 0.9}]}";
    static const char edit[] = "{\"retentionInDays\": 4, \"groundTruth\": {\"a\": \"b\"}}";
    const struct resource *res = resource_get(RES_DOCUMENTS);
    int rc = body_set_string(b, "datasetId", "x", NULL);

    if (rc == 0)
        rc = body_set_text(b, resource_field(res, "retentionInDays"), "3", 1, NULL);
    if (rc == 0)
        rc = body_set_text(b, resource_field(res, "groundTruth"), truth, strlen(truth), NULL);
    return rc < 0 ? rc : body_set_difference(b, now, edit, strlen(edit), NULL);
}

static void running_out_of_memory_is_survived(void **state)
{
    static const char now_text[] =
        "{\"documentId\": \"las:document:d\", \"retentionInDays\": 3, \"x\": {\"y\": \"z\"}}";
    struct record *now = NULL;
    bool done = false;

    (void)state;
    assert_int_equal(
        codec_record_text(resource_get(RES_DOCUMENTS), now_text, strlen(now_text), &now, NULL), 0);
    json_set_alloc_funcs(rationed, free);
    for (long n = 0; !done; n++) {
        struct body *b = NULL;
        int rc;

        mallocs_left = n;
        rc = body_new(resource_get(RES_DOCUMENTS), PATCH, &b);
        if (rc == 0)
            rc = make_all(b, now);
        done = mallocs_left != 0;
        mallocs_left = -1;
        assert_true(done ? rc == 0 : rc <= 0);
        /* jansson's lexer calls a token that it has no memory for an invalid one */
        assert_true(rc == 0 || rc == -ENOMEM || rc == -EINVAL);
        body_free(b);
        assert_true(n < 10000);
    }
    json_set_alloc_funcs(malloc, free);
    record_unref(now);
}

/* Resources that the finder below knows. */
static int find_known(void *arg, const struct resource *of, const char *name,
                      char id[RESOURCE_ID_MAX + 1], struct failure *err)
{
    (void)arg;
    if (strcmp(name, "unknown") == 0) {
        failure_set(err, 0, "there is no such name in %s", of->list_key);
        return -EINVAL;
    }
    snprintf(id, RESOURCE_ID_MAX + 1, "las:%s:%s", of->id_type, name);
    return 0;
}

static const struct id_finder finder = { .id_of = find_known };

static void names_stand_for_ids_at_any_depth(void **state)
{
    static const struct {
        enum resource_kind kind;
        const char *text;
        int rc;
        const char *json;
    } rows[] = {
        { RES_PREDICTIONS, "{\"documentId\": \"a\", \"modelId\": \"las:model:m\"}", 0,
          "{\"documentId\": \"las:document:a\", \"modelId\": \"las:model:m\"}" },
        { RES_DATA_BUNDLES, "{\"datasetIds\": [\"a\", \"b\"]}", 0,
          "{\"datasetIds\": [\"las:dataset:a\", \"las:dataset:b\"]}" },
        { RES_DATA_BUNDLES, "{\"datasetIds\": [\"a\", \"unknown\"]}", -EINVAL, NULL },
        { RES_TRANSITIONS,
          "{\"parameters\": {\"secretId\": \"s\", \"environmentSecrets\": [\"t\"]}}", 0,
          "{\"parameters\": {\"secretId\": \"las:secret:s\", \"environmentSecrets\": "
          "[\"las:secret:t\"]}}" },
        { RES_TRANSITIONS, "{\"parameters\": {\"assets\": {\"any\": \"a\"}}}", 0,
          "{\"parameters\": {\"assets\": {\"any\": \"las:asset:a\"}}}" },
        { RES_WORKFLOWS, "{\"StartAt\": \"s\", \"States\": {\"s\": {\"Resource\": \"t\"}}}", 0,
          "{\"specification\": {\"definition\": {\"StartAt\": \"s\", \"States\": {\"s\": "
          "{\"Resource\": \"las:transition:t\"}}}, \"language\": \"ASL\", \"version\": \"1.0.0\"}}" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct body *b = new_body(rows[i].kind, POST);
        struct failure err = { 0 };

        print_message("%s\n", rows[i].text);
        body_find_ids(b, &finder);
        assert_int_equal(body_set_json(b, rows[i].text, strlen(rows[i].text), &err), rows[i].rc);
        if (rows[i].json)
            expect(b, rows[i].json);
        else
            body_free(b);
    }
}

static void a_bare_body_is_put_where_it_belongs(void **state)
{
    static const struct {
        enum resource_kind kind;
        const char *text, *json;
    } rows[] = {
        { RES_WORKFLOW_EXECUTIONS, "{}", "{\"input\": {}}" },
        { RES_WORKFLOW_EXECUTIONS, "{\"a\": 1}", "{\"input\": {\"a\": 1}}" },
        { RES_WORKFLOW_EXECUTIONS, "{\"input\": {\"a\": 1}}", "{\"input\": {\"a\": 1}}" },
        { RES_WORKFLOW_EXECUTIONS, "{\"input\": 1, \"b\": 2}",
          "{\"input\": {\"input\": 1, \"b\": 2}}" },
        { RES_WORKFLOWS, "{\"name\": \"n\", \"definition\": {}}",
          "{\"name\": \"n\", \"specification\": {\"definition\": {}, \"language\": \"ASL\", "
          "\"version\": \"1.0.0\"}}" },
        { RES_WORKFLOWS, "{\"specification\": {\"definition\": {}}}",
          "{\"specification\": {\"definition\": {}}}" },
        { RES_WORKFLOWS, "{\"name\": \"n\"}", "{\"name\": \"n\"}" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct body *b = new_body(rows[i].kind, POST);

        print_message("%s\n", rows[i].text);
        assert_int_equal(body_set_json(b, rows[i].text, strlen(rows[i].text), NULL), 0);
        expect(b, rows[i].json);
    }
}

static void written_again_only_what_is_new_is_sent(void **state)
{
    static const char now_text[] = "{\"transitionId\": \"las:transition:t\", \"name\": \"n\", "
                                   "\"description\": null, \"transitionType\": \"docker\", "
                                   "\"parameters\": {\"imageUrl\": \"i\", \"cpu\": 256}}";
    static const char sent[] = "{\"transitionType\": \"docker\", \"parameters\": {\"imageUrl\": "
                               "\"i\"}}";
    static const struct {
        const char *sent, *text;
        int rc;
        const char *json;
    } rows[] = {
        { sent, "{\"transitionType\": \"docker\", \"parameters\": {\"imageUrl\": \"i\"}}", 0,
          "{}" },
        { sent, "{\"description\": \"d\", \"parameters\": {\"imageUrl\": \"i\"}}", 0,
          "{\"description\": \"d\"}" },
        { sent, "{\"parameters\": {\"imageUrl\": \"other\"}}", 0,
          "{\"parameters\": {\"imageUrl\": \"other\"}}" },
        { NULL, "{\"parameters\": {\"imageUrl\": \"i\"}}", 0,
          "{\"parameters\": {\"imageUrl\": \"i\"}}" },
        { NULL, "{\"parameters\": {\"imageUrl\": \"i\", \"cpu\": 256}}", 0, "{}" },
    };
    const struct resource *res = resource_get(RES_TRANSITIONS);
    struct record *now = NULL;

    (void)state;
    assert_int_equal(record_parse(res, now_text, strlen(now_text), &now), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct body *b = new_body(RES_TRANSITIONS, PATCH);

        print_message("%s\n", rows[i].text);
        assert_int_equal(
            body_set_overwrite(b, now, rows[i].sent, rows[i].text, strlen(rows[i].text), NULL),
            rows[i].rc);
        if (rows[i].json)
            expect(b, rows[i].json);
        else
            body_free(b);
    }
    record_unref(now);
}

static void a_name_of_the_id_that_is_there_is_no_difference(void **state)
{
    static const char now_text[] = "{\"documentId\": \"las:document:d\", "
                                   "\"datasetId\": \"las:dataset:a\"}";
    static const char text[] = "{\"datasetId\": \"a\"}";
    struct body *b = new_body(RES_DOCUMENTS, PATCH);
    struct record *now = NULL;

    (void)state;
    assert_int_equal(record_parse(resource_get(RES_DOCUMENTS), now_text, strlen(now_text), &now),
                     0);
    body_find_ids(b, &finder);
    assert_int_equal(body_set_difference(b, now, text, strlen(text), NULL), 0);
    expect(b, "{}");
    record_unref(now);
}

static int make_bare(struct body *b, const struct record *now)
{
    static const char text[] = "{\"StartAt\": \"s\", \"States\": {\"s\": {\"Resource\": \"t\"}}}";

    (void)now;
    body_find_ids(b, &finder);
    return body_set_json(b, text, strlen(text), NULL);
}

static int make_again(struct body *b, const struct record *now)
{
    static const char sent[] = "{\"definition\": {}, \"description\": \"old\"}";
    static const char text[] = "{\"definition\": {}, \"description\": \"new\", "
                               "\"completedConfig\": {\"imageUrl\": \"i\", \"secretId\": \"s\"}}";

    body_find_ids(b, &finder);
    return body_set_overwrite(b, now, sent, text, strlen(text), NULL);
}

static void survive(enum body_use use, int (*make)(struct body *b, const struct record *now))
{
    static const char now_text[] = "{\"workflowId\": \"las:workflow:w\", \"description\": \"old\"}";
    struct record *now = NULL;
    int rc = -ENOMEM;

    assert_int_equal(record_parse(resource_get(RES_WORKFLOWS), now_text, strlen(now_text), &now),
                     0);
    for (long n = 0; rc != 0 && n < MALLOCS_MAX; n++) {
        struct body *b = new_body(RES_WORKFLOWS, use);

        mallocs_left = n;
        json_set_alloc_funcs(rationed, free);
        rc = make(b, now);
        mallocs_left = -1;
        json_set_alloc_funcs(malloc, free);
        /* jansson calls a token that it has no memory for an invalid one */
        assert_true(rc == 0 || rc == -ENOMEM || rc == -EINVAL);
        body_free(b);
    }
    assert_int_equal(rc, 0);
    record_unref(now);
}

static void running_out_of_memory_in_a_shape_is_survived(void **state)
{
    (void)state;
    survive(POST, make_bare);
    survive(PATCH, make_again);
}

/* Of a label that is there twice, what has not changed keeps what it has, whatever comes before it. */
static void equal_labels_keep_what_is_theirs(void **state)
{
    static const char now_text[] = "{\"documentId\": \"las:document:d\", \"groundTruth\": ["
                                   "{\"label\": \"a\", \"value\": \"1\", \"pages\": [0]}, "
                                   "{\"label\": \"a\", \"value\": \"2\", \"pages\": [1]}, "
                                   "{\"label\": \"a\", \"value\": \"3\", \"pages\": [2]}]}";
    static const char text[] = "{\"predictions\": [{\"label\": \"a\", \"value\": \"9\"}, "
                               "{\"label\": \"a\", \"value\": \"3\"}, "
                               "{\"label\": \"a\", \"value\": \"1\"}, "
                               "{\"label\": \"a\", \"value\": \"8\"}]}";
    const struct field *f = resource_field(resource_get(RES_DOCUMENTS), "groundTruth");
    cleanup_buf struct buf out = BUF_INIT(4096);
    struct body *b = new_body(RES_DOCUMENTS, PATCH);
    struct record *now = NULL;

    (void)state;
    assert_int_equal(record_parse(resource_get(RES_DOCUMENTS), now_text, strlen(now_text), &now),
                     0);
    assert_int_equal(body_set_text(b, f, text, strlen(text), NULL), 0);
    assert_int_equal(body_merge_labels(b, now, NULL), 0);
    assert_int_equal(body_write(b, &out), 0);
    assert_string_equal(buf_str(&out), "{\"groundTruth\": ["
                                       "{\"label\": \"a\", \"value\": \"9\", \"pages\": [1]}, "
                                       "{\"label\": \"a\", \"value\": \"3\", \"pages\": [2]}, "
                                       "{\"label\": \"a\", \"value\": \"1\", \"pages\": [0]}, "
                                       "{\"label\": \"a\", \"value\": \"8\"}]}");
    body_free(b);
    record_unref(now);
}

/* Words with a secret in them go; whether it may have happened stays. */
static void secrets_are_hushed(void **state)
{
    static const char text[] = "{\"data\": {\"password\": \"hushhush\"}}";
    struct body *b = new_body(RES_SECRETS, POST);
    struct failure err = { 0 };

    (void)state;
    assert_int_equal(body_set_json(b, text, strlen(text), &err), 0);
    failure_set(&err, 400, "hushhush is too short");
    body_hush(b, &err);
    assert_string_equal(err.text, "refused, in words that would tell a secret");
    assert_int_equal(err.status, 400);
    assert_int_equal(err.outcome, OUTCOME_NONE);
    failure_set(&err, 500, "cannot store hushhush");
    failure_unknown(&err);
    body_hush(b, &err);
    assert_string_equal(err.text, "outcome unknown: failed, in words that would tell a secret");
    assert_int_equal(err.outcome, OUTCOME_UNKNOWN);
    failure_set(&err, 500, "down");
    body_hush(b, &err);
    assert_string_equal(err.text, "down");
    body_free(b);
}

static void what_nobody_knows_is_as_the_server_has_it(void **state)
{
    static const struct {
        const char *name, *text, *sent;
        bool structure;
    } cases[] = {
        { "n", "8\n", "{\"n\": 8}", false },
        { "n", "8.5", "{\"n\": 8.5}", false },
        { "n", "many\n", "{\"n\": \"many\"}", false },
        { "n", "007\n", "{\"n\": \"007\"}", false },
        { "n", "", "{\"n\": null}", false },
        { "n", "\n", "{\"n\": \"\"}", false },
        { "text", "8\n", "{\"text\": \"8\"}", false },
        { "text", "true\n", "{\"text\": \"true\"}", false },
        { "none", "true\n", "{\"none\": true}", false },
        { "none", "null\n", "{\"none\": \"null\"}", false },
        { "none", "[1]\n", "{\"none\": \"[1]\"}", false },
        { "new", "-1e3\n", "{\"new\": -1000.0}", false },
        { "new", "{\"a\": [1]}", "{\"new\": {\"a\": [1]}}", true },
        { "new", "\"7\"", "{\"new\": \"7\"}", true },
        { "new", "null", "{\"new\": null}", true },
        { "new", "", "{\"new\": null}", true },
        { "new", "{\"a\"", NULL, true },
        { "new", "\xff\n", NULL, false },
    };
    static const char answer[] = "{\"datasetId\": \"las:dataset:x\", \"n\": 7, \"text\": \"7\","
                                 " \"none\": null}";
    struct record *now = NULL;

    (void)state;
    assert_int_equal(record_parse(resource_get(RES_DATASETS), answer, strlen(answer), &now), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct field f = cases[i].structure ? resource_other_structure : resource_other_line;
        struct buf out = BUF_INIT(1000);
        struct failure err = { 0 };
        struct body *b = NULL;

        f.name = cases[i].name;
        print_message("%s %s\n", cases[i].name, cases[i].text);
        assert_int_equal(body_new(resource_get(RES_DATASETS), BODY_PATCH, &b), 0);
        assert_int_equal(body_set_other(b, &f, now, cases[i].text, strlen(cases[i].text), &err),
                         cases[i].sent ? 0 : -EINVAL);
        assert_int_equal(body_write(b, &out), 0);
        assert_string_equal(buf_str(&out), cases[i].sent ? cases[i].sent : "{}");
        if (!cases[i].sent)
            assert_non_null(strstr(err.text, "new"));
        buf_release(&out);
        body_free(b);
    }
    record_unref(now);
}

static struct record *document(const char *text)
{
    struct record *r = NULL;

    assert_int_equal(record_parse(resource_get(RES_DOCUMENTS), text, strlen(text), &r), 0);
    return r;
}

/* What a PATCH has changed is as before again, unless somebody has written it since; not how it is called, nor
 * where it is. */
static void what_was_said_is_taken_back(void **state)
{
#define DOC "\"documentId\": \"las:document:00000000000000000000000000000001\""
#define SAID                                                                                                         \
    "\"name\": \"b.pdf\", \"datasetId\": \"las:dataset:00000000000000000000000000000001\", \"retentionInDays\": 7, " \
    "\"groundTruth\": [{\"label\": \"total\", \"value\": \"2\"}]}"
    static const char said[] = "{" SAID, is[] = "{" DOC ", " SAID;
    static const struct {
        const char *before, *now, *body;
    } cases[] = {
        { "{" DOC ", \"retentionInDays\": 5}", is,
          "{\"groundTruth\": [], \"retentionInDays\": 5}" },
        { "{" DOC ", \"retentionInDays\": 5, \"groundTruth\": "
          "[{\"label\": \"total\", \"value\": \"1\"}]}",
          is,
          "{\"groundTruth\": [{\"label\": \"total\", \"value\": \"1\"}], \"retentionInDays\": 5}" },
        { "{" DOC ", \"retentionInDays\": 5}",
          "{" DOC ", \"retentionInDays\": 9, \"groundTruth\": []}", "{}" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct body *patch = new_body(RES_DOCUMENTS, PATCH), *undo = new_body(RES_DOCUMENTS, PATCH);
        struct record *before = document(cases[i].before), *now = document(cases[i].now);
        struct buf text = BUF_INIT(10000);

        print_message("%s\n", cases[i].before);
        assert_int_equal(body_set_json(patch, said, strlen(said), NULL), 0);
        assert_int_equal(body_undo_text(patch, before, &text), 0);
        assert_int_equal(body_set_undo(undo, buf_str(&text), now, NULL), 0);
        expect(undo, cases[i].body);
        buf_release(&text);
        body_free(patch);
        record_unref(before);
        record_unref(now);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_hushed),
        cmocka_unit_test(texts_become_fields),
        cmocka_unit_test(numbers_of_a_list_stay_numbers_where_they_may),
        cmocka_unit_test(a_nul_is_refused),
        cmocka_unit_test(strings_are_set_as_they_are),
        cmocka_unit_test(json_sets_many),
        cmocka_unit_test(only_the_difference_is_sent),
        cmocka_unit_test(names_stand_for_ids_at_any_depth),
        cmocka_unit_test(equal_labels_keep_what_is_theirs),
        cmocka_unit_test(a_bare_body_is_put_where_it_belongs),
        cmocka_unit_test(written_again_only_what_is_new_is_sent),
        cmocka_unit_test(a_name_of_the_id_that_is_there_is_no_difference),
        cmocka_unit_test(files_and_fields_are_inverse),
        cmocka_unit_test(what_is_shared_is_not_wiped),
        cmocka_unit_test(running_out_of_memory_is_survived),
        cmocka_unit_test(running_out_of_memory_in_a_shape_is_survived),
        cmocka_unit_test(what_nobody_knows_is_as_the_server_has_it),
        cmocka_unit_test(what_was_said_is_taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
