/* A file's bytes through a small buffer: what stands across its borders is whole. */
#include "view.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "array.h"
#include "temp_dir.h"

#include "banned.h"

#define SIZE (3 * VIEW_BYTES + 100)

static char bytes[SIZE];

/* A file of which byte i is known, and with text at each place of at. */
static int file_with(void **state, const char *text, const size_t *at, size_t n)
{
    const char *path = in_dir(state, "bytes");
    int fd;

    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)('a' + (i * 7 + i / VIEW_BYTES) % 26);
    for (size_t i = 0; i < n; i++)
        memcpy(bytes + at[i], text, strlen(text));
    write_file(path, bytes, SIZE);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void view_reads_exactly_what_is_asked_for(void **state)
{
    static const struct {
        uint64_t off;
        size_t len;
        bool there;
    } cases[] = {
        { 0, 1, true },
        { 0, SIZE, true },
        { VIEW_BYTES - 1, 2, true },
        { VIEW_BYTES + 3, 2 * VIEW_BYTES, true },
        { SIZE - 1, 1, true },
        { SIZE, 0, true },
        { SIZE - 1, 2, false },
        { SIZE, 1, false },
        { SIZE + 1, 0, false },
        { UINT64_MAX, 2, false },
        { 5, 10, true },
    };
    int fd = file_with(state, "", NULL, 0);
    static struct view v;
    static char out[SIZE];

    assert_true(view_init(&v, fd));
    assert_int_equal(v.size, SIZE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%llu %zu\n", (unsigned long long)cases[i].off, cases[i].len);
        assert_int_equal(view_read(&v, cases[i].off, out, cases[i].len), cases[i].there);
        if (cases[i].there)
            assert_memory_equal(out, bytes + cases[i].off, cases[i].len);
        assert_false(v.failed);
    }
    close(fd);
}

static void view_gives_some_bytes_anywhere_but_behind_the_end(void **state)
{
    int fd = file_with(state, "", NULL, 0);
    static struct view v;
    size_t n = 0;

    assert_true(view_init(&v, fd));
    for (uint64_t off = 0; off < SIZE; off += n) {
        const unsigned char *p = view_some(&v, off, &n);

        assert_non_null(p);
        assert_true(n > 0);
        assert_memory_equal(p, bytes + off, n);
    }
    assert_null(view_some(&v, SIZE, &n));
    assert_false(v.failed);
    close(fd);
}

static void view_finds_the_last_one_before_an_end(void **state)
{
    static const size_t at[] = { 0, 5000, VIEW_BYTES - 2, 2 * VIEW_BYTES + 100 - 2, SIZE - 4 };
    static const struct {
        uint64_t end;
        int64_t found;
    } cases[] = {
        { SIZE, SIZE - 4 },
        { SIZE + 1000, SIZE - 4 },
        { SIZE - 1, 2 * VIEW_BYTES + 98 }, /* across where the buffer begins */
        { 2 * VIEW_BYTES + 101, VIEW_BYTES - 2 },
        { VIEW_BYTES + 2, VIEW_BYTES - 2 },
        { VIEW_BYTES + 1, 5000 },
        { 5003, 0 },
        { 4, 0 },
        { 3, -1 },
        { 0, -1 },
    };
    int fd = file_with(state, "%EOF", at, ARRAY_LEN(at));
    static struct view v;

    assert_true(view_init(&v, fd));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t off = 12345;
        bool found = view_find_last(&v, cases[i].end, "%EOF", &off);

        print_message("%llu\n", (unsigned long long)cases[i].end);
        assert_int_equal(found, cases[i].found >= 0);
        assert_int_equal(off, found ? cases[i].found : 12345);
    }
    assert_false(v.failed);
    close(fd);
}

static void view_is_not_fooled_by_a_beginning(void **state)
{
    static const size_t at[] = { SIZE - 3 };
    int fd = file_with(state, "%%E", at, ARRAY_LEN(at));
    static struct view v;
    uint64_t off;

    assert_true(view_init(&v, fd));
    assert_false(view_find_last(&v, SIZE, "%EOF", &off));
    assert_true(view_find_last(&v, SIZE, "%E", &off));
    assert_int_equal(off, SIZE - 2);
    close(fd);
}

static void view_tells_that_the_file_became_shorter(void **state)
{
    int fd = file_with(state, "", NULL, 0);
    static struct view v;
    uint64_t off;
    char out[4];
    size_t n;

    assert_true(view_init(&v, fd));
    assert_int_equal(ftruncate(fd, 10), 0);
    assert_false(view_find_last(&v, SIZE, "%EOF", &off));
    assert_true(v.failed);

    assert_true(view_init(&v, fd));
    assert_int_equal(v.size, 10);
    assert_int_equal(ftruncate(fd, 5), 0);
    assert_false(view_find_last(&v, 10, "%EOF", &off));
    assert_true(v.failed);

    assert_true(view_init(&v, fd));
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_false(view_read(&v, 0, out, 4));
    assert_null(view_some(&v, 0, &n));
    assert_true(v.failed);
    close(fd);
}

static void view_of_nothing_is_none(void **state)
{
    static struct view v;
    size_t n;
    int fd;

    assert_false(view_init(&v, -1));
    write_file(in_dir(state, "empty"), "", 0);
    fd = open(in_dir(state, "empty"), O_RDONLY | O_CLOEXEC);
    assert_true(view_init(&v, fd));
    assert_null(view_some(&v, 0, &n));
    assert_false(v.failed);
    close(fd);
}

#define A_TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(view_reads_exactly_what_is_asked_for),
        A_TEST(view_gives_some_bytes_anywhere_but_behind_the_end),
        A_TEST(view_finds_the_last_one_before_an_end),
        A_TEST(view_is_not_fooled_by_a_beginning),
        A_TEST(view_tells_that_the_file_became_shorter),
        A_TEST(view_of_nothing_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
