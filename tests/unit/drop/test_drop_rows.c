#include <pthread.h>
#include <time.h>

#include "drops_fixture.h"

#include "banned.h"

#define ROUNDS 50

/* --- Whose failure it is ---------------------------------------------------------------------- */

static void row_save_tells_of_no_other_rows_failure(void **state)
{
    struct table t = open_table(state);
    struct drop *bad = add(&t, "documents", "bad", DROP_FILE);
    struct drop *good = add(&t, "documents", "good", DROP_FILE);

    refuse_row(&t, "bad");
    assert_int_equal(drop_row_save(t.drops, bad, false), 0);
    assert_int_equal(drop_row_save(t.drops, good, true), 0);
    assert_int_equal(drop_row_save(t.drops, bad, true), -EIO);
    expect_folder(t.state, "documents", "documents/good=- ");
    drop_unref(good);
    drop_unref(bad);
    close_table(&t);
}

struct saver {
    struct table *t;
    struct drop *d;
    int failures;
};

static void *save_often(void *arg)
{
    struct saver *s = arg;

    for (int i = 0; i < ROUNDS; i++)
        s->failures += drop_row_save(s->t->drops, s->d, true) < 0;
    return NULL;
}

static void row_saves_at_the_same_time_each_tell_of_their_own(void **state)
{
    struct table t = open_table(state);
    struct saver bad = { &t, add(&t, "documents", "bad", DROP_FILE), 0 };
    struct saver good = { &t, add(&t, "documents", "good", DROP_FILE), 0 };
    pthread_t other;

    refuse_row(&t, "bad");
    assert_int_equal(pthread_create(&other, NULL, save_often, &bad), 0);
    save_often(&good);
    pthread_join(other, NULL);
    assert_int_equal(bad.failures, ROUNDS);
    assert_int_equal(good.failures, 0);
    drop_unref(good.d);
    drop_unref(bad.d);
    close_table(&t);
}

/* --- Whose row it is -------------------------------------------------------------------------- */

/* As they are when another thread was faster: the name is somebody else's when the row goes out. */
static void late_changes_leave_the_row_of_who_has_the_name_now(void **state)
{
    struct table t = open_table(state);
    struct drop *old = add(&t, "documents", "x", DROP_FILE), *now;

    assert_int_equal(drop_row_save(t.drops, old, false), 0);
    assert_int_equal(drops_move(t.drops, old, folder_of(&t, "documents"), "y"), 0);
    now = add(&t, "documents", "x", DROP_FILE);
    assert_int_equal(drop_row_save(t.drops, now, false), 0);
    assert_int_equal(drop_row_move(t.drops, folder_of(&t, "documents"), "x", old, NULL, 0), 0);
    expect_folder(t.state, "documents", "documents/x=- documents/y=- ");
    assert_int_equal(drops_remove(t.drops, now, false), 0);
    expect_folder(t.state, "documents", "documents/y=- ");
    assert_int_equal(drops_move(t.drops, old, folder_of(&t, "documents"), "x"), 0);
    assert_int_equal(drop_row_delete(t.drops, now, true), 0);
    expect_folder(t.state, "documents", "documents/x=- ");
    drop_unref(now);
    drop_unref(old);
    close_table(&t);
}

/* --- While a subfolder gets another name ------------------------------------------------------ */

#define WHILE_MS 200 /* how long what happens meanwhile has, unless it has to wait */

static struct {
    const char *at_load; /* NULL: at the rename of a folder */
    void *(*run)(void *arg);
    void *arg;
    pthread_t thread;
    bool done;
} meanwhile;

static void run_meanwhile(void)
{
    struct timespec until;

    if (!meanwhile.run || meanwhile.done)
        return;
    meanwhile.done = true;
    assert_int_equal(pthread_create(&meanwhile.thread, NULL, meanwhile.run, meanwhile.arg), 0);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WHILE_MS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (pthread_timedjoin_np(meanwhile.thread, NULL, &until) == 0)
        meanwhile.run = NULL;
}

static void end_meanwhile(void)
{
    assert_true(meanwhile.done);
    if (meanwhile.run)
        pthread_join(meanwhile.thread, NULL);
    memset(&meanwhile, 0, sizeof(meanwhile));
}

int __real_state_apply(struct state *st, const struct state_step *steps, size_t n,
                       enum state_when when, struct failure *err);
int __wrap_state_apply(struct state *st, const struct state_step *steps, size_t n,
                       enum state_when when, struct failure *err);
int __wrap_state_apply(struct state *st, const struct state_step *steps, size_t n,
                       enum state_when when, struct failure *err)
{
    int rc = __real_state_apply(st, steps, n, when, err);

    if (steps[0].change == STATE_RENAME_FOLDER && !meanwhile.at_load)
        run_meanwhile();
    return rc;
}

int __real_state_load_folder(struct state *st, const char *folder,
                             int (*each)(void *arg, const struct drop_row *row), void *arg,
                             struct failure *err);
int __wrap_state_load_folder(struct state *st, const char *folder,
                             int (*each)(void *arg, const struct drop_row *row), void *arg,
                             struct failure *err);
int __wrap_state_load_folder(struct state *st, const char *folder,
                             int (*each)(void *arg, const struct drop_row *row), void *arg,
                             struct failure *err)
{
    if (meanwhile.at_load && strcmp(folder, meanwhile.at_load) == 0)
        run_meanwhile();
    return __real_state_load_folder(st, folder, each, arg, err);
}

struct renamed {
    struct table t;
    struct drop *subfolder, *file;
};

static struct renamed open_renamed(void **state)
{
    struct renamed r = { .t = open_table(state) };

    r.subfolder = add(&r.t, "documents", "old", DROP_SUBFOLDER);
    r.file = add(&r.t, "documents/old", "f", DROP_FILE);
    assert_int_equal(drop_row_save(r.t.drops, r.subfolder, true), 0);
    assert_int_equal(drop_row_save(r.t.drops, r.file, true), 0);
    return r;
}

static void close_renamed(struct renamed *r)
{
    drop_unref(r->file);
    drop_unref(r->subfolder);
    close_table(&r->t);
}

static void *deliver(void *arg)
{
    struct renamed *r = arg;

    drop_named(r->t.drops, r->file, "1", false);
    drop_row_save(r->t.drops, r->file, true);
    return NULL;
}

static void *move_within(void *arg)
{
    struct renamed *r = arg;

    drops_move(r->t.drops, r->file, drop_folder(r->t.drops, r->file), "g");
    return NULL;
}

static void *remove_file(void *arg)
{
    struct renamed *r = arg;

    drops_remove(r->t.drops, r->file, true);
    return NULL;
}

static void rows_that_change_while_their_folder_is_renamed_go_with_it(void **state)
{
    static const struct {
        const char *what;
        void *(*run)(void *arg);
        const char *rows;
    } cases[] = {
        { "delivered", deliver, "documents/new/f=1 " },
        { "moved", move_within, "documents/new/g=- " },
        { "removed", remove_file, "" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct renamed r = open_renamed(state);

        print_message("%s\n", cases[i].what);
        meanwhile.run = cases[i].run;
        meanwhile.arg = &r;
        assert_int_equal(drops_rename_subfolder(r.t.drops, r.subfolder, "new"), 0);
        end_meanwhile();
        expect_folder(r.t.state, "documents", "documents/new=- ");
        expect_folder(r.t.state, "documents/old", "");
        expect_folder(r.t.state, "documents/new", cases[i].rows);
        assert_int_equal(drops_remove(r.t.drops, r.file, true), 0);
        assert_int_equal(drops_remove(r.t.drops, r.subfolder, true), 0);
        close_renamed(&r);
    }
}

static void *rename_subfolder(void *arg)
{
    struct renamed *r = arg;

    drops_rename_subfolder(r->t.drops, r->subfolder, "new");
    return NULL;
}

static void folder_that_is_read_while_it_is_renamed_has_its_files(void **state)
{
    struct renamed r = open_renamed(state);
    struct drop *d;
    struct folder *f;

    close_renamed(&r);
    r = (struct renamed){ .t = open_table(state) };
    r.subfolder = drops_find(r.t.drops, folder_of(&r.t, "documents"), "old");
    meanwhile.at_load = "documents/old";
    meanwhile.run = rename_subfolder;
    meanwhile.arg = &r;
    f = folder_of(&r.t, "documents/old");
    end_meanwhile();
    d = drops_find(r.t.drops, f, "f");
    assert_non_null(d);
    assert_int_equal(drop_row_save(r.t.drops, d, true), 0);
    expect_folder(r.t.state, "documents/old", "");
    expect_folder(r.t.state, "documents/new", "documents/new/f=- ");
    drop_unref(d);
    close_renamed(&r);
}

static void subfolder_is_renamed_to_its_own_name(void **state)
{
    struct renamed r = open_renamed(state);

    assert_int_equal(drops_rename_subfolder(r.t.drops, r.subfolder, "old"), 0);
    assert_ptr_equal(folder_of(&r.t, "documents/old"), drop_folder(r.t.drops, r.file));
    expect_folder(r.t.state, "documents", "documents/old=- ");
    expect_folder(r.t.state, "documents/old", "documents/old/f=- ");
    close_renamed(&r);
}

static void subfolder_that_is_gone_is_not_renamed(void **state)
{
    struct renamed r = open_renamed(state);

    assert_int_equal(drops_remove(r.t.drops, r.subfolder, true), 0);
    assert_int_equal(drops_rename_subfolder(r.t.drops, r.subfolder, "new"), -ENOENT);
    expect_folder(r.t.state, "documents/old", "documents/old/f=- ");
    close_renamed(&r);
}

/* --- Parked names ----------------------------------------------------------------------------- */

static void park(struct table *t, struct drop *d, const char *name)
{
    drops_lock(t->drops);
    assert_int_equal(drop_set_parked_locked(d, d->folder, name, CLOCK_FOREVER), 0);
    drops_unlock(t->drops);
}

static void parked_name_is_found_after_another_was_removed(void **state)
{
    struct table t = open_table(state);
    struct folder *f = folder_of(&t, "documents");
    struct drop *a = add(&t, "documents", ".a~", DROP_FILE);
    struct drop *b = add(&t, "documents", ".b~", DROP_FILE);
    struct drop *found;

    park(&t, a, "a");
    park(&t, b, "b");
    assert_int_equal(drops_remove(t.drops, a, true), 0);
    assert_null(drops_find_parked(t.drops, f, "a"));
    park(&t, a, NULL);
    found = drops_find_parked(t.drops, f, "b");
    assert_ptr_equal(found, b);
    park(&t, a, "a"); /* to no effect: it is not in the folder */
    park(&t, b, NULL);
    assert_int_equal(f->parked, 0);
    drop_unref(found);
    drop_unref(b);
    drop_unref(a);
    close_table(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(row_save_tells_of_no_other_rows_failure),
        TEST(row_saves_at_the_same_time_each_tell_of_their_own),
        TEST(late_changes_leave_the_row_of_who_has_the_name_now),
        TEST(rows_that_change_while_their_folder_is_renamed_go_with_it),
        TEST(folder_that_is_read_while_it_is_renamed_has_its_files),
        TEST(subfolder_is_renamed_to_its_own_name),
        TEST(subfolder_that_is_gone_is_not_renamed),
        TEST(parked_name_is_found_after_another_was_removed),
    };

    return cmocka_run_group_tests_name("drop_rows", tests, NULL, NULL);
}
