#include "names.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"

#include "banned.h"

static const struct {
    const char *name, *expected;
} encoded[] = {
    { "a", "a" },           { "a b ", "a b " },         { ".a.b", "%2Ea.b" },
    { "a/b%", "a%2Fb%25" }, { "a\nb\x7f", "a%0Ab%7F" }, { "\xc3\xa5", "\xc3\xa5" },
    { "\xc3", "%C3" },      { "\xe2\x82", "%E2%82" },
};

static void names_are_encoded(void **state)
{
    char out[NAMES_MAX + 1], long_name[NAMES_MAX + 2];
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(encoded); i++) {
        print_message("%s\n", encoded[i].name);
        assert_int_equal(names_encode(encoded[i].name, out), 0);
        assert_string_equal(out, encoded[i].expected);
    }
    assert_int_equal(names_encode("", out), -EINVAL);
    memset(long_name, 'a', sizeof(long_name));
    long_name[NAMES_MAX] = '\0';
    assert_int_equal(names_encode(long_name, out), 0);
    long_name[NAMES_MAX - 1] = '%';
    assert_int_equal(names_encode(long_name, out), -ENAMETOOLONG);
}

/* `times` the text `middle`, between start and end; what comes of it, written alike. */
struct long_name {
    const char *start, *middle, *end;
    unsigned times;
};

static const struct {
    struct long_name name, expected;
} numbered[] = {
    { { "a.pdf", "", "", 0 }, { "7-a.pdf", "", "", 0 } },
    { { "", "", "", 0 }, { "7-", "", "", 0 } },
    { { ".a", "", "", 0 }, { "7-.a", "", "", 0 } },
    { { " a b ", "", "", 0 }, { "7- a b%20", "", "", 0 } },
    { { "a  ", "", "", 0 }, { "7-a %20", "", "", 0 } },
    { { "100%.pdf", "", "", 0 }, { "7-100%25.pdf", "", "", 0 } },
    { { "a\nb\tc\x01\x7f.pdf", "", "", 0 }, { "7-a%0Ab%09c%01%7F.pdf", "", "", 0 } },
    { { "\xff\xc3.p\xdf", "", "", 0 }, { "7-%FF%C3.p%DF", "", "", 0 } },
    { { "\xc3\xa5.pdf", "", "", 0 }, { "7-\xc3\xa5.pdf", "", "", 0 } },
    /* 255 bytes: as long as it may be */
    { { "", "a", "", 253 }, { "7-", "a", "", 253 } },
    { { "", "a", "", 255 }, { "7-", "a", "", 253 } },
    { { "", "a", ".pdf", 251 }, { "7-", "a", ".pdf", 249 } },
    /* characters of 2, 3 and 4 bytes are whole or not there */
    { { "", "\xc3\xa5", ".pdf", 125 }, { "7-", "\xc3\xa5", ".pdf", 124 } },
    { { "", "\xc3\xa5", "", 127 }, { "7-", "\xc3\xa5", "", 126 } },
    { { "", "\xe2\x82\xac", "", 85 }, { "7-", "\xe2\x82\xac", "", 84 } },
    { { "a", "\xe2\x82\xac", ".pdf", 83 }, { "7-a", "\xe2\x82\xac", ".pdf", 82 } },
    { { "", "\xf0\x9f\x98\x80", "abc", 63 }, { "7-", "\xf0\x9f\x98\x80", "a", 63 } },
    { { "a", "\xf0\x9f\x98\x80", ".png", 62 }, { "7-a", "\xf0\x9f\x98\x80", ".png", 62 } },
    { { "abcd", "\xf0\x9f\x98\x80", ".png", 61 }, { "7-abcd", "\xf0\x9f\x98\x80", ".png", 61 } },
    { { "ab", "\xf0\x9f\x98\x80", ".jpeg", 62 }, { "7-ab", "\xf0\x9f\x98\x80", ".jpeg", 61 } },
    /* so are the bytes that are encoded */
    { { "", "\n", "", 255 }, { "7-", "%0A", "", 84 } },
    { { "", "\xff", ".pdf", 251 }, { "7-", "%FF", ".pdf", 83 } },
    { { "", "%", ".p\xff", 100 }, { "7-", "%25", ".p%FF", 82 } },
    /* what is no ending */
    { { "a.", "b", "", 253 }, { "7-a.", "b", "", 251 } },
    { { "", "a", ".123456789012345", 239 }, { "7-", "a", ".123456789012345", 237 } },
    { { "", "a", ".1234567890123456", 238 }, { "7-", "a", ".12345678901234", 238 } },
    /* no blank is left at the end */
    { { "a", " ", "b", 253 }, { "7-a", "", "", 0 } },
    { { "a", " ", "", 254 }, { "7-a", "", "", 0 } },
    { { "a", " ", ".pdf", 250 }, { "7-a", " ", ".pdf", 248 } },
};

static void write_out(const struct long_name *n, char out[1024])
{
    size_t used = (size_t)snprintf(out, 1024, "%s", n->start);

    for (unsigned i = 0; i < n->times; i++)
        used += (size_t)snprintf(out + used, 1024 - used, "%s", n->middle);
    snprintf(out + used, 1024 - used, "%s", n->end);
}

static void names_are_numbered(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(numbered); i++) {
        char name[1024], expected[1024], out[NAMES_MAX + 1];

        write_out(&numbered[i].name, name);
        write_out(&numbered[i].expected, expected);
        print_message("%s\n", name);
        names_numbered(7, name, out);
        assert_string_equal(out, expected);
        assert_int_equal(names_check(out), 0);
    }
}

static void names_have_room_for_any_number(void **state)
{
    char name[NAMES_MAX + 1], out[NAMES_MAX + 1];
    (void)state;

    memset(name, 'a', NAMES_MAX);
    memcpy(name + NAMES_MAX - 4, ".pdf", 5);
    names_numbered(INT64_MAX, name, out);
    assert_int_equal(strlen(out), NAMES_MAX);
    assert_int_equal(strncmp(out, "9223372036854775807-aaa", 23), 0);
    assert_string_equal(out + NAMES_MAX - 5, "a.pdf");
}

static void names_encode_what_a_path_cannot_hold(void **state)
{
    static const struct {
        const char *name, *shown;
    } cases[] = {
        { "invoices", "invoices" },
        { "a/b", "a%2Fb" },
        { "..", "%2E." },
        { ".hidden", "%2Ehidden" },
        { "a.b", "a.b" },
        { "100%", "100%25" },
        { "a\nb", "a%0Ab" },
        { "\x7f", "%7F" },
        { "\xc3\xa4", "\xc3\xa4" },
        { "\xe2\x82\xac", "\xe2\x82\xac" },
        { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
        { "\xff", "%FF" },
        { "\xc3", "%C3" },
        { "\xc0\xaf", "%C0%AF" },
        { "\xed\xa0\x80", "%ED%A0%80" },
        { " a ", " a " },
    };
    char shown[NAMES_MAX + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].shown);
        assert_int_equal(names_encode(cases[i].name, shown), 0);
        assert_string_equal(shown, cases[i].shown);
    }
    assert_int_equal(names_encode("", shown), -EINVAL);
}

static void names_are_decoded(void **state)
{
    static const struct {
        const char *file, *name; /* name NULL: nothing is called so */
    } cases[] = {
        { "scan.pdf", "scan.pdf" },
        { "a%2Fb", "a/b" },
        { "%2E.", ".." },
        { "100%25", "100%" },
        { "%FF", "\xff" },
        { "a%0Ab", "a\nb" },
        { "a%2fb", NULL },
        { "%61", NULL },
        { "%", NULL },
        { "%2", NULL },
        { "%00", NULL },
        { "%G0", NULL },
        { ".x", NULL },
        { "a/b", NULL },
        { "", NULL },
        { "a\nb", NULL },
        { "\xff", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[NAMES_MAX + 1];
        int rc = names_decode(cases[i].file, out);

        print_message("%s\n", cases[i].file);
        assert_int_equal(rc, cases[i].name ? 0 : -EINVAL);
        if (rc == 0)
            assert_string_equal(out, cases[i].name);
    }
}

static void names_have_255_bytes_at_most(void **state)
{
    char name[NAMES_MAX + 2], shown[NAMES_MAX + 1];

    (void)state;
    memset(name, 'a', sizeof(name));
    name[NAMES_MAX] = '\0';
    assert_int_equal(names_encode(name, shown), 0);
    name[NAMES_MAX - 1] = '/';
    assert_int_equal(names_encode(name, shown), -ENAMETOOLONG);
    name[NAMES_MAX - 1] = 'a';
    name[NAMES_MAX] = 'a';
    name[NAMES_MAX + 1] = '\0';
    assert_int_equal(names_encode(name, shown), -ENAMETOOLONG);
}

static void a_files_name_must_be_utf8(void **state)
{
    (void)state;
    assert_int_equal(names_check("\xc3\xa4.pdf"), 0);
    assert_int_equal(names_check("a\xff.pdf"), -EINVAL);
}

static void a_body_is_called_by_what_it_makes(void **state)
{
    static const struct {
        const char *name, *base; /* NULL: it makes nothing */
    } cases[] = {
        { "reader.json", "reader" },
        { "a.b.json", "a.b" },
        { " .json", " " },
        { "\xc3\xa4.json", "\xc3\xa4" },
        { ".json", NULL },
        { ".reader.json", NULL },
        { "reader", NULL },
        { "reader.JSON", NULL },
        { "reader.jsonl", NULL },
        { "json", NULL },
        { "", NULL },
    };
    char base[NAMES_MAX + 1], long_name[NAMES_MAX + 2];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(names_json_base(cases[i].name, base), cases[i].base ? 0 : -EINVAL);
        if (cases[i].base)
            assert_string_equal(base, cases[i].base);
    }
    memset(long_name, 'a', sizeof(long_name));
    memcpy(long_name + NAMES_MAX - 5, ".json", 6);
    assert_int_equal(names_json_base(long_name, base), 0);
    assert_int_equal(strlen(base), NAMES_MAX - 5);
    memcpy(long_name + NAMES_MAX - 5, "a.json", 7);
    assert_int_equal(names_json_base(long_name, base), -EINVAL);
}

static void other_file_systems_hold_most_names(void **state)
{
    static const char *const fine[] = { "scan.pdf", "a b", " a", ".a", "\xc3\xa4", "a%2Fb", "-" };
    static const char *const not [] = { "",    "a:b", "las:document:1", "a*", "a?", "\"a\"", "a<b",
                                        "a>b", "a|b", "a\\b",           "a.", "a " };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
        print_message("%s\n", fine[i]);
        assert_true(names_portable(fine[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(not ); i++) {
        print_message("%s\n", not [i]);
        assert_false(names_portable(not [i]));
    }
}

/* macOS writes an a and its dots apart: what looks alike is one name. */
static void names_that_look_alike_are_the_same(void **state)
{
    static const struct {
        const char *name, *normal;
    } cases[] = {
        { "scan.pdf", "scan.pdf" },
        { "", "" },
        { "a\xcc\x88.pdf", "\xc3\xa4.pdf" },
        { "\xc3\xa4.pdf", "\xc3\xa4.pdf" },
        { "e\xcc\x82\xcc\xa3", "\xe1\xbb\x87" }, /* two marks, in either order */
        { "e\xcc\xa3\xcc\x82", "\xe1\xbb\x87" },
        { "A\xcc\x88", "\xc3\x84" },          /* not its small letter */
        { "\xef\xac\x81", "\xef\xac\x81" },   /* a ligature is not two letters */
        { "a\xff\xcc\x88", "a\xff\xcc\x88" }, /* not UTF-8: as it is */
    };
    char out[NAMES_NORMAL_MAX + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(names_normal(cases[i].name, strlen(cases[i].name), out), 0);
        assert_string_equal(out, cases[i].normal);
    }
    assert_int_equal(names_normal("a\xcc\x88.pdf", 3, out), 0); /* of a longer one, its start */
    assert_string_equal(out, "\xc3\xa4");
}

/* The longest name becomes no longer than there is room for. */
static void the_longest_name_has_a_normal_form(void **state)
{
    char name[NAMES_MAX + 1], out[NAMES_NORMAL_MAX + 1];

    (void)state;
    for (size_t i = 0; i + 3 <= NAMES_MAX; i += 3)
        memcpy(name + i, "\xef\xac\xac", 3); /* U+FB2C: three characters in its normal form */
    name[NAMES_MAX] = '\0';
    assert_int_equal(names_normal(name, NAMES_MAX, out), 0);
    assert_memory_equal(out, "\xd7\xa9\xd6\xbc\xd7\x81\xd7\xa9", 8);
    assert_true(strlen(out) > NAMES_MAX && strlen(out) <= NAMES_NORMAL_MAX);
}

static void a_stem_ends_at_the_last_dot(void **state)
{
    static const struct {
        const char *name;
        size_t len;
    } cases[] = {
        { "scan.pdf", 4 }, { "a.b.pdf", 3 }, { "scan", 0 }, { "scan.", 0 },
        { ".pdf", 0 },     { "", 0 },        { "a..b", 2 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(names_stem(cases[i].name), cases[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_encoded),
        cmocka_unit_test(names_are_numbered),
        cmocka_unit_test(names_have_room_for_any_number),
        cmocka_unit_test(names_encode_what_a_path_cannot_hold),
        cmocka_unit_test(names_are_decoded),
        cmocka_unit_test(names_have_255_bytes_at_most),
        cmocka_unit_test(a_files_name_must_be_utf8),
        cmocka_unit_test(a_body_is_called_by_what_it_makes),
        cmocka_unit_test(other_file_systems_hold_most_names),
        cmocka_unit_test(names_that_look_alike_are_the_same),
        cmocka_unit_test(the_longest_name_has_a_normal_form),
        cmocka_unit_test(a_stem_ends_at_the_last_dot),
    };

    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
