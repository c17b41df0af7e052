#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array.h"
#include "temp_dir.h"
#include "trace.h"

#include "banned.h"

#define SECRET "s3cr3t-9f8e7d"
#define THREADS 8
#define LINES 200

struct begun {
    struct log *log;
    struct trace *trace;
    const char *path;
};

static struct begun begin(const char *path)
{
    struct begun b = { .path = path };

    assert_int_equal(log_new("lasfs", LOG_LEVEL_INFO, &b.log), 0);
    assert_int_equal(log_secret(b.log, SECRET), 0);
    assert_int_equal(trace_new(path, b.log, &b.trace), 0);
    return b;
}

static void end(struct begun *b)
{
    trace_free(b->trace);
    log_free(b->log);
}

/* What stands in the file at path, without the times. Released by the caller. */
static void read_lines(const char *path, struct buf *out)
{
    static const char like[] = "0000-00-00T00:00:00.000000Z ";
    struct buf text = BUF_INIT(10000000);

    assert_int_equal(file_read(path, &text), 0);
    for (const char *line = buf_str(&text), *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        assert_non_null(end);
        for (size_t i = 0; i < sizeof(like) - 1; i++)
            assert_true(like[i] == '0' ? line[i] >= '0' && line[i] <= '9' : line[i] == like[i]);
        line += sizeof(like) - 1;
        assert_int_equal(buf_add(out, line, (size_t)(end + 1 - line)), 0);
    }
    buf_release(&text);
}

static void assert_lines(const char *path, const char *expected)
{
    struct buf lines = BUF_INIT(10000000);

    read_lines(path, &lines);
    assert_string_equal(buf_str(&lines), expected);
    buf_release(&lines);
}

static void trace_writes_a_line_into_a_file_of_ones_own(void **state)
{
    struct begun b = begin(in_dir(state, "trace"));
    struct stat st;

    assert_int_equal(stat(b.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 0);
    trace_line(b.trace, 7, "/a b", "read pid=%d result=%d", 12, 0);
    trace_line(b.trace, 0, "", "GET");
    assert_lines(b.path, "7 read pid=12 result=0 /a b\n0 GET \n");
    end(&b);
}

static void trace_goes_on_behind_what_is_there_and_in_a_new_file(void **state)
{
    const char *path = in_dir(state, "trace"), *old = in_dir(state, "trace.1");
    struct begun b;

    b = begin(path);
    trace_line(b.trace, 1, "/", "open");
    end(&b);
    b = begin(path);
    trace_line(b.trace, 1, "/", "read");
    assert_int_equal(rename(path, old), 0);
    trace_line(b.trace, 2, "/", "flush");
    assert_lines(old, "1 open /\n1 read /\n");
    assert_lines(path, "2 flush /\n");
    end(&b);
}

static void trace_lets_no_text_break_a_line(void **state)
{
    struct begun b = begin(in_dir(state, "trace"));

    trace_line(b.trace, 1, "/one\n2 unlink /two\r\x1b\x7f\xc3\xa9", "stat");
    assert_lines(b.path, "1 stat /one%0A2 unlink /two%0D%1B%7F\xc3\xa9\n");
    end(&b);
}

static void trace_blots_secrets_out(void **state)
{
    struct begun b = begin(in_dir(state, "trace"));

    trace_line(b.trace, 1, "/" SECRET "/x", "stat %s", SECRET);
    assert_lines(b.path, "1 stat ************* /*************/x\n");
    end(&b);
}

static void trace_cuts_a_text_that_is_too_long(void **state)
{
    struct begun b = begin(in_dir(state, "trace"));
    struct buf text = BUF_INIT(200000), lines = BUF_INIT(200000);

    assert_int_equal(buf_resize(&text, 200000), 0);
    memset(text.data, 'x', text.len);
    trace_line(b.trace, 1, text.data, "stat");
    trace_line(b.trace, 2, "/", "stat");
    read_lines(b.path, &lines);
    assert_true(lines.len > 130000 && lines.len < 132000);
    assert_string_equal(strchr(lines.data, '\n'), "\n2 stat /\n");
    buf_release(&lines);
    buf_release(&text);
    end(&b);
}

static void *write_lines(void *arg)
{
    struct begun *b = arg;
    char text[300];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < LINES; i++)
        trace_line(b->trace, trace_number(b->trace), text, "stat");
    return NULL;
}

static void trace_keeps_lines_of_many_threads_whole(void **state)
{
    struct begun b = begin(in_dir(state, "trace"));
    struct buf lines = BUF_INIT(10000000);
    bool seen[THREADS * LINES + 1] = { false };
    pthread_t threads[THREADS];
    int count = 0;

    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &b), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    read_lines(b.path, &lines);
    for (char *line = lines.data, *after; *line; line = after + 1, count++) {
        char *rest;
        unsigned long number = strtoul(line, &rest, 10);

        after = strchr(line, '\n');
        assert_true(number >= 1 && number <= THREADS * LINES && !seen[number]);
        seen[number] = true;
        assert_int_equal(strncmp(rest, " stat x", 7), 0);
        assert_int_equal(strspn(rest + 6, "x"), 299);
        assert_ptr_equal(rest + 6 + 299, after);
    }
    assert_int_equal(count, THREADS * LINES);
    buf_release(&lines);
    end(&b);
}

static void trace_refuses_a_file_that_cannot_be_written(void **state)
{
    struct trace *trace = NULL;

    assert_int_equal(trace_new(in_dir(state, "no/trace"), NULL, &trace), -ENOENT);
    assert_int_equal(trace_new(in_dir(state, ""), NULL, &trace), -EISDIR);
    assert_null(trace);
    trace_free(trace);
}

/* The log says once that it ends, and it does, though there be room again. */
static void trace_ends_when_the_disk_is_full(void **state)
{
    const char *path = in_dir(state, "trace"), *log = in_dir(state, "log");
    struct buf text = BUF_INIT(10000);
    struct begun b;

    assert_int_equal(symlink("/dev/full", path), 0);
    b = begin(path);
    assert_int_equal(log_to_file(b.log, log), 0);
    log_to_journal(b.log); /* not to stderr */
    trace_line(b.trace, 1, "/", "stat");
    trace_line(b.trace, 2, "/", "stat");
    assert_int_equal(unlink(path), 0);
    trace_line(b.trace, 3, "/", "stat");
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(file_read(log, &text), 0);
    assert_non_null(strstr(text.data, "warning: the trace ends, as "));
    assert_non_null(strstr(text.data, "/trace cannot be written: No space left on device\n"));
    assert_ptr_equal(strchr(text.data, '\n'), text.data + text.len - 1);
    buf_release(&text);
    end(&b);
}

static void trace_names_results(void **state)
{
    static const struct {
        int64_t result;
        const char *text;
    } rows[] = { { 0, "0" },
                 { 4096, "4096" },
                 { INT64_MAX, "9223372036854775807" },
                 { -ENOENT, "ENOENT" },
                 { -EAGAIN, "EAGAIN" },
                 { -ENOTRECOVERABLE, "ENOTRECOVERABLE" },
                 { -99999, "-99999" } };
    char out[TRACE_RESULT_MAX];
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(trace_result(rows[i].result, out), rows[i].text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(trace_writes_a_line_into_a_file_of_ones_own),
        TEST(trace_goes_on_behind_what_is_there_and_in_a_new_file),
        TEST(trace_lets_no_text_break_a_line),
        TEST(trace_blots_secrets_out),
        TEST(trace_cuts_a_text_that_is_too_long),
        TEST(trace_keeps_lines_of_many_threads_whole),
        TEST(trace_refuses_a_file_that_cannot_be_written),
        TEST(trace_ends_when_the_disk_is_full),
        cmocka_unit_test(trace_names_results),
    };

    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
