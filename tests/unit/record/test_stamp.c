/* What a POST says of a file: what is written, what fits, and what is believed of what comes back. */
#include "stamp.h"

#include "json_text.h"
#include "record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "array.h"

#include "banned.h"

#define KEY "00112233445566778899aabbccddeeff"
#define DIGEST "ab00000000000000000000000000000000000000000000000000000000000000"

static struct stamp full(void)
{
    struct stamp s = { .key = KEY,
                       .path = "2026/scan.pdf",
                       .of = "datasetId",
                       .size = 800,
                       .mtime_ns = INT64_C(1700000000123456789),
                       .mode = 0640,
                       .has_sha256 = true };

    s.sha256[0] = 0xab;
    return s;
}

static struct body *new_body(const char *json)
{
    struct body *b = NULL;

    assert_int_equal(body_new(resource_get(RES_DOCUMENTS), BODY_POST, &b), 0);
    assert_int_equal(body_set_json(b, json, strlen(json), NULL), 0);
    return b;
}

/* b's JSON; the caller frees. */
static json_t *json_of(struct body *b)
{
    struct buf text = BUF_INIT(100000);
    json_t *v;

    assert_int_equal(body_write(b, &text), 0);
    v = json_loads(buf_str(&text), 0, NULL);
    assert_non_null(v);
    buf_release(&text);
    return v;
}

static void expect(struct body *b, const char *json)
{
    json_t *v = json_of(b), *wanted = json_loads(json, 0, NULL);

    assert_non_null(wanted);
    assert_true(json_equal(v, wanted));
    json_decref(v);
    json_decref(wanted);
}

static void all_of_it_stands_beside_what_others_keep(void **state)
{
    struct body *b = new_body("{\"metadata\": {\"theirs\": 1}, \"retentionInDays\": 3}");
    struct stamp s = full();

    (void)state;
    assert_int_equal(body_stamp(b, &s, "scan.pdf", NULL), 0);
    expect(b, "{\"metadata\": {\"theirs\": 1, \"lasfs\": {\"key\": \"" KEY "\", \"size\": \"800\","
              " \"sha256\": \"" DIGEST "\", \"mtime\": \"1700000000.123456789\","
              " \"of\": \"datasetId\", \"path\": \"2026/scan.pdf\", \"mode\": \"640\"}},"
              " \"retentionInDays\": 3, \"name\": \"scan.pdf\"}");
    assert_true(body_unstamp(b));
    expect(b, "{\"metadata\": {\"theirs\": 1}, \"retentionInDays\": 3}");
    assert_false(body_unstamp(b));
    body_free(b);
}

static void a_name_that_is_given_stays(void **state)
{
    struct body *b = new_body("{\"name\": \"theirs\"}");
    struct stamp s = full();
    json_t *v;

    (void)state;
    assert_int_equal(body_stamp(b, &s, "scan.pdf", NULL), 0);
    v = json_of(b);
    assert_string_equal(json_string_value(json_object_get(v, "name")), "theirs");
    json_decref(v);
    body_free(b);
    b = new_body("{\"name\": null}");
    assert_int_equal(body_stamp(b, &s, "scan.pdf", NULL), 0);
    v = json_of(b);
    assert_string_equal(json_string_value(json_object_get(v, "name")), "scan.pdf");
    json_decref(v);
    body_free(b);
}

#define ONE_STAMPED(ours)                                                                          \
    "{\"documentId\": \"las:document:" KEY "\", \"name\": \"old.pdf\", \"metadata\": "             \
    "{\"theirs\": 1, \"lasfs\": {\"key\": \"" KEY "\"" ours "}}}"

/* Of a file that is called otherwise, beside what is known of it: which parts are another file's then. */
static void a_new_place_leaves_nothing_of_the_old_one(void **state)
{
    static const struct {
        const char *of, *path;
        const char *ours; /* after it */
    } cases[] = { { "", "b.pdf", "\"path\": \"b.pdf\"" },
                  { "consentId", "b.pdf", "\"path\": \"b.pdf\", \"of\": \"consentId\"" },
                  { "", "", NULL } };
    const char *text = ONE_STAMPED(", \"of\": \"datasetId\", \"path\": \"a.pdf\"");
    struct record *r = NULL;

    (void)state;
    assert_int_equal(record_parse(resource_get(RES_DOCUMENTS), text, strlen(text), &r), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct stamp s = { .size = -1, .mode = -1 };
        struct body *b = NULL;
        char wanted[300];

        print_message("%s\n", cases[i].path);
        snprintf(s.of, sizeof(s.of), "%s", cases[i].of);
        snprintf(s.path, sizeof(s.path), "%s", cases[i].path);
        assert_int_equal(body_new(resource_get(RES_DOCUMENTS), BODY_PATCH, &b), 0);
        assert_int_equal(body_restamp(b, r, r, &s, NULL), 0);
        snprintf(wanted, sizeof(wanted),
                 "{\"metadata\": {\"theirs\": 1, \"lasfs\": {\"key\": \"" KEY "\"%s%s}}}",
                 cases[i].ours ? ", " : "", cases[i].ours ? cases[i].ours : "");
        expect(b, wanted);
        body_free(b);
    }
    record_unref(r);
}

static void a_name_that_is_no_text_is_no_title(void **state)
{
    static const struct {
        const char *name, *wanted;
    } cases[] = { { "old.pdf", "{}" },
                  { "new.pdf", "{\"name\": \"new.pdf\"}" },
                  { "caf\xe9.pdf", "{}" } };
    const char *text = ONE_STAMPED("");
    struct record *r = NULL;

    (void)state;
    assert_int_equal(record_parse(resource_get(RES_DOCUMENTS), text, strlen(text), &r), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct body *b = NULL;

        print_message("%s\n", cases[i].wanted);
        assert_int_equal(body_new(resource_get(RES_DOCUMENTS), BODY_PATCH, &b), 0);
        assert_int_equal(body_retitle(b, r, cases[i].name, NULL), 0);
        expect(b, cases[i].wanted);
        body_free(b);
    }
    record_unref(r);
}

static const char *const by_worth[] = { "key", "size", "sha256", "mtime", "of", "path", "mode" };

/* With so much of others' beside it: the parts that are left, as bits. */
static unsigned parts_beside(size_t bytes, struct stamp *s)
{
    char text[5000];
    struct body *b;
    json_t *v, *ours;
    unsigned bits = 0;

    snprintf(text, sizeof(text), "{\"metadata\": {\"theirs\": \"%0*d\"}}", (int)bytes, 0);
    b = new_body(text);
    assert_int_equal(body_stamp(b, s, "scan.pdf", NULL), 0);
    v = json_of(b);
    ours = json_object_get(json_object_get(v, "metadata"), "lasfs");
    for (size_t i = 0; i < ARRAY_LEN(by_worth); i++)
        bits |= json_object_get(ours, by_worth[i]) ? 1u << i : 0;
    assert_true((ours == NULL) == (bits == 0));
    assert_int_equal(
        strlen(json_string_value(json_object_get(json_object_get(v, "metadata"), "theirs"))),
        bytes);
    json_decref(v);
    body_free(b);
    return bits;
}

/* The key goes last, and who sent it knows when it has. */
static void what_does_not_fit_is_left_out(void **state)
{
    struct stamp s = full();

    (void)state;
    assert_int_equal(parts_beside(10, &s), 127);
    for (size_t bytes = 3000; bytes < 4070; bytes++) {
        s = full();
        assert_true(parts_beside(bytes, &s) & 1 || bytes > 4020);
    }
    s = full();
    assert_int_equal(parts_beside(4020, &s), 1);
    assert_string_equal(s.key, KEY);
    assert_int_equal(parts_beside(4060, &s), 0);
    assert_string_equal(s.key, "");
}

static void a_path_that_is_too_long_is_left_out(void **state)
{
    struct stamp s = full();

    (void)state;
    memset(s.path, 'p', sizeof(s.path) - 1);
    assert_int_equal(parts_beside(10, &s), 127 & ~(1u << 5));
}

static void a_body_s_key_is_found(void **state)
{
    const struct resource *res = resource_get(RES_DOCUMENTS);
    char key[STAMP_KEY_CHARS + 1];

    (void)state;
    assert_int_equal(stamp_key_of(res, "{\"metadata\": {\"lasfs\": {\"key\": \"" KEY "\"}}}", key),
                     0);
    assert_string_equal(key, KEY);
    assert_int_equal(stamp_key_of(res, "{\"metadata\": {\"lasfs\": {\"key\": \"k\"}}}", key),
                     -ENOENT);
    assert_int_equal(stamp_key_of(res, "{\"metadata\": null}", key), -ENOENT);
    assert_int_equal(stamp_key_of(res, "{\"contentType\": \"application/pdf\"}", key), -ENOENT);
    assert_int_equal(stamp_key_of(res, "[", key), -ENOENT);
    assert_int_equal(stamp_key_of(resource_get(RES_ASSETS),
                                  "{\"metadata\": {\"lasfs\": {\"key\": \"" KEY "\"}}}", key),
                     -ENOENT);
}

static void a_title_is_what_anybody_says(void **state)
{
    static const struct {
        const char *more, *title;
    } cases[] = {
        /* clang-format off */
        { "\"name\": \"a.pdf\", \"metadata\": {\"originalFilePath\": \"x/b.pdf\"}", "a.pdf" },
        { "\"name\": null, \"metadata\": {\"originalFilePath\": \"x/b.pdf\"}", "b.pdf" },
        { "\"name\": \"\", \"metadata\": {\"originalFilePath\": \"b.pdf\"}", "b.pdf" },
        { "\"metadata\": {\"originalFilePath\": \"C:\\\\scans\\\\b.pdf\"}", "b.pdf" },
        { "\"metadata\": {\"originalFilePath\": \"/x/y/\"}", "y/" },
        { "\"metadata\": {\"originalFilePath\": \"\"}", NULL },
        { "\"metadata\": {\"originalFilePath\": 7}", NULL },
        { "\"metadata\": null", NULL },
        { "\"contentType\": null", NULL },
        /* clang-format on */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf title = BUF_INIT(1000);
        struct record *r = NULL;
        char text[400];

        print_message("%s\n", cases[i].more);
        snprintf(text, sizeof(text), "{\"documentId\": \"las:document:" KEY "\", %s}",
                 cases[i].more);
        assert_int_equal(record_parse(resource_get(RES_DOCUMENTS), text, strlen(text), &r), 0);
        assert_int_equal(stamp_title(r, &title), cases[i].title ? 0 : -ENOENT);
        assert_string_equal(buf_str(&title), cases[i].title ? cases[i].title : "");
        record_unref(r);
        buf_release(&title);
    }
}

/* Of a document whose notes are so. */
static int read_stamp(const char *ours, struct stamp *out)
{
    struct record *r = NULL;
    char text[4000];
    int rc;

    snprintf(text, sizeof(text),
             "{\"documentId\": \"las:document:" KEY "\", \"metadata\": {\"lasfs\": %s}}", ours);
    assert_int_equal(record_parse(resource_get(RES_DOCUMENTS), text, strlen(text), &r), 0);
    rc = stamp_read(r, out);
    record_unref(r);
    return rc;
}

static void what_was_written_is_read(void **state)
{
    struct body *b = new_body("{}");
    struct stamp s = full(), is;
    struct buf text = BUF_INIT(10000);
    json_t *v;

    (void)state;
    assert_int_equal(body_stamp(b, &s, NULL, NULL), 0);
    v = json_of(b);
    assert_int_equal(
        json_text_write(json_object_get(json_object_get(v, "metadata"), "lasfs"), false, &text), 0);
    assert_int_equal(read_stamp(buf_str(&text), &is), 0);
    assert_memory_equal(&is, &s, sizeof(s));
    json_decref(v);
    buf_release(&text);
    body_free(b);
}

/* Each alone, beside a key that is right. */
static void what_is_hostile_counts_as_absent(void **state)
{
    static const char *const members[] = {
        /* clang-format off */
        "\"path\": \"\"", "\"path\": \"/etc/passwd\"", "\"path\": \"..\"", "\"path\": \"../a.pdf\"",
        "\"path\": \"a/../b.pdf\"", "\"path\": \"a//b.pdf\"", "\"path\": \"a/\"", "\"path\": \"./a.pdf\"",
        "\"path\": \"a\\nb\"", "\"path\": \"a\\u0000b\"", "\"path\": \"a\\u007f\"", "\"path\": 7",
        "\"path\": [\"a\"]", "\"size\": \"-1\"", "\"size\": 800", "\"size\": \"1e9\"",
        "\"size\": \"99999999999999\"", "\"size\": \"\"", "\"mtime\": \"now\"", "\"mtime\": \"1.5\"",
        "\"mtime\": \"99999999999.000000000\"", "\"mtime\": \"1.+00000000\"", "\"mtime\": \"0.000000000\"",
        "\"mode\": \"999\"", "\"mode\": \"-1\"", "\"mode\": \"100644\"", "\"sha256\": \"ab\"",
        "\"sha256\": \"" DIGEST "00\"", "\"sha256\": null",
        "\"of\": \"\"", "\"of\": \"a-filter-whose-name-is-longer-than-any\"",
        /* clang-format on */
    };
    struct stamp wanted = { .key = KEY, .size = -1, .mode = -1 }, is;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        char ours[200];

        print_message("%s\n", members[i]);
        snprintf(ours, sizeof(ours), "{\"key\": \"" KEY "\", %s}", members[i]);
        assert_int_equal(read_stamp(ours, &is), 0);
        assert_memory_equal(&is, &wanted, sizeof(is));
    }
    assert_int_equal(read_stamp("7", &is), -ENOENT);
    assert_int_equal(read_stamp("{\"key\": \"zz112233445566778899aabbccddeeff\"}", &is), -ENOENT);
}

static void a_name_longer_than_any_is_none(void **state)
{
    char ours[400];
    struct stamp is;

    (void)state;
    for (int len = 255; len <= 256; len++) {
        snprintf(ours, sizeof(ours), "{\"size\": \"1\", \"path\": \"%0*d\"}", len, 0);
        assert_int_equal(read_stamp(ours, &is), 0);
        assert_int_equal(strlen(is.path), len == 255 ? 255 : 0);
    }
}

static void keys_differ(void **state)
{
    char a[STAMP_KEY_CHARS + 1], b[STAMP_KEY_CHARS + 1];

    (void)state;
    assert_int_equal(stamp_make_key(a), 0);
    assert_int_equal(stamp_make_key(b), 0);
    assert_int_equal(strspn(a, "0123456789abcdef"), STAMP_KEY_CHARS);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_stands_beside_what_others_keep),
        cmocka_unit_test(a_name_that_is_given_stays),
        cmocka_unit_test(a_new_place_leaves_nothing_of_the_old_one),
        cmocka_unit_test(a_name_that_is_no_text_is_no_title),
        cmocka_unit_test(what_does_not_fit_is_left_out),
        cmocka_unit_test(a_path_that_is_too_long_is_left_out),
        cmocka_unit_test(a_body_s_key_is_found),
        cmocka_unit_test(a_title_is_what_anybody_says),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(what_is_hostile_counts_as_absent),
        cmocka_unit_test(a_name_longer_than_any_is_none),
        cmocka_unit_test(keys_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
