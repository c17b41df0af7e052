/* The pages that the daemon shows of itself: .lasfs/status and .lasfs/metrics. */
#include "pseudo_fixture.h"

#include <sched.h>

#include "about.h"
#include "drop_rows.h"

#include "banned.h"

/* Two sent, one local, one that failed, one that is on its way, and a sidecar that waits for long. */
static void use(struct mount *m)
{
    cleanup_drop struct drop *d = NULL;
    struct world *w = &m->w;

    assert_int_equal(put(w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(put(w, "documents/x", "a.pdf", pdf("x")), 0);
    assert_int_equal(put(w, "documents", "b.pdf~", pdf("b")), 0);
    assert_int_equal(put(w, "documents", "c.txt", "hello"), -EINVAL);
    assert_int_equal(put(w, "documents", "e.pdf.json", "{\"total\": \"1\"}"), 0);
    d = write_drop(w, "documents", "d.pdf", pdf("d"), strlen(pdf("d")));
    assert_int_equal(drop_row_save(w->drops, d, true), 0);
    d->opened = d->writers = 1;
    errlog_add(w->errlog, "close", "/documents/c.txt", -EINVAL, NULL);
    pass(w, 61000);
    while (errlog_count(w->errlog) < 2) /* the sidecar that waits is told of, by a thread */
        sched_yield();
}

static void expect_line(const struct buf *text, const char *line)
{
    if (!strstr(text->data, line))
        assert_string_equal(text->data, line);
}

static void the_status_says_how_things_are(void **state)
{
    static const char *const lines[] = {
        "lasfs " LASFS_VERSION "\n",
        "endpoint         http://the.api/v1\n",
        "since            2023-11-14T22:13:20Z\n",
        "requests         3 (0 again, 0 failed, 0 under way)\n",
        "server           answers\n", /* the one is for a token */
        "files sent       2\n",
        "files local      2\n",
        "files open       1\n",
        "files failed     1\n",
        "sidecars that wait for their document: 1\n",
        "contents         2 files, ",
        "nodes            1\n",
        "contents opened  0 from the cache, 0 not\n",
        "read ahead       0 (0 used, 0 in vain)\n",
        "purged           0 documents\n",
        "errors           2\n",
        "last error       2023-11-14T23:14:21Z\n",
    };
    cleanup_buf struct buf text = BUF_INIT(TEXT_BYTES);
    struct mount *m = *state;

    start_mount(m);
    use(m);
    assert_int_equal(about_status(m->pseudo, &text), 0);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        print_message("%s", lines[i]);
        expect_line(&text, lines[i]);
    }
}

static void a_mount_that_has_done_nothing_says_so(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_BYTES);
    struct mount *m = *state;

    start_mount(m);
    assert_int_equal(about_status(m->pseudo, &text), 0);
    expect_line(&text, "requests         0 (0 again, 0 failed, 0 under way)\n");
    expect_line(&text, "errors           0\nlast error       never\n");
}

static void a_server_that_does_not_answer_is_said_so(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_BYTES);
    struct mount *m = *state;

    start_mount(m);
    api_rule(&m->w.api, -1, "GET", "*", 0, NULL); /* as a probe does */
    api_rule(&m->w.api, -1, "POST", "*", 500, "{'message': 'broken'}");
    for (int i = 0; i < 5; i++)
        assert_int_equal(put(&m->w, "documents", "a.pdf", pdf("a")), -EIO);
    assert_int_equal(about_status(m->pseudo, &text), 0);
    expect_line(&text, " failed, 0 under way)\nserver           does not answer, ");
}

static const struct {
    const char *name;
    double value;
} figures[] = {
    { "requests_total", 3 },
    { "request_retries_total", 0 },
    { "request_failures_total", 0 },
    { "requests_in_flight", 0 },
    { "errors_total", 2 },
    { "files{state=\"sent\"}", 2 },
    { "files{state=\"local\"}", 2 },
    { "files{state=\"open\"}", 1 },
    { "files{state=\"failed\"}", 1 },
    { "sidecars_waiting", 1 },
    { "purged_documents_total", 0 },
    { "cached_contents", 2 },
    { "nodes", 1 },
    { "start_time_seconds", 1.7e9 },
};

static void the_metrics_are_the_same_as_figures(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_BYTES);
    struct mount *m = *state;

    start_mount(m);
    use(m);
    assert_int_equal(about_metrics(m->pseudo, &text), 0);
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        cleanup_buf struct buf name = BUF_INIT(256);
        const char *at;

        buf_addf(&name, "\nlasfs_%s ", figures[i].name);
        at = strstr(text.data, name.data);
        assert_non_null(at);
        print_message("%s %.20s\n", figures[i].name, at + name.len);
        assert_true(strtod(at + name.len, NULL) == figures[i].value);
    }
}

static bool ends(const char *text, const char *end)
{
    size_t len = strlen(text), n = strlen(end);

    return len > n && strcmp(text + len - n, end) == 0;
}

static void cut_end(char *text, const char *end)
{
    if (ends(text, end))
        text[strlen(text) - strlen(end)] = '\0';
}

/* Each name has its help and its type once, before its first figure. */
static void the_metrics_are_in_prometheus_format(void **state)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_BYTES);
    char help[64] = "", type[64] = "";
    struct mount *m = *state;
    char *rest, *line;

    start_mount(m);
    use(m);
    operation_ended(&m->operations, OP_LOOKUP, 5, 10);
    assert_int_equal(about_metrics(m->pseudo, &text), 0);
    rest = text.data;
    while ((line = strsep(&rest, "\n"))) {
        char name[64];
        double value;

        if (!*line)
            break;
        print_message("%s\n", line);
        if (sscanf(line, "# HELP lasfs_%63s", name) == 1) {
            assert_string_not_equal(name, help);
            snprintf(help, sizeof(help), "%s", name);
            assert_int_equal(line[strlen(line) - 1], '.');
        } else if (strncmp(line, "# TYPE", 6) == 0) {
            char kind[16];

            assert_int_equal(sscanf(line, "# TYPE lasfs_%63s %15s", type, kind), 2);
            assert_string_equal(type, help);
            assert_string_equal(kind, strstr(type, "_total") ? "counter"
                                      : ends(type, "_seconds") && strcmp(kind, "gauge")
                                          ? "histogram"
                                          : "gauge");
        } else {
            assert_int_equal(sscanf(line, "lasfs_%63[a-z_]%*[^ ] %lf", name, &value) == 2 ||
                                 sscanf(line, "lasfs_%63[a-z_] %lf", name, &value) == 2,
                             true);
            cut_end(name, "_bucket");
            cut_end(name, "_sum");
            cut_end(name, "_count");
            assert_string_equal(name, type);
        }
    }
    assert_null(rest); /* the last line has its end, and nothing follows */
}

/* Two were posted, with one token; nothing is said of what was never asked for. */
static void the_times_are_by_operation_and_by_endpoint(void **state)
{
    static const char *const lines[] = {
        "\nlasfs_operation_seconds_bucket{operation=\"read\",le=\"0.0001\"} 1\n",
        "\nlasfs_operation_seconds_bucket{operation=\"read\",le=\"0.00025\"} 1\n",
        "\nlasfs_operation_seconds_bucket{operation=\"read\",le=\"2.5\"} 2\n",
        "\nlasfs_operation_seconds_bucket{operation=\"read\",le=\"60\"} 2\n",
        "\nlasfs_operation_seconds_bucket{operation=\"read\",le=\"+Inf\"} 3\n",
        "\nlasfs_operation_seconds_sum{operation=\"read\"} 63.000100\n",
        "\nlasfs_operation_seconds_count{operation=\"read\"} 3\n",
        "\nlasfs_request_seconds_count{method=\"POST\",endpoint=\"documents\"} 2\n",
        "\nlasfs_request_seconds_count{method=\"POST\",endpoint=\"token\"} 1\n",
    };
    cleanup_buf struct buf text = BUF_INIT(TEXT_BYTES);
    struct mount *m = *state;

    start_mount(m);
    use(m);
    operation_ended(&m->operations, OP_READ, 1000, 1100);
    operation_ended(&m->operations, OP_READ, 1000, 2001000);
    operation_ended(&m->operations, OP_READ, 1000, 61001000);
    assert_int_equal(about_metrics(m->pseudo, &text), 0);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        print_message("%s", lines[i]);
        expect_line(&text, lines[i]);
    }
    assert_null(strstr(text.data, "operation=\"write\""));
    assert_null(strstr(text.data, "method=\"PATCH\""));
}

static void files_on_their_way_and_failed_ones_are_counted(void **state)
{
    size_t pending = 7, failed = 7;
    struct mount *m = *state;

    start_mount(m);
    assert_int_equal(about_files(m->pseudo, &pending, &failed), 0);
    assert_int_equal(pending, 0);
    assert_int_equal(failed, 0);
    use(m);
    assert_int_equal(about_files(m->pseudo, &pending, &failed), 0);
    assert_int_equal(pending, 1); /* what is local goes nowhere */
    assert_int_equal(failed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_status_says_how_things_are),
        TEST(a_mount_that_has_done_nothing_says_so),
        TEST(a_server_that_does_not_answer_is_said_so),
        TEST(the_metrics_are_the_same_as_figures),
        TEST(the_metrics_are_in_prometheus_format),
        TEST(the_times_are_by_operation_and_by_endpoint),
        TEST(files_on_their_way_and_failed_ones_are_counted),
    };

    return cmocka_run_group_tests_name("about", tests, NULL, NULL);
}
