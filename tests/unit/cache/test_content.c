#include <signal.h>
#include <sys/resource.h>

#include "array.h"
#include "content_fixture.h"
#include "content_name.h"

#include "banned.h"

/* --- Names ------------------------------------------------------------------------------------ */

#define SHA_UPPER "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"

static void content_name_takes_names_apart(void **state)
{
    static const struct {
        const char *text;
        int rc;
        const char *id;
        int64_t size;
    } cases[] = {
        { ID ".0." SHA, 0, ID, 0 },
        { "a.b.c.123." SHA, 0, "a.b.c", 123 },
        { "a.9223372036854775807." SHA, 0, "a", INT64_MAX },
        { "a.9223372036854775808." SHA, -EINVAL, NULL, 0 },
        { "a.-1." SHA, -EINVAL, NULL, 0 },
        { "a.+1." SHA, -EINVAL, NULL, 0 },
        { "a.." SHA, -EINVAL, NULL, 0 },
        { "a.1 ." SHA, -EINVAL, NULL, 0 },
        { ".a.1." SHA, -EINVAL, NULL, 0 },
        { ".1." SHA, -EINVAL, NULL, 0 },
        { "a.1." SHA "0", -EINVAL, NULL, 0 },
        { "a.1." SHA_UPPER, -EINVAL, NULL, 0 },
        { "a.1.e3b0", -EINVAL, NULL, 0 },
        { "a.1.", -EINVAL, NULL, 0 },
        { "1." SHA, -EINVAL, NULL, 0 },
        { SHA, -EINVAL, NULL, 0 },
        { "", -EINVAL, NULL, 0 },
        { ".", -EINVAL, NULL, 0 },
        { "..", -EINVAL, NULL, 0 },
        { "README.md", -EINVAL, NULL, 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct content_name name = { .size = -7 };
        char again[CONTENT_NAME_MAX + 1];

        print_message("%s\n", cases[i].text);
        assert_int_equal(content_name_parse(cases[i].text, &name), cases[i].rc);
        if (cases[i].rc < 0) {
            assert_int_equal(name.size, -7);
            continue;
        }
        assert_string_equal(name.id, cases[i].id);
        assert_int_equal(name.size, cases[i].size);
        content_name_format(&name, again);
        assert_string_equal(again, cases[i].text);
    }
}

static void content_name_of_the_longest_id_fits(void **state)
{
    struct content_name name = { .size = INT64_MAX }, parsed;
    char text[CONTENT_NAME_MAX + 1], longer[CONTENT_NAME_MAX + 10];
    (void)state;

    memset(name.id, 'x', CONTENT_ID_MAX);
    content_name_format(&name, text);
    assert_int_equal(content_name_parse(text, &parsed), 0);
    assert_memory_equal(&name, &parsed, sizeof(name));
    snprintf(longer, sizeof(longer), "x%s", text);
    assert_int_equal(content_name_parse(longer, &parsed), -EINVAL);
}

/* --- Writing and reading ---------------------------------------------------------------------- */

static void content_is_absent_at_first(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);
    int64_t size;

    assert_int_equal(open_rc(c, ID), -ENOENT);
    assert_int_equal(content_size(c, ID, &size), -ENOENT);
    content_free(c);
}

static void content_gives_back_what_was_written(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);
    int64_t size = 0;
    int fd;

    assert_int_equal(put_text(c, ID, "hello"), 0);
    expect_text(c, ID, "hello");
    assert_int_equal(content_size(c, ID, &size), 0);
    assert_int_equal(size, 5);
    assert_int_equal(content_open(c, ID, &fd, NULL), 0);
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    content_free(c);
}

static void content_keeps_empty_ones(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);

    assert_int_equal(put_text(c, ID, ""), 0);
    expect_text(c, ID, "");
    content_free(c);
}

static void content_is_for_the_owner_only(void **state)
{
    mode_t old = umask(0);
    struct content_cache *c = open_cache(state, ROOMY);
    struct stat st;

    umask(old);
    assert_int_equal(put_text(c, ID, "hello"), 0);
    assert_int_equal(stat(in_dir(state, "cache"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat(only_file(state), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    content_free(c);
}

static void content_replaces(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);

    assert_int_equal(put_text(c, ID, "one"), 0);
    assert_int_equal(put_text(c, ID, "another"), 0);
    expect_text(c, ID, "another");
    assert_int_equal(put_text(c, ID, "another"), 0); /* the same bytes: the same file */
    expect_text(c, ID, "another");
    only_file(state);
    assert_int_equal(bytes_of(c), BLOCK);
    content_free(c);
}

static void content_removes(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);
    char found[4] = "";
    int fd;

    assert_int_equal(put_text(c, ID, "abc"), 0);
    assert_int_equal(content_open(c, ID, &fd, NULL), 0);
    content_remove(c, ID);
    content_remove(c, "nothing");
    assert_int_equal(open_rc(c, ID), -ENOENT);
    assert_int_equal(read(fd, found, 3), 3); /* who has it open reads on */
    assert_string_equal(found, "abc");
    close(fd);
    assert_int_equal(count_files(in_dir(state, "cache")), 0);
    content_free(c);
}

static void content_refuses_ids_that_are_paths(void **state)
{
    static const char *const ids[] = { "", ".", "..", ".x", "a/b", "/a", "../x" };
    struct content_cache *c = open_cache(state, ROOMY);
    char longest[CONTENT_ID_MAX + 2];
    int64_t size;

    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        print_message("'%s'\n", ids[i]);
        assert_int_equal(open_rc(c, ids[i]), -EINVAL);
        assert_int_equal(content_size(c, ids[i], &size), -EINVAL);
        assert_int_equal(put_text(c, ids[i], "x"), -EINVAL);
    }
    memset(longest, 'x', sizeof(longest));
    longest[CONTENT_ID_MAX + 1] = '\0';
    assert_int_equal(put_text(c, longest, "x"), -EINVAL);
    longest[CONTENT_ID_MAX] = '\0';
    assert_int_equal(put_text(c, longest, "x"), 0);
    expect_text(c, longest, "x");
    content_free(c);
}

static void content_abort_leaves_nothing(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);
    struct content_writer *w;

    assert_int_equal(content_create(c, false, &w), 0);
    assert_int_equal(file_write_all(content_writer_fd(w), "abc", 3), 0);
    content_abort(w);
    content_abort(NULL);
    assert_int_equal(count_files(in_dir(state, "cache")), 0);
    content_free(c);
}

static void content_writer_can_be_read_on(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);
    struct content_writer *w;
    char found[4] = "";
    int fd;

    assert_int_equal(content_create(c, false, &w), 0);
    assert_int_equal(file_write_all(content_writer_fd(w), "abc", 3), 0);
    fd = dup(content_writer_fd(w));
    assert_int_equal(content_commit(w, ID), 0);
    assert_int_equal(pread(fd, found, 3, 0), 3);
    assert_string_equal(found, "abc");
    close(fd);
    content_free(c);
}

/* --- Room ------------------------------------------------------------------------------------- */

static void content_evicts_the_least_recently_used(void **state)
{
    struct content_cache *c = open_cache(state, 3 * BLOCK);
    struct content_stats s;

    assert_int_equal(put_sized(c, "a", BLOCK), 0);
    assert_int_equal(put_sized(c, "b", BLOCK), 0);
    assert_int_equal(put_sized(c, "c", BLOCK), 0);
    assert_int_equal(open_rc(c, "a"), 0);
    assert_int_equal(put_sized(c, "d", BLOCK), 0);
    assert_int_equal(open_rc(c, "b"), -ENOENT);
    assert_int_equal(put_sized(c, "e", BLOCK + 1), 0); /* two blocks: c and a go */
    assert_int_equal(open_rc(c, "c"), -ENOENT);
    assert_int_equal(open_rc(c, "a"), -ENOENT);
    assert_int_equal(open_rc(c, "d"), 0);
    assert_int_equal(open_rc(c, "e"), 0);
    content_get_stats(c, &s);
    assert_int_equal(s.evictions, 3);
    assert_int_equal(s.entries, 2);
    assert_int_equal(s.bytes, 3 * BLOCK);
    assert_int_equal(count_files(in_dir(state, "cache")), 2);
    content_free(c);
}

static void content_does_not_keep_what_is_larger_than_itself(void **state)
{
    struct content_cache *c = open_cache(state, 2 * BLOCK);

    assert_int_equal(put_sized(c, "a", BLOCK), 0);
    assert_int_equal(put_sized(c, "b", 2 * BLOCK + 1), -EFBIG);
    assert_int_equal(open_rc(c, "a"), 0);
    assert_int_equal(open_rc(c, "b"), -ENOENT);
    only_file(state);
    content_free(c);
}

static void content_off_keeps_nothing(void **state)
{
    struct content_cache *c = open_cache(state, 0);

    assert_int_equal(put_text(c, ID, ""), -EFBIG);
    assert_int_equal(put_text(c, ID, "abc"), -EFBIG);
    assert_int_equal(open_rc(c, ID), -ENOENT);
    assert_int_equal(count_files(in_dir(state, "cache")), 0);
    content_free(c);
}

static void content_in_memory_is_not_kept(void **state)
{
    struct content_cache *c = open_cache(state, ROOMY);
    struct content_writer *w;

    assert_int_equal(content_create(c, true, &w), 0);
    assert_int_equal(file_write_all(content_writer_fd(w), "abc", 3), 0);
    assert_int_equal(count_files(in_dir(state, "cache")), 0);
    assert_int_equal(content_commit(w, ID), -ENOSPC);
    assert_int_equal(open_rc(c, ID), -ENOENT);
    content_free(c);
}

/* What the disk refuses costs the cache alone: here it takes no byte at all. */
static void content_survives_a_full_disk(void **state)
{
    struct rlimit limit, none = { 0, 0 };
    struct content_cache *c = open_cache(state, ROOMY);
    struct content_writer *w;
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);

    assert_int_equal(put_text(c, "a", "abc"), 0);
    assert_int_equal(content_create(c, false, &w), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    none.rlim_max = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_true(file_write_all(content_writer_fd(w), "abc", 3) < 0);
    content_abort(w);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, old);
    expect_text(c, "a", "abc");
    only_file(state);
    content_free(c);
}

static void expect_ahead(struct content_cache *c, uint64_t used, uint64_t vain)
{
    struct content_stats stats;

    content_get_stats(c, &stats);
    assert_int_equal(stats.ahead_used, used);
    assert_int_equal(stats.ahead_vain, vain);
}

/* What came before anybody asked is used once, or was in vain. */
static void content_knows_what_came_ahead(void **state)
{
    struct content_cache *c = open_cache(state, 2 * 4096);

    assert_int_equal(put_text(c, "a", "a"), 0);
    assert_int_equal(put_text(c, "b", "b"), 0);
    content_came_ahead(c, "a", false);
    content_came_ahead(c, "b", false);
    expect_ahead(c, 0, 0);
    assert_int_equal(open_rc(c, "a"), 0);
    assert_int_equal(open_rc(c, "a"), 0);
    expect_ahead(c, 1, 0);
    assert_int_equal(put_text(c, "c", "c"), 0); /* in the place of b, the oldest */
    expect_ahead(c, 1, 1);
    content_remove(c, "a");
    content_came_ahead(c, "c", false);
    content_remove(c, "c");
    expect_ahead(c, 1, 2);
    content_free(c);
}

/* Who waited for it has it without opening it here; what is not kept is for them alone. */
static void content_that_came_ahead_may_be_waited_for(void **state)
{
    struct content_cache *c = open_cache(state, 1 << 20);

    assert_int_equal(put_text(c, "a", "a"), 0);
    content_came_for(c, "a");
    content_came_ahead(c, "a", false);
    expect_ahead(c, 1, 0);
    assert_int_equal(put_text(c, "b", "b"), 0);
    content_came_ahead(c, "b", false);
    content_came_for(c, "b");
    content_came_for(c, "b");
    expect_ahead(c, 2, 0);
    content_came_ahead(c, "none", true);
    expect_ahead(c, 3, 0);
    content_came_ahead(c, "none", false);
    expect_ahead(c, 3, 1);
    content_came_for(c, "none");
    content_free(c);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_name_takes_names_apart),
        cmocka_unit_test(content_name_of_the_longest_id_fits),
        TEST(content_is_absent_at_first),
        TEST(content_gives_back_what_was_written),
        TEST(content_keeps_empty_ones),
        TEST(content_is_for_the_owner_only),
        TEST(content_replaces),
        TEST(content_removes),
        TEST(content_refuses_ids_that_are_paths),
        TEST(content_abort_leaves_nothing),
        TEST(content_writer_can_be_read_on),
        TEST(content_evicts_the_least_recently_used),
        TEST(content_does_not_keep_what_is_larger_than_itself),
        TEST(content_off_keeps_nothing),
        TEST(content_in_memory_is_not_kept),
        TEST(content_survives_a_full_disk),
        TEST(content_knows_what_came_ahead),
        TEST(content_that_came_ahead_may_be_waited_for),
    };

    return cmocka_run_group_tests_name("content", tests, NULL, NULL);
}
