/* How deep and how large a tree may be, told from its text. */
#include "json_bounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "json_text.h"

#include "banned.h"

static char *repeated(const char *head, const char *item, size_t n, const char *tail)
{
    size_t head_len = strlen(head), len = strlen(item);
    char *text = malloc(head_len + n * len + strlen(tail) + 1);

    assert_non_null(text);
    memcpy(text, head, head_len);
    for (size_t i = 0; i < n; i++)
        memcpy(text + head_len + i * len, item, len);
    memcpy(text + head_len + n * len, tail, strlen(tail) + 1);
    return text;
}

static int check(char *text, const char *words)
{
    struct failure err = { 0 };
    int rc = json_bounds_check(text, strlen(text), &err);

    assert_int_equal(rc < 0, strstr(err.text, words) != NULL);
    free(text);
    return rc;
}

static void depth_is_bounded(void **state)
{
    static const char *const openings[] = { "[", "{\"a\":", "[{\"a\":", "[ \"]\", " };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(openings); i++) {
        size_t each = i == 2 ? 2 : 1;

        print_message("%s\n", openings[i]);
        assert_int_equal(check(repeated("", openings[i], JSON_DEPTH_MAX / each, ""), "deeper"), 0);
        assert_int_equal(check(repeated("[", openings[i], JSON_DEPTH_MAX / each, ""), "deeper"),
                         -EINVAL);
    }
    /* what was closed does not count, nor does what stands in a string */
    assert_int_equal(check(repeated("[", "[],", 100000, "0]"), "deeper"), 0);
    assert_int_equal(check(repeated("\"", "[", 100000, "\""), "deeper"), 0);
    assert_int_equal(check(repeated("\"", "\\\"[", 100000, "\""), "deeper"), 0);
}

static void memory_is_bounded(void **state)
{
    static const char *const items[] = { "{},", "[],", "0,", "\"\",", "null,", "{\"a\":{}}," };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        print_message("%s\n", items[i]);
        assert_int_equal(check(repeated("[", items[i], 90000, "0]"), "memory"), 0);
        assert_int_equal(check(repeated("[", items[i], 4000000, "0]"), "memory"), -EINVAL);
    }
    /* one text may be as long as an answer */
    assert_int_equal(check(repeated("\"", "a", 32 << 20, "\""), "memory"), 0);
}

static void what_is_no_json_is_no_harm(void **state)
{
    static const char *const rows[] = { "", "\"", "\"\\", "]]]]", "}{", ",,,", "\"a\\\"" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(json_bounds_check(rows[i], strlen(rows[i]), NULL), 0);
}

static size_t allocated;

static void *counting_malloc(size_t size)
{
    allocated += size;
    return malloc(size);
}

/* As many as would fit by what the parser really takes, with what it lets go in between, are refused:
 * the estimate is no less. */
static void the_estimate_is_no_less_than_what_is_taken(void **state)
{
    static const char *const items[] = { "{},",        "[],",
                                         "0,",         "0.5,",
                                         "\"\",",      "\"some text\",",
                                         "{\"a\":1},", "{\"label\":\"a\",\"value\":\"b\"}," };
    const size_t n = 65000;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        char *text = repeated("[", items[i], n, "0]");
        json_t *v;

        allocated = 0;
        json_set_alloc_funcs(counting_malloc, free);
        assert_int_equal(json_text_parse(text, strlen(text), false, &v, NULL), 0);
        json_decref(v);
        json_set_alloc_funcs(malloc, free);
        free(text);
        print_message("%s %zu bytes\n", items[i], allocated / n);
        text = repeated("[", items[i], JSON_TREE_MAX_BYTES / (allocated / n), "0]");
        assert_int_equal(check(text, "memory"), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(what_is_no_json_is_no_harm),
        cmocka_unit_test(the_estimate_is_no_less_than_what_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
