#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "state_fixture.h"

#include "banned.h"

static int open_rc(void **state, int64_t wait_ms, struct clock *clock, struct failure *err)
{
    struct state *st = NULL;
    int rc = state_open(in_dir(state, "state"), wait_ms, clock, NULL, &st, err);

    if (rc == 0)
        state_close(st);
    else
        assert_null(st);
    return rc;
}

/* --- The directory ---------------------------------------------------------------------------- */

static void state_is_for_the_owner_only(void **state)
{
    mode_t old = umask(0);
    struct state *st = open_state(state);
    const char *const files[] = { "state/state.db", "state/state.db-wal", "state/lock" };
    struct drop_row row = sent_row("d", "a", "1");
    struct stat at;

    assert_int_equal(state_put_drop(st, &row, true, NULL), 0);
    umask(old);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        print_message("%s\n", files[i]);
        assert_int_equal(stat(in_dir(state, files[i]), &at), 0);
        assert_int_equal(at.st_mode & 07777, 0600);
    }
    assert_int_equal(stat(in_dir(state, "state"), &at), 0);
    assert_int_equal(at.st_mode & 07777, 0700);
    state_close(st);
}

static void state_is_for_one_at_a_time(void **state)
{
    struct state *st = open_state(state);
    struct failure err = { .text = "" };
    char expected[700];

    assert_int_equal(open_rc(state, 0, clock_real(), &err), -EWOULDBLOCK);
    snprintf(expected, sizeof(expected), "state directory %s is in use by pid %ld",
             in_dir(state, "state"), (long)getpid());
    assert_string_equal(err.text, expected);
    state_close(st);
    assert_int_equal(open_rc(state, 0, clock_real(), NULL), 0);
}

static void state_waits_for_one_that_is_ending(void **state)
{
    struct state *st = open_state(state);
    struct fake_clock clock;

    fake_clock_init(&clock, 0, 0);
    assert_int_equal(open_rc(state, 10000, &clock.clock, NULL), -EWOULDBLOCK);
    assert_in_range(clock.ms, 10000, 10100);
    state_close(st);
}

/* A clock on which the other one ends while this one waits. */
struct ending_clock {
    struct clock clock;
    struct state *other;
    int64_t ms;
};

static int64_t ending_now(struct clock *c)
{
    return ((struct ending_clock *)c)->ms;
}

static int ending_wait(struct clock *c, pthread_cond_t *cond, pthread_mutex_t *held, int64_t until)
{
    struct ending_clock *e = (struct ending_clock *)c;

    (void)cond;
    (void)held;
    e->ms = until;
    if (e->ms >= 500) {
        state_close(e->other);
        e->other = NULL;
    }
    return -ETIMEDOUT;
}

static void state_goes_on_as_soon_as_the_other_has_ended(void **state)
{
    struct ending_clock clock = { .clock = { .now_ms = ending_now, .wait = ending_wait } };

    clock.other = open_state(state);
    assert_int_equal(open_rc(state, 10000, &clock.clock, NULL), 0);
    assert_in_range(clock.ms, 500, 600);
}

static void state_unlocks_when_its_process_is_killed(void **state)
{
    struct state *st;
    int ready[2], status;
    char byte;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct drop_row row = sent_row("d", "a", "1");

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (state_open(in_dir(state, "state"), 0, clock_real(), NULL, &st, NULL) == 0 &&
            state_put_drop(st, &row, true, NULL) == 0 && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    assert_int_equal(open_rc(state, 0, clock_real(), NULL), -EWOULDBLOCK);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    st = open_state(state);
    expect_folder(st, "d", "d/a=1 "); /* what was durable is there */
    state_close(st);
}

static void state_says_why_it_cannot_open(void **state)
{
    struct failure err = { .text = "" };

    write_file(in_dir(state, "state"), "", 0);
    assert_true(open_rc(state, 0, clock_real(), &err) < 0);
    assert_non_null(strstr(err.text, in_dir(state, "state")));
}

/* --- The schema ------------------------------------------------------------------------------- */

static void run_sql(void **state, const char *sql)
{
    sqlite3 *db = NULL;

    mkdir(in_dir(state, "state"), 0700);
    assert_int_equal(sqlite3_open(in_dir(state, "state/state.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void state_refuses_a_newer_schema(void **state)
{
    struct state *st = open_state(state);
    struct failure err = { .text = "" };

    put_row(st, "d", "a", "1");
    state_close(st);
    run_sql(state, "PRAGMA user_version = 9");
    assert_int_equal(open_rc(state, 0, clock_real(), &err), -EPROTO);
    assert_non_null(strstr(err.text, "newer lasfs (version 9, this one knows 8)"));
    run_sql(state, "PRAGMA user_version = 7"); /* untouched */
    st = open_state(state);
    expect_folder(st, "d", "d/a=1 ");
    state_close(st);
}

static void state_keeps_the_rows_of_an_older_schema(void **state)
{
    struct state *st = open_state(state);

    put_row(st, "d", "a", "1");
    state_close(st);
    run_sql(state, "ALTER TABLE drops DROP COLUMN xattrs; "
                   "ALTER TABLE drops DROP COLUMN parked; "
                   "ALTER TABLE drops DROP COLUMN taken; "
                   "ALTER TABLE drops DROP COLUMN sent_mtime_ns; "
                   "ALTER TABLE drops DROP COLUMN failed_ns; "
                   "ALTER TABLE drops DROP COLUMN sealed; "
                   "ALTER TABLE drops DROP COLUMN told_ns; "
                   "DROP TABLE intents; PRAGMA user_version = 1");
    st = open_state(state);
    put_row(st, "d", "b", "2");
    expect_folder(st, "d", "d/a=1 d/b=2 ");
    state_close(st);
}

static void state_refuses_a_database_that_is_not_its_own(void **state)
{
    struct failure err = { .text = "" };

    run_sql(state, "CREATE TABLE drops(x)");
    assert_int_equal(open_rc(state, 0, clock_real(), &err), -EPROTO);
    assert_non_null(strstr(err.text, "not a state database"));
}

static void state_starts_again_after_a_start_that_was_cut_off(void **state)
{
    struct state *st;

    mkdir(in_dir(state, "state"), 0700);
    write_file(in_dir(state, "state/state.db"), "", 0);
    st = open_state(state);
    put_row(st, "d", "a", "1");
    expect_folder(st, "d", "d/a=1 ");
    state_close(st);
}

/* --- The disk --------------------------------------------------------------------------------- */

/* A limit on sizes stands for a full disk. What was there stays, and later writes go again. */
static void state_survives_a_full_disk(void **state)
{
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    struct state *st = open_state(state);
    struct drop_row row = sent_row("d", "b", "2");
    struct failure err = { .text = "" };
    struct rlimit limit, small;
    struct stat wal;
    char *text = calloc(1, 100001);
    int rc;

    put_row(st, "d", "a", "1");
    assert_int_equal(state_flush(st, NULL), 0);
    assert_non_null(text);
    memset(text, 'x', 100000);
    row.error = text;
    assert_int_equal(stat(in_dir(state, "state/state.db-wal"), &wal), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = (struct rlimit){ (rlim_t)wal.st_size, limit.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    rc = state_put_drop(st, &row, true, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, old);
    print_message("%d %s\n", rc, err.text);
    assert_true(rc == -EIO || rc == -ENOSPC);
    expect_folder(st, "d", "d/a=1 ");
    assert_int_equal(state_put_drop(st, &row, true, NULL), 0);
    expect_folder(st, "d", "d/a=1 d/b=2 ");
    free(text);
    state_close(st);
}

/* --- Many at once ----------------------------------------------------------------------------- */

#define THREADS 32
#define COMMITS 50

struct writer {
    struct state *st;
    int number;
    int failures;
    pthread_t thread;
};

static int count_one(void *arg, const struct drop_row *row)
{
    (void)row;
    ++*(int *)arg;
    return 0;
}

static void *write_many(void *arg)
{
    struct writer *w = arg;
    char folder[16], name[16];

    snprintf(folder, sizeof(folder), "f%d", w->number);
    for (int i = 0; i < COMMITS; i++) {
        struct drop_row row = sent_row(folder, name, "1");
        int seen = 0;

        snprintf(name, sizeof(name), "%d", i);
        w->failures += state_put_drop(w->st, &row, i % 4 != 3, NULL) < 0;
        if (i % 10 == 0) { /* one's own writes are seen, waited for or not */
            w->failures += state_load_folder(w->st, folder, count_one, &seen, NULL) < 0;
            w->failures += seen != i + 1;
        }
    }
    return NULL;
}

static void state_groups_the_writes_of_many(void **state)
{
    struct state *st = open_state(state);
    struct writer writers[THREADS];
    int64_t counts[ROW_STATES];

    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){ .st = st, .number = i };
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_many, &writers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(writers[i].thread, NULL);
        assert_int_equal(writers[i].failures, 0);
    }
    assert_int_equal(state_count(st, counts, NULL), 0);
    assert_int_equal(counts[ROW_SENT], THREADS * COMMITS);
    state_close(st);
    st = open_state(state);
    assert_int_equal(state_count(st, counts, NULL), 0);
    assert_int_equal(counts[ROW_SENT], THREADS * COMMITS);
    state_close(st);
}

/* More than the queue holds: who gives too much waits, nothing is lost, order is kept. */
static void state_takes_more_than_its_queue_holds(void **state)
{
    static const char *const id[] = { "the one" };
    struct state *st = open_state(state);
    int64_t size;

    for (int i = 0; i < 20000; i++)
        assert_int_equal(state_put_size(st, id[0], i, NULL), 0);
    assert_int_equal(state_get_sizes(st, id, 1, &size, NULL), 0);
    assert_int_equal(size, 19999);
    state_close(st);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(state_is_for_the_owner_only),
        TEST(state_is_for_one_at_a_time),
        TEST(state_waits_for_one_that_is_ending),
        TEST(state_goes_on_as_soon_as_the_other_has_ended),
        TEST(state_unlocks_when_its_process_is_killed),
        TEST(state_says_why_it_cannot_open),
        TEST(state_keeps_the_rows_of_an_older_schema),
        TEST(state_refuses_a_newer_schema),
        TEST(state_refuses_a_database_that_is_not_its_own),
        TEST(state_starts_again_after_a_start_that_was_cut_off),
        TEST(state_survives_a_full_disk),
        TEST(state_groups_the_writes_of_many),
        TEST(state_takes_more_than_its_queue_holds),
    };

    return cmocka_run_group_tests_name("state_disk", tests, NULL, NULL);
}
