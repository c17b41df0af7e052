/* The life of a mount without a kernel, and what it says of open files: attributes, polls, syncs, reports. */
#include "vfs_fixture.h"

#include <fcntl.h>

#include "banned.h"

#define HEARTBEAT "/transitions/transition#8/executions/transition-execution#9/heartbeat"

/* --- Its life --------------------------------------------------------------------------------- */

struct passing {
    struct fake_clock *clock;
    atomic_bool end;
};

static void *let_time_pass(void *arg)
{
    struct passing *p = arg;

    while (!atomic_load(&p->end)) {
        fake_clock_advance(p->clock, 100);
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    return NULL;
}

/* It waits for ten seconds for the other one to end. */
static void one_state_is_one_mounts(void **state)
{
    struct vfs *v = *state;
    struct passing p = { .clock = &v->w.client };
    struct fs *other = NULL;
    pthread_t thread;

    start_fs(v);
    v->w.err = (struct failure){ .text = "" };
    assert_int_equal(pthread_create(&thread, NULL, let_time_pass, &p), 0);
    assert_int_equal(try_open_fs(v, &v->w.client.clock, &other), -EWOULDBLOCK);
    atomic_store(&p.end, true);
    pthread_join(thread, NULL);
    assert_true(v->w.err.text[0]);
    assert_null(other);
}

static void a_state_that_cannot_be_made_says_so(void **state)
{
    struct vfs *v = *state;
    struct fs *fs = NULL;
    char path[128];

    fake_clock_init(&v->w.fake, HOUR_MS, INT64_C(1700000000000000000));
    snprintf(path, sizeof(path), "%s/state", v->w.dir);
    write_file(path, "no directory", 12);
    assert_true(try_open_fs(v, &v->w.fake.clock, &fs) < 0);
    assert_true(v->w.err.text[0]);
    assert_null(fs);
}

/* What was being written when it died is no whole file. */
static void half_a_file_of_a_mount_that_died_is_kept_apart(void **state)
{
    struct vfs *v = *state;
    struct handle *h = NULL;

    start_fs(v);
    assert_int_equal(create(v, "/documents/a.pdf", O_WRONLY | O_CREAT, &h), 0);
    assert_int_equal(write_to(v, h, pdf("a"), 0), strlen(pdf("a")));
    assert_int_equal(fs_fsync(v->fs, &v->w.call, h, &v->w.err), 0);
    remount_fs(v); /* nobody has closed it */
    expect_none(v, "/documents/a.pdf");
    expect_ls(v, "/.lasfs/failed", "1-a.pdf ");
    expect_cat(v, "/.lasfs/failed/1-a.pdf", pdf("a"));
    expect_there(&v->w.api, "documents", "");
}

/* The power went before the row was on the disk: the bytes are shown, and told of. */
static void bytes_of_which_no_name_is_left_are_kept_apart(void **state)
{
    struct vfs *v = *state;
    char path[64];
    uint64_t number;
    int fd;

    start_fs(v);
    assert_int_equal(spool_create(v->fs->spool, &number, &fd), 0);
    assert_int_equal(file_write_all(fd, "not sent", 8), 0);
    close(fd);
    remount_fs(v);
    snprintf(path, sizeof(path), "/.lasfs/failed/1-unnamed-%d", (int)number);
    expect_cat(v, path, "not sent");
    expect_lines(&v->w, 1, "unnamed-");
}

static void what_is_here_alone_is_there_after_a_remount(void **state)
{
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf~", "text"), 0);
    assert_int_equal(copy_to(v, "/documents/b.txt", "no document"), -EINVAL);
    remount_fs(v);
    expect_cat(v, "/documents/a.pdf~", "text");
    expect_cat(v, "/.lasfs/failed/1-b.txt", "no document");
    expect_ls(v, "/documents", "a.pdf~ b.txt.error.txt ");
}

static void it_is_known_how_many_files_are_on_the_way(void **state)
{
    struct vfs *v = *state;
    size_t pending = 7, failed = 7;

    v->options.writeback = true;
    v->options.settle_ms = HOUR_MS;
    start_fs(v);
    assert_int_equal(fs_files(v->fs, &pending, &failed), 0);
    assert_int_equal(pending, 0);
    assert_int_equal(failed, 0);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    assert_int_equal(copy_to(v, "/documents/b.pdf", pdf("b")), 0);
    assert_int_equal(copy_to(v, "/documents/b.txt", "no document"), -EINVAL);
    assert_int_equal(fs_files(v->fs, &pending, &failed), 0);
    assert_int_equal(pending, 2);
    assert_int_equal(failed, 1);
    for (int n = 0; n < 5000 && pending; n++) {
        pass(&v->w, HOUR_MS);
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
        assert_int_equal(fs_files(v->fs, &pending, &failed), 0);
    }
    assert_int_equal(pending, 0);
    expect_there(&v->w.api, "documents", "document#1 document#2 ");
}

/* --- Its lines -------------------------------------------------------------------------------- */

static void a_failure_is_a_line_with_its_path(void **state)
{
    struct failure why = { .text = "because" };
    struct vfs *v = *state;
    uint64_t documents;

    start_fs(v);
    documents = ino_of(v, "/documents");
    fs_report(v->fs, "open", documents, "a.pdf", -EACCES, &why);
    expect_lines(&v->w, 1, "open /documents/a.pdf");
    expect_lines(&v->w, 1, "because");
    fs_report_rename(v->fs, documents, "a.pdf", documents, "b.pdf", -EXDEV, &why);
    expect_lines(&v->w, 2, "/documents/a.pdf");
    expect_lines(&v->w, 2, "/documents/b.pdf");
}

/* Nobody asks a release how it went: it says so itself. */
static void a_release_that_fails_is_a_line(void **state)
{
    struct vfs *v = *state;
    struct handle *h = NULL;

    start_fs(v);
    api_rule(&v->w.api, -1, "POST", "documents", 400, "{'message': 'no more'}");
    assert_int_equal(create(v, "/documents/a.pdf", O_WRONLY | O_CREAT, &h), 0);
    assert_int_equal(write_to(v, h, pdf("a"), 0), strlen(pdf("a")));
    assert_true(fs_release_blocks(v->fs, h));
    fs_release(v->fs, &v->w.call, h);
    expect_lines(&v->w, 1, "close /documents/a.pdf");
    expect_lines(&v->w, 1, "no more");
}

/* --- Open files ------------------------------------------------------------------------------- */

static void who_only_reads_has_nothing_to_close(void **state)
{
    struct vfs *v = *state;
    struct handle *h = NULL;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    assert_int_equal(open_at(v, "/documents/a.pdf", O_RDONLY, &h), 0);
    assert_false(handle_commits(h));
    assert_int_equal(fs_flush(v->fs, &v->w.call, h, getpid(), &v->w.err), 0);
    assert_int_equal(fs_fsync(v->fs, &v->w.call, h, &v->w.err), 0);
    close_file(v, h);
    assert_int_equal(open_at(v, "/.lasfs/status", O_RDONLY, &h), 0);
    assert_true(handle_direct_io(h) && !handle_keep_cache(h));
    close_file(v, h);
    assert_int_equal(open_at(v, "/documents/document#1/content", O_RDONLY, &h), 0);
    assert_true(handle_keep_cache(h) && !handle_direct_io(h));
    close_file(v, h);
}

/* Another process has the descriptor too: its close is not the opener's. */
static void only_the_openers_close_sends(void **state)
{
    struct vfs *v = *state;
    struct handle *h = NULL;

    start_fs(v);
    assert_int_equal(create(v, "/documents/a.pdf", O_WRONLY | O_CREAT, &h), 0);
    assert_int_equal(write_to(v, h, pdf("a"), 0), strlen(pdf("a")));
    assert_int_equal(fs_flush(v->fs, &v->w.call, h, getppid(), &v->w.err), 0);
    expect_there(&v->w.api, "documents", "");
    assert_int_equal(fs_flush(v->fs, &v->w.call, h, getpid(), &v->w.err), 0);
    expect_there(&v->w.api, "documents", "document#1 ");
    close_file(v, h);
}

static int set(struct vfs *v, const char *path, unsigned what, const struct stat *to)
{
    v->w.err = (struct failure){ .text = "" };
    return fs_setattr(v->fs, &v->w.call, ino_of(v, path), NULL, what, to, &v->w.err);
}

static void attributes_that_cannot_be_kept_are_no_error(void **state)
{
    const struct stat to = { .st_mode = 0600, .st_mtim = { 1234567890, 7 }, .st_size = 0 };
    struct vfs *v = *state;
    struct stat st;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    assert_int_equal(set(v, "/documents/a.pdf", SET_MODE | SET_OWNER | SET_MTIME, &to), 0);
    st = stat_of(v, "/documents/a.pdf");
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    assert_int_equal(st.st_mtim.tv_sec, 1234567890);
    assert_int_equal(st.st_mtim.tv_nsec, 7);
    assert_int_equal(set(v, "/documents", SET_MODE | SET_OWNER | SET_MTIME, &to), 0);
    assert_int_equal(stat_of(v, "/documents").st_mode, S_IFDIR | 0777);
    remount_fs(v);
    assert_int_equal(stat_of(v, "/documents/a.pdf").st_mtim.tv_sec, 1234567890);
}

static void what_has_no_size_to_set_says_so(void **state)
{
    static const struct {
        const char *path;
        int rc;
    } sizes[] = {
        { "/documents", -EISDIR },
        { "/documents/.by-id/document#1", -EINVAL },
        { "/documents/document#1/content", -EACCES },
        { "/README", -EACCES },
        { "/.lasfs/control", 0 },
    };
    const struct stat to = { .st_size = 0 };
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(copy_to(v, "/documents/a.pdf", pdf("a")), 0);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        print_message("%s\n", sizes[i].path);
        assert_int_equal(set(v, sizes[i].path, SET_SIZE, &to), sizes[i].rc);
    }
    close_fs(v);
    v->options.ro = true;
    open_fs(v);
    assert_int_equal(set(v, "/documents/a.pdf", SET_SIZE, &to), -EROFS);
    assert_int_equal(set(v, "/.lasfs/control", SET_SIZE, &to), 0);
}

/* touch .lasfs/refresh */
static void touching_refresh_forgets_what_is_known(void **state)
{
    const struct stat to = { .st_size = 0 };
    struct vfs *v = *state;

    start_fs(v);
    api_add(&v->w.api, "datasets", "{'datasetId': 'dataset#101', 'name': 'invoices'}");
    expect_ls(v, "/datasets", "invoices ");
    api_change(&v->w.api, "datasets/dataset#101", "{'name': 'bills'}");
    expect_ls(v, "/datasets", "invoices ");
    assert_int_equal(set(v, "/.lasfs/refresh", SET_MTIME_NOW, &to), 0);
    assert_string_equal(v->told, "all ");
    expect_ls(v, "/datasets", "bills ");
}

static void note(void *arg)
{
    ++*(int *)arg;
}

/* poll(2) ends when the lease was lost; all other files are always ready. */
static void a_poll_waits_for_a_lease_to_be_lost(void **state)
{
    struct vfs *v = *state;
    struct handle *h = NULL;
    int woken = 0;
    const struct fs_waiter waiter = { note, note, &woken };
    bool taken = true;

    start_fs(v);
    api_add(&v->w.api, "transitions", "{'transitionId': 'transition#8'}");
    api_add(&v->w.api, "transitions/transition#8/executions",
            "{'executionId': 'transition-execution#9', 'transitionId': 'transition#8'}");
    assert_int_equal(open_at(v, "/README", O_RDONLY, &h), 0);
    assert_false(fs_poll(v->fs, h, &waiter, &taken));
    assert_false(taken);
    close_file(v, h);
    assert_int_equal(open_at(v, HEARTBEAT, O_WRONLY, &h), 0);
    assert_false(fs_poll(v->fs, h, NULL, &taken));
    assert_false(taken);
    assert_false(fs_poll(v->fs, h, &waiter, &taken));
    assert_true(taken);
    api_rule(&v->w.api, -1, "POST", "*", 404, "{'message': 'it has ended'}");
    assert_int_equal(write_to(v, h, "\n", 0), -ESTALE);
    assert_int_equal(woken, 2); /* woken, and forgotten */
    assert_true(fs_poll(v->fs, h, &waiter, &taken));
    assert_false(taken);
    close_file(v, h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_state_is_one_mounts),
        TEST(a_state_that_cannot_be_made_says_so),
        TEST(half_a_file_of_a_mount_that_died_is_kept_apart),
        TEST(bytes_of_which_no_name_is_left_are_kept_apart),
        TEST(what_is_here_alone_is_there_after_a_remount),
        TEST(it_is_known_how_many_files_are_on_the_way),
        TEST(a_failure_is_a_line_with_its_path),
        TEST(a_release_that_fails_is_a_line),
        TEST(who_only_reads_has_nothing_to_close),
        TEST(only_the_openers_close_sends),
        TEST(attributes_that_cannot_be_kept_are_no_error),
        TEST(what_has_no_size_to_set_says_so),
        TEST(touching_refresh_forgets_what_is_known),
        TEST(a_poll_waits_for_a_lease_to_be_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
