#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>
#undef fail /* base/failure.h has one */

#include "array.h"
#include "spool.h"
#include "temp_dir.h"

#include "banned.h"

static struct spool *open_spool(void **state)
{
    struct spool *s = NULL;

    assert_int_equal(spool_new(in_dir(state, "deep/spool"), &s, NULL), 0);
    return s;
}

static uint64_t put_text(struct spool *s, const char *text)
{
    uint64_t number = 0;
    int fd = -1;

    assert_int_equal(spool_create(s, &number, &fd), 0);
    assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
    assert_int_equal(spool_sync(s, number, fd), 0);
    close(fd);
    return number;
}

static void expect_text(struct spool *s, uint64_t number, const char *text)
{
    char found[100] = "";
    int fd = -1;

    assert_int_equal(spool_open(s, number, O_RDONLY, &fd), 0);
    assert_int_equal(read(fd, found, sizeof(found) - 1), strlen(text));
    assert_string_equal(found, text);
    close(fd);
}

static void spool_keeps_bytes(void **state)
{
    struct spool *s = open_spool(state);
    uint64_t number = put_text(s, "hello");

    expect_text(s, number, "hello");
    spool_free(s);
    s = open_spool(state);
    expect_text(s, number, "hello");
    spool_free(s);
}

static void spool_file_can_be_read_and_written(void **state)
{
    struct spool *s = open_spool(state);
    char found[4] = "";
    uint64_t number;
    int fd;

    assert_int_equal(spool_create(s, &number, &fd), 0);
    assert_int_equal(pwrite(fd, "abc", 3, 0), 3);
    assert_int_equal(pread(fd, found, 3, 0), 3);
    assert_string_equal(found, "abc");
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    assert_int_equal(spool_open(s, number, O_RDWR | O_TRUNC, &fd), 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(pread(fd, found, 3, 0), 0);
    close(fd);
    spool_free(s);
}

static void spool_is_for_the_owner_only(void **state)
{
    mode_t old = umask(0);
    struct spool *s = open_spool(state);
    char *path = spool_path(s, put_text(s, "x"));
    struct stat st;

    umask(old);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(in_dir(state, "deep/spool"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    free(path);
    spool_free(s);
}

static void spool_removes(void **state)
{
    struct spool *s = open_spool(state);
    uint64_t number = put_text(s, "x");
    int fd = -5;

    assert_int_equal(spool_remove(s, number), 0);
    assert_int_equal(spool_remove(s, number), 0);
    assert_int_equal(spool_open(s, number, O_RDONLY, &fd), -ENOENT);
    assert_int_equal(fd, -5);
    assert_int_equal(count_files(in_dir(state, "deep/spool")), 0);
    spool_free(s);
}

static void spool_gives_no_number_twice(void **state)
{
    struct spool *s = open_spool(state);
    uint64_t first = put_text(s, "a"), second = put_text(s, "b"), third;

    assert_true(first > 0 && second > first);
    assert_int_equal(spool_remove(s, second), 0);
    third = put_text(s, "c");
    assert_true(third > second);
    spool_free(s);
    s = open_spool(state);
    assert_true(put_text(s, "d") > third);
    spool_skip(s, 1000);
    spool_skip(s, 500);
    assert_int_equal(put_text(s, "e"), 1001);
    spool_free(s);
}

struct listed {
    struct spool_file files[8];
    size_t n, stop_at;
};

static int list_one(void *arg, const struct spool_file *file)
{
    struct listed *l = arg;

    assert_true(l->n < ARRAY_LEN(l->files));
    l->files[l->n++] = *file;
    return l->n == l->stop_at ? 7 : 0;
}

static void spool_lists_by_number_what_is_its_own(void **state)
{
    struct spool *s = open_spool(state);
    struct listed l = { .n = 0 };

    spool_skip(s, 8);
    put_text(s, "nine!");
    put_text(s, "ten");
    write_file(in_dir(state, "deep/spool/README"), "x", 1);
    write_file(in_dir(state, "deep/spool/011"), "x", 1);
    write_file(in_dir(state, "deep/spool/-1"), "x", 1);
    write_file(in_dir(state, "deep/spool/0"), "x", 1);
    assert_int_equal(mkdir(in_dir(state, "deep/spool/12"), 0700), 0);
    assert_int_equal(spool_list(s, list_one, &l), 0);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.files[0].number, 9);
    assert_int_equal(l.files[0].size, 5);
    assert_int_equal(l.files[1].number, 10);
    assert_true(l.files[1].mtime_ns > INT64_C(1700000000000000000));
    l = (struct listed){ .stop_at = 1 };
    assert_int_equal(spool_list(s, list_one, &l), 7);
    assert_int_equal(l.n, 1);
    spool_free(s);
}

/* A limit on sizes stands for a full disk: the error goes to who writes. */
static void spool_passes_errors_of_the_disk_on(void **state)
{
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    struct spool *s = open_spool(state);
    struct rlimit limit, small;
    uint64_t number;
    int fd;

    assert_int_equal(spool_create(s, &number, &fd), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = (struct rlimit){ 2, limit.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(file_write_all(fd, "abc", 3), -EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    close(fd);
    expect_text(s, number, "ab");
    signal(SIGXFSZ, old);
    spool_free(s);
}

static void spool_says_why_it_cannot_start(void **state)
{
    struct failure err = { 0 };
    struct spool *s = NULL;

    write_file(in_dir(state, "deep"), "", 0);
    assert_int_equal(spool_new(in_dir(state, "deep/spool"), &s, &err), -ENOTDIR);
    assert_non_null(strstr(err.text, in_dir(state, "deep/spool")));
    assert_null(s);
}

static void *create_many(void *arg)
{
    for (int i = 0; i < 200; i++) {
        uint64_t number;
        int fd;

        if (spool_create(arg, &number, &fd) < 0)
            return arg;
        close(fd);
    }
    return NULL;
}

static void spool_serves_many_at_once(void **state)
{
    struct spool *s = open_spool(state);
    pthread_t threads[8];
    void *failed;

    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, create_many, s), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    spool_free(s);
    assert_int_equal(count_files(in_dir(state, "deep/spool")), 1600);
}

static void spool_leaves_nothing_that_it_made_ahead(void **state)
{
    struct spool *s = open_spool(state);

    for (uint64_t i = 1; i <= 20; i++)
        assert_int_equal(put_text(s, "x"), i);
    assert_true(count_files(in_dir(state, "deep/spool")) > 20);
    spool_free(s);
    assert_int_equal(count_files(in_dir(state, "deep/spool")), 20);
    s = open_spool(state);
    assert_int_equal(put_text(s, "x"), 21);
    spool_free(s);
}

static void spool_gives_what_it_made_ahead_without_making_any(void **state)
{
    struct spool *s = open_spool(state);
    uint64_t number = 0, last = 0;
    int files, taken = 0, fd = -1;

    assert_int_equal(spool_take(s, &number, &fd), -EWOULDBLOCK);
    assert_int_equal(count_files(in_dir(state, "deep/spool")), 0);
    while (spool_take(s, &number, &fd) == -EWOULDBLOCK && last < 100)
        last = put_text(s, "x");
    files = count_files(in_dir(state, "deep/spool"));
    do {
        assert_int_equal(number, ++last);
        assert_int_equal(file_write_all(fd, "taken", 5), 0);
        close(fd);
        expect_text(s, number, "taken");
        taken++;
    } while (spool_take(s, &number, &fd) == 0);
    assert_true(taken > 8);
    assert_int_equal(count_files(in_dir(state, "deep/spool")), files);
    assert_int_equal(put_text(s, "x"), last + 1);
    spool_free(s);
}

static void spool_goes_on_behind_what_is_in_its_way(void **state)
{
    struct spool *s = open_spool(state);
    uint64_t number = 0;
    int fd = -5;

    put_text(s, "x");
    write_file(in_dir(state, "deep/spool/2"), "y", 1);
    assert_int_equal(spool_create(s, &number, &fd), -EEXIST);
    assert_int_equal(fd, -5);
    assert_int_equal(put_text(s, "z"), 3);
    expect_text(s, 2, "y");
    spool_free(s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(spool_keeps_bytes),
        TEST(spool_file_can_be_read_and_written),
        TEST(spool_is_for_the_owner_only),
        TEST(spool_removes),
        TEST(spool_gives_no_number_twice),
        TEST(spool_lists_by_number_what_is_its_own),
        TEST(spool_passes_errors_of_the_disk_on),
        TEST(spool_says_why_it_cannot_start),
        TEST(spool_serves_many_at_once),
        TEST(spool_leaves_nothing_that_it_made_ahead),
        TEST(spool_gives_what_it_made_ahead_without_making_any),
        TEST(spool_goes_on_behind_what_is_in_its_way),
    };

    return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
