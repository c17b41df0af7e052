/* What is in the folders: by name, by resource, and where it is parked. */
#include <pthread.h>

#include "drops_fixture.h"

#include "drop_target.h"

#include "banned.h"

/* --- By resource ------------------------------------------------------------------------------ */

static void expect_owner(struct table *t, const char *folder, const char *id, struct drop *want)
{
    struct drop *d = drops_find_id(t->drops, folder_of(t, folder), id);

    assert_ptr_equal(d, want);
    drop_unref(d);
}

static void resource_is_found_by_the_name_that_stands_for_it(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add(&t, "documents", "a.pdf", DROP_FILE);
    expect_owner(&t, "documents", A, NULL);
    set_id(&t, d, A);
    expect_owner(&t, "documents", A, d);
    expect_owner(&t, "documents", B, NULL);
    expect_owner(&t, "documents/sub", A, NULL);
    set_id(&t, d, B); /* it was replaced */
    expect_owner(&t, "documents", A, NULL);
    expect_owner(&t, "documents", B, d);
    set_id(&t, d, NULL);
    expect_owner(&t, "documents", B, NULL);
    drop_unref(d);
    close_table(&t);
}

static void resource_has_a_name_in_each_folder(void **state)
{
    static const char *const folders[] = { "documents", "documents/sub",
                                           "datasets/" SET "/documents" };
    struct drop *drops[ARRAY_LEN(folders)];

    for (size_t first = 0; first < ARRAY_LEN(folders); first++) {
        struct table t;

        t = open_table(state);
        for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
            drops[i] = add(&t, folders[i], "a.pdf", DROP_FILE);
            set_id(&t, drops[i], A);
        }
        for (size_t n = 0; n < ARRAY_LEN(folders); n++) { /* in each order of going */
            size_t i = (first + n) % ARRAY_LEN(folders);

            expect_owner(&t, folders[i], A, drops[i]);
            set_id(&t, drops[i], NULL);
            expect_owner(&t, folders[i], A, NULL);
        }
        for (size_t i = 0; i < ARRAY_LEN(folders); i++)
            drop_unref(drops[i]);
        close_table(&t);
    }
}

static void name_says_which_resource_it_stands_for(void **state)
{
    char id[RESOURCE_ID_MAX + 1];
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add(&t, "documents", "a.pdf", DROP_FILE);
    assert_int_equal(drops_id_of_name(t.drops, d->folder, "a.pdf", id), -ENOENT);
    assert_int_equal(drops_id_of_name(t.drops, d->folder, "b.pdf", id), -ENOENT);
    set_id(&t, d, A);
    assert_int_equal(drops_id_of_name(t.drops, d->folder, "a.pdf", id), 0);
    assert_string_equal(id, A);
    drop_unref(d);
    close_table(&t);
}

static void folder_owns_what_is_named_below_it(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add(&t, "documents/2026/11", "a.pdf", DROP_FILE);
    set_id(&t, d, A);
    assert_true(drops_owns_id(t.drops, folder_of(&t, "documents"), A));
    assert_true(drops_owns_id(t.drops, folder_of(&t, "documents/2026"), A));
    assert_true(drops_owns_id(t.drops, folder_of(&t, "documents/2026/11"), A));
    assert_false(drops_owns_id(t.drops, folder_of(&t, "documents/2026/1"), A));
    assert_false(drops_owns_id(t.drops, folder_of(&t, "documents"), B));
    assert_int_equal(drops_remove(t.drops, d, false), 0);
    assert_false(drops_owns_id(t.drops, folder_of(&t, "documents"), A));
    drop_unref(d);
    close_table(&t);
}

static void what_was_removed_is_no_resources_name(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add(&t, "documents", "a.pdf", DROP_FILE);
    assert_int_equal(drops_remove(t.drops, d, false), 0);
    set_id(&t, d, A); /* it was on its way just then */
    expect_owner(&t, "documents", A, NULL);
    drop_unref(d);
    close_table(&t);
}

static void drop_leads_to_the_resource_that_it_stands_for(void **state)
{
    struct target_ids b;
    struct table t;
    struct drop *d, *field;

    t = open_table(state);
    d = add(&t, "documents", "a.pdf", DROP_FILE);
    field = add(&t, "documents/" A, ".name.swp", DROP_FILE);
    assert_int_equal(drop_target(t.drops, d, &b), -ENOENT);
    set_id(&t, d, A);
    assert_int_equal(drop_target(t.drops, d, &b), 0);
    assert_string_equal(b.id, A);
    assert_string_equal(b.target.res->name, "documents");
    set_id(&t, field, B); /* where nothing becomes a resource */
    assert_int_equal(drop_target(t.drops, field, &b), -ENOENT);
    drop_unref(field);
    drop_unref(d);
    close_table(&t);
}

static void file_with_another_name_by_now_does_not_answer_to_its_old_one(void **state)
{
    static const struct {
        const char *folder, *name;
        enum drop_what what;
        bool hidden;
    } cases[] = {
        { "assets", "logo.png", DROP_FILE, true },
        { "models", "a.json", DROP_FILE, false }, /* no file with a content */
        { "datasets", "invoices", DROP_DIRECTORY, false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct table t;
        struct drop *d;

        print_message("%s\n", cases[i].folder);
        t = open_table(state);
        d = add(&t, cases[i].folder, cases[i].name, cases[i].what);
        assert_false(drops_hide_name(t.drops, d->folder, "old", "las:asset:1"));
        set_id(&t, d, "las:asset:1");
        assert_int_equal(drops_hide_name(t.drops, d->folder, "old", "las:asset:1"),
                         cases[i].hidden);
        drop_unref(d);
        close_table(&t);
    }
}

/* --- Parked names ----------------------------------------------------------------------------- */

static void expect_parked(struct table *t, const char *folder, const char *name, struct drop *want)
{
    struct drop *d = drops_find_parked(t->drops, folder_of(t, folder), name);

    assert_ptr_equal(d, want);
    drop_unref(d);
}

static void park(struct table *t, struct drop *d, const char *folder, const char *name,
                 int64_t until_ms)
{
    struct folder *f = folder_of(t, folder);

    drops_lock(t->drops);
    assert_int_equal(drop_set_parked_locked(d, f, name, until_ms), 0);
    drops_unlock(t->drops);
}

static void name_that_was_moved_into_a_folder_of_backups_is_parked_for_a_moment(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add(&t, "documents/sub.tmp", "a.pdf", DROP_FILE);
    assert_true(d->folder->staging);
    park(&t, d, "documents", "a.pdf", START_MS + 2000);
    expect_parked(&t, "documents", "a.pdf", d);
    expect_parked(&t, "documents", "b.pdf", NULL);
    expect_parked(&t, "documents/sub.tmp", "a.pdf", NULL);
    fake_clock_advance(t.fake, 2000);
    expect_parked(&t, "documents", "a.pdf", d);
    fake_clock_advance(t.fake, 1);
    expect_parked(&t, "documents", "a.pdf", NULL);
    drop_unref(d);
    close_table(&t);
}

static void name_is_parked_until_it_is_taken_back(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add(&t, "documents", "a.pdf~", DROP_FILE);
    park(&t, d, "documents", "a.pdf", CLOCK_FOREVER);
    park(&t, d, "documents", "b.pdf", CLOCK_FOREVER);
    expect_parked(&t, "documents", "a.pdf", NULL);
    expect_parked(&t, "documents", "b.pdf", d);
    fake_clock_advance(t.fake, INT64_C(1000) * 3600 * 24);
    expect_parked(&t, "documents", "b.pdf", d);
    park(&t, d, "documents", NULL, 0);
    expect_parked(&t, "documents", "b.pdf", NULL);
    drop_unref(d);
    close_table(&t);
}

static void parked_name_outlives_the_mount(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add_text(&t, "documents", "a.pdf~", "abc");
    park(&t, d, "documents", "a.pdf", CLOCK_FOREVER);
    assert_int_equal(drop_row_save(t.drops, d, true), 0);
    drop_unref(d);
    reopen(state, &t);
    d = find(&t, "documents", "a.pdf~");
    expect_parked(&t, "documents", "a.pdf", d);
    drop_unref(d);
    close_table(&t);
}

static void name_that_is_parked_elsewhere_is_free_after_the_mount(void **state)
{
    struct table t;
    struct drop *d;

    t = open_table(state);
    d = add_text(&t, "documents/sub.tmp", "a.pdf", "abc");
    park(&t, d, "documents", "a.pdf", START_MS + 2000);
    assert_int_equal(drop_row_save(t.drops, d, true), 0);
    drop_unref(d);
    reopen(state, &t);
    folder_of(&t, "documents/sub.tmp");
    expect_parked(&t, "documents", "a.pdf", NULL);
    close_table(&t);
}

/* --- Lists ------------------------------------------------------------------------------------ */

static void lists_have_what_they_say(void **state)
{
    static const char *const files[] = { "documents/a",        "documents/b",
                                         "documents/sub/c",    "documents/sub/deep/d",
                                         "documents/subway/e", "assets/f" };
    struct drop **list;
    struct table t;
    size_t n;

    t = open_table(state);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        const char *slash = strrchr(files[i], '/');
        char folder[100];

        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - files[i]), files[i]);
        drop_unref(i % 2 ? add(&t, folder, slash + 1, DROP_FILE)
                         : add_text(&t, folder, slash + 1, "abc"));
    }
    assert_int_equal(drops_list(t.drops, folder_of(&t, "documents"), &list, &n), 0);
    expect_list(list, n, "a b ");
    assert_int_equal(drops_list_within(t.drops, "documents/sub", &list, &n), 0);
    expect_list(list, n, "c d ");
    assert_int_equal(drops_list_local(t.drops, &list, &n), 0);
    expect_list(list, n, "a c e ");
    close_table(&t);
}

static void list_below_has_folders_that_were_not_used_yet(void **state)
{
    struct drop **list;
    struct table t;
    size_t n;

    t = open_table(state);
    drop_unref(add_saved(&t, "documents/" A "/predictions", "m.json", DROP_FILE));
    drop_unref(add_saved(&t, "documents/" A, "x~", DROP_FILE));
    drop_unref(add_saved(&t, "documents", "y", DROP_FILE));
    put_row(t.state, "of/a newer version", "z", "1");
    reopen(state, &t);
    assert_int_equal(drops_list_below(t.drops, "documents/" A, &list, &n), 0);
    expect_list(list, n, "x~ m.json ");
    assert_int_equal(drops_list_below(t.drops, "of", &list, &n), 0);
    expect_list(list, n, "");
    close_table(&t);
}

static void subfolders_are_loaded_with_the_folder_above(void **state)
{
    struct table t;
    struct drop *d;
    bool loaded;

    t = open_table(state);
    drop_unref(add_saved(&t, "documents", "2026", DROP_SUBFOLDER));
    drop_unref(add_saved(&t, "documents/2026", "11", DROP_SUBFOLDER));
    d = add(&t, "documents/2026/11", "a.pdf", DROP_FILE);
    set_id(&t, d, A);
    assert_int_equal(drop_row_save(t.drops, d, true), 0);
    drop_unref(d);
    reopen(state, &t);
    assert_false(drops_has_folder(t.drops, "documents/2026", &loaded));
    assert_true(drops_has_rows(t.drops, "documents/2026"));
    assert_false(drops_has_rows(t.drops, "documents/2025"));
    assert_false(loaded);
    assert_false(drops_owns_id(t.drops, folder_of(&t, "documents"), A));
    assert_int_equal(drops_load_below(t.drops, folder_of(&t, "documents")), 0);
    assert_true(drops_has_folder(t.drops, "documents/2026/11", &loaded));
    assert_true(loaded);
    assert_true(drops_owns_id(t.drops, folder_of(&t, "documents"), A));
    close_table(&t);
}

static void folders_have_keys(void **state)
{
    struct folder *f = NULL;
    struct table t;
    char *key;

    t = open_table(state);
    assert_int_equal(drops_folder(t.drops, "no such thing", &f), -EINVAL);
    assert_null(f);
    assert_ptr_equal(folder_of(&t, "documents/2026"), folder_of(&t, "documents/2026"));
    key = drops_child_key(t.drops, folder_of(&t, "documents"), "2026");
    assert_string_equal(key, "documents/2026");
    free(key);
    close_table(&t);
}

static void status_counts_them(void **state)
{
    struct call now = { .nowait = true };
    struct drops_stats stats;
    struct drop *sent, *local, *open, *sending;
    struct table t;

    t = open_table(state);
    sent = add(&t, "documents", "sent", DROP_FILE);
    set_id(&t, sent, A);
    local = add_text(&t, "documents", "local~", "abc");
    open = add_text(&t, "documents", "open", "abc");
    add_writer(&t, open);
    sending = add_text(&t, "documents", "sending", "abc");
    assert_int_equal(drop_lock_exclusive(t.drops, sending, &now), 0);
    drop_unref(add(&t, "documents", "nothing", DROP_FILE));
    assert_int_equal(drops_add_failed(t.drops, sent->folder, "failed", "abc", 3, "why", 1), 0);
    drops_get_stats(t.drops, &stats);
    assert_int_equal(stats.sent, 1);
    assert_int_equal(stats.local, 1);
    assert_int_equal(stats.open, 1);
    assert_int_equal(stats.sending, 1);
    assert_int_equal(stats.failed, 1);
    drop_unlock_exclusive(t.drops, sending);
    drop_unref(sending);
    drop_unref(open);
    drop_unref(local);
    drop_unref(sent);
    close_table(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(resource_is_found_by_the_name_that_stands_for_it),
        TEST(resource_has_a_name_in_each_folder),
        TEST(name_says_which_resource_it_stands_for),
        TEST(folder_owns_what_is_named_below_it),
        TEST(what_was_removed_is_no_resources_name),
        TEST(drop_leads_to_the_resource_that_it_stands_for),
        TEST(file_with_another_name_by_now_does_not_answer_to_its_old_one),
        TEST(name_that_was_moved_into_a_folder_of_backups_is_parked_for_a_moment),
        TEST(name_is_parked_until_it_is_taken_back),
        TEST(parked_name_outlives_the_mount),
        TEST(name_that_is_parked_elsewhere_is_free_after_the_mount),
        TEST(lists_have_what_they_say),
        TEST(list_below_has_folders_that_were_not_used_yet),
        TEST(subfolders_are_loaded_with_the_folder_above),
        TEST(folders_have_keys),
        TEST(status_counts_them),
    };

    return cmocka_run_group_tests_name("drop_table", tests, NULL, NULL);
}
