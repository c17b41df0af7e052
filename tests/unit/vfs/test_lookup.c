/* Look-ups and attributes: what a name is, for how long the kernel may believe it, and what it must ask again. */
#include "vfs_fixture.h"

#include <fcntl.h>

#include "banned.h"

#define NO_INO 4711

static void add_dataset(struct vfs *v)
{
    api_add(&v->w.api, "datasets",
            "{'datasetId': 'dataset#1', 'name': 'invoices', 'description': 'twelve chars'}");
}

static void a_name_is_what_it_stands_for(void **state)
{
    struct vfs *v = *state;
    struct entry e, same;

    start_fs(v);
    add_dataset(v);
    assert_int_equal(look(v, "/datasets", &e), 0);
    assert_int_equal(e.st.st_mode, S_IFDIR | 0777);
    assert_int_equal(e.ttl_ms, TTL_STATIC_MS);
    assert_int_equal(e.attr_ttl_ms, TTL_STATIC_MS);
    assert_int_equal(look(v, "/datasets/dataset#1/description", &e), 0);
    assert_int_equal(e.st.st_size, 13);
    assert_int_equal(e.ttl_ms, TTL_DYNAMIC_MS);
    assert_int_equal(look(v, "/datasets/invoices/description", &same), 0);
    assert_int_equal(e.st.st_size, same.st.st_size);
    assert_int_equal(stat_of(v, "/datasets/invoices/description").st_uid, 1001);
    assert_int_equal(look(v, "/datasets/invoices", &e), 0);
    assert_int_equal(e.ttl_ms, 0); /* another one may be called so in a moment */
}

/* What is created elsewhere shows at once; and no line tells of what was not there. */
static void what_is_not_there_is_not_remembered_and_no_error(void **state)
{
    static const char *const names[] = { "nothing", "las:dataset:00000000000000000000000000000099",
                                         ".by-nothing", ".hidden" };
    struct vfs *v = *state;

    start_fs(v);
    add_dataset(v);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct entry e = { .ino = 7 };

        print_message("%s\n", names[i]);
        v->w.err = (struct failure){ .text = "" };
        assert_int_equal(
            fs_lookup(v->fs, &v->w.call, ino_of(v, "/datasets"), names[i], &e, &v->w.err), -ENOENT);
        assert_int_equal(e.ino, 0);
        assert_int_equal(e.ttl_ms, 0);
        assert_string_equal(v->w.err.text, "");
    }
    api_add(&v->w.api, "documents", "{'documentId': 'document#2'}");
    ino_of(v, "/documents/document#2");
}

static void a_name_that_is_too_long_says_so(void **state)
{
    char name[300];
    struct vfs *v = *state;
    struct entry e;

    start_fs(v);
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(fs_lookup(v->fs, &v->w.call, ino_of(v, "/documents"), name, &e, &v->w.err),
                     -ENAMETOOLONG);
    assert_string_equal(v->w.err.text, "a name has at most 255 bytes: give it a shorter one");
}

static void a_number_that_nobody_gave_is_stale(void **state)
{
    struct vfs *v = *state;
    struct call *call = &v->w.call;
    struct failure *err = &v->w.err;
    cleanup_buf struct buf out = BUF_INIT(1000);
    char target[FS_LINK_MAX];
    struct stat st = { .st_size = 0 };
    struct dirhandle *d;
    struct handle *h;
    struct entry e;
    int64_t ttl_ms;

    start_fs(v);
    assert_int_equal(fs_lookup(v->fs, call, NO_INO, "a", &e, err), -ESTALE);
    assert_int_equal(fs_getattr(v->fs, call, NO_INO, NULL, &st, &ttl_ms, err), -ESTALE);
    assert_int_equal(fs_setattr(v->fs, call, NO_INO, NULL, SET_SIZE, &st, err), -ESTALE);
    assert_int_equal(fs_readlink(v->fs, call, NO_INO, target, err), -EINVAL);
    assert_int_equal(fs_opendir(v->fs, call, NO_INO, &d, err), -ESTALE);
    assert_int_equal(fs_open(v->fs, call, NO_INO, O_RDONLY, 1, &h, err), -ESTALE);
    assert_int_equal(fs_create(v->fs, call, NO_INO, "a", 0600, O_WRONLY, 1, &e, &h, err), -ESTALE);
    assert_int_equal(fs_mkdir(v->fs, call, NO_INO, "a", 0700, &e, err), -ESTALE);
    assert_int_equal(fs_unlink(v->fs, call, NO_INO, "a", 1, err), -ESTALE);
    assert_int_equal(fs_rmdir(v->fs, call, NO_INO, "a", err), -ESTALE);
    assert_int_equal(fs_rename(v->fs, call, NO_INO, "a", NODE_ROOT_INO, "b", 0, err), -ESTALE);
    assert_int_equal(fs_getxattr(v->fs, call, NO_INO, "user.a", &out, err), -ESTALE);
    assert_int_equal(fs_setxattr(v->fs, NO_INO, "user.a", "b", 1, 0, err), -ESTALE);
    assert_int_equal(fs_listxattr(v->fs, NO_INO, &out), -ESTALE);
}

/* A look-up is one more that the kernel must forget; then the number is no node's any more. */
static void what_the_kernel_forgets_is_gone(void **state)
{
    struct vfs *v = *state;
    struct stat st;
    uint64_t ino;
    int64_t ttl_ms;

    start_fs(v);
    add_dataset(v);
    ino = ino_of(v, "/datasets/dataset#1");
    assert_int_equal(ino_of(v, "/datasets/dataset#1"), ino);
    fs_forget(v->fs, ino, 1);
    assert_int_equal(fs_getattr(v->fs, &v->w.call, ino, NULL, &st, &ttl_ms, &v->w.err), 0);
    fs_forget(v->fs, ino, 1);
    assert_int_equal(fs_getattr(v->fs, &v->w.call, ino, NULL, &st, &ttl_ms, &v->w.err), -ESTALE);
    assert_int_not_equal(ino_of(v, "/datasets/dataset#1"), ino); /* no number is given twice */
}

/* Nothing is begun by who must not wait, and what is known is said at once. */
static void who_must_not_wait_gets_what_is_known(void **state)
{
    struct call now = { .nowait = true };
    struct vfs *v = *state;
    struct entry e;
    uint64_t datasets;

    start_fs(v);
    add_dataset(v);
    datasets = ino_of(v, "/datasets");
    assert_int_equal(fs_lookup(v->fs, &now, datasets, id_of("dataset", 1), &e, &v->w.err),
                     -EWOULDBLOCK);
    expect_said(&v->w.api, "");
    ino_of(v, "/datasets/dataset#1");
    assert_int_equal(fs_lookup(v->fs, &now, datasets, id_of("dataset", 1), &e, &v->w.err), 0);
    expect_said(&v->w.api, "GET datasets/dataset#1\n");
}

/* A failure is no absence: nobody shall take it for a name that is free. */
static void a_server_that_fails_does_not_say_that_there_is_none(void **state)
{
    struct vfs *v = *state;
    struct entry e;

    start_fs(v);
    api_rule(&v->w.api, -1, "GET", "datasets*", 403, "{'message': 'not yours'}");
    assert_int_equal(look(v, "/datasets/dataset#1", &e), -EACCES);
    assert_int_equal(look(v, "/datasets/invoices", &e), -EACCES);
}

static void links_lead_to_what_they_say(void **state)
{
    static const char *const links[][2] = {
        { "/documents/document#3/content.png", "content" },
        { "/documents/.by-id/document#3", "../document#3" },
        { "/datasets/.by-name/invoices", "../dataset#1" },
    };
    struct vfs *v = *state;
    char target[FS_LINK_MAX];

    start_fs(v);
    add_dataset(v);
    api_add(&v->w.api, "documents", "{'documentId': 'document#3', 'contentType': 'image/png'}");
    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        cleanup_free char *is = NULL;

        print_message("%s\n", links[i][0]);
        assert_int_equal(fs_readlink(v->fs, &v->w.call, ino_of(v, links[i][0]), target, &v->w.err),
                         0);
        is = api_short(target);
        assert_string_equal(is, links[i][1]);
        assert_int_equal(stat_of(v, links[i][0]).st_size, strlen(target));
    }
    assert_int_equal(fs_readlink(v->fs, &v->w.call, ino_of(v, "/documents"), target, &v->w.err),
                     -EINVAL);
}

static void statfs_says_how_long_a_name_may_be(void **state)
{
    struct statvfs st = { .f_namemax = 0 };
    struct vfs *v = *state;

    start_fs(v);
    assert_int_equal(fs_statfs(v->fs, &st), 0);
    assert_int_equal(st.f_namemax, 255);
    expect_said(&v->w.api, "");
}

/* fstat(2) of a text that is being written is as long as it is by now. */
static void an_open_text_is_as_long_as_what_was_written(void **state)
{
    struct vfs *v = *state;
    struct handle *h = NULL;
    struct stat st;
    int64_t ttl_ms;
    uint64_t ino;

    start_fs(v);
    add_dataset(v);
    ino = ino_of(v, "/datasets/dataset#1/description");
    assert_int_equal(fs_open(v->fs, &v->w.call, ino, O_WRONLY | O_TRUNC, 1, &h, &v->w.err), 0);
    assert_int_equal(write_to(v, h, "abc", 0), 3);
    assert_int_equal(fs_getattr(v->fs, &v->w.call, ino, h, &st, &ttl_ms, &v->w.err), 0);
    assert_int_equal(st.st_size, 3);
    assert_int_equal(fs_getattr(v->fs, &v->w.call, ino, NULL, &st, &ttl_ms, &v->w.err), 0);
    assert_int_equal(st.st_size, 13);
    close_file(v, h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_is_what_it_stands_for),
        TEST(what_is_not_there_is_not_remembered_and_no_error),
        TEST(a_name_that_is_too_long_says_so),
        TEST(a_number_that_nobody_gave_is_stale),
        TEST(what_the_kernel_forgets_is_gone),
        TEST(who_must_not_wait_gets_what_is_known),
        TEST(a_server_that_fails_does_not_say_that_there_is_none),
        TEST(links_lead_to_what_they_say),
        TEST(statfs_says_how_long_a_name_may_be),
        TEST(an_open_text_is_as_long_as_what_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
