/* Names of a list: what they find, and what a listing by names shows. */
#include "codec.h"
#include "name_index.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"

#include "banned.h"

#define A "00000000000000000000000000000001"
#define B "00000000000000000000000000000002"
#define C "12345678aaaaaaaaaaaaaaaaaaaaaaaa"
#define D "12345678abbbbbbbbbbbbbbbbbbbbbbb"
#define E "fedcba98000000000000000000000000"
#define MODEL "las:model:"

static struct record *model(const char *digits, const char *name)
{
    cleanup_buf struct buf text = BUF_INIT(1000);
    struct record *r = NULL;
    struct failure err = { 0 };

    buf_addf(&text, "{\"modelId\": \"" MODEL "%s\"", digits);
    if (name)
        buf_addf(&text, ", \"name\": \"%s\"", name);
    buf_adds(&text, "}");
    assert_int_equal(codec_record_text(resource_get(RES_MODELS), text.data, text.len, &r, &err), 0);
    return r;
}

static struct name_index *index_of(const char *const pairs[][2], size_t n)
{
    struct record *rows[16] = { NULL };
    struct name_index *x = NULL;

    for (size_t i = 0; i < n; i++)
        rows[i + 1] = model(pairs[i][0], pairs[i][1]); /* the first one is a gap */
    assert_int_equal(name_index_new(resource_get(RES_MODELS), rows, n + 1, false, &x), 0);
    for (size_t i = 0; i < n; i++)
        record_unref(rows[i + 1]);
    return x;
}

static void name_index_finds_names_and_digits(void **state)
{
    static const char *const rows[][2] = {
        { A, "plain" }, { B, "twice" }, { C, "twice" }, { D, NULL }, { E, "12345678ab" },
    };
    static const struct {
        const char *name;
        size_t count;
        const char *id;
    } cases[] = {
        { "plain", 1, MODEL A },
        { "twice", 2, MODEL B },
        { "none", 0, "" },
        { "00000000", 2, MODEL A },
        { "12345678", 2, MODEL C },
        { "12345678aa", 1, MODEL C },
        { "12345678ab", 2, MODEL D }, /* the digits of one, the name of another */
        { "fedcba98", 1, MODEL E },
        { "fedcba9", 0, "" }, /* too few digits */
        { E, 1, MODEL E },
    };
    struct name_index *x = index_of(rows, ARRAY_LEN(rows));

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct name_matches m;

        print_message("%s\n", cases[i].name);
        name_index_find(x, cases[i].name, &m);
        assert_int_equal(m.count, cases[i].count);
        assert_string_equal(m.id, cases[i].id);
    }
    name_index_unref(x);
}

static void name_index_shows_what_finds_it_and_nothing_else(void **state)
{
    static const char *const rows[][2] = {
        { A, "plain" },        { B, "twice" },
        { C, "twice" },        { D, "a/b" },
        { E, "12345678ab" },   { "abcdef0123456789abcdef0123456789", "" },
        { "commons-x", NULL }, { "77777777777777777777777777777777", MODEL A },
    };
    static const struct {
        const char *digits, *shown;
    } cases[] = {
        { A, "plain" },
        { B, "00000000000000000000000000000002" },
        { C, "12345678aa" },
        { D, "a%2Fb" },
        { E, "fedcba98" }, /* its name is the beginning of another's digits */
        { "abcdef0123456789abcdef0123456789", "abcdef01" },
        { "commons-x", "commons-x" },
        { "77777777777777777777777777777777", "77777777" }, /* its name is another's id */
    };
    struct name_index *x = index_of(rows, ARRAY_LEN(rows));

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char id[RESOURCE_ID_MAX + 1], shown[NAMES_MAX + 1];
        struct name_matches m;

        snprintf(id, sizeof(id), MODEL "%s", cases[i].digits);
        print_message("%s\n", id);
        assert_int_equal(name_index_shown(x, id, false, shown), 0);
        assert_string_equal(shown, cases[i].shown);
        name_index_find(x, shown, &m);
        assert_int_equal(m.count, 1);
        assert_string_equal(m.id, id);
    }
    name_index_unref(x);
}

#define REST "000000000000000000000000"

static void name_index_shows_digits_instead_of_a_name_that_others_cannot_hold(void **state)
{
    static const char *const rows[][2] = {
        { "abcdef01" REST, "a:b" },    { "abcdef02" REST, "why?" }, { "abcdef03" REST, "dot." },
        { "abcdef04" REST, "blank " }, { "abcdef05" REST, "Case" }, { "abcdef06" REST, "case" },
    };
    struct name_index *x = index_of(rows, ARRAY_LEN(rows));

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char id[RESOURCE_ID_MAX + 1], shown[NAMES_MAX + 1];

        print_message("%s\n", rows[i][1]);
        snprintf(id, sizeof(id), MODEL "%s", rows[i][0]);
        assert_int_equal(name_index_shown(x, id, false, shown), 0);
        assert_int_equal(strlen(shown), 8);
        assert_int_equal(strncmp(shown, rows[i][0], 8), 0);
    }
    name_index_unref(x);
}

static void name_index_shows_digits_instead_of_a_name_that_is_taken(void **state)
{
    static const char *const rows[][2] = { { E, "plain" } };
    struct name_index *x = index_of(rows, ARRAY_LEN(rows));
    char shown[NAMES_MAX + 1];

    (void)state;
    assert_int_equal(name_index_shown(x, MODEL E, true, shown), 0);
    assert_string_equal(shown, "fedcba98");
    assert_int_equal(name_index_shown(x, MODEL A, false, shown), -ENOENT);
    name_index_unref(x);
}

static void name_index_tells_clashing_names_apart_by_digits(void **state)
{
    static const char *const rows[][2] = { { C, "twice" }, { E, "twice" }, { A, "other" } };
    struct name_index *x = index_of(rows, ARRAY_LEN(rows));
    char id[RESOURCE_ID_MAX + 1], called[NAMES_MAX + 1];

    (void)state;
    assert_int_equal(name_index_find_digits(x, "twice", "fedcba98", id), 0);
    assert_string_equal(id, MODEL E);
    assert_int_equal(name_index_find_digits(x, "twice", "00000000", id), -ENOENT);
    assert_int_equal(name_index_beside(x, MODEL E, called), 0);
    assert_string_equal(called, "twice~fedcba98");
    assert_int_equal(name_index_beside(x, MODEL A, called), 0);
    assert_int_equal(name_index_beside(x, MODEL B, called), -ENOENT);
    assert_string_equal(name_index_name(x, MODEL C), "twice");
    assert_null(name_index_name(x, MODEL B));
    name_index_unref(x);
}

static void name_index_tells_nothing_apart_by_equal_digits(void **state)
{
    static const char *const rows[][2] = { { "abcdef01" REST, "twice" },
                                           { "abcdef01"
                                             "100000000000000000000000",
                                             "twice" },
                                           { "abcdef01"
                                             "200000000000000000000000",
                                             "other" } };
    struct name_index *x = index_of(rows, ARRAY_LEN(rows));
    char called[NAMES_MAX + 1];

    (void)state;
    assert_int_equal(name_index_beside(x, MODEL "abcdef01" REST, called), -ENOENT);
    assert_int_equal(name_index_beside(x,
                                       MODEL "abcdef01"
                                             "200000000000000000000000",
                                       called),
                     0);
    assert_string_equal(called, "other~abcdef01");
    name_index_unref(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_index_finds_names_and_digits),
        cmocka_unit_test(name_index_shows_what_finds_it_and_nothing_else),
        cmocka_unit_test(name_index_shows_digits_instead_of_a_name_that_is_taken),
        cmocka_unit_test(name_index_shows_digits_instead_of_a_name_that_others_cannot_hold),
        cmocka_unit_test(name_index_tells_clashing_names_apart_by_digits),
        cmocka_unit_test(name_index_tells_nothing_apart_by_equal_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
