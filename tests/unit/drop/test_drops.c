/* Names come, move and go: here, and in the state database. */
#include <pthread.h>

#include "drops_fixture.h"

#include "banned.h"

/* --- Names ------------------------------------------------------------------------------------ */

static void name_is_given_once(void **state)
{
    struct drop *d, *other = NULL;
    struct table t;

    t = open_table(state);
    d = add(&t, "documents", "a.pdf", DROP_FILE);
    assert_int_equal(drops_add(t.drops, d->folder, "a.pdf", DROP_SUBFOLDER, &other), -EEXIST);
    assert_null(other);
    assert_int_equal(d->folder->changed_ns, clock_realtime_ns(&t.fake->clock));
    assert_int_equal(drops_remove(t.drops, d, false), 0);
    assert_int_equal(drops_add(t.drops, d->folder, "a.pdf", DROP_FILE, &other), 0);
    assert_int_equal(drops_remove(t.drops, d, false),
                     0); /* again: it leaves who has the name now */
    assert_true(is_there(&t, "documents", "a.pdf"));
    drop_unref(other);
    drop_unref(d);
    close_table(&t);
}

static void what_moves_takes_the_place_of_what_was_there(void **state)
{
    struct drop *d, *there;
    struct table t;

    t = open_table(state);
    d = add_text(&t, "documents", "a.pdf.part", "new");
    there = add_text(&t, "documents/sub", "a.pdf", "old");
    assert_int_equal(drops_move(t.drops, d, folder_of(&t, "documents/sub"), "a.pdf"), -EEXIST);
    assert_int_equal(
        drops_move_over(t.drops, d, folder_of(&t, "documents/sub"), "a.pdf", d, NULL, 0),
        -EEXIST); /* it is not what was known to be called so */
    assert_true(drop_snapshot(t.drops, there).linked);
    assert_int_equal(
        drops_move_over(t.drops, d, folder_of(&t, "documents/sub"), "a.pdf", there, NULL, 0), 0);
    assert_false(drop_snapshot(t.drops, there).linked);
    assert_false(is_there(&t, "documents", "a.pdf.part"));
    assert_int_equal(spooled(state), 1);
    drop_unref(there);
    drop_unref(d);
    reopen(state, &t);
    assert_false(is_there(&t, "documents", "a.pdf.part"));
    d = find(&t, "documents/sub", "a.pdf");
    expect_bytes(&t, d, "new");
    drop_unref(d);
    close_table(&t);
}

static void a_reserved_name_is_given_to_nobody_else(void **state)
{
    struct table t = open_table(state);
    struct folder *f = folder_of(&t, "documents");
    struct reserved_name mine = { .folder = f, .name = "a.pdf" }, other = { f, "b.pdf", NULL };
    struct sent_file sent = { .id = "las:document:00000000000000000000000000000001", .mode = -1 };
    struct drop *d = add_saved(&t, "documents", "c.pdf", DROP_FILE), *late = NULL;

    drops_reserve(t.drops, &mine);
    drops_reserve(t.drops, &other);
    drops_release(t.drops, &other);
    assert_int_equal(drops_add_late(t.drops, f, "a.pdf", &late), -EWOULDBLOCK);
    assert_int_equal(drops_add_sent(t.drops, f, "a.pdf", &sent, &late), -EEXIST);
    assert_int_equal(drops_move(t.drops, d, f, "a.pdf"), -EEXIST);
    assert_int_equal(drops_add_late(t.drops, f, "b.pdf", &late), 0);
    drop_unref(late);
    assert_int_equal(drops_move_over(t.drops, d, f, "a.pdf", NULL, NULL, 0),
                     0); /* who has reserved it */
    drops_release(t.drops, &mine);
    assert_int_equal(drops_move(t.drops, d, f, "c.pdf"), 0);
    assert_int_equal(drops_add_late(t.drops, f, "a.pdf", &late), 0);
    drop_unref(late);
    drop_unref(d);
    close_table(&t);
}

static void removed_folder_takes_nothing_in(void **state)
{
    struct table t = open_table(state);
    struct drop *above = add_saved(&t, "documents", "a", DROP_SUBFOLDER);
    struct drop *below = add_saved(&t, "documents/a", "b", DROP_SUBFOLDER), *late = NULL;
    struct folder *a = folder_of(&t, "documents/a"), *b = folder_of(&t, "documents/a/b");

    assert_int_equal(drops_add_late(t.drops, b, "late.pdf", &late), 0);
    assert_int_equal(drops_remove_folder(t.drops, below, b), -ENOTEMPTY);
    assert_true(is_there(&t, "documents/a", "b"));
    assert_int_equal(drops_remove(t.drops, late, false), 0);
    drop_unref(late);
    assert_int_equal(drops_remove_folder(t.drops, below, b), 0);
    assert_int_equal(drops_add_late(t.drops, b, "late.pdf", &late), -ENOENT);
    assert_int_equal(drops_add_late(t.drops, a, "late.pdf", &late), 0);
    assert_int_equal(drops_remove(t.drops, late, false), 0);
    drop_unref(late);
    drop_unref(add_saved(&t, "documents/a", "b", DROP_SUBFOLDER)); /* another one */
    assert_int_equal(drops_add_late(t.drops, b, "late.pdf", &late), 0);
    drop_unref(late);
    assert_int_equal(drops_remove(t.drops, above, false), 0); /* what it is in goes */
    assert_int_equal(drops_add_late(t.drops, b, "later.pdf", &late), -ENOENT);
    drop_unref(below);
    drop_unref(above);
    close_table(&t);
}

static void what_is_gone_does_not_move(void **state)
{
    struct drop *d;
    struct table t;

    t = open_table(state);
    d = add_saved(&t, "documents", "a.pdf", DROP_FILE);
    assert_int_equal(drops_remove(t.drops, d, true), 0);
    assert_int_equal(drops_move(t.drops, d, d->folder, "b.pdf"), -ENOENT);
    assert_false(is_there(&t, "documents", "b.pdf"));
    drop_unref(d);
    close_table(&t);
}

static void move_that_is_not_written_down_is_told(void **state)
{
    struct drop *d;
    struct table t;

    t = open_table(state);
    d = add_text(&t, "documents", "a.pdf", "abc");
    refuse_row(&t, "b.pdf");
    assert_int_equal(drops_move(t.drops, d, d->folder, "b.pdf"), -EIO);
    expect_folder(t.state, "documents", "documents/a.pdf=- "); /* so it is after the mount */
    drop_unref(d);
    close_table(&t);
}

/* --- Resources that are gone ------------------------------------------------------------------ */

static void name_goes_with_its_resource_unless_it_is_in_use(void **state)
{
    static const struct {
        const char *what, *gone;
        bool bytes, writer, held;
        bool removed;        /* the name goes too */
        const char *id_then; /* of what stays */
    } cases[] = {
        { "sent", A, false, false, false, true, NULL },
        { "another's", B, false, false, false, false, A },
        { "bytes here", A, true, false, false, false, "" },
        { "being written", A, false, true, false, false, "" },
        { "held", A, false, false, true, false, A }, /* who holds it finds out by itself */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct call now = { .nowait = true };
        struct table t;
        struct drop *d;

        print_message("%s\n", cases[i].what);
        t = open_table(state);
        d = cases[i].bytes ? add_text(&t, "documents", "a.pdf", "abc")
                           : add_saved(&t, "documents", "a.pdf", DROP_FILE);
        set_id(&t, d, A);
        if (cases[i].writer)
            add_writer(&t, d);
        if (cases[i].held)
            assert_int_equal(drop_lock_exclusive(t.drops, d, &now), 0);
        assert_int_equal(drops_remove_sent(t.drops, d, cases[i].gone, true), cases[i].removed);
        assert_int_equal(is_there(&t, "documents", "a.pdf"), !cases[i].removed);
        if (cases[i].id_then)
            assert_string_equal(drop_snapshot(t.drops, d).id, cases[i].id_then);
        assert_int_equal(drops_remove(t.drops, d, true), 0);
        drop_unref(d);
        close_table(&t);
    }
}

static void all_names_of_a_resource_go_but_those_with_bytes(void **state)
{
    struct drop *a, *b, *c;
    struct table t;

    t = open_table(state);
    a = add(&t, "documents", "a.pdf", DROP_FILE);
    b = add(&t, "datasets/" SET "/documents", "b.pdf", DROP_FILE);
    c = add_text(&t, "documents", "c.pdf", "changed");
    set_id(&t, a, A);
    set_id(&t, b, A);
    set_id(&t, c, A);
    drops_remove_id(t.drops, A);
    assert_false(is_there(&t, "documents", "a.pdf"));
    assert_false(is_there(&t, "datasets/" SET "/documents", "b.pdf"));
    assert_true(is_there(&t, "documents", "c.pdf"));
    drops_remove_id(t.drops, B);
    drop_unref(c);
    drop_unref(b);
    drop_unref(a);
    close_table(&t);
}

/* --- Taking over ------------------------------------------------------------------------------ */

static void bytes_take_over_what_another_stands_for(void **state)
{
    static const struct {
        const char *from, *to;
        bool gone;
        int rc;
    } cases[] = {
        { A, NULL, false, 1 },
        { NULL, NULL, false, 0 }, /* it stands for nothing */
        { A, B, false, 0 },       /* d is something of its own */
        { A, NULL, true, 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct acked acked = {
            .size = 17, .mtime_ns = 4, .digest = { 1, 2, 3 }, .has_digest = true
        };
        struct drop *from, *d;
        struct drop_snapshot s;
        struct table t;

        t = open_table(state);
        from = add(&t, "documents", "a.pdf", DROP_FILE);
        d = add_text(&t, "documents", "a.pdf.part", "abc");
        assert_int_equal(drop_stand_again(t.drops, from, cases[i].from, &acked), 0);
        set_id(&t, d, cases[i].to);
        if (cases[i].gone)
            assert_int_equal(drops_remove(t.drops, d, false), 0);
        assert_int_equal(drop_take_over(t.drops, d, from), cases[i].rc);
        s = drop_snapshot(t.drops, d);
        if (cases[i].rc) {
            assert_string_equal(s.id, A);
            assert_int_equal(s.acked.size, acked.size);
            assert_int_equal(s.acked.mtime_ns, acked.mtime_ns);
            assert_true(s.acked.has_digest);
            assert_memory_equal(s.acked.digest, acked.digest, sizeof(acked.digest));
            assert_true(s.dirty);
        } else {
            assert_string_equal(s.id, cases[i].to ? cases[i].to : "");
            assert_int_equal(s.acked.size, 0);
        }
        drops_remove(t.drops, d, true);
        drop_unref(d);
        drop_unref(from);
        close_table(&t);
    }
}

/* --- Subfolders ------------------------------------------------------------------------------- */

static void set_failed(struct table *t, const char *folder, const char *name)
{
    assert_int_equal(drops_add_failed(t->drops, folder_of(t, folder), name, "abc", 3, "why", 1), 0);
}

static void renamed_subfolder_takes_all_in_it_along(void **state)
{
    struct drop *d, *deep;
    struct table t;

    t = open_table(state);
    d = add_saved(&t, "documents", "old", DROP_SUBFOLDER);
    drop_unref(add_saved(&t, "documents/old", "deep", DROP_SUBFOLDER));
    deep = add_saved(&t, "documents/old/deep", "a.pdf", DROP_FILE);
    drop_unref(add_saved(&t, "documents/older", "b.pdf", DROP_FILE));
    set_failed(&t, "documents/old/deep", "c.pdf");
    assert_int_equal(drops_rename_subfolder(t.drops, d, "new"), 0);
    assert_ptr_equal(drop_folder(t.drops, deep), folder_of(&t, "documents/new/deep"));
    assert_true(is_there(&t, "documents/new/deep", "a.pdf"));
    assert_true(has_failed(&t, "documents/new/deep", "c.pdf"));
    assert_true(is_there(&t, "documents/older", "b.pdf"));
    assert_false(is_there(&t, "documents/old/deep", "a.pdf"));
    drop_unref(deep);
    drop_unref(d);
    reopen(state, &t);
    assert_true(is_there(&t, "documents", "new"));
    assert_true(is_there(&t, "documents/new/deep", "a.pdf"));
    assert_true(has_failed(&t, "documents/new/deep", "c.pdf"));
    assert_true(is_there(&t, "documents/older", "b.pdf"));
    close_table(&t);
}

static void subfolder_gets_what_failed_in_one_that_was_called_so(void **state)
{
    struct table t;
    struct drop *d, *x;

    t = open_table(state);
    set_failed(&t, "documents/new", "a.pdf");
    d = add_saved(&t, "documents", "old", DROP_SUBFOLDER);
    set_failed(&t, "documents/old", "b.pdf");
    assert_int_equal(drops_rename_subfolder(t.drops, d, "new"), 0);
    x = find_failed(&t, "documents/new", "a.pdf");
    expect_bytes(&t, x, "abc");
    assert_ptr_equal(x->folder, folder_of(&t, "documents/new"));
    drop_unref(x);
    assert_true(has_failed(&t, "documents/new", "b.pdf"));
    drop_unref(d);
    reopen(state, &t);
    assert_true(has_failed(&t, "documents/new", "a.pdf"));
    assert_true(has_failed(&t, "documents/new", "b.pdf"));
    close_table(&t);
}

static void subfolder_is_not_renamed_where_something_that_failed_would_be_lost(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    set_failed(&t, "documents/new", "a.pdf");
    d = add_saved(&t, "documents", "old", DROP_SUBFOLDER);
    set_failed(&t, "documents/old", "a.pdf");
    assert_int_equal(drops_rename_subfolder(t.drops, d, "new"), -ENOTEMPTY);
    assert_true(is_there(&t, "documents", "old"));
    assert_true(has_failed(&t, "documents/old", "a.pdf"));
    assert_true(has_failed(&t, "documents/new", "a.pdf"));
    drop_unref(d);
    close_table(&t);
}

static void subfolder_whose_rename_is_not_written_down_keeps_its_name(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add_saved(&t, "documents", "old", DROP_SUBFOLDER);
    drop_unref(add_saved(&t, "documents/old", "a.pdf", DROP_FILE));
    refuse_changes(&t);
    assert_int_equal(drops_rename_subfolder(t.drops, d, "new"), -EIO);
    assert_true(is_there(&t, "documents", "old"));
    assert_true(is_there(&t, "documents/old", "a.pdf"));
    drop_unref(d);
    close_table(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(name_is_given_once),
        TEST(what_moves_takes_the_place_of_what_was_there),
        TEST(a_reserved_name_is_given_to_nobody_else),
        TEST(removed_folder_takes_nothing_in),
        TEST(what_is_gone_does_not_move),
        TEST(move_that_is_not_written_down_is_told),
        TEST(name_goes_with_its_resource_unless_it_is_in_use),
        TEST(all_names_of_a_resource_go_but_those_with_bytes),
        TEST(bytes_take_over_what_another_stands_for),
        TEST(renamed_subfolder_takes_all_in_it_along),
        TEST(subfolder_gets_what_failed_in_one_that_was_called_so),
        TEST(subfolder_is_not_renamed_where_something_that_failed_would_be_lost),
        TEST(subfolder_whose_rename_is_not_written_down_keeps_its_name),
    };

    return cmocka_run_group_tests_name("drops", tests, NULL, NULL);
}
