#include "errlog.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array.h"
#include "errfile.h"
#include "temp_dir.h"

#include "banned.h"

#define LINE "2026-01-01T00:00:00Z open /x: gone\n"

static struct errlog *open_log(void **state)
{
    struct errlog *e;

    assert_int_equal(errlog_new(clock_real(), NULL, &e), 0);
    if (state)
        errlog_keep(e, *state);
    return e;
}

static char *page_of(struct errlog *e)
{
    char *text = calloc(1, ERRLOG_PAGE_BYTES + 1);

    assert_non_null(text);
    assert_int_equal(errlog_read(e, 0, text, ERRLOG_PAGE_BYTES), errlog_size(e));
    return text;
}

static void add_numbered(struct errlog *e, unsigned from, unsigned to, const char *more)
{
    for (unsigned i = from; i < to; i++) {
        char path[2048];

        snprintf(path, sizeof(path), "/n%u%s", i, more);
        errlog_add(e, "open", path, -EIO, NULL);
    }
}

/* The page's lines are numbered from something up to `to`; how many there are. */
static unsigned expect_newest(struct errlog *e, unsigned to)
{
    cleanup_free char *page = page_of(e);
    char *rest = page, *line;
    unsigned count = (unsigned)errfile_count_lines(page, strlen(page)), i = to - count;

    while ((line = strsep(&rest, "\n")) && *line) {
        char expected[32];

        snprintf(expected, sizeof(expected), " open /n%u", i++);
        assert_non_null(strstr(line, expected));
    }
    assert_int_equal(i, to);
    return count;
}

static off_t size_of(void **state)
{
    struct stat st;

    assert_int_equal(lstat(in_dir(state, "errors"), &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0600);
    return st.st_size;
}

static void errfile_keeps_the_newest_lines(void **state)
{
    char *text = malloc(4000 * 600);
    size_t len;
    (void)state;

    assert_non_null(text);
    memset(text, 'x', 4000 * 600);
    assert_int_equal(errfile_newest("", 0), 0);
    assert_int_equal(errfile_newest("a\n", 2), 0);
    assert_int_equal(errfile_newest("a\nb\n", 4), 0);
    for (size_t i = 1; i <= 3000; i++)
        text[2 * i - 1] = '\n';
    assert_int_equal(errfile_newest(text, 6000), 4000);
    assert_int_equal(errfile_count_lines(text, 6000), 3000);
    assert_true(errfile_is_full(3000, 6000));
    assert_false(errfile_is_full(2000, 6000));

    memset(text, 'x', 6000);
    for (size_t i = 1; i <= 4000; i++)
        text[600 * i - 1] = '\n';
    len = 4000 * 600 - errfile_newest(text, 4000 * 600);
    assert_int_equal(len % 600, 0);
    assert_in_range(len, ERRFILE_BYTES / 2 - 600, ERRFILE_BYTES / 2);
    free(text);
}

static void errlog_outlives_its_process(void **state)
{
    struct errlog *e = open_log(state);

    add_numbered(e, 0, 3, "");
    assert_int_equal(errlog_count(e), 3);
    errlog_free(e);
    e = open_log(state);
    assert_int_equal(errlog_count(e), 0);
    assert_int_equal(expect_newest(e, 3), 3);
    add_numbered(e, 3, 5, "");
    errlog_free(e);
    e = open_log(state);
    assert_int_equal(expect_newest(e, 5), 5);
    errlog_free(e);
}

static void errlog_keeps_the_newest(void **state)
{
    struct errlog *e = open_log(state);

    add_numbered(e, 0, 10000, "");
    assert_in_range(expect_newest(e, 10000), ERRFILE_LINES, 2 * ERRFILE_LINES);
    errlog_free(e);
    e = open_log(state);
    assert_in_range(expect_newest(e, 10000), ERRFILE_LINES, 2 * ERRFILE_LINES);
    assert_int_equal(count_files(*state), 1);
    errlog_free(e);
}

static void errlog_keeps_a_mebibyte(void **state)
{
    struct errlog *e = open_log(state);
    char more[1900];

    memset(more, 'x', sizeof(more));
    more[0] = '-';
    more[sizeof(more) - 1] = '\0';
    add_numbered(e, 0, 3000, more);
    assert_in_range(errlog_size(e), ERRFILE_BYTES / 4, ERRFILE_BYTES + 2048);
    expect_newest(e, 3000);
    errlog_free(e);
    assert_in_range(size_of(state), ERRFILE_BYTES / 4, ERRFILE_BYTES);
    e = open_log(state);
    assert_in_range(expect_newest(e, 3000), 100, ERRFILE_BYTES / sizeof(more));
    errlog_free(e);
}

/* Lines come faster than any disk takes them: what is kept is the newest, without a gap. */
static void errfile_keeps_the_newest_where_the_disk_is_slow(void **state)
{
    cleanup_free char *path = path_join(*state, "errors");
    cleanup_buf struct buf lines = BUF_INIT(ERRFILE_BYTES);
    struct errfile *f = NULL;
    static char text[2000];
    unsigned next;

    assert_int_equal(errfile_open(path, &lines, &f), 0);
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\n';
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(text, 8, "%06u", i);
        text[6] = ' ';
        errfile_add(f, text, sizeof(text));
    }
    errfile_close(f);
    buf_reset(&lines);
    assert_int_equal(errfile_open(path, &lines, &f), 0);
    errfile_close(f);
    assert_in_range(lines.len, ERRFILE_BYTES / 4, ERRFILE_BYTES);
    next = 20000 - (unsigned)(lines.len / sizeof(text));
    for (size_t at = 0; at < lines.len; at += sizeof(text))
        assert_int_equal(strtoul(lines.data + at, NULL, 10), next++);
    assert_int_equal(next, 20000);
}

static void errlog_drops_nothing_of_an_open_page(void **state)
{
    struct errlog *e = open_log(state);

    errlog_open_page(e);
    errlog_open_page(e);
    add_numbered(e, 0, 5000, "");
    assert_int_equal(expect_newest(e, 5000), 5000);
    errlog_close_page(e);
    add_numbered(e, 5000, 5001, "");
    assert_int_equal(expect_newest(e, 5001), 5001);
    errlog_close_page(e);
    add_numbered(e, 5001, 5002, "");
    assert_int_equal(expect_newest(e, 5002), ERRFILE_LINES + 1);
    errlog_free(e);
    assert_in_range(size_of(state), ERRFILE_LINES * 40, 2 * ERRFILE_LINES * 60);
}

/* Whoever follows it sees a shorter file, and from its beginning on what is new alone. */
static void errlog_begins_an_open_page_again_when_it_is_too_long(void **state)
{
    struct errlog *e = open_log(state);
    unsigned i = 0;
    int64_t size;

    errlog_open_page(e);
    do {
        size = errlog_size(e);
        add_numbered(e, i, i + 1, "");
        i++;
    } while (errlog_size(e) > size);
    assert_in_range(size, ERRLOG_PAGE_BYTES - 100, ERRLOG_PAGE_BYTES);
    assert_int_equal(expect_newest(e, i), 1);
    add_numbered(e, i, i + 10, "");
    assert_int_equal(expect_newest(e, i + 10), 11);
    errlog_close_page(e);
    assert_int_equal(expect_newest(e, i + 10), ERRFILE_LINES + 11);
    errlog_free(e);
}

static void errlog_reads_at_an_offset(void **state)
{
    struct errlog *e = open_log(NULL);
    char text[8] = "";
    (void)state;

    assert_int_equal(errlog_read(e, 0, text, 4), 0);
    add_numbered(e, 0, 1, "");
    assert_int_equal(errlog_read(e, errlog_size(e) - 1, text, 4), 1);
    assert_string_equal(text, "\n");
    assert_int_equal(errlog_read(e, errlog_size(e), text, 4), 0);
    assert_int_equal(errlog_read(e, INT64_MAX, text, 4), 0);
    errlog_free(e);
}

/* What may be found, and what is made of it. */
static const struct {
    const char *found, *page;
} files[] = {
    { "", "" },
    { LINE, LINE },
    { LINE "2026-01-01T00:00:00Z open /ha", LINE },
    { "2026-01-01T00:00:00Z open /ha", "" },
    { "\n", "" },
    { LINE "\n" LINE, LINE LINE },
    { LINE "\001\n" LINE "a\177b\n", LINE LINE },
};

static void errlog_leaves_out_what_is_no_line(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct errlog *e;

        print_message("%s\n", files[i].found);
        write_file(in_dir(state, "errors"), files[i].found, strlen(files[i].found));
        for (int again = 0; again < 2; again++) {
            cleanup_free char *page = NULL;

            e = open_log(state);
            page = page_of(e);
            assert_string_equal(page, files[i].page);
            errlog_free(e);
        }
        unlink(in_dir(state, "errors"));
    }
}

static void errlog_leaves_out_the_zeros_of_a_power_cut(void **state)
{
    static const char zeros[5000];
    cleanup_fd int fd = open(in_dir(state, "errors"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cleanup_free char *page = NULL;
    struct errlog *e;

    assert_int_equal(file_write_all(fd, LINE, strlen(LINE)), 0);
    assert_int_equal(file_write_all(fd, zeros, sizeof(zeros)), 0);
    e = open_log(state);
    page = page_of(e);
    assert_string_equal(page, LINE);
    errlog_free(e);
    assert_int_equal(size_of(state), strlen(LINE));
}

static void errlog_takes_the_end_of_a_file_that_is_too_long(void **state)
{
    cleanup_fd int fd = open(in_dir(state, "errors"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cleanup_free char *page = NULL;
    struct errlog *e;

    for (int i = 0; i < 100000; i++)
        assert_int_equal(file_write_all(fd, LINE, strlen(LINE)), 0);
    e = open_log(state);
    assert_in_range(errlog_size(e), ERRFILE_BYTES - 100, ERRFILE_BYTES);
    page = page_of(e);
    assert_int_equal(strncmp(page, LINE, strlen(LINE)), 0);
    errlog_free(e);
    assert_in_range(size_of(state), 1, ERRFILE_BYTES);
}

/* Nothing of these is ever written to, nor waited for. */
static void errlog_does_without_a_file_that_is_none(void **state)
{
    struct errlog *e;
    struct stat st;
    int kinds = 0;

    write_file(in_dir(state, "other"), LINE, strlen(LINE));
    for (; kinds < 4; kinds++) {
        const char *path = in_dir(state, "errors");

        if (kinds == 0)
            assert_int_equal(symlink("other", path), 0);
        else if (kinds == 1)
            assert_int_equal(mkfifo(path, 0600), 0);
        else if (kinds == 2)
            assert_int_equal(link(in_dir(state, "other"), path), 0);
        else
            assert_int_equal(mkdir(path, 0700), 0);
        e = open_log(state);
        add_numbered(e, 0, 3000, "");
        assert_in_range(expect_newest(e, 3000), ERRFILE_LINES, 2 * ERRFILE_LINES);
        errlog_free(e);
        assert_int_equal(remove(in_dir(state, "errors")), 0);
    }
    assert_int_equal(stat(in_dir(state, "other"), &st), 0);
    assert_int_equal(st.st_size, strlen(LINE));
    e = open_log(state);
    errlog_free(e);
    assert_int_equal(size_of(state), 0);
}

static void errlog_does_without_a_directory(void **state)
{
    struct errlog *e;

    assert_int_equal(errlog_new(clock_real(), NULL, &e), 0);
    errlog_keep(e, in_dir(state, "nothing"));
    add_numbered(e, 0, 3, "");
    assert_int_equal(expect_newest(e, 3), 3);
    errlog_free(e);
}

/* Nothing can be made beside it, as in a directory that is read-only: it is bounded all the same.
 * (For root no directory is: what is in the way there is a directory with something in it.) */
static void errlog_keeps_it_where_nothing_can_be_made_beside(void **state)
{
    struct errlog *e;

    assert_int_equal(mkdir(in_dir(state, "errors.new"), 0700), 0);
    write_file(in_dir(state, "errors.new/x"), "", 0);
    e = open_log(state);
    add_numbered(e, 0, 10000, "");
    errlog_free(e);
    assert_in_range(size_of(state), ERRFILE_LINES * 40, 2 * ERRFILE_LINES * 60);
    e = open_log(state);
    assert_in_range(expect_newest(e, 10000), ERRFILE_LINES, 2 * ERRFILE_LINES);
    errlog_free(e);
}

static void errlog_writes_over_no_link_beside(void **state)
{
    struct errlog *e;

    write_file(in_dir(state, "other"), LINE, strlen(LINE));
    assert_int_equal(symlink("other", in_dir(state, "errors.new")), 0);
    e = open_log(state);
    add_numbered(e, 0, 5000, "");
    errlog_free(e);
    assert_int_equal(count_files(*state), 2);
    e = open_log(state);
    assert_in_range(expect_newest(e, 5000), ERRFILE_LINES, 2 * ERRFILE_LINES);
    errlog_free(e);
}

static void errlog_keeps_no_secret(void **state)
{
    struct failure why = { .text = "the secret is s3cr3t-word" };
    cleanup_buf struct buf text = BUF_INIT(10000);
    struct errlog *e;
    struct log *log;

    assert_int_equal(log_new("test", LOG_LEVEL_ERROR, &log), 0);
    assert_int_equal(log_secret(log, "s3cr3t-word"), 0);
    assert_int_equal(errlog_new(clock_real(), log, &e), 0);
    errlog_keep(e, *state);
    errlog_add(e, "open", "/s3cr3t-word", 0, &why);
    errlog_free(e);
    log_free(log);
    assert_int_equal(file_read(in_dir(state, "errors"), &text), 0);
    assert_null(strstr(buf_str(&text), "s3cr3t"));
    assert_non_null(strstr(buf_str(&text), "the secret is ****"));
}

/* However long it is, a line ends. */
static void errlog_ends_each_line(void **state)
{
    struct errlog *e = open_log(state);
    cleanup_free char *page = NULL;
    char more[2040];

    for (size_t len = 1900; len < sizeof(more); len++) {
        memset(more, 'x', len);
        more[len] = '\0';
        add_numbered(e, 1, 2, more);
    }
    page = page_of(e);
    assert_int_equal(errfile_count_lines(page, strlen(page)), 140);
    assert_int_equal(page[strlen(page) - 1], '\n');
    errlog_free(e);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(errfile_keeps_the_newest_lines),
        TEST(errlog_outlives_its_process),
        TEST(errlog_keeps_the_newest),
        TEST(errlog_keeps_a_mebibyte),
        TEST(errfile_keeps_the_newest_where_the_disk_is_slow),
        TEST(errlog_drops_nothing_of_an_open_page),
        TEST(errlog_begins_an_open_page_again_when_it_is_too_long),
        TEST(errlog_reads_at_an_offset),
        TEST(errlog_leaves_out_what_is_no_line),
        TEST(errlog_leaves_out_the_zeros_of_a_power_cut),
        TEST(errlog_takes_the_end_of_a_file_that_is_too_long),
        TEST(errlog_does_without_a_file_that_is_none),
        TEST(errlog_does_without_a_directory),
        TEST(errlog_keeps_it_where_nothing_can_be_made_beside),
        TEST(errlog_writes_over_no_link_beside),
        TEST(errlog_keeps_no_secret),
        TEST(errlog_ends_each_line),
    };

    return cmocka_run_group_tests_name("errlog", tests, NULL, NULL);
}
