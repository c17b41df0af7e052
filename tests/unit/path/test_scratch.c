/* Names that stay local. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"
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
        "scan.pdfAbC123",
        "scan.pdf.0000000002",
        "model.jsonzzzzzz",
        "scan.pdf_exiftool_tmp",
        "scan.pdf.~qpdf-temp#",
        "scan.pdf.~qpdf-orig#",
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

static void scratch_tells_what_is_under_way_from_what_stays_aside(void **state)
{
    static const char *const kept[] = {
        ".README.swp", "4913",    "x.pdf~",    ".#x.pdf",     "~$x.docx", ".~lock.x.pdf#",
        ".DS_Store",   "._x.pdf", "Thumbs.db", ".Trash-1000", "@eaDir",   "$RECYCLE.BIN",
    };
    static const char *const on_the_way[] = {
        ".x.pdf.aB3dE6", "x.pdf.part", "x.tmp", ".goutputstream-ABC123", "sedAbC123", "x.pdf",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        print_message("%s\n", kept[i]);
        assert_true(scratch_is_aside(kept[i]));
        assert_true(scratch_name(kept[i], NULL));
    }
    for (size_t i = 0; i < ARRAY_LEN(on_the_way); i++) {
        print_message("%s\n", on_the_way[i]);
        assert_false(scratch_is_aside(on_the_way[i]));
    }
}

static void scratch_leaves_real_names_alone(void **state)
{
    static const char *const real[] = {
        "scan.pdf",        "sedan.pdf",      "sed",
        "sedABCDE",        "sedABCDEFG",     "part.pdf",
        "a.parted",        "49133",          "tmp",
        "tmp.pdf",         "scan~.pdf",      ".hidden.pdf",
        "Thumbs.db.pdf",   "#1.pdf",         "invoice #12",
        "a.swap.pdf",      "~report.pdf",    ".name.pdf",
        "scan.1234567890", "1234567890.pdf", "scan.pdf.123456789",
        "scan.pdf12345",   ".pdfAbC123",     "scan.pdf-1234567890",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(real); i++) {
        print_message("%s\n", real[i]);
        assert_false(scratch_name(real[i], NULL));
    }
}

static void scratch_knows_folders_of_programs(void **state)
{
    static const char *const folders[] = {
        "@eaDir",
        "#recycle",
        "#snapshot",
        "@tmp",
        "@Recycle",
        "@Recently-Snapshot",
        ".@__thumb",
        ".@upload_cache",
        ".stversions",
        ".stfolder",
        ".sync",
        ".dropbox.cache",
        ".Trash",
        ".Trash-1000",
        ".Trashes",
        ".TemporaryItems",
        ".fseventsd",
        ".Spotlight-V100",
        ".DocumentRevisions-V100",
        ".AppleDouble",
        "$RECYCLE.BIN",
        "System Volume Information",
        ".~tmp~",
        ".rsync-partial",
        ".thumbnails",
        ".xvpics",
        "lost+found",
        "scan.pdf.sb-515b24a2-00Ug5l",
        "(A Document Being Saved By TextEdit 2)",
        "scan.pdf.part",
        "Unconfirmed 1.download",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        print_message("%s\n", folders[i]);
        assert_true(scratch_folder(folders[i], NULL));
        assert_true(scratch_name(folders[i], NULL));
    }
}

static void scratch_leaves_peoples_folders_alone(void **state)
{
    static const char *const real[] = {
        "4913",  "sediment", "sedABC123", "XXLshirt",  "2026-11",      "Trash",     "tmp",
        "@home", "#1",       "recycle",   "snapshots", "stversions",   "a.sb-1-2",  "thumbnails",
        "sync",  "@",        "eaDir",     ".hidden",   ".2026.abc123", "lost",      "Recycled",
        "(a)",   "$",        "System",    "scans",     "@eaDir.old",   "Dokumente", "archive~1",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(real); i++) {
        print_message("%s\n", real[i]);
        assert_false(scratch_folder(real[i], NULL));
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
    assert_true(scratch_folder("old", "*.x:old"));
    assert_false(scratch_folder("older", "*.x:old"));
    assert_false(scratch_name("a.pdf", "*.x:*.b:"));
    assert_false(scratch_name("a.pdf", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scratch_knows_temporary_names),
        cmocka_unit_test(scratch_tells_what_is_under_way_from_what_stays_aside),
        cmocka_unit_test(scratch_leaves_real_names_alone),
        cmocka_unit_test(scratch_knows_folders_of_programs),
        cmocka_unit_test(scratch_leaves_peoples_folders_alone),
        cmocka_unit_test(scratch_knows_repositories),
        cmocka_unit_test(scratch_takes_more_patterns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
