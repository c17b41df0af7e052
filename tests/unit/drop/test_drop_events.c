/* What happens to a drop, and what its name promises from then on. */
#include <pthread.h>

#include "drops_fixture.h"

#include "banned.h"

static struct drop *add_written(struct table *t, const char *name, const char *text)
{
    struct drop *d = add(t, "documents", name, DROP_FILE);
    struct bytes *b;

    assert_int_equal(drop_new_bytes(t->drops, d, &b), 0);
    assert_int_equal(file_pwrite_all(b->fd, text, strlen(text), 0), 0);
    drop_written(t->drops, d);
    return d;
}

static void expect_state(struct table *t, struct drop *d, enum drop_state state)
{
    assert_int_equal(drop_snapshot(t->drops, d).state, state);
}

/* --- What a row says -------------------------------------------------------------------------- */

static void write_tear(struct table *t, struct drop *d)
{
    drop_torn(t->drops, d, -ENOSPC);
}

static void stay(struct table *t, struct drop *d)
{
    drop_stayed(t->drops, d);
}

static void stay_open(struct table *t, struct drop *d)
{
    drop_stayed(t->drops, d);
    add_writer(t, d);
}

static void say(struct table *t, struct drop *d)
{
    drop_said(t->drops, d);
}

static void acknowledge(struct table *t, struct drop *d)
{
    assert_int_equal(drop_acknowledged(t->drops, d, A, (struct acked){ .size = 3 }, true), 0);
}

static void nothing(struct table *t, struct drop *d)
{
    (void)t;
    (void)d;
}

static void killed_mount_has_kept_what_was_whole(void **state)
{
    static const struct {
        const char *what;
        void (*run)(struct table *t, struct drop *d);
        bool there, failed; /* after a mount that was killed */
    } cases[] = {
        { "being written, or on its way", nothing, false, true },
        { "torn", write_tear, false, true },
        { "stays here", stay, true, false },
        { "stays here, and is open again", stay_open, true, false }, /* written is a copy */
        { "said", say, true, false },
        { "sent", acknowledge, true, false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char name[] = { (char)('a' + i), '\0' };
        struct table t;
        struct drop *d;

        print_message("%s\n", cases[i].what);
        t = open_table(state);
        d = add_written(&t, name, "abc");
        cases[i].run(&t, d);
        assert_int_equal(drop_row_save(t.drops, d, true), 0);
        drop_unref(d);
        reopen(state, &t);
        assert_int_equal(is_there(&t, "documents", name), cases[i].there);
        assert_int_equal(has_failed(&t, "documents", name), cases[i].failed);
        close_table(&t);
    }
}

/* So often it has to be saved. */
static void row_says_something_else_once_it_is_written_again(void **state)
{
    struct table t;
    struct drop *d;
    bool active = false, second = false;

    t = open_table(state);
    d = add(&t, "documents", "a.pdf", DROP_FILE);
    assert_false(drop_begin_writing(t.drops, d, &active)); /* it has nothing to say */
    assert_true(drop_written(t.drops, d));
    assert_false(drop_written(t.drops, d));
    assert_false(drop_emptied(t.drops, d));
    assert_false(drop_begin_writing(t.drops, d, &active)); /* it counts already */
    assert_false(drop_begin_writing(t.drops, d, &second));
    assert_int_equal(drop_snapshot(t.drops, d).writers, 2);
    drop_end_writing(t.drops, d, &active);
    drop_end_writing(t.drops, d, &active);
    drop_end_writing(t.drops, d, &second);
    assert_int_equal(drop_snapshot(t.drops, d).writers, 0);
    drop_stayed(t.drops, d);
    assert_true(drop_begin_writing(t.drops, d, &active));
    assert_true(drop_written(t.drops, d));
    drop_unref(d);
    close_table(&t);
}

/* --- Writing ---------------------------------------------------------------------------------- */

static void missing_part_is_remembered_until_all_is_written_anew(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add_written(&t, "a.pdf", "abc");
    drop_torn(t.drops, d, -ENOSPC);
    drop_written(t.drops, d);
    assert_int_equal(drop_snapshot(t.drops, d).broken, -ENOSPC);
    drop_torn(t.drops, d, -EINTR);
    assert_int_equal(drop_snapshot(t.drops, d).broken, -EINTR);
    drop_emptied(t.drops, d);
    assert_int_equal(drop_snapshot(t.drops, d).broken, 0);
    expect_state(&t, d, DROP_DIRTY);
    drop_unref(d);
    close_table(&t);
}

static void what_close_has_told_is_not_sent_later(void **state)
{
    static const struct {
        const char *what;
        bool delivered;   /* by another handle meanwhile */
        unsigned changed; /* since it was opened */
        enum drop_state then;
    } cases[] = {
        { "still to be sent", false, 0, DROP_BROKEN },
        { "delivered", true, 0, DROP_CLEAN },
        { "of an earlier generation", false, 1, DROP_DIRTY },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct table t;
        struct drop *d;

        print_message("%s\n", cases[i].what);
        t = open_table(state);
        d = add_written(&t, "a.pdf", "abc");
        if (cases[i].delivered)
            acknowledge(&t, d);
        drop_unclosed(t.drops, d, drop_snapshot(t.drops, d).generation + cases[i].changed, -EIO);
        expect_state(&t, d, cases[i].then);
        drop_unref(d);
        close_table(&t);
    }
}

/* --- Sending ---------------------------------------------------------------------------------- */

static void acknowledged_bytes_are_those_of_the_resource(void **state)
{
    struct acked acked = { .size = 3, .digest = { 1, 2 }, .has_digest = true };
    struct drop_snapshot s;
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add_written(&t, "a.pdf", "abc");
    assert_int_equal(drop_acknowledged(t.drops, d, A, acked, true), 0);
    s = drop_snapshot(t.drops, d);
    assert_string_equal(s.id, A);
    assert_int_equal(s.state, DROP_CLEAN);
    assert_true(s.fresh);
    assert_int_equal(s.acked.mtime_ns, s.mtime_ns);
    assert_int_equal(s.acked.size, 3);
    assert_memory_equal(s.acked.digest, acked.digest, sizeof(acked.digest));
    drop_forget_bytes(t.drops, d);
    expect_state(&t, d, DROP_AWAY);
    assert_int_equal(drop_acknowledged(t.drops, d, A, acked, false), 0);
    assert_false(
        drop_snapshot(t.drops, d).fresh); /* it is in no list that it could be missing in */
    drop_unref(d);
    close_table(&t);
}

static void time_of_what_was_sent_is_the_servers_too(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add_written(&t, "a.pdf", "abc");
    acknowledge(&t, d);
    drops_lock(t.drops);
    drop_set_mtime_locked(d, 5);
    drops_unlock(t.drops);
    assert_int_equal(drop_snapshot(t.drops, d).acked.mtime_ns, 5);
    drop_written(t.drops, d);
    drops_lock(t.drops);
    drop_set_mtime_locked(d, 6); /* of the new bytes */
    drops_unlock(t.drops);
    assert_int_equal(drop_snapshot(t.drops, d).acked.mtime_ns, 5);
    drop_unchanged(t.drops, d); /* they are the same after all */
    assert_int_equal(drop_snapshot(t.drops, d).acked.mtime_ns, 6);
    expect_state(&t, d, DROP_CLEAN);
    drop_unref(d);
    close_table(&t);
}

static void resource_that_is_lost_leaves_the_bytes(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add_written(&t, "a.pdf", "abc");
    acknowledge(&t, d);
    drop_written(t.drops, d);
    assert_int_equal(drop_lost(t.drops, d), 0);
    assert_string_equal(drop_snapshot(t.drops, d).id, "");
    expect_state(&t, d, DROP_DIRTY);
    expect_bytes(&t, d, "abc");
    drop_unref(d);
    close_table(&t);
}

/* --- Whose place it takes --------------------------------------------------------------------- */

static void what_was_taken_over_is_given_back_when_it_could_not_be_sent(void **state)
{
    struct table t;
    struct drop *from, *d;

    t = open_table(state);
    from = add(&t, "documents", "a.pdf", DROP_FILE);
    acknowledge(&t, from);
    d = add_written(&t, "a.pdf.part", "new");
    drop_stayed(t.drops, d);
    assert_int_equal(drop_take_over(t.drops, d, from), 1);
    expect_state(&t, d, DROP_STAYING); /* until it is sent it is a temporary file */
    drop_give_back(t.drops, d, from);
    assert_string_equal(drop_snapshot(t.drops, d).id, "");
    assert_string_equal(drop_snapshot(t.drops, from).id, A);
    assert_int_equal(drop_take_over(t.drops, d, from), 1);
    assert_int_equal(drop_acknowledged(t.drops, d, B, (struct acked){ .size = 3 }, true), 0);
    drop_give_back(t.drops, d, from); /* it was sent: it is something of its own */
    assert_string_equal(drop_snapshot(t.drops, d).id, B);
    drop_unref(d);
    drop_unref(from);
    close_table(&t);
}

static void empty_file_that_takes_over_is_to_be_sent(void **state)
{
    struct bytes *empty;
    struct table t;
    struct drop *from, *d;

    t = open_table(state);
    from = add(&t, "documents", "a.pdf~", DROP_FILE);
    acknowledge(&t, from);
    d = add(&t, "documents", "a.pdf", DROP_FILE);
    assert_int_equal(drop_new_bytes(t.drops, d, &empty), 0);
    expect_state(&t, d, DROP_CLEAN); /* nothing was ever written */
    assert_int_equal(drop_take_over(t.drops, d, from), 1);
    expect_state(&t, d, DROP_DIRTY); /* what it stands for now has other bytes */
    drop_unref(d);
    drop_unref(from);
    close_table(&t);
}

static void bytes_stand_in_for_another_resource_until_they_are_sent(void **state)
{
    struct acked mine = { .size = 3, .mtime_ns = 7 }, theirs = { .mtime_ns = 7 };
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add_written(&t, "a.pdf", "abc");
    acknowledge(&t, d);
    assert_int_equal(drop_stand_in(t.drops, d, B, &theirs), 0);
    expect_state(&t, d, DROP_DIRTY);
    assert_string_equal(drop_snapshot(t.drops, d).id, B);
    assert_int_equal(drop_stand_again(t.drops, d, A, &mine), 0); /* they could not be */
    expect_state(&t, d, DROP_CLEAN);
    assert_string_equal(drop_snapshot(t.drops, d).id, A);
    assert_int_equal(drop_snapshot(t.drops, d).acked.size, 3);
    drop_unref(d);
    close_table(&t);
}

static void backup_whose_resource_was_taken_back_stays_as_a_file(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add_written(&t, "a.pdf~", "abc");
    acknowledge(&t, d);
    drops_lock(t.drops);
    assert_int_equal(drop_set_parked_locked(d, d->folder, "a.pdf", CLOCK_FOREVER), 0);
    drops_unlock(t.drops);
    assert_int_equal(drop_released(t.drops, d), 0);
    assert_false(drop_snapshot(t.drops, d).parked);
    assert_string_equal(drop_snapshot(t.drops, d).id, "");
    expect_state(&t, d, DROP_STAYING);
    assert_null(drops_find_id(t.drops, d->folder, A));
    drop_unref(d);
    close_table(&t);
}

static void sidecar_that_is_none_any_more_has_said_nothing(void **state)
{
    static const char *const taken[] = { A, NULL };
    static const enum drop_state then[] = { DROP_STAYING, DROP_CLEAN };

    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        struct table t;
        struct drop *d;

        t = open_table(state);
        d = add_written(&t, "a.json", "{}");
        drop_said(t.drops, d);
        drops_lock(t.drops);
        d->taken = taken[i] ? strdup(taken[i]) : NULL;
        drops_unlock(t.drops);
        drop_unsaid(t.drops, d);
        expect_state(&t, d, then[i]);
        assert_true(drop_snapshot(t.drops, d).untaken);
        drop_unref(d);
        close_table(&t);
    }
}

static void nobody_is_left_at_the_end(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add_written(&t, "a.pdf", "abc");
    drop_open(t.drops, d);
    drop_open(t.drops, d);
    drop_close_all(t.drops, d);
    assert_int_equal(drop_snapshot(t.drops, d).opened, 0);
    drop_unref(d);
    close_table(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(killed_mount_has_kept_what_was_whole),
        TEST(row_says_something_else_once_it_is_written_again),
        TEST(missing_part_is_remembered_until_all_is_written_anew),
        TEST(what_close_has_told_is_not_sent_later),
        TEST(acknowledged_bytes_are_those_of_the_resource),
        TEST(time_of_what_was_sent_is_the_servers_too),
        TEST(resource_that_is_lost_leaves_the_bytes),
        TEST(what_was_taken_over_is_given_back_when_it_could_not_be_sent),
        TEST(empty_file_that_takes_over_is_to_be_sent),
        TEST(bytes_stand_in_for_another_resource_until_they_are_sent),
        TEST(backup_whose_resource_was_taken_back_stays_as_a_file),
        TEST(sidecar_that_is_none_any_more_has_said_nothing),
        TEST(nobody_is_left_at_the_end),
    };

    return cmocka_run_group_tests_name("drop_events", tests, NULL, NULL);
}
