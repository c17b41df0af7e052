/* creat(2) and mkdir(2): what becomes what, and what is refused in which words. */
#include "vfs_fixture.h"

#include <fcntl.h>
#include <sys/prctl.h>

#include "banned.h"

#define EXCL (O_WRONLY | O_CREAT | O_EXCL)

static void add_all(struct vfs *v)
{
    static const char *const rows[][2] = {
        { "datasets", "{'datasetId': 'dataset#101', 'name': 'invoices'}" },
        { "models", "{'modelId': 'model#102', 'name': 'm'}" },
        { "transitions", "{'transitionId': 'transition#103'}" },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        api_add(&v->w.api, rows[i][0], rows[i][1]);
}

/* --- Files ------------------------------------------------------------------------------------ */

static void a_file_that_is_made_is_there_with_its_mode(void **state)
{
    struct vfs *v = *state;
    struct handle *h = NULL;
    struct stat st;

    start_fs(v);
    assert_int_equal(create(v, "/documents/a.pdf", EXCL, &h), 0);
    st = stat_of(v, "/documents/a.pdf");
    assert_int_equal(st.st_mode, S_IFREG | 0640);
    assert_int_equal(st.st_size, 0);
    assert_int_equal(write_to(v, h, pdf("a"), 0), strlen(pdf("a")));
    assert_int_equal(stat_of(v, "/documents/a.pdf").st_size, strlen(pdf("a")));
    assert_int_equal(close_file(v, h), 0);
    expect_there(&v->w.api, "documents", "document#1 ");
    expect_ls(v, "/documents", "a.pdf ");
    remount_fs(v);
    expect_ls(v, "/documents", "a.pdf ");
    expect_cat(v, "/documents/a.pdf", pdf("a"));
    assert_int_equal(stat_of(v, "/documents/a.pdf").st_mode, S_IFREG | 0640);
}

/* In a dataset's folder it joins the dataset. */
static void a_file_in_a_datasets_folder_is_of_that_dataset(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    assert_int_equal(copy_to(v, "/datasets/invoices/documents/a.pdf", pdf("a")), 0);
    expect_cat(v, "/documents/document#1/datasetId", "dataset#101\n");
}

static const struct {
    const char *path;
    int flags, rc;
    const char *says; /* begins with */
} refused[] = {
    /* clang-format off */
    { "/a.pdf", EXCL, -EPERM, "" },
    { "/documents/las:document:00000000000000000000000000000009", EXCL, -EPERM,
      "an id is given by the API: give it a name" },
    { "/logs/a.txt", EXCL, -EPERM, "" },
    { "/.lasfs/new", EXCL, -EPERM, "" },
    { "/datasets/a.txt", EXCL, -EPERM, "" },
    { "/datasets/invoices/resource.json", EXCL, -EPERM,
      "resource.json is a name of the mount's own here: give it another one" },
    { "/documents/.sha256sums", EXCL, -EPERM, "" },
    /* clang-format on */
};

static void what_cannot_be_made_is_refused(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct handle *h = NULL;
        int rc;

        print_message("%s\n", refused[i].path);
        rc = create(v, refused[i].path, refused[i].flags, &h);
        if (rc != refused[i].rc)
            print_message("%s %s\n", strerrorname_np(-rc), v->w.err.text);
        assert_int_equal(rc, refused[i].rc);
        assert_int_equal(strncmp(v->w.err.text, refused[i].says, strlen(refused[i].says)), 0);
        assert_null(h);
    }
    expect_there(&v->w.api, "documents", "");
}

/* A temporary name may be where its file may not: programs write so first. */
static void a_temporary_file_may_be_anywhere_in_a_collection(void **state)
{
    static const char *const paths[] = { "/datasets/.x.swp", "/models/a~", "/logs/a.part",
                                         "/datasets/invoices/4913" };
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        print_message("%s\n", paths[i]);
        assert_int_equal(copy_to(v, paths[i], "text"), 0);
        expect_cat(v, paths[i], "text");
        assert_int_equal(unlink_at(v, paths[i]), 0);
        expect_none(v, paths[i]);
    }
}

static void what_is_there_is_not_made_again(void **state)
{
    struct vfs *v = *state;
    struct handle *h = NULL;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    assert_int_equal(create(v, "/documents/a.pdf", EXCL, &h), -EEXIST);
    assert_int_equal(create(v, "/documents/a.pdf", O_RDONLY | O_CREAT, &h), 0); /* it was faster */
    assert_int_equal(close_file(v, h), 0);
    expect_cat(v, "/documents/a.pdf", pdf("a"));
}

static void a_read_only_mount_makes_nothing(void **state)
{
    struct vfs *v = *state;
    struct handle *h = NULL;

    v->options.ro = true;
    start_fs(v);
    add_all(v);
    assert_int_equal(create(v, "/documents/a.pdf", EXCL, &h), -EROFS);
    assert_true(v->w.err.text[0]);
    assert_int_equal(create(v, "/documents/.DS_Store", EXCL, &h), -EROFS);
    assert_string_equal(v->w.err.text, ""); /* what file managers try everywhere is no line */
    assert_int_equal(make_dir_at(v, "/datasets/new"), -EROFS);
    assert_int_equal(move_to(v, "/datasets/invoices", "/datasets/new"), -EROFS);
    expect_there(&v->w.api, "datasets", "dataset#101 ");
}

/* Who removed a field's file writes it anew, as editors do. */
static void a_field_that_was_removed_is_written_anew(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    ino_of(v, "/datasets/invoices");
    assert_int_equal(unlink_at(v, "/datasets/dataset#101/name"), 0);
    assert_int_equal(copy_to(v, "/datasets/dataset#101/name", "new\n"), 0);
    expect_cat(v, "/datasets/dataset#101/name", "new\n");
    ino_of(v, "/datasets/new");
}

static void who_must_not_wait_makes_nothing(void **state)
{
    struct vfs *v = *state;
    struct handle *h = NULL;

    start_fs(v);
    ino_of(v, "/documents");
    expect_ls(v, "/documents", "");
    v->w.call.nowait = true;
    assert_int_equal(create(v, "/documents/a.pdf", EXCL, &h), -EWOULDBLOCK);
    v->w.call.nowait = false;
    expect_none(v, "/documents/a.pdf");
}

/* --- Directories ------------------------------------------------------------------------------ */

static void a_directory_is_a_resource_of_that_name(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(make_dir_at(v, "/datasets/new"), 0);
    expect_said(&v->w.api, "GET datasets\nPOST datasets {'name':'new'}\n");
    expect_cat(v, "/datasets/new/datasetId", "dataset#1\n");
    expect_ls(v, "/datasets", "new ");
    remount_fs(v);
    expect_ls(v, "/datasets", "new ");
    assert_int_equal(make_dir_at(v, "/datasets/new"), -EEXIST);
}

/* A fresh look: what is remembered may be old. */
static void a_name_that_others_have_given_exists(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    expect_ls(v, "/datasets", "");
    api_add(&v->w.api, "datasets", "{'datasetId': 'dataset#101', 'name': 'new'}");
    assert_int_equal(make_dir_at(v, "/datasets/new"), -EEXIST);
    expect_there(&v->w.api, "datasets", "dataset#101 ");
    expect_ls(v, "/datasets", "new ");
}

static void a_directory_among_documents_is_a_folder_here(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(make_dir_at(v, "/documents/in"), 0);
    assert_int_equal(make_dir_at(v, "/documents/in/deep"), 0);
    assert_int_equal(make_dir_at(v, "/documents/in"), -EEXIST);
    expect_said(&v->w.api, "");
    assert_int_equal(copy_to(v, "/documents/in/deep/a.pdf", pdf("a")), 0);
    expect_ls(v, "/documents", "in ");
    expect_ls(v, "/documents/in/deep", "a.pdf ");
    assert_int_equal(stat_of(v, "/documents/in").st_mode, S_IFDIR | 0755);
    remount_fs(v);
    expect_cat(v, "/documents/in/deep/a.pdf", pdf("a"));
}

static const struct {
    const char *path;
    int rc;
    const char *says;
} no_dirs[] = {
    { "/new", -EPERM, "" },
    { "/logs/new", -EPERM, "" },
    { "/models/new", -EPERM, "" },
    { "/.lasfs/new", -EPERM, "" },
    { "/documents/.git", -EPERM, "" },
    { "/documents/las:document:00000000000000000000000000000009", -EPERM,
      "an id is given by the API: give it a name" },
    { "/datasets/invoices/name", -EPERM,
      "name is a name of the mount's own here: give it another one" },
    { "/datasets/invoices/documents", -EPERM, "" },
    { "/datasets/invoices/new", -EPERM, "" },
    { "/datasets/\xff", -EILSEQ, "its name is not UTF-8, as a name of the API must be" },
};

static void a_directory_that_cannot_be_is_refused(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    for (size_t i = 0; i < ARRAY_LEN(no_dirs); i++) {
        int rc;

        print_message("%s\n", no_dirs[i].path);
        rc = make_dir_at(v, no_dirs[i].path);
        if (rc != no_dirs[i].rc)
            print_message("%s %s\n", rc ? strerrorname_np(-rc) : "made", v->w.err.text);
        assert_int_equal(rc, no_dirs[i].rc);
        assert_int_equal(strncmp(v->w.err.text, no_dirs[i].says, strlen(no_dirs[i].says)), 0);
    }
    expect_there(&v->w.api, "datasets", "dataset#101 ");
    expect_there(&v->w.api, "models", "model#102 ");
}

static void what_the_api_refuses_leaves_no_name(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    api_rule(&v->w.api, 1, "POST", "datasets", 400, "{'message': 'no more'}");
    assert_int_equal(make_dir_at(v, "/datasets/new"), -EINVAL);
    assert_string_equal(v->w.err.text, "no more");
    expect_none(v, "/datasets/new");
    assert_int_equal(make_dir_at(v, "/datasets/new"), 0);
}

/* --- What the API has nothing for ------------------------------------------------------------- */

static void links_and_pipes_are_refused_in_words(void **state)
{
    struct vfs *v = *state;
    uint64_t ino;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    ino = ino_of(v, "/documents/a.pdf");
    v->w.err = (struct failure){ .text = "" };
    assert_int_equal(fs_link(v->fs, ino, "b.pdf", getpid(), &v->w.err), -EPERM);
    assert_string_equal(v->w.err.text, "there are no hard links here: copy the file, or rename it");
    assert_int_equal(fs_symlink("b.pdf", &v->w.err), -EPERM);
    assert_string_equal(
        v->w.err.text, "there are no symbolic links here: copy what it leads to (cp -L, rsync -L)");
    assert_int_equal(fs_special("b.pdf", &v->w.err), -EPERM);
    assert_string_equal(v->w.err.text,
                        "there are no pipes, sockets or devices here: make it in a local folder");
}

/* They try it and do something else then: that is no line. */
static void who_has_another_way_gets_no_words(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf~", "a"), 0);
    v->w.err = (struct failure){ .text = "" };
    assert_int_equal(fs_link(v->fs, ino_of(v, "/documents/a.pdf~"), "b.pdf", getpid(), &v->w.err),
                     -EPERM);
    assert_int_equal(fs_symlink(".#a.pdf", &v->w.err), -EPERM); /* emacs' lock */
    assert_int_equal(fs_special(".DS_Store", &v->w.err), -EPERM);
    assert_int_equal(prctl(PR_SET_NAME, "sftp-server"), 0);
    assert_int_equal(fs_link(v->fs, ino_of(v, "/documents"), "b.pdf", getpid(), &v->w.err), -EPERM);
    assert_string_equal(v->w.err.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_that_is_made_is_there_with_its_mode),
        TEST(a_file_in_a_datasets_folder_is_of_that_dataset),
        TEST(what_cannot_be_made_is_refused),
        TEST(a_temporary_file_may_be_anywhere_in_a_collection),
        TEST(what_is_there_is_not_made_again),
        TEST(a_read_only_mount_makes_nothing),
        TEST(a_field_that_was_removed_is_written_anew),
        TEST(who_must_not_wait_makes_nothing),
        TEST(a_directory_is_a_resource_of_that_name),
        TEST(a_name_that_others_have_given_exists),
        TEST(a_directory_among_documents_is_a_folder_here),
        TEST(a_directory_that_cannot_be_is_refused),
        TEST(what_the_api_refuses_leaves_no_name),
        TEST(links_and_pipes_are_refused_in_words),
        TEST(who_has_another_way_gets_no_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
