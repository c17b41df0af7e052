#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"
#include "completion.h"

#include "banned.h"

static const struct completion_option LIST = { "list", "WORD", "names,ids", "how\nand more" };
static const struct completion_option FLAG = { "ro", NULL, NULL, "no change" };
static const struct completion_option DIR = { "state", "DIR", NULL, NULL };
static const struct completion_option PEM = { "cacert", "FILE", NULL, NULL };

/* What is written to stdout from one to the other; the caller frees. */
static FILE *before;
static char *text;
static size_t text_len;

static void begin(void)
{
    before = stdout;
    stdout = open_memstream(&text, &text_len);
    assert_non_null(stdout);
}

static char *end(void)
{
    fclose(stdout);
    stdout = before;
    return text;
}

static void completion_is_asked_with_one_word_at_least(void **state)
{
    char p[] = "p", asked[] = "--completion", un[] = "--un", o[] = "-o", ro[] = "ro", empty[] = "",
         complete[] = "--complete", off[] = "off";
    char *none[] = { p, asked, NULL };
    char *one[] = { p, asked, un, NULL };
    char *three[] = { p, asked, o, ro, empty, NULL };
    char *other[] = { p, complete, off, NULL };
    struct completion c;

    (void)state;
    assert_false(completion_asked(2, none, &c));
    assert_false(completion_asked(3, other, &c));
    assert_true(completion_asked(3, one, &c));
    assert_int_equal(c.n_before, 0);
    assert_string_equal(c.current, "--un");
    assert_true(completion_asked(5, three, &c));
    assert_int_equal(c.n_before, 2);
    assert_string_equal(c.before[1], "ro");
    assert_string_equal(c.current, "");
}

static void completion_offers_what_begins_so(void **state)
{
    static const struct {
        const char *current, *head, *word;
        bool more;
        const char *line;
    } cases[] = {
        { "", "", "all", false, "=all\thelp\n" },
        { "a", "", "all", false, "=all\thelp\n" },
        { "all", "", "all", false, "=all\thelp\n" },
        { "alle", "", "all", false, "" },
        { "b", "", "all", false, "" },
        { "ro,", "ro,", "xattr", true, "+ro,xattr\thelp\n" },
        { "ro,x", "ro,", "xattr", true, "+ro,xattr\thelp\n" },
        { "ro,y", "ro,", "xattr", true, "" },
        { "r", "ro,", "xattr", true, "+ro,xattr\thelp\n" },
        { "", "", "two\nlines", false, "" },
        { "", "", "a\tb", false, "" },
        { "", "a\x1b[2J", "b", false, "" },
        { "", "", "a b", false, "=a b\thelp\n" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct completion c = { .current = cases[i].current };
        bool offered;
        char *line;

        print_message("%s|%s\n", cases[i].current, cases[i].head);
        begin();
        offered = completion_offer(&c, cases[i].head, cases[i].word, "help", cases[i].more);
        line = end();
        assert_string_equal(line, cases[i].line);
        assert_int_equal(offered, *cases[i].line != '\0');
        free(line);
    }
}

static void completion_knows_what_options_take(void **state)
{
    static const struct {
        const struct completion_option *option;
        const char *head;
        bool in_list;
        const char *name, *value; /* the lines for them */
    } cases[] = {
        { &LIST, "--", false, "+--list=\thow\n", "=--names\t\n=--ids\t\n" },
        { &LIST, "", true, "+list=\thow\n", "+names\t\n+ids\t\n" },
        { &FLAG, "--", false, "=--ro\tno change\n", "" },
        { &FLAG, "", true, "+ro\tno change\n", "" },
        { &DIR, "a=", false, "+a=state=\t\n", "/a=\n" },
        { &PEM, "", true, "+cacert=\t\n", ".\n" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct completion c = { .current = "" };
        char *lines;

        print_message("%s%s\n", cases[i].head, cases[i].option->name);
        begin();
        completion_offer_option(&c, cases[i].head, cases[i].option, cases[i].in_list);
        lines = end();
        assert_string_equal(lines, cases[i].name);
        free(lines);
        begin();
        completion_offer_value(&c, cases[i].head, cases[i].option, cases[i].in_list);
        lines = end();
        assert_string_equal(lines, cases[i].value);
        free(lines);
    }
}

static void completion_finds_values(void **state)
{
    static const struct {
        const char *text, *name, *value;
    } cases[] = {
        { "list=na", "list", "na" },
        { "list=", "list", "" },
        { "list", "list", NULL },
        { "list_ttl=3", "list", NULL },
        { "list-ttl=3", "list_ttl", "3" },
        { "list_ttl=3", "list_ttl", "3" },
        { "list_ttl=3", "list-ttl", NULL },
        { "lis=3", "list", NULL },
        { "", "list", NULL },
        { "state=a=b", "state", "a=b" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *value = completion_value_of(cases[i].text, cases[i].name);

        print_message("%s %s\n", cases[i].text, cases[i].name);
        if (cases[i].value)
            assert_string_equal(value, cases[i].value);
        else
            assert_null(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(completion_is_asked_with_one_word_at_least),
        cmocka_unit_test(completion_offers_what_begins_so),
        cmocka_unit_test(completion_knows_what_options_take),
        cmocka_unit_test(completion_finds_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
