#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "array.h"
#include "cleanup.h"
#include "temp_dir.h"

#include "banned.h"

static void expect_file(const char *path, const char *text)
{
    struct buf b = BUF_INIT(10000);

    assert_int_equal(file_read(path, &b), 0);
    assert_string_equal(buf_str(&b), text);
    buf_release(&b);
}

static int open_new(void **state, const char *name)
{
    int fd = open(in_dir(state, name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    return fd;
}

static void file_reads_up_to_the_maximum(void **state)
{
    struct buf b = BUF_INIT(5), small = BUF_INIT(4);

    write_file(in_dir(state, "f"), "abcde", 5);
    assert_int_equal(file_read(in_dir(state, "f"), &b), 0);
    assert_string_equal(buf_str(&b), "abcde");
    assert_int_equal(file_read(in_dir(state, "f"), &small), -EFBIG);
    assert_int_equal(file_read(in_dir(state, "nothing"), &b), -ENOENT);
    assert_int_equal(file_read((const char *)*state, &b), -EISDIR);
    buf_release(&b);
    buf_release(&small);
}

static void file_reads_the_rest_of_a_pipe(void **state)
{
    struct buf b = BUF_INIT(100000);
    char chunk[50000];
    int ends[2];
    (void)state;

    memset(chunk, 'x', sizeof(chunk));
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(file_write_all(ends[1], chunk, sizeof(chunk)), 0);
    close(ends[1]);
    assert_int_equal(file_read_fd(ends[0], &b), 0);
    assert_int_equal(b.len, sizeof(chunk));
    close(ends[0]);
    buf_release(&b);
}

static void file_writes_all_or_says_why(void **state)
{
    int fd = open_new(state, "f"), full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    assert_int_equal(file_write_all(fd, "abc", 3), 0);
    assert_int_equal(file_pwrite_all(fd, "xyz", 3, 2), 0);
    assert_int_equal(file_write_all(fd, "", 0), 0);
    expect_file(in_dir(state, "f"), "abxyz");
    assert_int_equal(file_write_all(full, "abc", 3), -ENOSPC);
    assert_int_equal(file_pwrite_all(full, "abc", 3, 0), -ENOSPC);
    close(fd);
    close(full);
}

/* A million bytes, so that it is more than one step, from and to whatever there is. */
static void file_compares(void **state)
{
    char text[40000], other[40000];
    int fd = open_new(state, "f");

    memset(text, 'a', sizeof(text));
    memcpy(other, text, sizeof(other));
    other[39999] = 'b';
    assert_int_equal(file_pwrite_all(fd, text, sizeof(text), 0), 0);
    assert_int_equal(file_compare(fd, text, sizeof(text), 0), 0);
    assert_int_equal(file_compare(fd, text, 100, 39900), 0);
    assert_int_equal(file_compare(fd, text, 0, 50000), 0);
    assert_int_equal(file_compare(fd, other, sizeof(other), 0), -ESTALE);
    assert_int_equal(file_compare(fd, text, 101, 39900), -ESTALE); /* it ends before */
    close(fd);
    assert_int_equal(file_compare(fd, text, 1, 0), -EBADF);
}

static void file_appends_to_what_is_there(void **state)
{
    const char *path = in_dir(state, "file"), *moved = in_dir(state, "moved");
    struct stat st;

    assert_int_equal(file_append(path, NULL, 0), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_append(path, "one\n", 4), 0);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(file_append(path, "two\n", 4), 0);
    assert_int_equal(stat(moved, &st), 0);
    assert_int_equal(st.st_size, 4);
    assert_int_equal(file_append(path, "three\n", 6), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 10);
    assert_int_equal(file_append("/dev/full", "x", 1), -ENOSPC);
    assert_int_equal(file_append(in_dir(state, "no/file"), NULL, 0), -ENOENT);
}

static void file_copies(void **state)
{
    const size_t size = 1000000;
    cleanup_free char *bytes = malloc(size);
    cleanup_free char *copy = calloc(1, size);
    int in[2], out[2];

    assert_non_null(bytes);
    assert_non_null(copy);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 7 + i / 256);
    in[0] = open_new(state, "in");
    in[1] = memfd_create("in", MFD_CLOEXEC); /* another file system */
    for (int i = 0; i < 2; i++) {
        out[0] = open_new(state, "out");
        out[1] = memfd_create("out", MFD_CLOEXEC);
        assert_int_equal(file_write_all(in[i], bytes, size), 0);
        for (int o = 0; o < 2; o++) {
            assert_int_equal(file_copy(in[i], out[o], -1), 0);
            assert_int_equal(lseek(out[o], 0, SEEK_END), size);
            assert_int_equal(pread(out[o], copy, size, 0), size);
            assert_memory_equal(copy, bytes, size);
            assert_int_equal(ftruncate(out[o], 0), 0);
            assert_int_equal(file_copy(in[i], out[o], 10), 0);
            assert_int_equal(lseek(out[o], 0, SEEK_END), 10);
            close(out[o]);
        }
        close(in[i]);
    }
}

static void file_copy_notices_a_file_that_is_too_short(void **state)
{
    int in = open_new(state, "in"), out = open_new(state, "out");

    assert_int_equal(file_copy(in, out, -1), 0);
    assert_int_equal(file_write_all(in, "abc", 3), 0);
    assert_int_equal(file_copy(in, out, 4), -EIO);
    assert_int_equal(file_copy(in, out, 0), 0);
    close(in);
    assert_int_equal(file_copy(in, out, 1), -EBADF);
    close(out);
}

static void file_copy_passes_a_full_disk_on(void **state)
{
    int in = open_new(state, "in"), out = open_new(state, "out");
    struct rlimit limit, small;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(file_write_all(in, "abcdef", 6), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = (struct rlimit){ 3, limit.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(file_copy(in, out, -1), -EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    close(in);
    close(out);
}

static void file_replaces(void **state)
{
    struct stat st;

    assert_int_equal(file_replace(in_dir(state, "f"), "old", 3, 0600), 0);
    assert_int_equal(file_replace(in_dir(state, "f"), "newer", 5, 0640), 0);
    expect_file(in_dir(state, "f"), "newer");
    assert_int_equal(stat(in_dir(state, "f"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(count_files(*state), 1);
}

static void file_replace_leaves_the_old_when_it_fails(void **state)
{
    assert_int_equal(mkdir(in_dir(state, "dir"), 0700), 0);
    assert_true(file_replace(in_dir(state, "dir"), "x", 1, 0600) < 0);
    assert_int_equal(file_replace(in_dir(state, "nothing/f"), "x", 1, 0600), -ENOENT);
    assert_int_equal(count_files(*state), 1); /* nothing is left beside it */
}

static void file_makes_directories(void **state)
{
    mode_t old = umask(0);
    struct stat st;

    assert_int_equal(file_make_dirs(in_dir(state, "a/b/c"), 0750), 0);
    umask(old);
    assert_int_equal(file_make_dirs(in_dir(state, "a/b/c"), 0700), 0);
    assert_int_equal(stat(in_dir(state, "a/b"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
    assert_int_equal(file_make_dirs(in_dir(state, "d//e/"), 0700), 0);
    assert_int_equal(stat(in_dir(state, "d/e"), &st), 0);
    assert_int_equal(file_make_dirs("/", 0700), 0);
}

static void file_makes_no_directory_of_a_file(void **state)
{
    write_file(in_dir(state, "f"), "", 0);
    assert_int_equal(file_make_dirs(in_dir(state, "f"), 0700), -ENOTDIR);
    assert_int_equal(file_make_dirs(in_dir(state, "f/g"), 0700), -ENOTDIR);
    assert_int_equal(symlink("nowhere", in_dir(state, "dangling")), 0);
    assert_true(file_make_dirs(in_dir(state, "dangling"), 0700) < 0);
    assert_int_equal(mkdir(in_dir(state, "d"), 0700), 0);
    assert_int_equal(symlink("d", in_dir(state, "link")), 0);
    assert_int_equal(file_make_dirs(in_dir(state, "link/e"), 0700), 0); /* a link to one is one */
    assert_int_equal(file_make_dirs(in_dir(state, "link"), 0700), 0);
}

static void path_is_joined_with_one_slash(void **state)
{
    static const struct {
        const char *dir, *name, *path;
    } cases[] = {
        { "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "a//", "b", "a/b" },
        { "/", "b", "/b" },  { "//", "b", "/b" },  { "/a", "b/c", "/a/b/c" },
        { ".", "b", "./b" }, { "", "b", "b" },     { "a", "", "a/" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *path = path_join(cases[i].dir, cases[i].name);

        print_message("'%s' '%s'\n", cases[i].dir, cases[i].name);
        assert_string_equal(path, cases[i].path);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(file_reads_up_to_the_maximum),
        cmocka_unit_test(file_reads_the_rest_of_a_pipe),
        TEST(file_writes_all_or_says_why),
        TEST(file_compares),
        TEST(file_appends_to_what_is_there),
        TEST(file_copies),
        TEST(file_copy_notices_a_file_that_is_too_short),
        TEST(file_copy_passes_a_full_disk_on),
        TEST(file_replaces),
        TEST(file_replace_leaves_the_old_when_it_fails),
        TEST(file_makes_directories),
        TEST(file_makes_no_directory_of_a_file),
        cmocka_unit_test(path_is_joined_with_one_slash),
    };

    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
