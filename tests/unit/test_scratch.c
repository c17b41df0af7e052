/* Names that stay local, and names of the API as file names. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"
#include "names.h"
#include "scratch.h"

#include "banned.h"

static void scratch_knows_temporary_names(void **state)
{
    static const char *const scratch[] = {
        ".scan.pdf.swp",
        ".scan.pdf.swx",
        "4913",
        "scan.pdf~",
        ".#scan.pdf",
        "#scan.pdf#",
        "scan.pdf.part",
        "scan.pdf.filepart",
        "scan.pdf.crdownload",
        "scan.tmp",
        "~$report.pdf",
        ".in.scan.pdf",
        ".pureftpd-upload.1234",
        ".goutputstream-ABC123",
        ".~lock.scan.pdf#",
        ".DS_Store",
        "._scan.pdf",
        "Thumbs.db",
        "desktop.ini",
        "sedAbC123",
        ".scan.pdf.aB3dE6",
        ".nfs000001",
        ".fuse_hidden0001",
        "scan.pdf.partial",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scratch); i++) {
        print_message("%s\n", scratch[i]);
        assert_true(scratch_name(scratch[i], NULL));
    }
}

static void scratch_leaves_real_names_alone(void **state)
{
    static const char *const real[] = {
        "scan.pdf",      "sedan.pdf", "sed",         "sedABCDE",   "sedABCDEFG",  "part.pdf",
        "a.parted",      "49133",     "tmp",         "tmp.pdf",    "scan~.pdf",   ".hidden.pdf",
        "Thumbs.db.pdf", "#1.pdf",    "invoice #12", "a.swap.pdf", "~report.pdf", ".name.pdf",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(real); i++) {
        print_message("%s\n", real[i]);
        assert_false(scratch_name(real[i], NULL));
    }
}

static void scratch_knows_repositories(void **state)
{
    (void)state;
    assert_true(scratch_is_repository(".git"));
    assert_true(scratch_is_repository(".svn"));
    assert_false(scratch_is_repository("x.git"));
    assert_false(scratch_is_repository(".gitignore"));
    assert_false(scratch_is_repository(""));
}

static void scratch_takes_more_patterns(void **state)
{
    (void)state;
    assert_true(scratch_name("a.uploading", "*.uploading"));
    assert_true(scratch_name("a.b", "*.x:*.b"));
    assert_true(scratch_name("a.b", "::*.b"));
    assert_false(scratch_name("a.pdf", "*.x:*.b:"));
    assert_false(scratch_name("a.pdf", ""));
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

static void names_check_refuses_what_is_not_utf8(void **state)
{
    (void)state;
    assert_int_equal(names_check("\xc3\xa4.pdf"), 0);
    assert_int_equal(names_check("a\xff.pdf"), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scratch_knows_temporary_names),
        cmocka_unit_test(scratch_leaves_real_names_alone),
        cmocka_unit_test(scratch_knows_repositories),
        cmocka_unit_test(scratch_takes_more_patterns),
        cmocka_unit_test(names_encode_what_a_path_cannot_hold),
        cmocka_unit_test(names_have_255_bytes_at_most),
        cmocka_unit_test(names_check_refuses_what_is_not_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
