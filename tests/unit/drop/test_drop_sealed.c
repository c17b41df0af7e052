/* What waits and is written again: a copy is written, and what was sealed comes to no harm. */
#include "drop_sealed.h"
#include "drops_fixture.h"

#include "banned.h"

#define WHY "it was torn"

static struct drop *add_waiting(struct table *t, const char *name, const char *text)
{
    struct drop *d = add_text(t, "documents", name, text);

    drop_queued(t->drops, d);
    assert_int_equal(drop_row_save(t->drops, d, true), 0);
    return d;
}

static void overwrite(struct table *t, struct drop *d, const char *text)
{
    struct bytes *b = drop_bytes(t->drops, d);

    assert_int_equal(file_pwrite_all(b->fd, text, strlen(text), 0), 0);
    bytes_unref(b);
}

static enum drop_state state_of(struct table *t, struct drop *d)
{
    return drop_snapshot(t->drops, d).state;
}

static void expect_waiting(struct table *t, struct drop *d, const char *text)
{
    assert_int_equal(state_of(t, d), DROP_WAITING);
    assert_false(drop_snapshot(t->drops, d).sealed);
    expect_bytes(t, d, text);
}

static void who_writes_again_gets_a_copy(void **state)
{
    struct table t = open_table(state);
    struct drop *d = add_waiting(&t, "a.pdf", "sealed");
    struct bytes *sealed = drop_bytes(t.drops, d);
    cleanup_buf struct buf out = BUF_INIT(1000);

    assert_int_equal(drop_unseal(t.drops, d, false), 0);
    assert_int_equal(state_of(&t, d), DROP_DIRTY);
    overwrite(&t, d, "S");
    expect_bytes(&t, d, "Sealed");
    assert_int_equal(bytes_read(sealed, &out), 0);
    assert_string_equal(buf_str(&out), "sealed");
    assert_int_equal(spooled(state), 2);
    bytes_unref(sealed);
    drop_queued(t.drops, d);
    assert_int_equal(drop_row_save(t.drops, d, true), 0);
    drop_forget_sealed(t.drops, d);
    assert_int_equal(spooled(state), 1);
    expect_waiting(&t, d, "Sealed");
    drop_unref(d);
    close_table(&t);
}

static void what_begins_anew_has_nothing(void **state)
{
    struct table t = open_table(state);
    struct drop *d = add_waiting(&t, "a.pdf", "sealed");

    assert_int_equal(drop_unseal(t.drops, d, true), 0);
    expect_bytes(&t, d, "");
    drop_unref(d);
    close_table(&t);
}

static void a_copy_that_fails_is_kept_apart_and_the_sealed_waits(void **state)
{
    struct table t = open_table(state);
    struct drop *x, *d = add_waiting(&t, "a.pdf", "sealed");

    assert_int_equal(drop_unseal(t.drops, d, true), 0);
    overwrite(&t, d, "half");
    drop_torn(t.drops, d, -EIO);
    assert_int_equal(drop_set_failed(t.drops, d, WHY, 1), 0);
    expect_waiting(&t, d, "sealed");
    assert_true(drop_snapshot(t.drops, d).linked);
    x = find_failed(&t, "documents", "a.pdf");
    expect_bytes(&t, x, "half");
    drop_unref(x);
    drop_unref(d);
    reopen(state, &t);
    d = find(&t, "documents", "a.pdf");
    expect_waiting(&t, d, "sealed");
    drop_unref(d);
    close_table(&t);
}

static void a_death_in_the_middle_leaves_the_sealed(void **state)
{
    struct table t = open_table(state);
    struct drop *x, *d = add_waiting(&t, "a.pdf", "sealed");

    add_writer(&t, d);
    assert_int_equal(drop_unseal(t.drops, d, false), 0);
    overwrite(&t, d, "half");
    drop_unref(d);
    reopen(state, &t);
    d = find(&t, "documents", "a.pdf");
    expect_waiting(&t, d, "sealed");
    x = find_failed(&t, "documents", "a.pdf");
    expect_bytes(&t, x, "halfed");
    assert_int_equal(spooled(state), 2);
    /* what is delivered now is older than what failed, until it is written again */
    assert_true(drop_snapshot(t.drops, d).resealed);
    assert_int_equal(drop_unseal(t.drops, d, true), 0);
    assert_false(drop_snapshot(t.drops, d).resealed);
    drop_unref(x);
    drop_unref(d);
    close_table(&t);
}

static void a_death_after_it_waits_again_leaves_one(void **state)
{
    struct table t = open_table(state);
    struct drop *d = add_waiting(&t, "a.pdf", "sealed");

    assert_int_equal(drop_unseal(t.drops, d, true), 0);
    overwrite(&t, d, "whole");
    drop_queued(t.drops, d);
    assert_int_equal(drop_row_save(t.drops, d, true), 0);
    drop_unref(d);
    reopen(state, &t);
    d = find(&t, "documents", "a.pdf");
    expect_waiting(&t, d, "whole");
    assert_false(has_failed(&t, "documents", "a.pdf"));
    drop_unref(d);
    close_table(&t);
}

static void what_is_removed_takes_both(void **state)
{
    struct table t = open_table(state);
    struct drop *d = add_waiting(&t, "a.pdf", "sealed");

    assert_int_equal(drop_unseal(t.drops, d, false), 0);
    assert_int_equal(drops_remove(t.drops, d, true), 0);
    drop_unref(d);
    assert_int_equal(spooled(state), 0);
    reopen(state, &t);
    assert_false(is_there(&t, "documents", "a.pdf"));
    close_table(&t);
}

static void a_disk_that_refuses_changes_nothing(void **state)
{
    struct table t = open_table(state);
    struct drop *d = add_waiting(&t, "a.pdf", "sealed");

    refuse_row(&t, "a.pdf");
    assert_int_equal(drop_unseal(t.drops, d, true), -EIO);
    expect_waiting(&t, d, "sealed");
    assert_int_equal(spooled(state), 1);
    drop_unref(d);
    close_table(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_writes_again_gets_a_copy),
        TEST(what_begins_anew_has_nothing),
        TEST(a_copy_that_fails_is_kept_apart_and_the_sealed_waits),
        TEST(a_death_in_the_middle_leaves_the_sealed),
        TEST(a_death_after_it_waits_again_leaves_one),
        TEST(what_is_removed_takes_both),
        TEST(a_disk_that_refuses_changes_nothing),
    };

    return cmocka_run_group_tests_name("drop_sealed", tests, NULL, NULL);
}
