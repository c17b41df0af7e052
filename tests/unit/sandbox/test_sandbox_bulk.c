/* A body's long text is taken out of it before it is parsed: nobody may notice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "buf.h"
#include "bulk.h"
#include "json_text.h"

#include <cmocka.h> /* behind the rest: its fail() is a macro */

#include "banned.h"

#define LONG_LEN 8192
#define TEXT_MAX 65536

/* Each @ becomes a long base64 text. */
static void expand(const char *pattern, struct buf *out)
{
    for (const char *p = pattern; *p; p++) {
        if (*p != '@') {
            assert_int_equal(buf_addc(out, *p), 0);
            continue;
        }
        for (int i = 0; i < LONG_LEN; i++)
            assert_int_equal(buf_addc(out, "Ab0+/zZ9"[i % 8]), 0);
    }
}

static void bulk_parses_as_if_it_were_not_there(void **state)
{
    static const char *const cases[] = {
        "{\"content\": \"@\"}",
        "{\"a\": 1, \"content\" :\n\t\"@\" , \"b\": [true]}",
        "{\"content\": \"@==\"}",
        "{\"content\": \"short\"}",
        "{\"content\": \"\"}",
        "{\"content\": \"@ @\"}",
        "{\"content\": \"@\\/\"}",
        "{\"content\": \"@\\u0041\"}",
        "{\"content\": \"@\\\"@\"}",
        "{\"content\": \"@\n\"}",
        "{\"content\": \"@",
        "{\"content\": \"@\"",
        "{\"content\": \"@\"} x",
        "{\"content\": \"@\", \"content\": \"@\"}",
        "{\"content\": \"@\", \"content\": 1}",
        "{\"a\": {\"content\": \"@\"}}",
        "{\"a\": {\"content\": \"@\"}, \"content\": \"@\"}",
        "{\"a\": \"content\", \"content\": \"@\"}",
        "{\"a\": \"\\\"content\\\": \\\"@\", \"content\": \"@\"}",
        "{\"a\": \"x\\\"content\\\":\", \"content\": \"@\"}",
        "{\"xcontent\": \"@\"}",
        "{\"contentx\": \"@\", \"content\": \"@\"}",
        "{\"content\": 1}",
        "{\"content\": [\"@\"]}",
        "[\"content\", \"@\"]",
        "[{\"content\": \"@\"}]",
        "\"content\": \"@\"",
        "\"content\":\"@\"}",
        "\"content\"",
        "\"content\":",
        "content\": \"@\"",
        "",
        "@",
        "{\"content\": \"@\", \"a\": nul}",
        "{\"content\": \"@\", \"a\": \"\xff\"}",
        "{\"name\": \"\xc3\xa9\", \"content\": \"@\"}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
        json_t *want = NULL, *got = NULL;
        int rc;

        print_message("%s\n", cases[i]);
        expand(cases[i], &text);
        rc = json_text_parse(buf_str(&text), text.len, true, &want, NULL);
        assert_int_equal(bulk_parse(buf_str(&text), text.len, "content", &got, NULL), rc);
        assert_true(rc < 0 ? !got : json_equal(want, got));
        json_decref(want);
        json_decref(got);
    }
}

static void bulk_tells_why_a_body_is_broken(void **state)
{
    static const char pattern[] = "{\"content\": \"@\", \"a\": nul}";
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    struct failure plain = { 0 }, bulk = { 0 };
    json_t *v = NULL;

    (void)state;
    expand(pattern, &text);
    assert_true(json_text_parse(text.data, text.len, true, &v, &plain) < 0);
    assert_true(bulk_parse(text.data, text.len, "content", &v, &bulk) < 0);
    assert_string_equal(bulk.text, plain.text);
}

static void bulk_without_a_name_is_plain_parsing(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    json_t *v = NULL;

    (void)state;
    expand("{\"content\": \"@\"}", &text);
    assert_int_equal(bulk_parse(text.data, text.len, NULL, &v, NULL), 0);
    assert_int_equal(json_string_length(json_object_get(v, "content")), LONG_LEN);
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bulk_parses_as_if_it_were_not_there),
        cmocka_unit_test(bulk_tells_why_a_body_is_broken),
        cmocka_unit_test(bulk_without_a_name_is_plain_parsing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
