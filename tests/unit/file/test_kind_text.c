/* Files whose text is made up: what open, read, write, truncate and close of them do. */
#include "files_fixture.h"

#include <fcntl.h>

#include "node_kinds.h"

#include "banned.h"

#define NAME "/datasets/dataset#1/name"
#define DESCRIPTION "/datasets/dataset#1/description"
#define EXECUTION "/transitions/transition#8/executions/transition-execution#9/"

static const char *const there[][2] = {
    /* clang-format off */
    { "datasets", "{'datasetId': 'dataset#1', 'name': 'invoices', 'description': 'about'}" },
    { "transitions", "{'transitionId': 'transition#8'}" },
    { "transitions/transition#8/executions",
      "{'executionId': 'transition-execution#9', 'transitionId': 'transition#8',"
      " 'status': 'running', 'input': {}}" },
    { "logs", "{'logId': 'log#12', 'events': [{'timestamp': 1600000000, 'message': 'begins'}]}" },
    /* clang-format on */
};

static void start_there(struct opened *o)
{
    start_opened(o);
    for (size_t i = 0; i < ARRAY_LEN(there); i++)
        api_add(&o->m.w.api, there[i][0], there[i][1]);
}

/* --- open(2) ---------------------------------------------------------------------------------- */

static const struct {
    const char *path;
    int flags, rc;
    const char *says;
} openings[] = {
    { "/README", O_WRONLY, -EACCES, "it cannot be changed: the mount makes it" },
    { "/.lasfs/status", O_RDWR, -EACCES, "it cannot be changed: the mount makes it" },
    { "/datasets/dataset#1/datasetId", O_WRONLY, -EACCES,
      "it cannot be changed: the API has no way to do it" },
    { EXECUTION "output.json", O_RDWR, -EACCES, "it is not given back: open it for writing alone" },
    { "/.lasfs/control", O_RDWR, -EACCES, "it is not given back: open it for writing alone" },
    { "/datasets", O_RDONLY, -EISDIR, "" },
    { "/datasets/.by-id/dataset#1", O_RDONLY, -ELOOP, "" },
};

static void what_cannot_be_opened_says_why(void **state)
{
    struct opened *o = *state;
    struct handle *h = NULL;

    start_there(o);
    for (size_t i = 0; i < ARRAY_LEN(openings); i++) {
        print_message("%s\n", openings[i].path);
        assert_int_equal(open_path(o, openings[i].path, openings[i].flags, &h), openings[i].rc);
        expect_err(o, openings[i].says);
        assert_null(h);
    }
}

static void a_read_only_mount_takes_commands_alone(void **state)
{
    struct opened *o = *state;
    struct handle *h = NULL;

    o->m.w.ro = true;
    start_there(o);
    assert_int_equal(open_path(o, NAME, O_WRONLY, &h), -EROFS);
    assert_int_equal(release(o, must_open(o, "/.lasfs/control", O_WRONLY)), 0);
    assert_int_equal(release(o, must_open(o, "/.lasfs/refresh", O_WRONLY)), 0);
    expect_cat(o, NAME, "invoices\n");
}

/* --- read(2) ---------------------------------------------------------------------------------- */

static void a_text_is_what_it_was_when_it_was_opened(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_there(o);
    h = must_open(o, NAME, O_RDONLY);
    assert_true(h->direct_io);
    api_change(&o->m.w.api, "datasets/dataset#1", "{'name': 'changed'}");
    pass(&o->m.w, HOUR_MS + 1);
    expect_read(o, h, 0, 100, "invoices\n");
    expect_read(o, h, 2, 3, "voi");
    expect_read(o, h, 7, 100, "s\n");
    expect_read(o, h, 9, 100, "");
    expect_read(o, h, 1 << 30, 100, "");
    assert_int_equal(release(o, h), 0);
    expect_cat(o, NAME, "changed\n");
}

/* tail -f: what grows by itself is read on where it ended. */
static void a_log_is_followed_while_it_grows(void **state)
{
    struct opened *o = *state;
    struct stat st = { .st_size = 7 };
    struct handle *h;

    start_there(o);
    h = must_open(o, "/logs/log#12/events.txt", O_RDONLY);
    expect_read(o, h, 0, 1000, "2020-09-13T12:26:40.000000+0000 begins\n");
    expect_read(o, h, 39, 1000, "");
    handle_stat(h, &st);
    assert_int_equal(st.st_size, 7); /* as long as it is now, not as it was */
    api_change(&o->m.w.api, "logs/log#12",
               "{'events': [{'timestamp': 1600000000, 'message': 'begins'},"
               " {'timestamp': 1600000001, 'message': 'ends'}]}");
    pass(&o->m.w, HOUR_MS + 1);
    expect_read(o, h, 39, 1000, "2020-09-13T12:26:41.000000+0000 ends\n");
    assert_int_equal(release(o, h), 0);
}

static void what_is_not_given_back_is_empty(void **state)
{
    struct opened *o = *state;

    start_there(o);
    expect_cat(o, EXECUTION "output.json", "");
    expect_cat(o, "/.lasfs/control", "");
}

/* --- write(2) and close(2) -------------------------------------------------------------------- */

static void a_text_is_sent_whole_when_it_is_closed(void **state)
{
    struct opened *o = *state;
    struct stat st = { .st_size = 0 };
    struct handle *h;

    start_there(o);
    h = must_open(o, NAME, O_WRONLY | O_TRUNC);
    forget_said(&o->m);
    assert_int_equal(flush(o, h), 0); /* as a shell's, before it writes */
    assert_int_equal(write_at(o, h, "tex", 0), 3);
    assert_int_equal(write_at(o, h, "ts", 3), 2);
    handle_stat(h, &st);
    assert_int_equal(st.st_size, 5);
    expect_said(&o->m.w.api, "");
    assert_int_equal(flush(o, h), 0);
    expect_said(&o->m.w.api, "PATCH datasets/dataset#1 {'name':'texts'}\n");
    assert_int_equal(flush(o, h), 0);
    assert_int_equal(release(o, h), 0);
    expect_said(&o->m.w.api, ""); /* once */
}

static void a_part_can_be_changed(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_there(o);
    h = must_open(o, NAME, O_RDWR);
    forget_said(&o->m);
    assert_int_equal(write_at(o, h, "V", 2), 1);
    expect_read(o, h, 0, 100, "inVoices\n");
    assert_int_equal(release(o, h), 0);
    expect_said(&o->m.w.api, "PATCH datasets/dataset#1 {'name':'inVoices'}\n");
    h = must_open(o, NAME, O_WRONLY | O_APPEND);
    assert_int_equal(truncate_to(o, h, 8), 0); /* without the newline */
    assert_int_equal(write_at(o, h, "2", OFF_END), 1);
    assert_int_equal(release(o, h), 0);
    expect_said(&o->m.w.api, "PATCH datasets/dataset#1 {'name':'inVoices2'}\n");
}

/* Truncation alone is something new, when the last one closes it. */
static void emptied_and_closed_it_is_empty(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_there(o);
    h = must_open(o, DESCRIPTION, O_WRONLY | O_TRUNC);
    assert_true(file_ops(h->node)->release_blocks(o->files, h));
    forget_said(&o->m);
    assert_int_equal(flush(o, h), 0);
    expect_said(&o->m.w.api, "");
    assert_int_equal(release(o, h), 0);
    expect_said(&o->m.w.api, "PATCH datasets/dataset#1 {'description':null}\n");
}

/* A child has the descriptor too: its close is not its opener's. */
static void a_childs_close_sends_nothing(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_there(o);
    h = must_open(o, NAME, O_WRONLY | O_TRUNC);
    assert_int_equal(write_at(o, h, "half", 0), 4);
    forget_said(&o->m);
    assert_int_equal(flush_as(o, h, false, getppid()), 0);
    expect_said(&o->m.w.api, "");
    assert_int_equal(write_at(o, h, " and half", 4), 9);
    assert_int_equal(flush(o, h), 0);
    expect_said(&o->m.w.api, "PATCH datasets/dataset#1 {'name':'half and half'}\n");
    assert_int_equal(release(o, h), 0);
}

static void half_a_text_of_who_was_killed_is_not_sent(void **state)
{
    struct opened *o = *state;
    pid_t pid = dead_child(true);
    struct handle *h;

    start_there(o);
    h = must_open(o, NAME, O_WRONLY | O_TRUNC);
    assert_int_equal(write_at(o, h, "half", 0), 4);
    forget_said(&o->m);
    assert_int_equal(flush_as(o, h, true, pid), -EINTR);
    expect_err(o, "it is not complete and was not sent");
    assert_int_equal(release(o, h), 0);
    expect_said(&o->m.w.api, "");
    waitpid(pid, NULL, 0);
}

static void what_was_refused_is_told_at_the_close_and_kept(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_there(o);
    api_rule(&o->m.w.api, -1, "PATCH", "*", 400, "{'message': 'too long'}");
    h = must_open(o, NAME, O_WRONLY | O_TRUNC);
    assert_int_equal(write_at(o, h, "texts", 0), 5);
    assert_int_equal(flush(o, h), -EINVAL);
    expect_err(o, "too long");
    forget_said(&o->m);
    assert_int_equal(release(o, h), 0); /* it has been told */
    expect_said(&o->m.w.api, "");
    expect_failed(&o->m.w, "datasets/dataset#1", "name", "texts", "too long");
}

static void a_text_has_a_largest_size(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_there(o);
    h = must_open(o, NAME, O_WRONLY | O_TRUNC);
    forget_said(&o->m);
    assert_int_equal(write_at(o, h, "x", TEXT_MAX_BYTES), -EFBIG);
    expect_err(o, "more than the 33554432 bytes that it may have");
    assert_int_equal(write_at(o, h, "x", INT64_MAX), -EFBIG);
    assert_int_equal(truncate_to(o, h, TEXT_MAX_BYTES + INT64_C(1)), -EFBIG);
    assert_int_equal(flush(o, h), -EFBIG); /* a part is missing: close(2) says so too */
    assert_int_equal(release(o, h), 0);
    expect_said(&o->m.w.api, "");
    assert_int_equal(truncate_path(o, NAME, TEXT_MAX_BYTES + INT64_C(1)), -EFBIG);
}

/* Who empties it and begins anew has it complete. */
static void begun_anew_it_is_complete(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_there(o);
    h = must_open(o, NAME, O_WRONLY | O_TRUNC);
    assert_int_equal(write_at(o, h, "x", TEXT_MAX_BYTES), -EFBIG);
    assert_int_equal(truncate_to(o, h, 0), 0);
    assert_int_equal(write_at(o, h, "short", 0), 5);
    forget_said(&o->m);
    assert_int_equal(flush(o, h), 0);
    expect_said(&o->m.w.api, "PATCH datasets/dataset#1 {'name':'short'}\n");
    assert_int_equal(release(o, h), 0);
}

/* --- truncate(2) ------------------------------------------------------------------------------ */

static void truncate_sends_at_once(void **state)
{
    struct opened *o = *state;

    start_there(o);
    assert_int_equal(truncate_path(o, NAME, 2), 0);
    expect_said(&o->m.w.api, "GET datasets/dataset#1\n"
                             "PATCH datasets/dataset#1 {'name':'in'}\n");
    assert_int_equal(truncate_path(o, NAME, 3), 0); /* as long as it is */
    assert_int_equal(truncate_path(o, EXECUTION "status", 0), 0);
    assert_int_equal(truncate_path(o, "/datasets/dataset#1/datasetId", 0), -EACCES);
    expect_there(&o->m.w.api, "datasets", "dataset#1 ");
}

/* --- What is sent by the write itself --------------------------------------------------------- */

static void a_command_says_at_the_write_whether_it_went_well(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_there(o);
    h = must_open(o, EXECUTION "status", O_WRONLY | O_TRUNC);
    forget_said(&o->m);
    o->m.w.call.nowait = true;
    assert_int_equal(write_at(o, h, "succeeded\n", 0), -EWOULDBLOCK);
    o->m.w.call.nowait = false;
    assert_int_equal(write_at(o, h, "succeeded\n", 0), 10);
    expect_said(&o->m.w.api, "PATCH transitions/transition#8/executions/transition-execution#9"
                             " {'status':'succeeded'}\n");
    api_rule(&o->m.w.api, -1, "PATCH", "*", 400, "{'message': 'it has ended'}");
    assert_int_equal(write_at(o, h, "failed\n", 0), -EINVAL);
    expect_err(o, "it has ended");
    forget_said(&o->m);
    assert_int_equal(flush(o, h), 0);
    assert_false(file_ops(h->node)->release_blocks(o->files, h));
    assert_int_equal(file_ops(h->node)->fsync(o->files, h), 0);
    assert_int_equal(release(o, h), 0);
    expect_said(&o->m.w.api, "");
}

static void refresh_forgets_what_is_known(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_there(o);
    expect_cat(o, NAME, "invoices\n");
    api_change(&o->m.w.api, "datasets/dataset#1", "{'name': 'changed'}");
    expect_cat(o, NAME, "invoices\n");
    h = must_open(o, "/.lasfs/refresh", O_WRONLY | O_TRUNC);
    assert_int_equal(write_at(o, h, "\n", 0), 1);
    assert_int_equal(release(o, h), 0);
    expect_cat(o, NAME, "changed\n");
    assert_non_null(strstr(o->m.told, "all "));
}

/* Who must not wait has not sent anything, and nothing is lost by it. */
static void a_close_that_must_not_wait_is_asked_again(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_there(o);
    h = must_open(o, NAME, O_WRONLY | O_TRUNC);
    assert_int_equal(write_at(o, h, "texts", 0), 5);
    forget_said(&o->m);
    o->m.w.call.nowait = true;
    assert_int_equal(flush(o, h), -EWOULDBLOCK);
    o->m.w.call.nowait = false;
    expect_said(&o->m.w.api, "");
    assert_int_equal(flush(o, h), 0);
    expect_said(&o->m.w.api, "PATCH datasets/dataset#1 {'name':'texts'}\n");
    assert_int_equal(release(o, h), 0);
}

static void what_nobody_closes_ends_with_the_mount(void **state)
{
    struct opened *o = *state;
    struct handle *h;

    start_there(o);
    h = must_open(o, NAME, O_WRONLY | O_TRUNC);
    assert_int_equal(write_at(o, h, "texts", 0), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_cannot_be_opened_says_why),
        TEST(a_read_only_mount_takes_commands_alone),
        TEST(a_text_is_what_it_was_when_it_was_opened),
        TEST(a_log_is_followed_while_it_grows),
        TEST(what_is_not_given_back_is_empty),
        TEST(a_text_is_sent_whole_when_it_is_closed),
        TEST(a_part_can_be_changed),
        TEST(emptied_and_closed_it_is_empty),
        TEST(a_childs_close_sends_nothing),
        TEST(half_a_text_of_who_was_killed_is_not_sent),
        TEST(what_was_refused_is_told_at_the_close_and_kept),
        TEST(a_text_has_a_largest_size),
        TEST(begun_anew_it_is_complete),
        TEST(truncate_sends_at_once),
        TEST(a_command_says_at_the_write_whether_it_went_well),
        TEST(refresh_forgets_what_is_known),
        TEST(a_close_that_must_not_wait_is_asked_again),
        TEST(what_nobody_closes_ends_with_the_mount),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
