/* What a name promises after a mount that ended, or was killed. */
#include <pthread.h>

#include "drops_fixture.h"

#include "banned.h"

/* A row as a killed mount left it, with bytes in the spool if there are any. */
static void put(struct table *t, struct drop_row row, const char *text)
{
    int fd;

    row.mode = 0640;
    row.mtime_ns = 5;
    if (text) {
        assert_int_equal(spool_create(t->spool, &row.spool, &fd), 0);
        assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
        close(fd);
    }
    assert_int_equal(state_put_drop(t->state, &row, true, NULL), 0);
}

static void file_that_stays_here_is_there_as_it_was(void **state)
{
    struct drop_snapshot s;
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add_text(&t, "documents", "a.pdf~", "abc");
    drops_lock(t.drops);
    d->mode = 0600;
    d->xattrs = strdup("packed\n");
    drops_unlock(t.drops);
    assert_int_equal(drop_row_save(t.drops, d, true), 0);
    drop_unref(d);
    reopen(state, &t);
    d = find(&t, "documents", "a.pdf~");
    expect_bytes(&t, d, "abc");
    s = drop_snapshot(t.drops, d);
    assert_true(s.dirty); /* it was never sent */
    assert_string_equal(s.id, "");
    assert_int_equal(s.mtime_ns, clock_realtime_ns(&t.fake->clock));
    assert_int_equal(d->mode, 0600);
    assert_string_equal(d->xattrs, "packed\n");
    assert_false(has_failed(&t, "documents", "a.pdf~"));
    drop_unref(d);
    close_table(&t);
}

static void sent_file_stands_for_its_resource(void **state)
{
    static const uint8_t digest[DIGEST_BYTES] = { 7, 8, 9 };
    struct drop_row row = { .folder = "documents",
                            .name = "a.pdf",
                            .state = ROW_SENT,
                            .id = A,
                            .size = 17,
                            .has_sha256 = true };
    struct drop_snapshot s;
    struct table t;
    struct drop *d;

    t = open_table(state);
    memcpy(row.sha256, digest, sizeof(digest));
    put(&t, row, "killed before the bytes went");
    reopen(state, &t);
    d = drops_find_id(t.drops, folder_of(&t, "documents"), A);
    assert_non_null(d);
    s = drop_snapshot(t.drops, d);
    assert_false(s.has_bytes);
    assert_false(s.dirty);
    assert_int_equal(s.acked.size, 17);
    assert_true(s.acked.has_digest);
    assert_memory_equal(s.acked.digest, digest, sizeof(digest));
    assert_int_equal(s.acked.mtime_ns, 5); /* an older version wrote no other */
    assert_int_equal(spooled(state), 0);
    drop_unref(d);
    close_table(&t);
}

static void half_a_file_is_kept_and_not_sent(void **state)
{
    struct drop_row row = { .folder = "documents", .name = "a.pdf", .state = ROW_OPEN };
    struct table t;
    struct drop *x;

    t = open_table(state);
    put(&t, row, "half");
    reopen(state, &t);
    assert_false(is_there(&t, "documents", "a.pdf"));
    x = find_failed(&t, "documents", "a.pdf");
    expect_bytes(&t, x, "half");
    assert_string_equal(x->error,
                        "it was being written when the mount ended, and may be incomplete");
    assert_int_equal(x->failed_ns, clock_realtime_ns(&t.fake->clock));
    drop_unref(x);
    close_table(&t);
}

static void half_a_replacement_leaves_what_the_server_has(void **state)
{
    struct drop_row row = {
        .folder = "documents", .name = "a.pdf", .state = ROW_OPEN, .id = A, .sent_mtime_ns = 3
    };
    struct table t;
    struct drop *d;

    t = open_table(state);
    put(&t, row, "half");
    reopen(state, &t);
    d = find(&t, "documents", "a.pdf");
    assert_string_equal(drop_snapshot(t.drops, d).id, A);
    assert_int_equal(drop_snapshot(t.drops, d).mtime_ns, 3);
    expect_bytes(&t, d, NULL);
    assert_true(has_failed(&t, "documents", "a.pdf"));
    drop_unref(d);
    close_table(&t);
}

static void what_failed_keeps_its_number_and_numbers_go_on(void **state)
{
    struct table t;
    struct drop *x;

    t = open_table(state);
    for (int i = 0; i < 3; i++) {
        char name[] = { (char)('a' + i), '\0' };

        assert_int_equal(
            drops_add_failed(t.drops, folder_of(&t, "documents"), name, name, 1, "why", 10 + i), 0);
    }
    reopen(state, &t);
    x = find_failed(&t, "documents", "b");
    assert_int_equal(x->failed_number, 2);
    assert_int_equal(x->failed_ns, 11);
    assert_string_equal(x->error, "why");
    assert_int_equal(drop_snapshot(t.drops, x).state, DROP_APART);
    expect_bytes(&t, x, "b");
    drop_unref(x);
    assert_int_equal(drops_add_failed(t.drops, folder_of(&t, "documents"), "d", "d", 1, "why", 9),
                     0);
    x = find_failed(&t, "documents", "d");
    assert_int_equal(x->failed_number, 4);
    drop_unref(x);
    close_table(&t);
}

static void what_an_older_version_kept_at_its_name_is_kept_apart(void **state)
{
    struct drop_row row = { .folder = "documents",
                            .name = "a.pdf",
                            .state = ROW_FAILED,
                            .error = "said so",
                            .failed_ns = 8 };
    struct table t;
    struct drop *x;

    t = open_table(state);
    put(&t, row, "abc");
    reopen(state, &t);
    assert_false(is_there(&t, "documents", "a.pdf"));
    x = find_failed(&t, "documents", "a.pdf");
    assert_string_equal(x->error, "said so");
    assert_int_equal(x->failed_ns, 8);
    expect_bytes(&t, x, "abc");
    drop_unref(x);
    close_table(&t);
}

static void what_was_delivered_by_a_retry_is_not_kept_any_more(void **state)
{
    struct drop_row row = {
        .folder = ".failed/documents", .name = "a.pdf", .state = ROW_FAILED, .failed_number = 1
    };
    struct table t;

    t = open_table(state);
    put(&t, row, NULL);
    reopen(state, &t);
    assert_false(has_failed(&t, "documents", "a.pdf"));
    expect_folder(t.state, ".failed/documents", "");
    close_table(&t);
}

static void sidecar_that_was_taken_says_nothing_new(void **state)
{
    static const struct {
        const char *name, *taken;
        bool dirty, untaken;
    } cases[] = {
        { "a.json", A, false, false },
        { "b.json", ">" A, false, true }, /* it was moved away from its document */
        { "c.json", NULL, true, true },
    };
    struct table t;

    t = open_table(state);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct drop_row row = { .folder = "documents",
                                .name = cases[i].name,
                                .state = ROW_LOCAL,
                                .taken = cases[i].taken };

        put(&t, row, "{}");
    }
    reopen(state, &t);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct drop *d = find(&t, "documents", cases[i].name);
        struct drop_snapshot s = drop_snapshot(t.drops, d);

        print_message("%s\n", cases[i].name);
        assert_int_equal(s.dirty, cases[i].dirty);
        assert_int_equal(s.untaken, cases[i].untaken);
        expect_bytes(&t, d, "{}");
        drop_unref(d);
    }
    close_table(&t);
}

static void rows_that_mean_nothing_here_are_left_alone(void **state)
{
    static const struct drop_row rows[] = {
        { .folder = "no/such folder", .name = "a", .state = ROW_OPEN },
        { .folder = ".failed/no/such folder", .name = "a", .state = ROW_FAILED },
        { .folder = "documents", .name = "b", .state = ROW_SENT, .id = "../datasets" },
    };
    struct table t;

    t = open_table(state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        put(&t, rows[i], NULL);
    reopen(state, &t);
    assert_false(is_there(&t, "documents", "b")); /* that is no id to ask for, or to delete */
    expect_folder(t.state, "no/such folder", "no/such folder/a=- ");
    expect_folder(t.state, ".failed/no/such folder", ".failed/no/such folder/a=- ");
    expect_folder(t.state, "documents", "documents/b=../datasets ");
    close_table(&t);
}

static void bytes_are_kept_whatever_their_row_says_of_a_resource(void **state)
{
    struct drop_row row = {
        .folder = "documents", .name = "a.pdf~", .state = ROW_LOCAL, .id = "../datasets"
    };
    struct table t;
    struct drop *d;

    t = open_table(state);
    put(&t, row, "abc");
    reopen(state, &t);
    d = find(&t, "documents", "a.pdf~");
    expect_bytes(&t, d, "abc");
    assert_string_equal(drop_snapshot(t.drops, d).id, "");
    drop_unref(d);
    close_table(&t);
}

static void new_bytes_do_not_overwrite_those_of_the_last_mount(void **state)
{
    struct drop_row row = {
        .folder = "documents", .name = "a.pdf~", .state = ROW_LOCAL, .spool = 41
    };
    struct table t;
    struct bytes *b;
    struct drop *d;

    t = open_table(state);
    put(&t, row, NULL);
    reopen(state, &t);
    d = add(&t, "documents", "b.pdf", DROP_FILE);
    assert_int_equal(drop_new_bytes(t.drops, d, &b), 0);
    assert_true(b->number > 41);
    drop_unref(d);
    close_table(&t);
}

/* --- Answers of the daemon itself ------------------------------------------------------------- */

static void answer_is_one_until_somebody_else_writes_it(void **state)
{
    struct table t;
    struct bytes *b;
    struct drop *d;

    t = open_table(state);
    d = add(&t, "documents", "a.pdf.json", DROP_FILE);
    assert_false(drop_is_answer(t.drops, d));
    assert_int_equal(drop_put_answer(t.drops, d, "{}", 2), 0);
    assert_true(drop_is_answer(t.drops, d));
    assert_false(drop_snapshot(t.drops, d).dirty); /* nothing of it is to be sent */
    drop_unref(d);
    reopen(state, &t);
    d = find(&t, "documents", "a.pdf.json");
    assert_true(drop_is_answer(t.drops, d));
    assert_int_equal(drop_put_answer(t.drops, d, "[]", 2), 0);
    assert_true(drop_is_answer(t.drops, d));
    b = drop_bytes(t.drops, d);
    assert_int_equal(file_pwrite_all(b->fd, "{", 1, 0), 0);
    bytes_unref(b);
    assert_false(drop_is_answer(t.drops, d));
    assert_int_equal(drop_put_answer(t.drops, d, "[]", 2), 0);
    add_writer(&t, d);
    assert_false(drop_is_answer(t.drops, d));
    drop_unref(d);
    close_table(&t);
}

static void text_that_cannot_be_kept_is_told(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add(&t, "documents", "a.json", DROP_FILE);
    refuse_row(&t, "a.json");
    assert_int_equal(drop_put_text(t.drops, d, "{}", 2), -EIO);
    assert_int_equal(drop_put_answer(t.drops, d, "{}", 2), -EIO);
    drop_unref(d);
    close_table(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(file_that_stays_here_is_there_as_it_was),
        TEST(sent_file_stands_for_its_resource),
        TEST(half_a_file_is_kept_and_not_sent),
        TEST(half_a_replacement_leaves_what_the_server_has),
        TEST(what_failed_keeps_its_number_and_numbers_go_on),
        TEST(what_an_older_version_kept_at_its_name_is_kept_apart),
        TEST(what_was_delivered_by_a_retry_is_not_kept_any_more),
        TEST(sidecar_that_was_taken_says_nothing_new),
        TEST(rows_that_mean_nothing_here_are_left_alone),
        TEST(bytes_are_kept_whatever_their_row_says_of_a_resource),
        TEST(new_bytes_do_not_overwrite_those_of_the_last_mount),
        TEST(answer_is_one_until_somebody_else_writes_it),
        TEST(text_that_cannot_be_kept_is_told),
    };

    return cmocka_run_group_tests_name("drops_start", tests, NULL, NULL);
}
