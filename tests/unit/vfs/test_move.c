/* rename(2): what programs do by it, what is changed at the server, and what is refused. */
#include "vfs_fixture.h"

#include <fcntl.h>

#include "banned.h"

static void add_all(struct vfs *v)
{
    static const char *const rows[][2] = {
        { "datasets", "{'datasetId': 'dataset#101', 'name': 'invoices'}" },
        { "datasets", "{'datasetId': 'dataset#102', 'name': 'receipts'}" },
        { "documents", "{'documentId': 'document#107', 'contentType': 'image/png'}" },
        { "secrets", "{'secretId': 'secret#108', 'name': 's'}" },
        { "transitions", "{'transitionId': 'transition#103'}" },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        api_add(&v->w.api, rows[i][0], rows[i][1]);
}

static void forget_said(struct vfs *v)
{
    pthread_mutex_lock(&v->w.api.server.lock);
    v->w.api.said[0] = '\0';
    pthread_mutex_unlock(&v->w.api.server.lock);
}

/* --- Files ------------------------------------------------------------------------------------ */

/* rsync, browsers: written under another name, it is sent by the rename. */
static void a_temporary_file_is_sent_when_it_gets_its_name(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/.a.pdf.AbCdEf", pdf("a")), 0);
    expect_said(&v->w.api, "");
    assert_int_equal(move_to(v, "/documents/.a.pdf.AbCdEf", "/documents/a.pdf"), 0);
    expect_there(&v->w.api, "documents", "document#1 ");
    expect_none(v, "/documents/.a.pdf.AbCdEf");
    expect_cat(v, "/documents/a.pdf", pdf("a"));
}

/* Over another one: the new document is made first, and the old one is deleted then. */
static void over_another_one_it_takes_its_place(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("old")), 0);
    assert_int_equal(copy_to(v, "/documents/a.part", pdf("new")), 0);
    assert_int_equal(move_to(v, "/documents/a.part", "/documents/a.pdf"), 0);
    expect_there(&v->w.api, "documents", "document#2 ");
    expect_cat(v, "/documents/a.pdf", pdf("new"));
    expect_ls(v, "/documents", "a.pdf ");
}

static void what_was_refused_keeps_its_old_name(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    api_rule(&v->w.api, -1, "POST", "documents", 400, "{'message': 'no more'}");
    assert_int_equal(copy_to(v, "/documents/a.part", pdf("a")), 0);
    assert_int_equal(move_to(v, "/documents/a.part", "/documents/a.pdf"), -EPERM);
    expect_cat(v, "/documents/a.part", pdf("a"));
    expect_none(v, "/documents/a.pdf");
}

/* vim: the file is its backup, is written anew, and the backup removed: one document, replaced. */
static void an_editors_backup_is_no_second_document(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("old")), 0);
    assert_int_equal(move_to(v, "/documents/a.pdf", "/documents/a.pdf~"), 0);
    expect_there(&v->w.api, "documents", "document#1 ");
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("new")), 0);
    expect_there(&v->w.api, "documents", "document#2 ");
    expect_cat(v, "/documents/a.pdf~", pdf("old"));
    assert_int_equal(unlink_at(v, "/documents/a.pdf~"), 0);
    expect_there(&v->w.api, "documents", "document#2 ");
    expect_cat(v, "/documents/a.pdf", pdf("new"));
}

/* The editor gave it up: named back, nothing was changed; removed, its document is. */
static void a_backup_that_nobody_replaced_is_the_document(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    forget_said(v);
    assert_int_equal(move_to(v, "/documents/a.pdf", "/documents/a.pdf~"), 0);
    assert_int_equal(move_to(v, "/documents/a.pdf~", "/documents/a.pdf"), 0);
    expect_there(&v->w.api, "documents", "document#1 ");
    assert_int_equal(move_to(v, "/documents/a.pdf", "/documents/a.pdf~"), 0);
    assert_int_equal(unlink_at(v, "/documents/a.pdf~"), 0);
    expect_there(&v->w.api, "documents", "");
}

/* A new file is renamed to the name whose resource is parked: it is taken back. */
static void a_rename_onto_a_parked_name_takes_it_back(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("old")), 0);
    assert_int_equal(move_to(v, "/documents/a.pdf", "/documents/a.pdf~"), 0);
    assert_int_equal(copy_to(v, "/documents/a.part", pdf("new")), 0);
    assert_int_equal(move_to(v, "/documents/a.part", "/documents/a.pdf"), 0);
    expect_there(&v->w.api, "documents", "document#2 ");
    expect_cat(v, "/documents/a.pdf~", pdf("old"));
    expect_cat(v, "/documents/a.pdf", pdf("new"));
}

static void a_sent_file_is_called_otherwise_here_alone(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    assert_int_equal(move_to(v, "/documents/a.pdf", "/documents/b.pdf"), 0);
    expect_none(v, "/documents/a.pdf");
    expect_cat(v, "/documents/b.pdf", pdf("a"));
    expect_there(&v->w.api, "documents", "document#1 ");
    remount_fs(v);
    expect_ls(v, "/documents", "b.pdf ");
}

static void into_a_datasets_folder_it_joins_the_dataset(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    assert_int_equal(copy_to(v, "/datasets/invoices/documents/a.pdf", pdf("a")), 0);
    forget_said(v);
    assert_int_equal(
        move_to(v, "/datasets/invoices/documents/a.pdf", "/datasets/receipts/documents/a.pdf"), 0);
    expect_said(&v->w.api, "GET documents?datasetId=dataset#102\n"
                           "PATCH documents/document#1 {'datasetId':'dataset#102'}\n");
    expect_cat(v, "/datasets/receipts/documents/a.pdf", pdf("a"));
    expect_none(v, "/datasets/invoices/documents/a.pdf");
    api_rule(&v->w.api, -1, "PATCH", "*", 404, "{'message': 'no such dataset'}");
    assert_true(
        move_to(v, "/datasets/receipts/documents/a.pdf", "/datasets/invoices/documents/a.pdf") < 0);
    expect_cat(v, "/datasets/receipts/documents/a.pdf", pdf("a"));
}

/* What the API names after its file gets the file's name. */
static void an_asset_is_renamed_at_the_server_too(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/assets/a.js", "text"), 0);
    forget_said(v);
    assert_int_equal(move_to(v, "/assets/a.js", "/assets/b.js"), 0);
    expect_said(&v->w.api, "PATCH assets/asset#1 {'name':'b.js'}\n");
    expect_cat(v, "/assets/asset#1/name", "b.js\n");
}

static const struct {
    const char *from, *to;
    unsigned flags;
    int rc;
} refused[] = {
    /* clang-format off */
    { "/documents/a.pdf", "/documents/b.pdf", RENAME_NOREPLACE, -EEXIST },
    { "/documents/a.pdf", "/documents/b.pdf", RENAME_EXCHANGE, -EINVAL },
    { "/documents/a.pdf", "/documents/a.pdf", 0, 0 },
    { "/documents/a.pdf", "/documents/in", 0, -EISDIR },
    { "/documents/in", "/documents/a.pdf", 0, -ENOTDIR },
    { "/documents/in", "/datasets/invoices/documents/in", 0, -EXDEV },
    { "/documents/in", "/documents/document#107", 0, -EPERM },
    { "/documents/nothing", "/documents/b.pdf", 0, -ENOENT },
    { "/documents/a.pdf", "/documents/las:document:00000000000000000000000000000009", 0, -EPERM },
    { "/documents/a.pdf", "/documents/a.pdf.json", 0, -EPERM },
    { "/documents/a.pdf", "/documents/.sha256sums", 0, -EACCES },
    { "/documents/a.pdf", "/secrets/a.json", 0, -EXDEV },
    { "/documents/a.pdf", "/logs/a.pdf", 0, -EPERM },
    { "/documents/a.pdf", "/a.pdf", 0, -EPERM },
    { "/documents", "/docs", 0, -EPERM },
    { "/README", "/documents/README", 0, -EPERM },
    { "/documents/document#107", "/documents/x", 0, -EPERM },
    { "/documents/document#107/content", "/documents/x.png", 0, -EPERM },
    { "/datasets/invoices", "/datasets/receipts", 0, -ENOTEMPTY },
    { "/datasets/invoices", "/datasets/las:dataset:00000000000000000000000000000009", 0, -EPERM },
    { "/datasets/invoices/name", "/datasets/invoices/other", 0, -EPERM },
    { "/datasets/invoices/datasetId", "/datasets/invoices/datasetId~", 0, -EPERM },
    /* clang-format on */
};

static void what_cannot_be_renamed_stays_as_it_is(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    assert_int_equal(copy_to(v, "/documents/b.pdf", pdf("b")), 0);
    assert_int_equal(make_dir_at(v, "/documents/in"), 0);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        int rc;

        print_message("%s %s\n", refused[i].from, refused[i].to);
        rc = rename_at(v, refused[i].from, refused[i].to, refused[i].flags);
        if (rc != refused[i].rc)
            print_message("%s %s\n", rc ? strerrorname_np(-rc) : "renamed", v->w.err.text);
        assert_int_equal(rc, refused[i].rc);
        if (rc == -EPERM) /* the user is told what to do instead */
            assert_true(v->w.err.text[0]);
    }
    expect_cat(v, "/documents/a.pdf", pdf("a"));
    expect_cat(v, "/documents/b.pdf", pdf("b"));
    expect_there(&v->w.api, "datasets", "dataset#101 dataset#102 ");
}

/* --- Fields ----------------------------------------------------------------------------------- */

/* sed -i, Nautilus: a temporary file beside it is renamed onto it. */
static void a_temporary_file_onto_a_field_is_its_new_text(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    assert_int_equal(copy_to(v, "/datasets/dataset#101/sedAbCdEf", "bills\n"), 0);
    forget_said(v);
    assert_int_equal(move_to(v, "/datasets/dataset#101/sedAbCdEf", "/datasets/dataset#101/name"),
                     0);
    expect_said(&v->w.api, "PATCH datasets/dataset#101 {'name':'bills'}\n");
    expect_cat(v, "/datasets/dataset#101/name", "bills\n");
    expect_none(v, "/datasets/dataset#101/sedAbCdEf");
    assert_non_null(strstr(v->told, "entry:name ")); /* the kernel takes the one for the other */
    assert_int_equal(copy_to(v, "/datasets/dataset#101/sedAbCdEf", "x\n"), 0);
    assert_int_equal(
        move_to(v, "/datasets/dataset#101/sedAbCdEf", "/datasets/dataset#101/datasetId"), -EACCES);
    expect_cat(v, "/datasets/dataset#101/sedAbCdEf", "x\n");
}

/* vim: name is its backup, and is written anew. */
static void a_fields_backup_is_its_text(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    ino_of(v, "/datasets/dataset#101");
    assert_int_equal(move_to(v, "/datasets/dataset#101/name", "/datasets/dataset#101/name~"), 0);
    expect_cat(v, "/datasets/dataset#101/name~", "invoices\n");
    assert_int_equal(copy_to(v, "/datasets/dataset#101/name", "bills\n"), 0);
    expect_cat(v, "/datasets/dataset#101/name", "bills\n");
    expect_cat(v, "/datasets/dataset#101/name~", "invoices\n");
    assert_int_equal(unlink_at(v, "/datasets/dataset#101/name~"), 0);
}

/* --- Directories ------------------------------------------------------------------------------ */

static void a_resources_directory_is_renamed_at_the_server(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    ino_of(v, "/datasets/invoices");
    forget_said(v);
    assert_int_equal(move_to(v, "/datasets/invoices", "/datasets/bills"), 0);
    expect_said(&v->w.api, "PATCH datasets/dataset#101 {'name':'bills'}\n");
    expect_cat(v, "/datasets/bills/name", "bills\n");
    expect_none(v, "/datasets/invoices");
    api_rule(&v->w.api, -1, "PATCH", "*", 400, "{'message': 'no'}");
    assert_true(move_to(v, "/datasets/bills", "/datasets/again") < 0);
    expect_cat(v, "/datasets/bills/name", "bills\n");
}

static void a_folder_within_is_renamed_with_what_is_in_it(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(make_dir_at(v, "/documents/in"), 0);
    assert_int_equal(make_dir_at(v, "/documents/empty"), 0);
    assert_int_equal(copy_to(v, "/documents/in/a.pdf", pdf("a")), 0);
    assert_int_equal(move_to(v, "/documents/in", "/documents/empty"), 0);
    expect_ls(v, "/documents", "empty ");
    expect_cat(v, "/documents/empty/a.pdf", pdf("a"));
    assert_int_equal(make_dir_at(v, "/documents/in"), 0);
    assert_int_equal(move_to(v, "/documents/in", "/documents/empty"), -ENOTEMPTY);
    assert_int_equal(
        move_to(v, "/documents/in", "/documents/las:document:00000000000000000000000000000009"),
        -EPERM);
    remount_fs(v);
    expect_cat(v, "/documents/empty/a.pdf", pdf("a"));
}

static void a_file_moves_between_folders_here(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(make_dir_at(v, "/documents/in"), 0);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    assert_int_equal(move_to(v, "/documents/a.pdf", "/documents/in/b.pdf"), 0);
    expect_ls(v, "/documents", "in ");
    expect_cat(v, "/documents/in/b.pdf", pdf("a"));
    expect_there(&v->w.api, "documents", "document#1 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_temporary_file_is_sent_when_it_gets_its_name),
        TEST(over_another_one_it_takes_its_place),
        TEST(what_was_refused_keeps_its_old_name),
        TEST(an_editors_backup_is_no_second_document),
        TEST(a_backup_that_nobody_replaced_is_the_document),
        TEST(a_rename_onto_a_parked_name_takes_it_back),
        TEST(a_sent_file_is_called_otherwise_here_alone),
        TEST(into_a_datasets_folder_it_joins_the_dataset),
        TEST(an_asset_is_renamed_at_the_server_too),
        TEST(what_cannot_be_renamed_stays_as_it_is),
        TEST(a_temporary_file_onto_a_field_is_its_new_text),
        TEST(a_fields_backup_is_its_text),
        TEST(a_resources_directory_is_renamed_at_the_server),
        TEST(a_folder_within_is_renamed_with_what_is_in_it),
        TEST(a_file_moves_between_folders_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
