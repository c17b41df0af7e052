/* What happens to names and bytes when there is no memory: -ENOMEM, and all is as it was. */
#include <pthread.h>

#include "failing_alloc.h"

#include "drops_fixture.h"

#include "banned.h"

struct world {
    struct table t;
    struct drop *d, *other;
};

static int add_one(struct world *w)
{
    struct drop *d = NULL;
    int rc = drops_add(w->t.drops, w->d->folder, "new.pdf", DROP_FILE, &d);

    if (rc == 0) /* once is enough */
        drops_remove(w->t.drops, d, false);
    drop_unref(d);
    return rc;
}

static int move_one(struct world *w)
{
    return drops_move(w->t.drops, w->d, w->d->folder, "a.pdf");
}

static int set_id_of_one(struct world *w)
{
    return drop_named(w->t.drops, w->d, B, false);
}

static int park_one(struct world *w)
{
    int rc;

    drops_lock(w->t.drops);
    rc = drop_set_parked_locked(w->d, w->d->folder, "b.pdf", CLOCK_FOREVER);
    drops_unlock(w->t.drops);
    return rc;
}

static int new_bytes(struct world *w)
{
    struct bytes *b;

    return drop_new_bytes(w->t.drops, w->other, &b);
}

static int save_row(struct world *w)
{
    return drop_row_save(w->t.drops, w->d, false);
}

static int list_all(struct world *w)
{
    struct drop **list;
    size_t n;
    int rc = drops_list(w->t.drops, w->d->folder, &list, &n);

    if (rc == 0)
        expect_list(list, n, "a.pdf other.pdf ");
    return rc;
}

static int list_local(struct world *w)
{
    struct drop **list;
    size_t n;
    int rc = drops_list_local(w->t.drops, &list, &n);

    if (rc == 0)
        expect_list(list, n, "a.pdf ");
    return rc;
}

static int list_failed(struct world *w)
{
    struct drop **list;
    size_t n;
    int rc = drops_list_failed(w->t.drops, NULL, &list, &n);

    if (rc == 0)
        expect_list(list, n, "");
    return rc;
}

static int make_folder(struct world *w)
{
    struct folder *f;

    return drops_folder(w->t.drops, "datasets/" SET "/documents", &f);
}

static int name_child(struct world *w)
{
    char *key = drops_child_key(w->t.drops, w->d->folder, "x");
    int rc = key ? 0 : -ENOMEM;

    free(key);
    return rc;
}

static int copy_name(struct world *w)
{
    char *name = drop_name(w->t.drops, w->d);
    int rc = name ? 0 : -ENOMEM;

    free(name);
    return rc;
}

/* --- Each allocation fails once --------------------------------------------------------------- */

static void begin(void **state, struct world *w)
{
    w->t = open_table(state);
    w->d = add_text(&w->t, "documents", "a.pdf", "abc");
    w->other = add(&w->t, "documents", "other.pdf", DROP_FILE);
    set_id(&w->t, w->d, A);
}

static void end(struct world *w)
{
    assert_int_equal(drops_remove(w->t.drops, w->d, true), 0);
    drop_unref(w->other);
    drop_unref(w->d);
    close_table(&w->t);
}

static void without_memory_all_is_as_it_was(void **state)
{
    static const struct {
        const char *what;
        int (*run)(struct world *w);
    } cases[] = {
        { "add", add_one },
        { "move", move_one },
        { "resource", set_id_of_one },
        { "park", park_one },
        { "new bytes", new_bytes },
        { "row", save_row },
        { "list", list_all },
        { "list local", list_local },
        { "list failed", list_failed },
        { "folder", make_folder },
        { "key of a child", name_child },
        { "name", copy_name },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool done = false;

        print_message("%s\n", cases[i].what);
        for (long n = 0; !done; n++) {
            struct drop_snapshot s;
            struct world w;
            int rc;

            begin(state, &w);
            fail_allocation(n);
            rc = cases[i].run(&w);
            done = fail_allocation_unreached();
            assert_true(done ? rc == 0 : rc == 0 || rc == -ENOMEM);
            s = drop_snapshot(w.t.drops, w.d);
            if (s.linked) {
                assert_true(is_there(&w.t, "documents", "a.pdf"));
                expect_bytes(&w.t, w.d, "abc");
            }
            end(&w);
        }
    }
}

/* The bytes are in one of the two places, whatever fails. */
static void without_memory_no_bytes_are_lost(void **state)
{
    bool done = false;

    for (long n = 0; !done; n++) {
        struct world w;
        struct drop *x;
        int rc;

        begin(state, &w);
        fail_allocation(n);
        rc = drop_set_failed(w.t.drops, w.d, "why", 1);
        done = fail_allocation_unreached();
        assert_true(done ? rc == 0 : rc == 0 || rc == -ENOMEM);
        x = find_failed(&w.t, "documents", "a.pdf");
        if (x)
            expect_bytes(&w.t, x, "abc");
        else
            expect_bytes(&w.t, w.d, "abc");
        assert_true(is_there(&w.t, "documents", "a.pdf"));
        if (x)
            drops_remove(w.t.drops, x, true);
        drop_unref(x);
        end(&w);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_memory_all_is_as_it_was),
        TEST(without_memory_no_bytes_are_lost),
    };

    return cmocka_run_group_tests_name("drop_alloc", tests, NULL, NULL);
}
