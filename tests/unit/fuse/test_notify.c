/* What the kernel is told by itself, and what a trace has of each of its requests. */
#include "fuse_fixture.h"

#include <fcntl.h>

#include "log.h"
#include "trace.h"

#include "banned.h"

#define DATASET "las:dataset:00000000000000000000000000000065"

static void add_dataset(struct device *k)
{
    api_add(&k->v.w.api, "datasets", "{'datasetId': 'dataset#101', 'name': 'invoices'}");
}

/* --- Notices ---------------------------------------------------------------------------------- */

static void a_name_that_stands_for_another_thing_is_told(void **state)
{
    struct device *k = *state;

    start_device(k);
    notifier_entry_changed(k->notifier, FUSE_ROOT_ID, "one");
    notifier_entry_changed(k->notifier, FUSE_ROOT_ID, "two");
    for (int error; strlen(k->notices) < strlen("entry one entry two ");)
        assert_int_equal(receive(k, &error), 0);
    assert_non_null(strstr(k->notices, "entry one "));
    assert_non_null(strstr(k->notices, "entry two "));
}

static void attributes_that_are_old_are_told(void **state)
{
    struct device *k = *state;

    start_device(k);
    notifier_attr_changed(k->notifier, 4711);
    await_notices(k, "inode 4711 ");
}

/* refresh: all that the kernel knows, before the write that asked for it is answered. */
static void refresh_tells_of_every_name(void **state)
{
    struct device *k = *state;
    char inode[64];
    uint64_t ino, refresh, fh;

    start_device(k);
    add_dataset(k);
    ino = number_of(k, "/datasets/" DATASET "/name");
    refresh = number_of(k, "/.lasfs/refresh");
    fh = open_of(k, FUSE_OPEN, refresh, O_WRONLY).fh;
    assert_int_equal(write_of(k, refresh, fh, "\n", 0, O_WRONLY), 0);
    snprintf(inode, sizeof(inode), "inode %llu ", (unsigned long long)ino);
    assert_non_null(strstr(k->notices, inode));
    assert_non_null(strstr(k->notices, "entry name "));
    assert_non_null(strstr(k->notices, "entry " DATASET " "));
    assert_int_equal(release_of(k, FUSE_RELEASE, refresh, fh), 0);
}

static void what_was_not_told_at_the_end_is_no_harm(void **state)
{
    struct device *k = *state;

    start_device(k);
    for (int i = 0; i < 20; i++)
        notifier_entry_changed(k->notifier, FUSE_ROOT_ID, "one");
}

/* --- The trace -------------------------------------------------------------------------------- */

/* The whole file, with a NUL. */
static void read_trace(struct device *k, char *text, size_t size)
{
    void *dir = k->v.w.dir;
    int fd = open(in_dir(&dir, "trace"), O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, size - 1);

    assert_true(fd >= 0 && n >= 0);
    text[n] = '\0';
    close(fd);
}

static const char *const traced[] = {
    " lookup pid=%d result=0 waited=", " /datasets/" DATASET "\n",
    " lookup pid=%d result=ENOENT ",   " statfs pid=%d result=0 ",
    " opendir pid=%d result=0 ",       " readdir pid=%d result=",
    " releasedir pid=%d result=0 ",    " fsyncdir pid=%d result=0 ",
    " getxattr pid=%d result=ENOSYS ", " create pid=%d result=0 ",
    " write pid=%d result=5 ",         " flush pid=%d result=0 ",
    " poll pid=%d result=0 ",          " release pid=%d result=0 ",
    " rename pid=%d result=0 ",        "/documents/a.part to /documents/b.part\n",
    " forget pid=%d result=0 ",
};

static void trace_some(struct device *k)
{
    static const char both[] = "a.part\0b.part";
    struct fuse_rename2_in to = { .flags = 0 };
    struct fuse_read_in in = { .size = 4096 };
    const struct fuse_forget_in one = { .nlookup = 1 };
    uint64_t documents = number_of(k, "/documents"), root = FUSE_ROOT_ID, ino, fh;

    number_of(k, "/datasets/" DATASET);
    assert_int_equal(lookup(k, "/documents/nothing"), -ENOENT);
    assert_int_equal(ask(k, FUSE_STATFS, root, NULL, 0), 0);
    in.fh = open_of(k, FUSE_OPENDIR, root, 0).fh;
    assert_int_equal(ask(k, FUSE_READDIR, root, &in, sizeof(in)), 0);
    assert_int_equal(ask(k, FUSE_FSYNCDIR, root, &(struct fuse_fsync_in){ .fh = in.fh },
                         sizeof(struct fuse_fsync_in)),
                     0);
    assert_int_equal(release_of(k, FUSE_RELEASEDIR, root, in.fh), 0);
    assert_int_equal(ask_name(k, FUSE_GETXATTR, root, &(struct fuse_getxattr_in){ .size = 9 },
                              sizeof(struct fuse_getxattr_in), "user.a"),
                     -ENOSYS);
    assert_int_equal(create_in(k, documents, "a.part", &ino, &fh), 0);
    assert_int_equal(write_of(k, ino, fh, "bytes", 0, O_WRONLY), 0);
    assert_int_equal(
        ask(k, FUSE_POLL, ino, &(struct fuse_poll_in){ .fh = fh }, sizeof(struct fuse_poll_in)), 0);
    assert_int_equal(flush_of(k, ino, fh), 0);
    assert_int_equal(release_of(k, FUSE_RELEASE, ino, fh), 0);
    to.newdir = documents;
    assert_int_equal(ask_with(k, FUSE_RENAME2, documents, &to, sizeof(to), both, sizeof(both)), 0);
    begin_request(k, FUSE_FORGET, ino, &one, sizeof(one), NULL, 0);
    assert_int_equal(ask(k, FUSE_STATFS, root, NULL, 0), 0);
}

/* A request is answered before its line is written. */
static void await_trace(struct device *k, const char *want)
{
    static char text[1 << 16];

    print_message("%s\n", want);
    for (int n = 0; n < 5000; n++) {
        read_trace(k, text, sizeof(text));
        if (strstr(text, want))
            return;
        fake_sleep_ms(2);
    }
    assert_string_equal(text, want);
}

static void each_request_is_a_line_of_the_trace(void **state)
{
    struct device *k = *state;
    void *dir = k->v.w.dir;
    struct log *log = NULL;
    char want[256];

    assert_int_equal(log_new("test", LOG_LEVEL_ERROR, &log), 0);
    assert_int_equal(trace_new(in_dir(&dir, "trace"), log, &k->context.trace), 0);
    start_device(k);
    add_dataset(k);
    trace_some(k);
    for (size_t i = 0; i < ARRAY_LEN(traced); i++) {
        const char *pid = strstr(traced[i], "%d");

        snprintf(want, sizeof(want), "%s", traced[i]);
        if (pid)
            snprintf(want, sizeof(want), "%.*s%d%s", (int)(pid - traced[i]), traced[i], (int)k->pid,
                     pid + 2);
        await_trace(k, want);
    }
    stop_device(k);
    k->session = NULL;
    k->v.fs = NULL;
    trace_free(k->context.trace);
    log_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_that_stands_for_another_thing_is_told),
        TEST(attributes_that_are_old_are_told),
        TEST(refresh_tells_of_every_name),
        TEST(what_was_not_told_at_the_end_is_no_harm),
        TEST(each_request_is_a_line_of_the_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
