/* How the kernel's requests are answered: each with what it asked for, or one errno, and a line where it helps. */
#include "fuse_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/xattr.h>

#include "trace.h"

#include "banned.h"

#define DATASET "las:dataset:00000000000000000000000000000065"

static void add_dataset(struct device *k)
{
    api_add(&k->v.w.api, "datasets",
            "{'datasetId': 'dataset#101', 'name': 'invoices', 'description': 'twelve chars'}");
}

/* --- INIT ------------------------------------------------------------------------------------- */

/* libfuse does not pass it on that directories may be looked into by several at once; and the cache that loses
 * errors of write(2) is never asked for. */
static void the_first_answer_says_what_is_wanted(void **state)
{
    struct device *k = *state;

    start_device(k);
    assert_true(k->init.flags & FUSE_PARALLEL_DIROPS);
    assert_true(k->init.flags & FUSE_DO_READDIRPLUS);
    assert_true(k->init.flags & FUSE_ATOMIC_O_TRUNC);
    assert_false(k->init.flags & FUSE_WRITEBACK_CACHE);
    assert_int_equal(k->init.max_background, 512);
    assert_int_equal(k->init.congestion_threshold, 384);
    assert_int_equal(k->init.time_gran, 1);
    assert_int_equal(k->init.max_readahead, 1 << 20);
}

static void what_the_kernel_cannot_do_is_not_asked_of_it(void **state)
{
    struct device *k = *state;

    k->flags = FUSE_BIG_WRITES;
    start_device(k);
    assert_false(k->init.flags & (FUSE_PARALLEL_DIROPS | FUSE_DO_READDIRPLUS));
}

/* --- Names and attributes --------------------------------------------------------------------- */

static void a_look_up_is_answered_with_number_and_attributes(void **state)
{
    struct device *k = *state;
    struct fuse_entry_out e;
    const struct fuse_getattr_in in = { .getattr_flags = 0 };

    start_device(k);
    add_dataset(k);
    assert_int_equal(lookup(k, "/datasets"), 0);
    e = ANSWER(k, struct fuse_entry_out);
    assert_int_equal(e.entry_valid, TTL_STATIC_MS / 1000);
    assert_int_equal(e.attr.mode, S_IFDIR | 0777);
    assert_int_equal(lookup(k, "/datasets/" DATASET "/description"), 0);
    e = ANSWER(k, struct fuse_entry_out);
    assert_int_equal(e.attr.size, 13);
    assert_int_equal(e.entry_valid, 1);
    assert_int_equal(ask(k, FUSE_GETATTR, e.nodeid, &in, sizeof(in)), 0);
    assert_int_equal(ANSWER(k, struct fuse_attr_out).attr.size, 13);
    assert_int_equal(ANSWER(k, struct fuse_attr_out).attr.ino, e.attr.ino);
    assert_int_equal(lookup(k, "/datasets/invoices"), 0);
    assert_int_equal(ANSWER(k, struct fuse_entry_out).entry_valid, 0);
    assert_int_equal(lookup(k, "/datasets/nothing"), -ENOENT);
    expect_lines(&k->v.w, 0, "");
}

static void what_is_forgotten_is_stale(void **state)
{
    const struct fuse_getattr_in in = { .getattr_flags = 0 };
    const struct fuse_forget_in one = { .nlookup = 1 };
    struct device *k = *state;
    uint64_t ino;

    start_device(k);
    add_dataset(k);
    for (int batch = 0; batch < 2; batch++) {
        const struct fuse_batch_forget_in many = { .count = 1 };
        struct fuse_forget_one which = { .nlookup = 2 };

        ino = number_of(k, "/datasets/" DATASET);
        assert_int_equal(number_of(k, "/datasets/" DATASET), ino);
        which.nodeid = ino;
        if (batch)
            begin_request(k, FUSE_BATCH_FORGET, 0, &many, sizeof(many), &which, sizeof(which));
        else
            for (int i = 0; i < 2; i++) /* none of them has an answer */
                begin_request(k, FUSE_FORGET, ino, &one, sizeof(one), NULL, 0);
        assert_int_equal(ask(k, FUSE_GETATTR, ino, &in, sizeof(in)), -ESTALE);
    }
}

static void a_link_is_read(void **state)
{
    struct device *k = *state;

    start_device(k);
    add_dataset(k);
    assert_int_equal(ask(k, FUSE_READLINK, number_of(k, "/datasets/.by-name/invoices"), NULL, 0),
                     0);
    assert_string_equal(k->answer, "../" DATASET);
    assert_int_equal(ask(k, FUSE_READLINK, number_of(k, "/datasets"), NULL, 0), -EINVAL);
}

static void statfs_is_answered_without_the_server(void **state)
{
    struct device *k = *state;

    start_device(k);
    assert_int_equal(ask(k, FUSE_STATFS, FUSE_ROOT_ID, NULL, 0), 0);
    assert_int_equal(ANSWER(k, struct fuse_statfs_out).st.namelen, 255);
    expect_said(&k->v.w.api, "");
}

static void what_setattr_sets_is_answered(void **state)
{
    struct device *k = *state;
    struct fuse_setattr_in in = { .valid = FATTR_MODE | FATTR_MTIME | FATTR_UID,
                                  .mode = 0600,
                                  .mtime = 1234567890,
                                  .mtimensec = 7 };
    uint64_t ino;

    start_device(k);
    assert_int_equal(copy_to(&k->v, "/documents/a.pdf", pdf("a")), 0);
    ino = number_of(k, "/documents/a.pdf");
    assert_int_equal(ask(k, FUSE_SETATTR, ino, &in, sizeof(in)), 0);
    assert_int_equal(ANSWER(k, struct fuse_attr_out).attr.mode, S_IFREG | 0600);
    assert_int_equal(ANSWER(k, struct fuse_attr_out).attr.mtime, 1234567890);
    assert_int_equal(ANSWER(k, struct fuse_attr_out).attr.mtimensec, 7);
    in = (struct fuse_setattr_in){ .valid = FATTR_MTIME | FATTR_MTIME_NOW };
    assert_int_equal(ask(k, FUSE_SETATTR, ino, &in, sizeof(in)), 0);
    assert_int_equal(ANSWER(k, struct fuse_attr_out).attr.mtime, 1700003600);
    in = (struct fuse_setattr_in){ .valid = FATTR_SIZE };
    assert_int_equal(ask(k, FUSE_SETATTR, number_of(k, "/README"), &in, sizeof(in)), -EACCES);
    expect_lines(&k->v.w, 1, "truncate /README");
}

/* --- Directories ------------------------------------------------------------------------------ */

static void a_directory_is_read_in_pieces(void **state)
{
    struct device *k = *state;
    struct fuse_read_in in = { .size = 200 };
    char names[4096] = "";
    struct fuse_open_out dir;
    uint64_t ino;

    start_device(k);
    ino = number_of(k, "/.lasfs");
    dir = open_of(k, FUSE_OPENDIR, ino, 0);
    in.fh = dir.fh;
    do {
        assert_int_equal(ask(k, FUSE_READDIR, ino, &in, sizeof(in)), 0);
        assert_true(k->len <= in.size);
        for (size_t at = 0; at < k->len;) {
            const struct fuse_dirent *d = (const void *)(k->answer + at);
            size_t len = strlen(names);

            snprintf(names + len, sizeof(names) - len, "%.*s ", (int)d->namelen, d->name);
            in.offset = d->off;
            at += FUSE_DIRENT_SIZE(d);
        }
    } while (k->len);
    assert_string_equal(names, ". .. status errors refresh control metrics pending failed ");
    assert_int_equal(ask(k, FUSE_FSYNCDIR, ino, &(struct fuse_fsync_in){ .fh = dir.fh },
                         sizeof(struct fuse_fsync_in)),
                     0);
    assert_int_equal(release_of(k, FUSE_RELEASEDIR, ino, dir.fh), 0);
    assert_int_equal(ask(k, FUSE_OPENDIR, number_of(k, "/README"), &(struct fuse_open_in){ 0 },
                         sizeof(struct fuse_open_in)),
                     -ENOTDIR);
}

static void attributes_come_with_the_names(void **state)
{
    struct device *k = *state;
    struct fuse_read_in in = { .size = 8192 };
    const struct fuse_direntplus *d = (const void *)k->answer;
    uint64_t ino;

    start_device(k);
    add_dataset(k);
    ino = number_of(k, "/datasets");
    in.fh = open_of(k, FUSE_OPENDIR, ino, 0).fh;
    in.offset = 2;
    assert_int_equal(ask(k, FUSE_READDIRPLUS, ino, &in, sizeof(in)), 0);
    assert_int_equal(d->dirent.namelen, strlen("invoices"));
    assert_memory_equal(d->dirent.name, "invoices", strlen("invoices"));
    assert_true(d->entry_out.nodeid != 0);
    assert_int_equal(d->entry_out.attr.mode, S_IFDIR | 0777);
    assert_int_equal(release_of(k, FUSE_RELEASEDIR, ino, in.fh), 0);
}

static void a_list_that_fails_is_an_error_with_a_line(void **state)
{
    struct device *k = *state;
    struct fuse_read_in in = { .size = 8192 };
    uint64_t ino;

    start_device(k);
    api_rule(&k->v.w.api, -1, "GET", "datasets*", 403, "{'message': 'not yours'}");
    ino = number_of(k, "/datasets");
    in.fh = open_of(k, FUSE_OPENDIR, ino, 0).fh;
    assert_int_equal(ask(k, FUSE_READDIR, ino, &in, sizeof(in)), -EACCES);
    expect_lines(&k->v.w, 1, "readdir /datasets");
    expect_lines(&k->v.w, 1, "not yours");
    assert_int_equal(release_of(k, FUSE_RELEASEDIR, ino, in.fh), 0);
}

static void directories_are_made_renamed_and_removed(void **state)
{
    static const char both[] = "in\0out";
    const struct fuse_mkdir_in mode = { .mode = 0755 };
    struct fuse_rename2_in to = { .flags = 0 };
    struct device *k = *state;
    uint64_t documents;

    start_device(k);
    documents = number_of(k, "/documents");
    assert_int_equal(ask_name(k, FUSE_MKDIR, documents, &mode, sizeof(mode), "in"), 0);
    assert_int_equal(ANSWER(k, struct fuse_entry_out).attr.mode, S_IFDIR | 0755);
    assert_int_equal(ask_name(k, FUSE_MKDIR, documents, &mode, sizeof(mode), "in"), -EEXIST);
    to.newdir = documents;
    assert_int_equal(ask_with(k, FUSE_RENAME2, documents, &to, sizeof(to), both, sizeof(both)), 0);
    assert_int_equal(lookup(k, "/documents/in"), -ENOENT);
    assert_int_equal(lookup(k, "/documents/out"), 0);
    to.flags = RENAME_EXCHANGE;
    assert_int_equal(ask_with(k, FUSE_RENAME2, documents, &to, sizeof(to), both, sizeof(both)),
                     -EINVAL);
    expect_lines(&k->v.w, 1, "/documents/in");
    expect_lines(&k->v.w, 1, "/documents/out");
    assert_int_equal(ask_name(k, FUSE_UNLINK, documents, NULL, 0, "out"), -EISDIR);
    assert_int_equal(ask_name(k, FUSE_RMDIR, documents, NULL, 0, "out"), 0);
    assert_int_equal(lookup(k, "/documents/out"), -ENOENT);
}

/* --- Files ------------------------------------------------------------------------------------ */

static void a_file_is_made_written_closed_and_read(void **state)
{
    struct device *k = *state;
    struct fuse_read_in in = { .size = 4096 };
    struct fuse_open_out o;
    uint64_t documents, ino, fh;

    start_device(k);
    documents = number_of(k, "/documents");
    assert_int_equal(create_in(k, documents, "a.pdf", &ino, &fh), 0);
    assert_int_equal(write_of(k, ino, fh, pdf("a"), 0, O_WRONLY), 0);
    assert_int_equal(ANSWER(k, struct fuse_write_out).size, strlen(pdf("a")));
    assert_int_equal(write_of(k, ino, fh, "\n", 0, O_WRONLY | O_APPEND), 0); /* at its end */
    assert_int_equal(
        ask(k, FUSE_FSYNC, ino, &(struct fuse_fsync_in){ .fh = fh }, sizeof(struct fuse_fsync_in)),
        0);
    expect_there(&k->v.w.api, "documents", "");
    assert_int_equal(flush_of(k, ino, fh), 0);
    expect_there(&k->v.w.api, "documents", "document#1 ");
    assert_int_equal(release_of(k, FUSE_RELEASE, ino, fh), 0);
    o = open_of(k, FUSE_OPEN, ino, O_RDONLY);
    assert_true(o.open_flags & FOPEN_NOFLUSH); /* who only reads need not be asked */
    assert_false(o.open_flags & FOPEN_DIRECT_IO);
    in.fh = o.fh;
    assert_int_equal(ask(k, FUSE_READ, ino, &in, sizeof(in)), 0);
    assert_int_equal(k->len, strlen(pdf("a")) + 1);
    assert_memory_equal(k->answer, pdf("a"), strlen(pdf("a")));
    in.offset = 4096;
    assert_int_equal(ask(k, FUSE_READ, ino, &in, sizeof(in)), 0);
    assert_int_equal(k->len, 0);
    assert_int_equal(release_of(k, FUSE_RELEASE, ino, o.fh), 0);
    assert_int_equal(ask_name(k, FUSE_UNLINK, documents, NULL, 0, "a.pdf"), 0);
    expect_there(&k->v.w.api, "documents", "");
}

/* What is made up is read as it is, and not kept by the kernel. */
static void a_text_is_not_cached_by_the_kernel(void **state)
{
    struct device *k = *state;
    struct fuse_read_in in = { .size = 4096 };
    struct fuse_open_out o;
    uint64_t ino;

    start_device(k);
    add_dataset(k);
    ino = number_of(k, "/datasets/" DATASET "/name");
    o = open_of(k, FUSE_OPEN, ino, O_RDONLY);
    assert_true(o.open_flags & FOPEN_DIRECT_IO);
    assert_false(o.open_flags & FOPEN_KEEP_CACHE);
    in.fh = o.fh;
    assert_int_equal(ask(k, FUSE_READ, ino, &in, sizeof(in)), 0);
    assert_string_equal(k->answer, "invoices\n");
    assert_int_equal(release_of(k, FUSE_RELEASE, ino, o.fh), 0);
    assert_int_equal(ask(k, FUSE_OPEN, number_of(k, "/README"),
                         &(struct fuse_open_in){ .flags = O_WRONLY }, sizeof(struct fuse_open_in)),
                     -EACCES);
    expect_lines(&k->v.w, 1, "open /README");
}

/* The program learns it from close(2), and the line says what the server said. */
static void a_close_that_fails_is_answered_so(void **state)
{
    struct device *k = *state;
    uint64_t ino, fh;

    start_device(k);
    api_rule(&k->v.w.api, -1, "POST", "documents", 400, "{'message': 'no more'}");
    assert_int_equal(create_in(k, number_of(k, "/documents"), "a.pdf", &ino, &fh), 0);
    assert_int_equal(write_of(k, ino, fh, pdf("a"), 0, O_WRONLY), 0);
    assert_int_equal(flush_of(k, ino, fh), -EINVAL);
    expect_lines(&k->v.w, 1, "close /documents/a.pdf");
    expect_lines(&k->v.w, 1, "no more");
    assert_int_equal(release_of(k, FUSE_RELEASE, ino, fh), 0);
    assert_int_equal(create_in(k, number_of(k, "/logs"), "a.txt", &ino, &fh), -EPERM);
    expect_lines(&k->v.w, 2, "create /logs/a.txt");
}

static void mknod_makes_an_empty_file_and_nothing_else(void **state)
{
    struct device *k = *state;
    struct fuse_mknod_in in = { .mode = S_IFREG | 0640 };
    uint64_t documents;

    start_device(k);
    documents = number_of(k, "/documents");
    assert_int_equal(ask_name(k, FUSE_MKNOD, documents, &in, sizeof(in), "a.pdf"), 0);
    assert_int_equal(ANSWER(k, struct fuse_entry_out).attr.size, 0);
    assert_int_equal(ask_name(k, FUSE_MKNOD, documents, &in, sizeof(in), "a.pdf"), -EEXIST);
    in.mode = S_IFIFO | 0640;
    assert_int_equal(ask_name(k, FUSE_MKNOD, documents, &in, sizeof(in), "pipe"), -EPERM);
    expect_lines(&k->v.w, 1, "there are no pipes");
}

static void links_are_refused(void **state)
{
    static const char both[] = "b.pdf\0target";
    struct fuse_link_in in = { .oldnodeid = 0 };
    struct device *k = *state;
    uint64_t documents;

    start_device(k);
    assert_int_equal(copy_to(&k->v, "/documents/a.pdf", pdf("a")), 0);
    documents = number_of(k, "/documents");
    in.oldnodeid = number_of(k, "/documents/a.pdf");
    assert_int_equal(ask_name(k, FUSE_LINK, documents, &in, sizeof(in), "b.pdf"), -EPERM);
    expect_lines(&k->v.w, 1, "there are no hard links here");
    assert_int_equal(ask_with(k, FUSE_SYMLINK, documents, NULL, 0, both, sizeof(both)), -EPERM);
    expect_lines(&k->v.w, 2, "there are no symbolic links here");
}

/* --- Extended attributes ---------------------------------------------------------------------- */

static int get_xattr(struct device *k, uint64_t ino, const char *name, uint32_t size)
{
    const struct fuse_getxattr_in in = { .size = size };

    return ask_name(k, FUSE_GETXATTR, ino, &in, sizeof(in), name);
}

/* Without -o xattr the kernel is told not to ask again. */
static void attributes_are_off_unless_asked_for(void **state)
{
    struct device *k = *state;
    uint64_t ino;

    start_device(k);
    ino = number_of(k, "/documents");
    assert_int_equal(get_xattr(k, ino, "security.capability", 100), -ENOSYS);
    assert_int_equal(ask(k, FUSE_LISTXATTR, ino, &(struct fuse_getxattr_in){ .size = 100 },
                         sizeof(struct fuse_getxattr_in)),
                     -ENOSYS);
}

static void attributes_are_set_listed_read_and_removed(void **state)
{
    static const char named[] = "user.a\0value";
    const struct fuse_getxattr_in list = { .size = 100 };
    const uint32_t in[2] = { 5, 0 }; /* struct fuse_setxattr_in as it was before its extension */
    struct device *k = *state;
    uint64_t ino;

    k->v.options.xattr = true;
    start_device(k);
    assert_int_equal(copy_to(&k->v, "/documents/a.pdf", pdf("a")), 0);
    ino = number_of(k, "/documents/a.pdf");
    assert_int_equal(ask_with(k, FUSE_SETXATTR, ino, in, sizeof(in), named, sizeof(named) - 1), 0);
    assert_int_equal(get_xattr(k, ino, "user.a", 0), 0);
    assert_int_equal(ANSWER(k, struct fuse_getxattr_out).size, 5);
    assert_int_equal(get_xattr(k, ino, "user.a", 4), -ERANGE);
    assert_int_equal(get_xattr(k, ino, "user.a", 5), 0);
    assert_string_equal(k->answer, "value");
    assert_int_equal(get_xattr(k, ino, "security.capability", 100), -ENODATA);
    assert_int_equal(ask(k, FUSE_LISTXATTR, ino, &list, sizeof(list)), 0);
    assert_int_equal(k->len, sizeof("user.a"));
    assert_int_equal(ask_name(k, FUSE_REMOVEXATTR, ino, NULL, 0, "user.a"), 0);
    assert_int_equal(ask_name(k, FUSE_REMOVEXATTR, ino, NULL, 0, "user.a"), -ENODATA);
    assert_int_equal(ask_with(k, FUSE_SETXATTR, ino, in, sizeof(in), "trusted.a\0value", 15),
                     -EOPNOTSUPP);
}

/* --- Who waits -------------------------------------------------------------------------------- */

/* What is asked of the API gets no answer before the gate is open. */
static void hold_answers(struct device *k, const char *method, const char *path)
{
    api_rule(&k->v.w.api, -1, method, path, 404, "{'message': 'there is none'}");
    pthread_mutex_lock(&k->v.w.api.server.lock);
    k->v.w.api.rules[k->v.w.api.n_rules - 1].reply.gated = true;
    pthread_mutex_unlock(&k->v.w.api.server.lock);
}

static void await_asked(struct device *k, const char *what)
{
    bool there = false;

    for (int n = 0; n < 5000 && !there; n++) {
        fake_sleep_ms(2);
        pthread_mutex_lock(&k->v.w.api.server.lock);
        there = strstr(k->v.w.api.said, what) != NULL;
        pthread_mutex_unlock(&k->v.w.api.server.lock);
    }
    assert_true(there);
}

/* Ctrl-C ends what hangs; and who hangs holds up nobody. */
static void an_interrupt_ends_what_waits_for_the_server(void **state)
{
    struct device *k = *state;
    struct fuse_interrupt_in in;
    uint64_t datasets, hanging;

    start_device(k);
    datasets = number_of(k, "/datasets");
    hold_answers(k, "GET", "datasets*");
    hanging = begin_request(k, FUSE_LOOKUP, datasets, DATASET, sizeof(DATASET), NULL, 0);
    await_asked(k, "GET datasets/dataset#101\n");
    assert_int_equal(ask(k, FUSE_STATFS, FUSE_ROOT_ID, NULL, 0), 0);
    assert_int_equal(lookup(k, "/documents"), 0);
    in.unique = hanging;
    begin_request(k, FUSE_INTERRUPT, 0, &in, sizeof(in), NULL, 0);
    assert_int_equal(end_request(k, hanging), -EINTR);
    fake_open_gate(&k->v.w.api.server);
}

/* It may come before what it is about: then nothing is begun. */
static void an_interrupt_that_was_first_lets_nothing_begin(void **state)
{
    const struct fuse_mkdir_in mode = { .mode = 0755 };
    struct device *k = *state;
    struct fuse_interrupt_in in;
    uint64_t datasets;

    start_device(k);
    datasets = number_of(k, "/datasets");
    in.unique = k->unique + 4; /* of the request after this one */
    begin_request(k, FUSE_INTERRUPT, 0, &in, sizeof(in), NULL, 0);
    assert_int_equal(ask_name(k, FUSE_MKDIR, datasets, &mode, sizeof(mode), "new"), -EINTR);
    expect_said(&k->v.w.api, "");
}

/* The bytes of a close that was interrupted are not lost. */
static void an_interrupted_close_keeps_its_bytes(void **state)
{
    struct device *k = *state;
    struct fuse_flush_in of = { .fh = 0 };
    struct fuse_interrupt_in in;
    uint64_t ino, fh, hanging;

    start_device(k);
    assert_int_equal(create_in(k, number_of(k, "/documents"), "a.pdf", &ino, &fh), 0);
    assert_int_equal(write_of(k, ino, fh, pdf("a"), 0, O_WRONLY), 0);
    hold_answers(k, "POST", "documents");
    of.fh = fh;
    hanging = begin_request(k, FUSE_FLUSH, ino, &of, sizeof(of), NULL, 0);
    await_asked(k, "POST documents");
    in.unique = hanging;
    begin_request(k, FUSE_INTERRUPT, 0, &in, sizeof(in), NULL, 0);
    assert_int_equal(end_request(k, hanging), -EINTR);
    fake_open_gate(&k->v.w.api.server);
    assert_int_equal(release_of(k, FUSE_RELEASE, ino, fh), 0);
    expect_failed(&k->v.w, "documents", "a.pdf", pdf("a"), "outcome unknown: interrupted");
}

/* A server that says nothing any more holds up nobody for good. */
static void what_gets_no_answer_ends_in_time(void **state)
{
    struct device *k = *state;
    uint64_t datasets, hanging;
    int error;

    start_device(k);
    datasets = number_of(k, "/datasets");
    hold_answers(k, "GET", "datasets*");
    hanging = begin_request(k, FUSE_LOOKUP, datasets, DATASET, sizeof(DATASET), NULL, 0);
    await_asked(k, "GET datasets/dataset#101\n");
    for (int n = 0; n < 100; n++)
        fake_clock_advance(&k->v.w.client, 1000);
    error = end_request(k, hanging);
    assert_int_equal(error, -ETIMEDOUT);
    expect_lines(&k->v.w, 1, "lookup /datasets/" DATASET);
    fake_open_gate(&k->v.w.api.server);
}

/* poll(2) on a lease is told when it was lost; another file is always ready. */
static void a_poll_is_told_when_a_lease_was_lost(void **state)
{
    struct device *k = *state;
    struct fuse_poll_in in = { .kh = 77, .flags = FUSE_POLL_SCHEDULE_NOTIFY, .events = POLLERR };
    uint64_t ino, other;

    start_device(k);
    api_add(&k->v.w.api, "transitions", "{'transitionId': 'transition#8'}");
    api_add(&k->v.w.api, "transitions/transition#8/executions",
            "{'executionId': 'transition-execution#9', 'transitionId': 'transition#8'}");
    other = number_of(k, "/README");
    in.fh = open_of(k, FUSE_OPEN, other, O_RDONLY).fh;
    assert_int_equal(ask(k, FUSE_POLL, other, &in, sizeof(in)), 0);
    assert_int_equal(ANSWER(k, struct fuse_poll_out).revents & (POLLIN | POLLERR), POLLIN);
    assert_int_equal(release_of(k, FUSE_RELEASE, other, in.fh), 0);
    ino = number_of(k, "/transitions/transition#8/executions/transition-execution#9/heartbeat");
    in.fh = open_of(k, FUSE_OPEN, ino, O_WRONLY).fh;
    assert_int_equal(ask(k, FUSE_POLL, ino, &in, sizeof(in)), 0);
    assert_false(ANSWER(k, struct fuse_poll_out).revents & POLLERR);
    api_rule(&k->v.w.api, -1, "POST", "*", 404, "{'message': 'it has ended'}");
    assert_int_equal(write_of(k, ino, in.fh, "\n", 0, O_WRONLY), -ESTALE);
    await_notices(k, "poll 77 ");
    assert_int_equal(ask(k, FUSE_POLL, ino, &in, sizeof(in)), 0);
    assert_true(ANSWER(k, struct fuse_poll_out).revents & POLLERR);
    assert_int_equal(release_of(k, FUSE_RELEASE, ino, in.fh), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_answer_says_what_is_wanted),
        TEST(what_the_kernel_cannot_do_is_not_asked_of_it),
        TEST(a_look_up_is_answered_with_number_and_attributes),
        TEST(what_is_forgotten_is_stale),
        TEST(a_link_is_read),
        TEST(statfs_is_answered_without_the_server),
        TEST(what_setattr_sets_is_answered),
        TEST(a_directory_is_read_in_pieces),
        TEST(attributes_come_with_the_names),
        TEST(a_list_that_fails_is_an_error_with_a_line),
        TEST(directories_are_made_renamed_and_removed),
        TEST(a_file_is_made_written_closed_and_read),
        TEST(a_text_is_not_cached_by_the_kernel),
        TEST(a_close_that_fails_is_answered_so),
        TEST(mknod_makes_an_empty_file_and_nothing_else),
        TEST(links_are_refused),
        TEST(attributes_are_off_unless_asked_for),
        TEST(attributes_are_set_listed_read_and_removed),
        TEST(an_interrupt_ends_what_waits_for_the_server),
        TEST(an_interrupt_that_was_first_lets_nothing_begin),
        TEST(an_interrupted_close_keeps_its_bytes),
        TEST(what_gets_no_answer_ends_in_time),
        TEST(a_poll_is_told_when_a_lease_was_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
