#include <pthread.h>

#include "array.h"
#include "content_fixture.h"

#include "banned.h"

/* --- Restart ---------------------------------------------------------------------------------- */

static void content_survives_a_restart(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);
    struct content_stats s;

    assert_int_equal(put_text(c, ID, "hello"), 0);
    content_free(c);
    c = open_cache(state, ROOMY);
    expect_text(c, ID, "hello");
    expect_text(c, ID, "hello");
    content_get_stats(c, &s);
    assert_int_equal(s.entries, 1);
    assert_int_equal(s.bytes, BLOCK);
    content_free(c);
}

static void content_keeps_its_order_over_a_restart(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);

    assert_int_equal(put_sized(c, "a", BLOCK), 0);
    assert_int_equal(put_sized(c, "b", BLOCK), 0);
    assert_int_equal(put_sized(c, "c", BLOCK), 0);
    assert_int_equal(open_rc(c, "a"), 0);
    content_free(c);
    c = open_cache(state, 3 * BLOCK);
    assert_int_equal(put_sized(c, "d", BLOCK), 0);
    assert_int_equal(open_rc(c, "b"), -ENOENT);
    assert_int_equal(open_rc(c, "c"), 0);
    content_free(c);
    c = open_cache(state, BLOCK); /* it has become smaller: the newest stays */
    assert_int_equal(open_rc(c, "c"), 0);
    only_file(state);
    content_free(c);
}

static void content_removes_a_truncated_file_at_the_start(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);

    assert_int_equal(put_text(c, ID, "hello"), 0);
    content_free(c);
    assert_int_equal(truncate(only_file(state), 4), 0);
    c = open_cache(state, ROOMY);
    assert_int_equal(open_rc(c, ID), -ENOENT);
    assert_int_equal(count_files(in_dir(state, "cache")), 0);
    content_free(c);
}

static void content_removes_a_file_that_was_changed(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);
    struct content_stats s;

    assert_int_equal(put_text(c, ID, "hello"), 0);
    content_free(c);
    write_file(only_file(state), "hellO", 5); /* the same size */
    c = open_cache(state, ROOMY);
    assert_int_equal(open_rc(c, ID), -ENOENT);
    content_get_stats(c, &s);
    assert_int_equal(s.broken, 1);
    assert_int_equal(s.entries, 0);
    assert_int_equal(count_files(in_dir(state, "cache")), 0);
    assert_int_equal(put_text(c, ID, "hello"), 0); /* and is fetched again */
    expect_text(c, ID, "hello");
    content_free(c);
}

static void content_notices_a_file_that_changes_size_or_goes_while_it_runs(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);

    assert_int_equal(put_text(c, ID, "hello"), 0);
    assert_int_equal(truncate(only_file(state), 100), 0);
    assert_int_equal(open_rc(c, ID), -ENOENT);
    assert_int_equal(put_text(c, ID, "hello"), 0);
    assert_int_equal(unlink(only_file(state)), 0);
    assert_int_equal(open_rc(c, ID), -ENOENT);
    assert_int_equal(bytes_of(c), 0);
    content_free(c);
}

/* The machine was started anew since: who knows what came to the disk. */
static void start_anew(void **state)
{
    set_changed(in_dir(state, "cache"), 1000000000);
}

/* What was whole since the machine was started is not read again to see whether it is. */
static void content_of_this_start_is_ready(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);
    int fd;

    for (int anew = 0; anew < 2; anew++) {
        assert_int_equal(put_text(c, ID, "hello"), 0);
        content_free(c);
        if (anew)
            start_anew(state);
        c = open_cache(state, ROOMY);
        assert_int_equal(content_is_ready(c, ID), !anew);
        assert_int_equal(content_open_now(c, ID, &fd, NULL), anew ? -EWOULDBLOCK : 0);
        if (!anew)
            close(fd);
        expect_text(c, ID, "hello");
        content_free(c);
        c = open_cache(state, ROOMY); /* it was looked at in this start, too */
        assert_true(content_is_ready(c, ID));
    }
    content_free(c);
}

/* One reads the digest of a file of an earlier start once, not at each opening. */
static void content_checks_the_digest_once(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);

    assert_int_equal(put_text(c, ID, "hello"), 0);
    content_free(c);
    start_anew(state);
    c = open_cache(state, ROOMY);
    assert_int_equal(open_rc(c, ID), 0);
    write_file(only_file(state), "hellO", 5);
    expect_text(c, ID, "hellO");
    content_free(c);
}

static void content_leaves_foreign_files_alone(void **state)
{
    struct content_cache *c;

    assert_int_equal(mkdir(in_dir(state, "cache"), 0700), 0);
    write_file(in_dir(state, "cache/README"), "mine", 4);
    assert_int_equal(mkdir(in_dir(state, "cache/sub"), 0700), 0);
    assert_int_equal(symlink("/etc/passwd", in_dir(state, "cache/link")), 0);
    c = open_cache(state, BLOCK);
    assert_int_equal(put_text(c, "a", "abc"), 0);
    assert_int_equal(put_text(c, "b", "abc"), 0); /* evicts */
    content_remove(c, "b");
    content_free(c);
    assert_int_equal(count_files(in_dir(state, "cache")), 3);
}

/* To read all of it takes its time: who may not wait is told so, and it is no use of it. */
static void content_is_not_checked_by_who_may_not_wait(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);
    struct content_stats stats;
    int64_t size = -5;
    int fd = -5;

    assert_int_equal(put_text(c, ID, "text"), 0);
    assert_true(content_is_ready(c, ID));
    assert_int_equal(content_open_now(c, ID, &fd, NULL), 0); /* it was hashed when it was put */
    close(fd);
    content_free(c);
    start_anew(state);
    c = open_cache(state, ROOMY);
    fd = -5;
    assert_false(content_is_ready(c, ID));
    assert_int_equal(content_open_now(c, ID, &fd, &size), -EWOULDBLOCK);
    assert_int_equal(fd, -5);
    assert_int_equal(size, -5);
    content_get_stats(c, &stats);
    assert_int_equal(stats.hits + stats.misses, 0);
    expect_text(c, ID, "text");
    assert_true(content_is_ready(c, ID));
    assert_int_equal(content_open_now(c, ID, &fd, &size), 0);
    assert_int_equal(size, 4);
    close(fd);
    assert_false(content_is_ready(c, "other"));
    assert_false(content_is_ready(c, "no/id"));
    assert_int_equal(content_open_now(c, "other", &fd, &size), -ENOENT);
    content_get_stats(c, &stats);
    assert_int_equal(stats.hits, 2);
    assert_int_equal(stats.misses, 1);
    content_free(c);
}

/* A name of ours that is a link or a directory is not followed. */
static void content_does_not_follow_links(void **state)
{
    struct content_cache *c;

    assert_int_equal(mkdir(in_dir(state, "cache"), 0700), 0);
    write_file(in_dir(state, "secret"), "", 0);
    assert_int_equal(symlink(in_dir(state, "secret"), in_dir(state, "cache/" ID ".0." SHA)), 0);
    c = open_cache(state, ROOMY);
    assert_int_equal(open_rc(c, ID), -ENOENT);
    assert_int_equal(access(in_dir(state, "secret"), F_OK), 0);
    content_free(c);
}

static void content_removes_what_a_dead_writer_left(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY), *second;
    struct content_writer *w;

    write_file(in_dir(state, "cache/.new-abcdef"), "half", 4);
    assert_int_equal(content_create(c, false, &w), 0); /* alive: locked */
    second = open_cache(state, ROOMY);
    assert_int_equal(access(in_dir(state, "cache/.new-abcdef"), F_OK), -1);
    only_file(state);
    content_free(second);
    assert_int_equal(content_commit(w, ID), 0);
    content_free(c);
}

/* A crash between the rename and the removal of the old file leaves two of one id. */
static void content_takes_the_newer_of_two(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);
    struct timespec past[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    char saved[700];

    assert_int_equal(put_text(c, ID, "one"), 0);
    snprintf(saved, sizeof(saved), "%s", only_file(state));
    assert_int_equal(rename(saved, in_dir(state, "saved")), 0);
    assert_int_equal(put_text(c, ID, "two"), 0);
    content_free(c);
    assert_int_equal(rename(in_dir(state, "saved"), saved), 0);
    assert_int_equal(utimensat(AT_FDCWD, saved, past, 0), 0);
    c = open_cache(state, ROOMY);
    expect_text(c, ID, "two");
    only_file(state);
    assert_int_equal(bytes_of(c), BLOCK);
    content_free(c);
}

static void content_says_why_it_cannot_start(void **state)
{
    struct content_cache *c = NULL;
    struct failure err = { 0 };

    write_file(in_dir(state, "cache"), "", 0);
    assert_int_equal(content_new(in_dir(state, "cache"), ROOMY, &c, &err), -ENOTDIR);
    assert_non_null(strstr(err.text, in_dir(state, "cache")));
    assert_null(c);
}

/* --- Taking over ------------------------------------------------------------------------------ */

static void content_adopts_a_file(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);
    uint8_t sha256[CONTENT_DIGEST_BYTES];
    struct stat st;
    int fd;

    write_file(in_dir(state, "upload"), "hello", 5);
    fd = open(in_dir(state, "upload"), O_RDONLY);
    assert_int_equal(content_digest(fd, sha256), 0);
    assert_int_equal(content_adopt(c, in_dir(state, "upload"), ID, sha256), 0);
    assert_int_equal(access(in_dir(state, "upload"), F_OK), -1);
    expect_text(c, ID, "hello");
    assert_int_equal(stat(only_file(state), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    close(fd);
    content_free(c);
    c = open_cache(state, ROOMY);
    expect_text(c, ID, "hello");
    content_free(c);
}

static void content_adopts_without_a_digest(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);

    write_file(in_dir(state, "upload"), "hello", 5);
    assert_int_equal(content_adopt(c, in_dir(state, "upload"), ID, NULL), 0);
    content_free(c);
    c = open_cache(state, ROOMY);
    expect_text(c, ID, "hello");
    content_free(c);
}

static void content_leaves_what_it_cannot_adopt(void **state)
{
    struct content_cache *c = open_cache(state, BLOCK);
    char block[BLOCK + 1] = "";

    write_file(in_dir(state, "upload"), block, sizeof(block));
    assert_int_equal(content_adopt(c, in_dir(state, "upload"), ID, NULL), -EFBIG);
    assert_int_equal(content_adopt(c, in_dir(state, "upload"), "../x", NULL), -EINVAL);
    assert_int_equal(content_adopt(c, in_dir(state, "nothing"), ID, NULL), -ENOENT);
    assert_int_equal(content_adopt(c, in_dir(state, "cache"), ID, NULL), -EINVAL);
    assert_int_equal(access(in_dir(state, "upload"), F_OK), 0);
    assert_int_equal(count_files(in_dir(state, "cache")), 0);
    content_free(c);
}

static void content_adopts_from_another_file_system(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);
    char path[] = "/dev/shm/lasfs-test-XXXXXX";
    struct stat there, here;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "hello", 5), 5);
    assert_int_equal(fstat(fd, &there), 0);
    close(fd);
    assert_int_equal(content_adopt(c, path, ID, NULL), 0);
    assert_int_equal(access(path, F_OK), -1);
    expect_text(c, ID, "hello");
    assert_int_equal(stat(only_file(state), &here), 0);
    if (there.st_dev == here.st_dev)
        print_message("/dev/shm is where the test runs: renamed, not copied\n");
    content_free(c);
}

/* --- Many at once ----------------------------------------------------------------------------- */

static void *use_at_once(void *arg)
{
    struct content_cache *c = arg;
    unsigned seed = (unsigned)(uintptr_t)pthread_self() | 1;
    char id[8], text[16];
    int64_t size;
    int fd;

    for (int i = 0; i < 1500; i++) {
        seed = seed * 1103515245 + 12345;
        snprintf(id, sizeof(id), "id%u", seed / 65536 % 12);
        snprintf(text, sizeof(text), "<%s>", id);
        if (seed / 4096 % 16 == 0)
            content_remove(c, id);
        else if (content_open(c, id, &fd, &size) < 0)
            put_text(c, id, text); /* may lose its file to an eviction at the same time */
        else {
            char found[16] = "";

            assert_int_equal(pread(fd, found, sizeof(found), 0), size);
            assert_string_equal(found, text);
            close(fd);
        }
    }
    return NULL;
}

static void content_serves_many_at_once(void **state)
{
    struct content_cache *c = open_cache(state, 8 * BLOCK);
    struct content_stats s;
    pthread_t threads[8];

    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_at_once, c), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    content_get_stats(c, &s);
    assert_true(s.hits > 0 && s.evictions > 0 && s.bytes <= 8 * BLOCK);
    assert_int_equal(s.bytes, (int64_t)s.entries * BLOCK);
    /* an eviction may take a file that was just written again; never is one left over */
    assert_true(count_files(in_dir(state, "cache")) <= (int)s.entries);
    content_free(c);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(content_survives_a_restart),
        TEST(content_keeps_its_order_over_a_restart),
        TEST(content_removes_a_truncated_file_at_the_start),
        TEST(content_removes_a_file_that_was_changed),
        TEST(content_notices_a_file_that_changes_size_or_goes_while_it_runs),
        TEST(content_of_this_start_is_ready),
        TEST(content_checks_the_digest_once),
        TEST(content_leaves_foreign_files_alone),
        TEST(content_is_not_checked_by_who_may_not_wait),
        TEST(content_does_not_follow_links),
        TEST(content_removes_what_a_dead_writer_left),
        TEST(content_takes_the_newer_of_two),
        TEST(content_says_why_it_cannot_start),
        TEST(content_adopts_a_file),
        TEST(content_adopts_without_a_digest),
        TEST(content_leaves_what_it_cannot_adopt),
        TEST(content_adopts_from_another_file_system),
        TEST(content_serves_many_at_once),
    };

    return cmocka_run_group_tests_name("content_disk", tests, NULL, NULL);
}
