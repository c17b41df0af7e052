/* unlink(2) and rmdir(2): what is deleted at the server, what only here, and what is refused. */
#include "vfs_fixture.h"

#include <fcntl.h>

#include "banned.h"

static void add_all(struct vfs *v)
{
    static const char *const rows[][2] = {
        { "datasets", "{'datasetId': 'dataset#101', 'name': 'invoices'}" },
        { "documents", "{'documentId': 'document#104', 'consentId': 'consent#105',"
                       " 'contentType': 'image/png'}" },
        { "documents", "{'documentId': 'document#106', 'consentId': 'consent#105'}" },
        { "documents", "{'documentId': 'document#107'}" },
        { "logs", "{'logId': 'log#108'}" },
        { "models", "{'modelId': 'model#102', 'name': 'm'}" },
        { "models/model#102/dataBundles", "{'dataBundleId': 'model-data-bundle#109'}" },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        api_add(&v->w.api, rows[i][0], rows[i][1]);
}

/* --- Files ------------------------------------------------------------------------------------ */

static void a_dropped_file_goes_with_its_document(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    assert_int_equal(unlink_at(v, "/documents/a.pdf"), 0);
    expect_there(&v->w.api, "documents", "");
    expect_none(v, "/documents/a.pdf");
    expect_none(v, "/documents/document#1");
    expect_ls(v, "/documents", "");
    remount_fs(v);
    expect_ls(v, "/documents", "");
}

/* Who has it open reads on. */
static void an_open_file_that_is_removed_is_read_to_its_end(void **state)
{
    cleanup_buf struct buf out = BUF_INIT(1000);
    struct vfs *v = *state;
    struct handle *h = NULL;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    assert_int_equal(open_at(v, "/documents/a.pdf", O_RDONLY, &h), 0);
    assert_int_equal(unlink_at(v, "/documents/a.pdf"), 0);
    assert_int_equal(read_file(v, h, 0, 1000, &out), 0);
    assert_string_equal(buf_str(&out), pdf("a"));
    assert_int_equal(close_file(v, h), 0);
}

static void a_file_that_is_removed_while_it_is_written_is_not_sent(void **state)
{
    struct vfs *v = *state;
    struct handle *h = NULL;

    start_fs(v);
    assert_int_equal(create(v, "/documents/a.pdf", O_WRONLY | O_CREAT, &h), 0);
    assert_int_equal(write_to(v, h, pdf("a"), 0), strlen(pdf("a")));
    assert_int_equal(unlink_at(v, "/documents/a.pdf"), 0);
    assert_int_equal(close_file(v, h), 0);
    expect_there(&v->w.api, "documents", "");
    expect_none(v, "/documents/a.pdf");
    expect_ls(v, "/.lasfs/failed", "");
}

static void what_the_server_refuses_to_delete_stays(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    api_rule(&v->w.api, -1, "DELETE", "*", 403, "{'message': 'not yours'}");
    assert_int_equal(unlink_at(v, "/documents/a.pdf"), -EACCES);
    assert_string_equal(v->w.err.text, "not yours");
    expect_cat(v, "/documents/a.pdf", pdf("a"));
    api_forget_rules(&v->w.api);
    assert_int_equal(unlink_at(v, "/documents/a.pdf"), 0);
}

/* Somebody else has deleted it: then it is as one wanted it. */
static void what_has_gone_already_is_removed(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    api_change(&v->w.api, "documents/document#1", NULL);
    assert_int_equal(unlink_at(v, "/documents/a.pdf"), 0);
    expect_none(v, "/documents/a.pdf");
}

/* What was put off is done: its time passes, until the API has so many documents. */
static void let_it_work(struct vfs *v, size_t documents)
{
    size_t is = documents + 1;

    for (int n = 0; n < 5000 && is != documents; n++) {
        pass(&v->w, 100);
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
        pthread_mutex_lock(&v->w.api.server.lock);
        is = json_array_size(api_list_of(&v->w.api, "documents"));
        pthread_mutex_unlock(&v->w.api.server.lock);
    }
    assert_int_equal(is, documents);
}

static void with_writeback_a_document_is_deleted_later(void **state)
{
    struct vfs *v = *state;

    v->options.writeback = true;
    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    let_it_work(v, 1);
    api_rule(&v->w.api, -1, "DELETE", "*", 500, "{'message': 'later'}");
    assert_int_equal(unlink_at(v, "/documents/a.pdf"), 0);
    expect_none(v, "/documents/a.pdf");
    expect_ls(v, "/documents", "");
    api_forget_rules(&v->w.api);
    let_it_work(v, 0);
}

/* What failed is given up; its note goes by itself, and the bytes stay. */
static void what_failed_is_given_up_by_removing_it(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.txt", "no document"), -EINVAL);
    assert_int_equal(unlink_at(v, "/documents/a.txt.error.txt"), 0);
    expect_none(v, "/documents/a.txt.error.txt");
    expect_cat(v, "/.lasfs/failed/1-a.txt", "no document");
    assert_int_equal(unlink_at(v, "/.lasfs/failed/1-a.txt"), 0);
    expect_ls(v, "/.lasfs/failed", "");
    expect_none(v, "/.lasfs/failed/1-a.txt");
}

static const struct {
    const char *path;
    int unlink, rmdir;
} refused[] = {
    { "/README", -EPERM, -ENOTDIR },
    { "/.lasfs", -EISDIR, -EPERM },
    { "/.lasfs/status", -EPERM, -ENOTDIR },
    { "/documents", -EISDIR, -EPERM },
    { "/documents/.by-id", -EISDIR, -EPERM },
    { "/documents/.by-id/document#107", -EPERM, -ENOTDIR },
    { "/documents/.list.jsonl", -EPERM, -ENOTDIR },
    { "/documents/document#107", -EISDIR, 0 },
    { "/documents/nothing", -ENOENT, -ENOENT },
    { "/logs/log#108", -EISDIR, -EPERM },
};

static void what_cannot_be_removed_is_refused(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        print_message("%s\n", refused[i].path);
        assert_int_equal(unlink_at(v, refused[i].path), refused[i].unlink);
        if (refused[i].unlink == -EPERM)
            assert_true(v->w.err.text[0]);
        assert_int_equal(rmdir_at(v, refused[i].path), refused[i].rmdir);
        if (refused[i].rmdir == -EPERM)
            assert_true(v->w.err.text[0]);
    }
    expect_there(&v->w.api, "documents", "document#104 document#106 ");
}

static void a_read_only_mount_removes_nothing(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    assert_int_equal(make_dir_at(v, "/documents/in"), 0);
    close_fs(v);
    v->options.ro = true;
    open_fs(v);
    assert_int_equal(unlink_at(v, "/documents/a.pdf"), -EROFS);
    assert_int_equal(rmdir_at(v, "/documents/in"), -EROFS);
    assert_int_equal(rmdir_at(v, "/documents/document#1"), -EROFS);
    expect_there(&v->w.api, "documents", "document#1 ");
}

/* --- Directories ------------------------------------------------------------------------------ */

static void a_resource_goes_with_its_directory(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    assert_int_equal(rmdir_at(v, "/documents/document#107"), 0);
    expect_none(v, "/documents/document#107");
    assert_int_equal(rmdir_at(v, "/datasets/invoices"), 0);
    expect_there(&v->w.api, "datasets", "");
    expect_none(v, "/datasets/invoices");
    expect_ls(v, "/datasets", "");
}

/* What stands under it, and its fields, are out of sight for rm -r, which removes them first. */
static void rm_r_removes_what_is_in_it_first(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    ino_of(v, "/models/m");
    assert_int_equal(unlink_at(v, "/models/m/name"), 0);
    assert_int_equal(rmdir_at(v, "/models/m/inbox"), 0);
    assert_int_equal(rmdir_at(v, "/models/m"), 0);
    expect_there(&v->w.api, "models", "");
}

/* Half a document is not lost with the folder that it is in. */
static void what_was_not_sent_keeps_its_folder(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    assert_int_equal(copy_to(v, "/datasets/invoices/documents/a.pdf~", "half"), 0);
    assert_int_equal(rmdir_at(v, "/datasets/invoices"), -ENOTEMPTY);
    assert_string_equal(v->w.err.text,
                        "there are folders in it, or files that were not sent: remove them first");
    expect_there(&v->w.api, "datasets", "dataset#101 ");
    assert_int_equal(unlink_at(v, "/datasets/invoices/documents/a.pdf~"), 0);
    assert_int_equal(rmdir_at(v, "/datasets/invoices"), 0);
}

/* As the API says it of a dataset that has documents: with words, and it stays. */
static void a_dataset_with_documents_is_not_empty(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    api_add(&v->w.api, "documents", "{'documentId': 'document#110', 'datasetId': 'dataset#101'}");
    api_rule(&v->w.api, -1, "DELETE", "datasets/*", 400, "{'message': 'the dataset is not empty'}");
    assert_int_equal(rmdir_at(v, "/datasets/invoices"), -ENOTEMPTY);
    expect_there(&v->w.api, "datasets", "dataset#101 ");
}

static void a_folder_within_goes_when_it_is_empty(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(make_dir_at(v, "/documents/in"), 0);
    assert_int_equal(copy_to(v, "/documents/in/a.pdf", pdf("a")), 0);
    assert_int_equal(copy_to(v, "/documents/in/.defaults.json", "{}"), 0);
    assert_int_equal(rmdir_at(v, "/documents/in"), -ENOTEMPTY);
    assert_int_equal(unlink_at(v, "/documents/in"), -EISDIR);
    assert_int_equal(unlink_at(v, "/documents/in/a.pdf"), 0);
    assert_int_equal(rmdir_at(v, "/documents/in"), 0); /* what is not listed goes with it */
    expect_none(v, "/documents/in");
    expect_there(&v->w.api, "documents", "");
}

static void a_consent_takes_its_documents_with_it(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    add_all(v);
    assert_int_equal(rmdir_at(v, "/consents/consent#105"), 0);
    expect_there(&v->w.api, "documents", "document#107 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_dropped_file_goes_with_its_document),
        TEST(an_open_file_that_is_removed_is_read_to_its_end),
        TEST(a_file_that_is_removed_while_it_is_written_is_not_sent),
        TEST(what_the_server_refuses_to_delete_stays),
        TEST(what_has_gone_already_is_removed),
        TEST(with_writeback_a_document_is_deleted_later),
        TEST(what_failed_is_given_up_by_removing_it),
        TEST(what_cannot_be_removed_is_refused),
        TEST(a_read_only_mount_removes_nothing),
        TEST(a_resource_goes_with_its_directory),
        TEST(rm_r_removes_what_is_in_it_first),
        TEST(what_was_not_sent_keeps_its_folder),
        TEST(a_dataset_with_documents_is_not_empty),
        TEST(a_folder_within_goes_when_it_is_empty),
        TEST(a_consent_takes_its_documents_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
