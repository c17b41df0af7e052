/* Dropped files: written here, sent once when the last writer closes, and what becomes of half a file. */
#include "files_fixture.h"

#include <fcntl.h>

#include "drop_promise.h"
#include "drop_state.h"
#include "settings.h"

#include "banned.h"

static int64_t write_pdf(struct opened *o, struct handle *h, const char *what)
{
    return write_at(o, h, pdf(what), 0);
}

/* What was asked of the API but looks. */
static void expect_posts(struct opened *o, unsigned n)
{
    char want[256] = "";

    for (unsigned i = 1; i <= n; i++) {
        size_t len = strlen(want);

        snprintf(want + len, sizeof(want) - len, "document#%u ", i);
    }
    expect_there(&o->m.w.api, "documents", want);
}

/* --- One document, one POST ------------------------------------------------------------------- */

static void a_file_is_sent_once_when_it_is_closed(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    h = make_file(o, "documents", "a.pdf");
    expect_posts(o, 0);
    assert_int_equal(write_pdf(o, h, "a"), strlen(pdf("a")));
    expect_posts(o, 0);
    assert_int_equal(flush(o, h), 0);
    expect_file(&o->m.w, "documents", "a.pdf", "document#1");
    expect_content(&o->m.w.api, "documents/document#1", pdf("a"), strlen(pdf("a")));
    assert_int_equal(flush(o, h), 0); /* nothing new */
    assert_int_equal(release(o, h), 0);
    expect_posts(o, 1);
    expect_cat(o, "/documents/a.pdf", pdf("a"));
}

/* What was written in any order is what is sent. */
static void it_may_be_written_in_any_order(void **state)
{
    struct opened *o = *state;
    const char *text = pdf("a");
    struct handle *h;

    start_opened(o);
    h = make_file(o, "documents", "a.pdf");
    assert_int_equal(write_at(o, h, text + 20, 20), strlen(text) - 20);
    assert_int_equal(write_at(o, h, "much more than there is to be", (int64_t)strlen(text)), 29);
    assert_int_equal(truncate_to(o, h, (int64_t)strlen(text)), 0);
    assert_int_equal(write_at(o, h, "123456789012345678901234567890", 0), 30);
    assert_int_equal(write_at(o, h, text, 0), strlen(text));
    assert_int_equal(write_at(o, h, "\n", OFF_END), 1);
    assert_int_equal(truncate_to(o, h, (int64_t)strlen(text)), 0);
    assert_int_equal(release(o, h), 0);
    expect_content(&o->m.w.api, "documents/document#1", text, strlen(text));
}

/* Two that write it: the last one's close sends it. */
static void the_last_of_two_writers_sends_it(void **state)
{
    struct opened *o = *state;
    struct handle *one, *other;

    start_opened(o);
    one = make_file(o, "documents", "a.pdf");
    assert_int_equal(write_pdf(o, one, "half"), strlen(pdf("half")));
    other = must_open(o, "/documents/a.pdf", O_WRONLY);
    assert_int_equal(flush(o, one), 0);
    expect_posts(o, 0);
    assert_int_equal(write_pdf(o, other, "whole"), strlen(pdf("whole")));
    assert_int_equal(release(o, one), 0);
    expect_posts(o, 0);
    assert_int_equal(flush(o, other), 0);
    expect_posts(o, 1);
    assert_int_equal(release(o, other), 0);
    expect_content(&o->m.w.api, "documents/document#1", pdf("whole"), strlen(pdf("whole")));
}

static void a_childs_close_does_not_send_it(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    h = make_file(o, "documents", "a.pdf");
    assert_int_equal(write_pdf(o, h, "a"), strlen(pdf("a")));
    assert_int_equal(flush_as(o, h, false, getppid()), 0);
    expect_posts(o, 0);
    assert_int_equal(release(o, h), 0); /* as when its opener went without a close of its own */
    expect_posts(o, 1);
}

/* What was mapped comes after close(2), from nobody. */
static void what_is_written_after_the_close_is_sent_at_release(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    h = make_file(o, "documents", "a.pdf");
    assert_int_equal(write_pdf(o, h, "a"), strlen(pdf("a")));
    assert_int_equal(flush(o, h), 0);
    assert_int_equal(write_pdf(o, h, "b"), strlen(pdf("b")));
    assert_int_equal(release(o, h), 0);
    expect_there(&o->m.w.api, "documents", "document#2 "); /* in the place of the first */
    expect_content(&o->m.w.api, "documents/document#2", pdf("b"), strlen(pdf("b")));
}

static void the_same_bytes_again_send_nothing(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    assert_int_equal(put(&o->m.w, "documents", "a.pdf", pdf("a")), 0);
    h = must_open(o, "/documents/a.pdf", O_WRONLY | O_TRUNC);
    assert_int_equal(write_pdf(o, h, "a"), strlen(pdf("a")));
    assert_int_equal(flush(o, h), 0);
    assert_int_equal(release(o, h), 0);
    expect_posts(o, 1);
    expect_file(&o->m.w, "documents", "a.pdf", "document#1");
}

/* An empty file is local until it has bytes. */
static void an_empty_file_stays_here(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    h = make_file(o, "documents", "a.pdf");
    assert_int_equal(flush(o, h), 0);
    assert_int_equal(release(o, h), 0);
    expect_said(&o->m.w.api, "");
    expect_file(&o->m.w, "documents", "a.pdf", "");
    expect_cat(o, "/documents/a.pdf", "");
}

static void who_must_not_wait_for_the_server_does_not_send(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    h = make_file(o, "documents", "a.pdf");
    assert_int_equal(write_pdf(o, h, "a"), strlen(pdf("a")));
    o->m.w.call.nowait = true;
    assert_int_equal(flush(o, h), -EWOULDBLOCK);
    o->m.w.call.nowait = false;
    expect_posts(o, 0);
    assert_int_equal(flush(o, h), 0);
    expect_posts(o, 1);
    assert_int_equal(release(o, h), 0);
}

/* --- What is sent is read --------------------------------------------------------------------- */

static void who_reads_sees_what_is_being_written(void **state)
{
    struct opened *o = *state;
    struct handle *w, *r;

    start_opened(o);
    w = make_file(o, "documents", "a.pdf~");
    assert_int_equal(write_at(o, w, "one", 0), 3);
    r = must_open(o, "/documents/a.pdf~", O_RDONLY);
    expect_read(o, r, 0, 100, "one");
    assert_int_equal(write_at(o, w, " two", 3), 4);
    expect_read(o, r, 0, 100, "one two");
    assert_int_equal(release(o, w), 0);
    assert_int_equal(release(o, r), 0);
}

/* The bytes that a reader has open stay its own, until it opens it again. */
static void a_part_of_what_was_sent_can_be_changed(void **state)
{
    struct opened *o = *state;
    char text[256];
    struct handle *h;

    start_opened(o);
    assert_int_equal(put(&o->m.w, "documents", "a.pdf", pdf("a")), 0);
    content_remove(o->m.w.content, id_of("document", 1));
    h = must_open(o, "/documents/a.pdf", O_RDWR);
    expect_read(o, h, 0, 8, "%PDF-1.4");
    assert_int_equal(write_at(o, h, "b", 18), 1);
    assert_int_equal(flush(o, h), 0);
    assert_int_equal(release(o, h), 0);
    snprintf(text, sizeof(text), "%s", pdf("a"));
    text[18] = 'b';
    expect_content(&o->m.w.api, "documents/document#2", text, strlen(text));
    expect_there(&o->m.w.api, "documents", "document#2 ");
}

static void what_was_deleted_elsewhere_is_not_read(void **state)
{
    struct opened *o = *state;
    struct handle *h = NULL;
    struct node *n;

    start_opened(o);
    assert_int_equal(put(&o->m.w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(find_node(&o->m, "/documents/a.pdf", &n), 0);
    content_remove(o->m.w.content, id_of("document", 1));
    api_change(&o->m.w.api, "documents/document#1", NULL);
    assert_int_equal(file_open(o->files, &o->m.w.call, n, O_RDONLY, getpid(), &h, &o->m.w.err),
                     -ENOENT);
    node_unref(o->m.nodes, n);
}

/* Blanks as long as it is, so that a copy finds what stat(2) said; and no JSON. */
static void a_secret_is_read_as_blanks(void **state)
{
    static const char body[] = "{\"data\": {\"k\": \"v\"}}";
    cleanup_buf struct buf out = BUF_INIT(TEXT_BYTES);
    struct opened *o = *state;
    struct handle *h = NULL;

    start_opened(o);
    assert_int_equal(put(&o->m.w, "secrets", "s.json", body), 0);
    h = must_open(o, "/secrets/s.json", O_RDONLY);
    assert_int_equal(read_by(o, &o->m.w.call, h, 0, 100, &out), 0);
    assert_int_equal(out.len, strlen(body));
    assert_int_equal(strspn(buf_str(&out), " "), strlen(body) - 1);
    expect_read(o, h, 1 << 20, 10, "");
    assert_int_equal(release(o, h), 0);
    assert_int_equal(open_path(o, "/secrets/s.json", O_RDWR, &h), -EACCES);
    expect_err(o, "it is not given back: open it for writing alone");
}

/* --- What is not complete --------------------------------------------------------------------- */

static void half_a_file_of_who_was_killed_is_kept_apart(void **state)
{
    struct opened *o = *state;
    pid_t pid = dead_child(true);
    struct handle *h;

    start_opened(o);
    h = make_file(o, "documents", "a.pdf");
    assert_int_equal(write_pdf(o, h, "a"), strlen(pdf("a")));
    assert_int_equal(flush_as(o, h, true, pid), -EINTR);
    expect_posts(o, 0);
    expect_file(&o->m.w, "documents", "a.pdf", NULL);
    expect_failed(
        &o->m.w, "documents", "a.pdf", pdf("a"),
        "it is not complete and was not sent: the program that was writing it was killed");
    assert_int_equal(release(o, h), 0); /* that was told */
    waitpid(pid, NULL, 0);
}

/* A child that wrote into it, as of { a; b; } > file. */
static void a_killed_child_that_wrote_tears_it(void **state)
{
    struct opened *o = *state;
    pid_t pid = dead_child(true);
    struct handle *h;

    start_opened(o);
    h = make_file(o, "documents", "a.pdf");
    assert_int_equal(write_pdf(o, h, "a"), strlen(pdf("a")));
    handle_note_writer(h, pid);
    assert_int_equal(flush_as(o, h, false, pid), 0);
    assert_int_equal(flush(o, h), -EINTR);
    expect_posts(o, 0);
    assert_int_equal(release(o, h), 0);
    waitpid(pid, NULL, 0);
}

static void a_child_that_ends_by_itself_tears_nothing(void **state)
{
    struct opened *o = *state;
    pid_t pid = dead_child(false);
    struct handle *h;

    start_opened(o);
    h = make_file(o, "documents", "a.pdf");
    assert_int_equal(write_pdf(o, h, "a"), strlen(pdf("a")));
    handle_note_writer(h, pid);
    assert_int_equal(flush_as(o, h, false, pid), 0);
    assert_int_equal(flush(o, h), 0);
    expect_posts(o, 1);
    assert_int_equal(release(o, h), 0);
    waitpid(pid, NULL, 0);
}

static void a_write_that_failed_is_no_whole_file(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    h = make_file(o, "documents", "a.pdf");
    assert_int_equal(write_pdf(o, h, "a"), strlen(pdf("a")));
    assert_int_equal(write_at(o, h, "x", 64 << 20), -EFBIG);
    assert_true(o->m.w.err.text[0]);
    assert_int_equal(flush(o, h), -EFBIG);
    expect_posts(o, 0);
    expect_file(&o->m.w, "documents", "a.pdf", NULL);
    assert_int_equal(release(o, h), 0);
}

static void begun_anew_it_is_whole_again(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    h = make_file(o, "documents", "a.pdf");
    assert_int_equal(write_at(o, h, "x", 64 << 20), -EFBIG);
    assert_int_equal(truncate_to(o, h, 0), 0);
    assert_int_equal(write_pdf(o, h, "a"), strlen(pdf("a")));
    assert_int_equal(flush(o, h), 0);
    assert_int_equal(release(o, h), 0);
    expect_posts(o, 1);
}

/* A temporary file takes what the disk takes: its rename says that it is too large. */
static void a_temporary_file_may_be_larger(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    h = make_file(o, "documents", "a.pdf~");
    assert_int_equal(write_at(o, h, "x", 64 << 20), 1);
    assert_int_equal(release(o, h), 0);
}

/* --- What the server refused ------------------------------------------------------------------ */

static void close_says_that_it_was_refused_and_nothing_is_sent_again(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    api_rule(&o->m.w.api, -1, "POST", "documents", 400, "{'message': 'no such thing'}");
    h = make_file(o, "documents", "a.pdf");
    assert_int_equal(write_pdf(o, h, "a"), strlen(pdf("a")));
    assert_int_equal(flush(o, h), -EINVAL);
    expect_err(o, "no such thing");
    expect_failed(&o->m.w, "documents", "a.pdf", pdf("a"), "no such thing");
    expect_file(&o->m.w, "documents", "a.pdf", NULL);
    forget_said(&o->m);
    assert_int_equal(flush(o, h), 0);
    assert_int_equal(release(o, h), 0);
    expect_said(&o->m.w.api, "");
}

/* Who writes on has nothing to write to: its name is another one's by now. */
static void what_comes_after_a_failed_close_is_an_error(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_opened(o);
    api_rule(&o->m.w.api, 1, "POST", "documents", 400, "{'message': 'no such thing'}");
    h = make_file(o, "documents", "a.pdf");
    assert_int_equal(write_pdf(o, h, "a"), strlen(pdf("a")));
    assert_int_equal(flush(o, h), -EINVAL);
    assert_int_equal(write_pdf(o, h, "b"), -EIO);
    expect_err(o, "it could not be delivered; what there was is in failed");
    assert_int_equal(file_ops(h->node)->fsync(o->files, h), -EIO);
    assert_int_equal(flush(o, h), 0); /* that was told */
    assert_int_equal(release(o, h), 0);
    expect_posts(o, 0);
}

/* --- open(2) and truncate(2) ------------------------------------------------------------------ */

/* The kernel believed a name that has gone: with ESTALE it looks again. */
static void a_name_that_has_gone_is_looked_for_again(void **state)
{
    static const int flags[] = { O_RDONLY, O_WRONLY, O_WRONLY | O_TRUNC };
    struct opened *o = *state;
    struct handle *h = NULL;
    struct node *n;

    start_opened(o);
    assert_int_equal(put(&o->m.w, "documents", "a.pdf~", "text"), 0);
    assert_int_equal(find_node(&o->m, "/documents/a.pdf~", &n), 0);
    assert_int_equal(drops_remove(o->m.w.drops, n->drop, false), 0);
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        assert_int_equal(file_open(o->files, &o->m.w.call, n, flags[i], getpid(), &h, &o->m.w.err),
                         -ESTALE);
    assert_int_equal(file_ops(n)->truncate(o->files, &o->m.w.call, n, NULL, 0, &o->m.w.err),
                     -ESTALE);
    node_unref(o->m.nodes, n);
}

static void a_read_only_mount_opens_no_file_to_write(void **state)
{
    struct opened *o = *state;
    struct handle *h = NULL;

    start_opened(o);
    assert_int_equal(put(&o->m.w, "documents", "a.pdf", pdf("a")), 0);
    files_free(o->files);
    o->m.w.ro = true;
    open_files(o);
    assert_int_equal(open_path(o, "/documents/a.pdf", O_WRONLY, &h), -EROFS);
    expect_cat(o, "/documents/a.pdf", pdf("a"));
}

static void truncate_sends_what_is_left(void **state)
{
    struct opened *o = *state;

    start_opened(o);
    assert_int_equal(put(&o->m.w, "assets", "a.js", "twelve chars"), 0);
    assert_int_equal(truncate_path(o, "/assets/a.js", 6), 0);
    expect_content(&o->m.w.api, "assets/asset#1", "twelve", 6);
    assert_int_equal(truncate_path(o, "/assets/a.js", INT64_C(1) << 40), -EFBIG);
    api_rule(&o->m.w.api, -1, "PATCH", "assets/*", 400, "{'message': 'no'}");
    o->m.told[0] = '\0';
    assert_int_equal(truncate_path(o, "/assets/a.js", 3), -EINVAL);
    assert_non_null(strstr(o->m.told, "attr:/assets/a.js ")); /* the kernel has taken it for done */
}

/* Bytes that are shown in .lasfs are there to be copied. */
static void what_failed_is_read_and_not_written(void **state)
{
    struct opened *o = *state;
    struct handle *h = NULL;

    start_opened(o);
    assert_int_equal(put(&o->m.w, "documents", "a.txt", "no document"), -EINVAL);
    expect_cat(o, "/.lasfs/failed/1-a.txt", "no document");
    assert_int_equal(open_path(o, "/.lasfs/failed/1-a.txt", O_WRONLY, &h), -EACCES);
    assert_int_equal(truncate_path(o, "/.lasfs/failed/1-a.txt", 0), -EACCES);
    expect_err(o, "it cannot be changed: copy it to the folder where it belongs");
}

/* --- With writeback --------------------------------------------------------------------------- */

static void with_writeback_a_close_promises_and_who_opens_it_again_goes_on(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    o->m.w.writeback = true;
    o->m.w.settle_ms = HOUR_MS;
    start_opened(o);
    h = make_file(o, "documents", "a.pdf");
    assert_int_equal(write_pdf(o, h, "a"), strlen(pdf("a")));
    assert_int_equal(flush(o, h), 0);
    assert_int_equal(release(o, h), 0);
    expect_posts(o, 0);
    expect_cat(o, "/documents/a.pdf", pdf("a"));
    h = must_open(o, "/documents/a.pdf", O_WRONLY);
    assert_int_equal(write_pdf(o, h, "b"), strlen(pdf("b")));
    assert_int_equal(flush(o, h), 0);
    assert_int_equal(release(o, h), 0);
    expect_local(&o->m.w, "documents", "a.pdf", pdf("b"));
    expect_posts(o, 0);
}

/* --- chmod, chown, utimens -------------------------------------------------------------------- */

static void mode_and_time_are_kept(void **state)
{
    const struct stat to = { .st_mode = S_IFREG | 0604, .st_mtim = { 1234567890, 7 } };
    struct opened *o = *state;
    struct drop_snapshot s;
    struct node *n;

    start_opened(o);
    assert_int_equal(put(&o->m.w, "documents", "a.pdf", pdf("a")), 0);
    assert_int_equal(find_node(&o->m, "/documents/a.pdf", &n), 0);
    s = drop_snapshot(o->m.w.drops, n->drop);
    assert_int_equal(drop_set_attributes(o->files, n, SET_OWNER, &to), 0);
    assert_int_equal(drop_snapshot(o->m.w.drops, n->drop).mtime_ns, s.mtime_ns);
    assert_int_equal(drop_set_attributes(o->files, n, SET_MODE | SET_MTIME, &to), 0);
    assert_int_equal(n->drop->mode, 0604);
    assert_int_equal(drop_snapshot(o->m.w.drops, n->drop).mtime_ns, INT64_C(1234567890000000007));
    pass(&o->m.w, 1000);
    assert_int_equal(drop_set_attributes(o->files, n, SET_MTIME_NOW, &to), 0);
    assert_int_equal(drop_snapshot(o->m.w.drops, n->drop).mtime_ns,
                     clock_realtime_ns(&o->m.w.fake.clock));
    assert_int_equal(n->drop->mode, 0604);
    node_unref(o->m.nodes, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_sent_once_when_it_is_closed),
        TEST(it_may_be_written_in_any_order),
        TEST(the_last_of_two_writers_sends_it),
        TEST(a_childs_close_does_not_send_it),
        TEST(what_is_written_after_the_close_is_sent_at_release),
        TEST(the_same_bytes_again_send_nothing),
        TEST(an_empty_file_stays_here),
        TEST(who_must_not_wait_for_the_server_does_not_send),
        TEST(who_reads_sees_what_is_being_written),
        TEST(a_part_of_what_was_sent_can_be_changed),
        TEST(what_was_deleted_elsewhere_is_not_read),
        TEST(a_secret_is_read_as_blanks),
        TEST(half_a_file_of_who_was_killed_is_kept_apart),
        TEST(a_killed_child_that_wrote_tears_it),
        TEST(a_child_that_ends_by_itself_tears_nothing),
        TEST(a_write_that_failed_is_no_whole_file),
        TEST(begun_anew_it_is_whole_again),
        TEST(a_temporary_file_may_be_larger),
        TEST(close_says_that_it_was_refused_and_nothing_is_sent_again),
        TEST(what_comes_after_a_failed_close_is_an_error),
        TEST(a_name_that_has_gone_is_looked_for_again),
        TEST(a_read_only_mount_opens_no_file_to_write),
        TEST(truncate_sends_what_is_left),
        TEST(what_failed_is_read_and_not_written),
        TEST(with_writeback_a_close_promises_and_who_opens_it_again_goes_on),
        TEST(mode_and_time_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
