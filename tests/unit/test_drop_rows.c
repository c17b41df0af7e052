#include <pthread.h>
#include <sqlite3.h>

#include "state_fixture.h"

#include "drop.h"
#include "drop_store.h"
#include "spool.h"

#include "banned.h"

#define ROUNDS 50

struct table {
    struct state *state;
    struct spool *spool;
    struct drops *drops;
};

static struct table open_table(void **state)
{
    struct table t = { .state = open_state(state) };

    assert_int_equal(spool_new(in_dir(state, "spool"), &t.spool, NULL), 0);
    assert_int_equal(drops_new(t.state, t.spool, clock_real(), &t.drops, NULL), 0);
    return t;
}

static void close_table(struct table *t)
{
    drops_free(t->drops);
    spool_free(t->spool);
    state_close(t->state);
}

static struct folder *folder_of(struct table *t, const char *key)
{
    struct folder *f = NULL;

    assert_int_equal(drops_folder(t->drops, key, &f), 0);
    return f;
}

static struct drop *add(struct table *t, const char *folder, const char *name, enum drop_what what)
{
    struct drop *d = NULL;

    assert_int_equal(drops_add(t->drops, folder_of(t, folder), name, what, &d), 0);
    return d;
}

/* --- Whose failure it is ---------------------------------------------------------------------- */

/* From now on the database takes no row called so, as if the disk were full just then. */
static void refuse(void **state, const char *name)
{
    sqlite3 *db;
    char *text = sqlite3_mprintf("CREATE TRIGGER refuse BEFORE INSERT ON drops WHEN NEW.name = %Q "
                                 "BEGIN SELECT RAISE(ABORT, 'refused'); END",
                                 name);

    assert_int_equal(sqlite3_open(in_dir(state, "state/state.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_free(text);
    sqlite3_close(db);
}

static void row_save_tells_of_no_other_rows_failure(void **state)
{
    struct table t = open_table(state);
    struct drop *bad = add(&t, "documents", "bad", DROP_FILE);
    struct drop *good = add(&t, "documents", "good", DROP_FILE);

    refuse(state, "bad");
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

    refuse(state, "bad");
    assert_int_equal(pthread_create(&other, NULL, save_often, &bad), 0);
    save_often(&good);
    pthread_join(other, NULL);
    assert_int_equal(bad.failures, ROUNDS);
    assert_int_equal(good.failures, 0);
    drop_unref(good.d);
    drop_unref(bad.d);
    close_table(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(row_save_tells_of_no_other_rows_failure, temp_dir_setup,
                                        temp_dir_teardown),
        cmocka_unit_test_setup_teardown(row_saves_at_the_same_time_each_tell_of_their_own,
                                        temp_dir_setup, temp_dir_teardown),
    };

    return cmocka_run_group_tests_name("drop_rows", tests, NULL, NULL);
}
