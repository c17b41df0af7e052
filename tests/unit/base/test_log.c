#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* base/failure.h has one */

#include "array.h"
#include "failure.h"
#include "log.h"
#include "temp_dir.h"

#include "banned.h"

#define SECRET "s3cr3t-9f8e7d"

/* Runs write_lines with standard error going to a file, and gives back what was written. */
static void capture(void **state, void (*write_lines)(struct log *log), enum log_level most,
                    struct buf *out)
{
    int fd = open(in_dir(state, "stderr"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int saved = dup(STDERR_FILENO);
    struct log *log = NULL;

    assert_true(fd >= 0 && saved >= 0);
    assert_int_equal(log_new("lasfs", most, &log), 0);
    assert_int_equal(log_secret(log, SECRET), 0);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    write_lines(log);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    log_free(log);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(file_read_fd(fd, out), 0);
    close(fd);
    close(saved);
}

static void write_plain(struct log *log)
{
    log_line(log, LOG_LEVEL_ERROR, "error %d", 1);
    log_line(log, LOG_LEVEL_WARNING, "warning");
    log_line(log, LOG_LEVEL_INFO, "info");
    log_line(log, LOG_LEVEL_DEBUG, "debug");
    log_line(NULL, LOG_LEVEL_ERROR, "nobody");
}

static void log_writes_what_is_urgent_enough(void **state)
{
    static const char *const expected[] = {
        "lasfs: error 1\n",
        "lasfs: error 1\nlasfs: warning\n",
        "lasfs: error 1\nlasfs: warning\nlasfs: info\n",
        "lasfs: error 1\nlasfs: warning\nlasfs: info\nlasfs: debug\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        struct buf out = BUF_INIT(10000);

        capture(state, write_plain, (enum log_level)i, &out);
        assert_string_equal(buf_str(&out), expected[i]);
        buf_release(&out);
    }
}

static void write_controls(struct log *log)
{
    log_line(log, LOG_LEVEL_ERROR, "one\ntwo\r\x1b[31m\x7f\t\xc3\xa9");
}

static void log_writes_one_line_without_controls(void **state)
{
    struct buf out = BUF_INIT(10000);

    capture(state, write_controls, LOG_LEVEL_ERROR, &out);
    assert_string_equal(buf_str(&out), "lasfs: one two  [31m  \xc3\xa9\n");
    buf_release(&out);
}

static void write_secrets(struct log *log)
{
    log_line(log, LOG_LEVEL_ERROR, "%s-x-%s%s", SECRET, SECRET, SECRET);
    log_line(log, LOG_LEVEL_ERROR, "%.*s", (int)strlen(SECRET) - 1, SECRET);
}

static void log_blots_secrets_out(void **state)
{
    struct buf out = BUF_INIT(10000);

    capture(state, write_secrets, LOG_LEVEL_ERROR, &out);
    assert_null(strstr(buf_str(&out), SECRET));
    assert_string_equal(buf_str(&out), "lasfs: *************-x-**************************\n"
                                       "lasfs: s3cr3t-9f8e7\n");
    buf_release(&out);
}

/* At every place about the end of the longest line: no beginning of a secret is left there. */
static void write_long_lines(struct log *log)
{
    for (int before = 2000; before < 2100; before++)
        log_line(log, LOG_LEVEL_ERROR, "%0*d%s", before, 0, SECRET);
}

static void log_blots_a_secret_that_the_end_of_the_line_cuts(void **state)
{
    struct buf out = BUF_INIT(1000000);

    capture(state, write_long_lines, LOG_LEVEL_ERROR, &out);
    assert_true(out.len > 200000);
    assert_null(strstr(buf_str(&out), "s3"));
    assert_null(strstr(buf_str(&out), "0s"));
    buf_release(&out);
}

static void log_blots_secrets_that_overlap(void **state)
{
    char text[] = "abcdefgh abcdef cdefgh";
    struct log *log = NULL;
    (void)state;

    assert_int_equal(log_new("lasfs", LOG_LEVEL_ERROR, &log), 0);
    assert_int_equal(log_secret(log, "abcdef"), 0);
    assert_int_equal(log_secret(log, "cdefgh"), 0);
    log_redact(log, text);
    assert_string_equal(text, "******** ****** ******");
    log_free(log);
}

static void log_blots_repetitions_of_a_secret(void **state)
{
    char text[] = "xaaaaaaax";
    struct log *log = NULL;
    (void)state;

    assert_int_equal(log_new("lasfs", LOG_LEVEL_ERROR, &log), 0);
    assert_int_equal(log_secret(log, "aaaa"), 0);
    log_redact(log, text);
    assert_string_equal(text, "x*******x");
    log_free(log);
}

static void log_ignores_short_secrets(void **state)
{
    char text[] = "abc abc";
    struct log *log = NULL;
    (void)state;

    assert_int_equal(log_new("lasfs", LOG_LEVEL_ERROR, &log), 0);
    assert_int_equal(log_secret(log, "abc"), 0);
    assert_int_equal(log_secret(log, ""), 0);
    assert_int_equal(log_secret(log, NULL), 0);
    log_redact(log, text);
    assert_string_equal(text, "abc abc");
    log_redact(NULL, text);
    log_free(log);
    log_free(NULL);
}

static void *add_secrets(void *arg)
{
    char secret[32], text[64];

    for (int i = 0; i < 300; i++) {
        snprintf(secret, sizeof(secret), "secret-%d-%lx", i, (unsigned long)pthread_self());
        if (log_secret(arg, secret) < 0)
            return arg;
        snprintf(text, sizeof(text), "<%s>", secret);
        log_redact(arg, text);
        if (strstr(text, secret))
            return arg;
    }
    return NULL;
}

static void log_takes_secrets_from_many(void **state)
{
    struct log *log = NULL;
    pthread_t threads[4];
    void *failed;
    (void)state;

    assert_int_equal(log_new("lasfs", LOG_LEVEL_ERROR, &log), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_secrets, log), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    log_free(log);
}

static void failure_is_one_line_and_bounded(void **state)
{
    struct failure f = { 0 };
    (void)state;

    failure_set(&f, 404, "no\n%s", "such\x1b");
    assert_int_equal(f.status, 404);
    assert_string_equal(f.text, "no such ");
    failure_set(&f, 0, "%02000d", 0);
    assert_int_equal(strlen(f.text), FAILURE_TEXT_MAX - 1);
    failure_set(NULL, 0, "nobody asked");
    assert_int_equal(fail(&f, -EINVAL, 400, "bad %s", "name"), -EINVAL);
    assert_string_equal(f.text, "bad name");
    assert_int_equal(fail(NULL, -EIO, 0, "x"), -EIO);
}

/* One line is TIME LEVEL: WORDS; without the time, which has the length of a time. */
static const char *without_time(const char *line)
{
    static const char like[] = "0000-00-00T00:00:00Z ";

    for (size_t i = 0; i < sizeof(like) - 1; i++)
        assert_true(like[i] == '0' ? line[i] >= '0' && line[i] <= '9' : line[i] == like[i]);
    return line + sizeof(like) - 1;
}

static void check_file(const char *path, const char *first, const char *second)
{
    struct buf text = BUF_INIT(10000);
    struct stat st;
    char *end;

    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_read(path, &text), 0);
    end = strchr(buf_str(&text), '\n');
    assert_non_null(end);
    *end = '\0';
    assert_string_equal(without_time(text.data), first);
    assert_string_equal(second ? without_time(end + 1) : end + 1, second ? second : "");
    buf_release(&text);
}

static void log_goes_on_in_a_new_file_when_the_old_is_moved(void **state)
{
    const char *path = in_dir(state, "log"), *old = in_dir(state, "log.1");
    struct log *log = NULL;

    assert_int_equal(log_new("lasfs", LOG_LEVEL_WARNING, &log), 0);
    assert_int_equal(log_secret(log, SECRET), 0);
    assert_int_equal(log_to_file(log, path), 0);
    log_to_journal(log); /* which gets nothing then, as stderr */
    log_line(log, LOG_LEVEL_ERROR, "one " SECRET);
    log_line(log, LOG_LEVEL_INFO, "not this");
    log_line(log, LOG_LEVEL_WARNING, "two");
    check_file(path, "error: one *************", "warning: two\n");
    assert_int_equal(rename(path, old), 0);
    log_line(log, LOG_LEVEL_ERROR, "three");
    check_file(path, "error: three", NULL);
    check_file(old, "error: one *************", "warning: two\n");
    log_free(log);
}

static void log_refuses_a_file_that_cannot_be_written(void **state)
{
    struct log *log = NULL;

    assert_int_equal(log_new("lasfs", LOG_LEVEL_ERROR, &log), 0);
    assert_int_equal(log_to_file(log, in_dir(state, "no/log")), -ENOENT);
    assert_int_equal(log_to_file(log, in_dir(state, "")), -EISDIR);
    log_free(log);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(log_writes_what_is_urgent_enough),
        TEST(log_writes_one_line_without_controls),
        TEST(log_blots_secrets_out),
        TEST(log_blots_a_secret_that_the_end_of_the_line_cuts),
        TEST(log_goes_on_in_a_new_file_when_the_old_is_moved),
        TEST(log_refuses_a_file_that_cannot_be_written),
        cmocka_unit_test(log_blots_secrets_that_overlap),
        cmocka_unit_test(log_blots_repetitions_of_a_secret),
        cmocka_unit_test(log_ignores_short_secrets),
        cmocka_unit_test(log_takes_secrets_from_many),
        cmocka_unit_test(failure_is_one_line_and_bounded),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
