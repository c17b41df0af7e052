/* What a failed drop promises: the name is what the server has, the bytes are kept. */
#include <pthread.h>

#include "drops_fixture.h"
#include "names.h"

#include "banned.h"

#define WHY "the API does not take it"
#define SENT_NS INT64_C(1700000000000000001)
#define WRITTEN_NS INT64_C(1710000000000000002)
#define FAILED_NS INT64_C(1720000000000000003)

/* A document that the server has, with other bytes written over it here. */
static struct drop *add_replacing(struct table *t, const char *name, const char *text)
{
    struct drop *d = add_text(t, "documents", name, text);

    set_id(t, d, A);
    drops_lock(t->drops);
    d->acked.mtime_ns = SENT_NS;
    d->mtime_ns = WRITTEN_NS;
    drops_unlock(t->drops);
    assert_int_equal(drop_row_save(t->drops, d, true), 0);
    return d;
}

static void set_failed(struct table *t, struct drop *d, const char *why)
{
    assert_int_equal(drop_set_failed(t->drops, d, why, FAILED_NS), 0);
}

static void expect_error(struct drop *x, const char *why)
{
    assert_string_equal(x->error, why);
    assert_int_equal(x->failed_ns, FAILED_NS);
}

/* --- Failing ---------------------------------------------------------------------------------- */

static void new_file_that_fails_is_not_at_its_name(void **state)
{
    struct drop *d, *x;
    struct table t;

    t = open_table(state);
    d = add_text(&t, "documents", "a.pdf", "abc");
    set_failed(&t, d, WHY);
    assert_false(is_there(&t, "documents", "a.pdf"));
    assert_false(drop_snapshot(t.drops, d).linked);
    expect_bytes(&t, d, NULL);
    x = find_failed(&t, "documents", "a.pdf");
    expect_bytes(&t, x, "abc");
    expect_error(x, WHY);
    assert_int_equal(x->failed_number, 1);
    assert_int_equal(drop_snapshot(t.drops, x).state, DROP_APART);
    expect_folder(t.state, "documents", "");
    expect_folder(t.state, ".failed/documents", ".failed/documents/a.pdf=- ");
    drop_unref(x);
    drop_unref(d);
    close_table(&t);
}

static void replacement_that_fails_leaves_what_the_server_has(void **state)
{
    struct drop_snapshot s;
    struct drop *d, *x;
    struct table t;
    unsigned before;

    t = open_table(state);
    d = add_replacing(&t, "a.pdf", "new");
    before = drop_snapshot(t.drops, d).generation;
    set_failed(&t, d, WHY);
    s = drop_snapshot(t.drops, d);
    assert_true(s.linked);
    assert_string_equal(s.id, A);
    assert_false(s.has_bytes);
    assert_false(s.dirty);
    assert_int_equal(s.mtime_ns, SENT_NS);
    assert_int_equal(s.generation, before + 1); /* who has it open cannot go on writing */
    x = find_failed(&t, "documents", "a.pdf");
    expect_bytes(&t, x, "new");
    assert_int_equal(x->mtime_ns, WRITTEN_NS);
    expect_folder(t.state, "documents", "documents/a.pdf=" A " ");
    drop_unref(x);
    drop_unref(d);
    close_table(&t);
}

static void who_reads_what_fails_goes_on_reading(void **state)
{
    struct drop *d;
    struct table t;

    t = open_table(state);
    d = add_text(&t, "documents", "a.pdf", "abc");
    drop_open(t.drops, d);
    set_failed(&t, d, WHY);
    expect_bytes(&t, d, "abc");
    assert_int_equal(spooled(state), 1); /* those that are kept, and no more */
    assert_int_equal(drops_supersede(t.drops, d->folder, "a.pdf"), 0);
    expect_bytes(&t, d, "abc");
    drop_close(t.drops, d);
    expect_bytes(&t, d, NULL);
    assert_int_equal(spooled(state), 0);
    drop_unref(d);
    close_table(&t);
}

static void what_fails_again_takes_the_place_of_what_failed(void **state)
{
    struct drop *d, *x, *other;
    struct table t;

    t = open_table(state);
    d = add_text(&t, "documents", "a.pdf", "first");
    set_failed(&t, d, "once");
    drop_unref(d);
    other = add_text(&t, "documents", "b.pdf", "other");
    set_failed(&t, other, WHY);
    drop_unref(other);
    d = add_text(&t, "documents", "a.pdf", "second");
    set_failed(&t, d, "twice");
    x = find_failed(&t, "documents", "a.pdf");
    expect_bytes(&t, x, "second");
    expect_error(x, "twice");
    assert_int_equal(x->failed_number, 1); /* the same file in .lasfs/failed */
    drop_unref(x);
    x = find_failed(&t, "documents", "b.pdf");
    assert_int_equal(x->failed_number, 2);
    assert_int_equal(spooled(state), 2);
    drop_unref(x);
    drop_unref(d);
    close_table(&t);
}

/* Half of this, under that name. */
static void fail_torn(struct table *t, const char *name, const char *text)
{
    cleanup_drop struct drop *d = add_text(t, "documents", name, text);

    assert_int_equal(drop_set_torn(t->drops, d, "half", FAILED_NS), 0);
}

static void expect_failed(struct table *t, const char *name, const char *text)
{
    cleanup_drop struct drop *x = find_failed(t, "documents", name);

    print_message("%s\n", name);
    assert_int_equal(x != NULL, text != NULL);
    if (text)
        expect_bytes(t, x, text);
}

static void half_a_file_takes_the_place_of_a_half_alone(void **state)
{
    char name[NAMES_MAX + 1], part[NAMES_MAX + 1];
    cleanup_drop struct drop *d = NULL;
    struct folder *f;
    struct table t;

    t = open_table(state);
    f = folder_of(&t, "documents");
    fail_torn(&t, "a.pdf", "ha");
    fail_torn(&t, "a.pdf", "hal");
    expect_failed(&t, "a.pdf", "hal");
    expect_failed(&t, "a.pdf.part", NULL);
    d = add_text(&t, "documents", "a.pdf", "whole");
    set_failed(&t, d, WHY);
    expect_failed(&t, "a.pdf", "whole");
    for (int i = 0; i < 2; i++) {
        fail_torn(&t, "a.pdf", i ? "half" : "hal");
        expect_failed(&t, "a.pdf", "whole");
        expect_failed(&t, "a.pdf.part", i ? "half" : "hal");
        close_table(&t);
        t = open_table(state);
        f = folder_of(&t, "documents");
    }
    assert_true(drops_make_room(t.drops, f, "a.pdf"));
    assert_false(drops_make_room(t.drops, f, "a.pdf"));
    expect_failed(&t, "a.pdf", "whole");
    fail_torn(&t, "a.pdf", "half");
    assert_int_equal(drops_supersede(t.drops, f, "a.pdf"), 0);
    expect_failed(&t, "a.pdf", NULL);
    expect_failed(&t, "a.pdf.part", NULL);
    memset(name, 'a', NAMES_MAX);
    name[NAMES_MAX] = '\0';
    memcpy(name + NAMES_MAX - 6, "\303\246", 2); /* no name is cut within a character */
    drop_unref(steal_pointer(&d));
    d = add_text(&t, "documents", name, "whole");
    set_failed(&t, d, WHY);
    fail_torn(&t, name, "half");
    snprintf(part, sizeof(part), "%.*s.part", NAMES_MAX - 6, name);
    expect_failed(&t, part, "half");
    close_table(&t);
}

static void what_fails_in_memory_leaves_nothing(void **state)
{
    struct drop *d, *sent;
    struct table t;

    t = open_table(state);
    d = add_text(&t, "secrets", "s.json", "{}");
    set_failed(&t, d, WHY);
    assert_false(is_there(&t, "secrets", "s.json"));
    assert_false(has_failed(&t, "secrets", "s.json"));
    sent = add_text(&t, "secrets", "sent.json", "{}");
    set_id(&t, sent, "las:secret:" HEX);
    set_failed(&t, sent, WHY);
    assert_true(is_there(&t, "secrets", "sent.json"));
    assert_false(has_failed(&t, "secrets", "sent.json"));
    expect_folder(t.state, "secrets", "secrets/sent.json=las:secret:" HEX " ");
    assert_int_equal(spooled(state), 0);
    drop_unref(sent);
    drop_unref(d);
    close_table(&t);
}

static void what_has_no_bytes_fails_without_a_trace(void **state)
{
    struct drop *d;
    struct table t;

    t = open_table(state);
    d = add_saved(&t, "documents", "a.pdf", DROP_FILE);
    set_failed(&t, d, WHY);
    assert_false(is_there(&t, "documents", "a.pdf"));
    assert_false(has_failed(&t, "documents", "a.pdf"));
    expect_folder(t.state, "documents", "");
    drop_unref(d);
    close_table(&t);
}

static void what_was_removed_meanwhile_is_not_kept(void **state)
{
    struct drop *d;
    struct table t;

    t = open_table(state);
    d = add_text(&t, "documents", "a.pdf", "abc");
    drop_open(t.drops, d);
    assert_int_equal(drops_remove(t.drops, d, true), 0);
    set_failed(&t, d, WHY);
    assert_false(has_failed(&t, "documents", "a.pdf"));
    assert_int_equal(spooled(state), 0);
    drop_close(t.drops, d);
    drop_unref(d);
    close_table(&t);
}

/* --- Texts and copies ------------------------------------------------------------------------- */

static void text_of_a_field_is_kept_where_there_is_no_drop(void **state)
{
    struct table t;
    struct drop *x;

    t = open_table(state);
    assert_int_equal(drops_add_failed(t.drops, folder_of(&t, "documents/" A), "name", "text\n", 5,
                                      WHY, FAILED_NS),
                     0);
    assert_false(is_there(&t, "documents/" A, "name"));
    reopen(state, &t);
    x = find_failed(&t, "documents/" A, "name");
    expect_bytes(&t, x, "text\n");
    expect_error(x, WHY);
    drop_unref(x);
    close_table(&t);
}

static void bytes_that_a_rename_could_not_send_are_kept_as_a_copy(void **state)
{
    struct drop *d, *x;
    struct table t;

    t = open_table(state);
    d = add_text(&t, "documents", ".a.pdf.tmp", "abc");
    assert_int_equal(drops_copy_failed(t.drops, d, d->folder, "a.pdf", WHY, FAILED_NS), 0);
    expect_bytes(&t, d, "abc");
    assert_true(is_there(&t, "documents", ".a.pdf.tmp"));
    x = find_failed(&t, "documents", "a.pdf");
    expect_bytes(&t, x, "abc");
    assert_int_equal(x->mtime_ns, d->mtime_ns);
    drop_unref(x);
    drop_unref(d);
    d = add_text(&t, "secrets", "s.tmp", "{}"); /* but for what must be on no disk */
    assert_int_equal(drops_copy_failed(t.drops, d, d->folder, "s.json", WHY, FAILED_NS), 0);
    assert_false(has_failed(&t, "secrets", "s.json"));
    drop_unref(d);
    d = add(&t, "documents", "empty", DROP_FILE);
    assert_int_equal(drops_copy_failed(t.drops, d, d->folder, "b.pdf", WHY, FAILED_NS), 0);
    assert_false(has_failed(&t, "documents", "b.pdf"));
    drop_unref(d);
    close_table(&t);
}

/* --- Afterwards ------------------------------------------------------------------------------- */

static void what_was_delivered_since_is_not_kept(void **state)
{
    struct drop *d;
    struct table t;

    t = open_table(state);
    assert_int_equal(drops_supersede(t.drops, folder_of(&t, "documents"), "a.pdf"), 0);
    d = add_text(&t, "documents", "a.pdf", "abc");
    set_failed(&t, d, WHY);
    assert_int_equal(drops_supersede(t.drops, d->folder, "a.pdf"), 0);
    assert_false(has_failed(&t, "documents", "a.pdf"));
    expect_folder(t.state, ".failed/documents", "");
    assert_int_equal(spooled(state), 0);
    drop_unref(d);
    close_table(&t);
}

static void what_failed_can_be_sent_once_more_and_fail_again(void **state)
{
    struct drop_snapshot s;
    struct drop *d, *x;
    struct table t;

    t = open_table(state);
    d = add_text(&t, "documents", "a.pdf", "abc");
    set_failed(&t, d, WHY);
    drop_unref(d);
    x = find_failed(&t, "documents", "a.pdf");
    d = add(&t, "documents", "a.pdf", DROP_FILE);
    assert_int_equal(drop_take_failed(t.drops, x, d), 0);
    s = drop_snapshot(t.drops, d);
    assert_true(s.dirty);
    assert_true(s.has_bytes);
    expect_bytes(&t, d, "abc");
    expect_bytes(&t, x, NULL);
    assert_int_equal(drop_take_failed(t.drops, x, d), -ENOENT); /* they are under way */
    set_failed(&t, d, "again");
    expect_bytes(&t, x, "abc");
    expect_error(x, "again");
    assert_int_equal(x->failed_number, 1);
    drop_unref(x);
    drop_unref(d);
    close_table(&t);
}

static void what_failed_does_not_replace_what_is_newer(void **state)
{
    struct drop *d, *x;
    struct table t;

    t = open_table(state);
    d = add_text(&t, "documents", "a.pdf", "old");
    set_failed(&t, d, WHY);
    drop_unref(d);
    x = find_failed(&t, "documents", "a.pdf");
    d = add_text(&t, "documents", "a.pdf", "new");
    assert_int_equal(drop_take_failed(t.drops, x, d), -EBUSY);
    expect_bytes(&t, d, "new");
    drop_unref(d);
    d = add(&t, "documents", "b.pdf", DROP_FILE);
    add_writer(&t, d);
    assert_int_equal(drop_take_failed(t.drops, x, d), -EBUSY);
    expect_bytes(&t, x, "old");
    drop_unref(d);
    d = add(&t, "documents", "folder", DROP_SUBFOLDER);
    assert_int_equal(drop_take_failed(t.drops, x, d), -EBUSY);
    drop_unref(d);
    drop_unref(x);
    close_table(&t);
}

static void note_that_was_removed_stays_away(void **state)
{
    struct drop *d, *x;
    struct table t;

    t = open_table(state);
    d = add_text(&t, "documents", "a.pdf", "abc");
    set_failed(&t, d, WHY);
    drop_unref(d);
    x = find_failed(&t, "documents", "a.pdf");
    assert_int_equal(drop_forget_note(t.drops, x), 0);
    drop_unref(x);
    reopen(state, &t);
    x = find_failed(&t, "documents", "a.pdf");
    assert_null(x->error);
    expect_bytes(&t, x, "abc");
    drop_unref(x);
    close_table(&t);
}

static void what_failed_is_listed_in_the_order_of_its_folder(void **state)
{
    struct drop **list;
    struct table t;
    size_t n;

    t = open_table(state);
    for (int i = 0; i < 3; i++) {
        const char *folder = i == 1 ? "assets" : "documents";
        char name[] = { (char)('a' + i), '\0' };
        struct drop *d = add_text(&t, folder, name, "abc");

        set_failed(&t, d, WHY);
        drop_unref(d);
    }
    assert_int_equal(drops_list_failed(t.drops, folder_of(&t, "documents"), &list, &n), 0);
    expect_list(list, n, "a c ");
    assert_int_equal(drops_list_failed(t.drops, NULL, &list, &n), 0);
    expect_list(list, n, "a c b ");
    close_table(&t);
}

/* --- A database that takes nothing ------------------------------------------------------------ */

static void failure_that_cannot_be_written_down_is_told(void **state)
{
    struct drop *d, *x;
    struct table t;

    t = open_table(state);
    d = add_text(&t, "documents", "a.pdf", "abc");
    refuse_row(&t, "a.pdf");
    assert_int_equal(drop_set_failed(t.drops, d, WHY, FAILED_NS), -EIO);
    x = find_failed(&t, "documents", "a.pdf"); /* until the mount ends it is there */
    expect_bytes(&t, x, "abc");
    assert_false(is_there(&t, "documents", "a.pdf"));
    drop_unref(x);
    drop_unref(d);
    assert_int_equal(
        drops_add_failed(t.drops, folder_of(&t, "documents"), "a.pdf", "new", 3, WHY, FAILED_NS),
        -EIO);
    close_table(&t);
}

static void copy_that_cannot_be_written_leaves_nothing(void **state)
{
    struct drop *d;
    struct table t;

    t = open_table(state);
    d = add_text(&t, "documents", "a.pdf", "abc");
    assert_int_equal(nftw(in_dir(state, "spool"), temp_dir_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
    assert_true(drops_copy_failed(t.drops, d, d->folder, "b.pdf", WHY, FAILED_NS) < 0);
    assert_true(drops_add_failed(t.drops, d->folder, "b.pdf", "abc", 3, WHY, FAILED_NS) < 0);
    assert_false(has_failed(&t, "documents", "b.pdf"));
    expect_bytes(&t, d, "abc");
    drop_unref(d);
    close_table(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(new_file_that_fails_is_not_at_its_name),
        TEST(replacement_that_fails_leaves_what_the_server_has),
        TEST(who_reads_what_fails_goes_on_reading),
        TEST(what_fails_again_takes_the_place_of_what_failed),
        TEST(half_a_file_takes_the_place_of_a_half_alone),
        TEST(what_fails_in_memory_leaves_nothing),
        TEST(what_has_no_bytes_fails_without_a_trace),
        TEST(what_was_removed_meanwhile_is_not_kept),
        TEST(text_of_a_field_is_kept_where_there_is_no_drop),
        TEST(bytes_that_a_rename_could_not_send_are_kept_as_a_copy),
        TEST(what_was_delivered_since_is_not_kept),
        TEST(what_failed_can_be_sent_once_more_and_fail_again),
        TEST(what_failed_does_not_replace_what_is_newer),
        TEST(note_that_was_removed_stays_away),
        TEST(what_failed_is_listed_in_the_order_of_its_folder),
        TEST(failure_that_cannot_be_written_down_is_told),
        TEST(copy_that_cannot_be_written_leaves_nothing),
    };

    return cmocka_run_group_tests_name("drop_failed", tests, NULL, NULL);
}
