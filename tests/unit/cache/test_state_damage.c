/* A state directory that somebody else has been at, or a disk. */
#include <sqlite3.h>
#include <sys/wait.h>

#include "state_fixture.h"

#include "banned.h"

#define STRANGER 54321
#define MANY 2000
#define OLD 5 /* the newest version that is made here of a newer one */

static int open_rc(void **state, struct failure *err)
{
    struct state *st = NULL;
    int rc;

    *err = (struct failure){ .text = "" };
    rc = state_open(in_dir(state, "state"), 0, clock_real(), NULL, &st, err);
    print_message("%d %s\n", rc, err->text);
    if (rc == 0)
        state_close(st);
    return rc;
}

static void refuses(void **state, int rc, const char *name, const char *word)
{
    struct failure err;

    assert_int_equal(open_rc(state, &err), rc);
    assert_non_null(strstr(err.text, in_dir(state, name)));
    assert_non_null(strstr(err.text, word));
}

/* Opens it, and it has said these. */
static struct state *open_with(void **state, const char *const *words)
{
    struct state *st = open_state(state);

    print_message("%s", state_notices(st));
    if (!*words)
        assert_string_equal(state_notices(st), "");
    for (; *words; words++)
        assert_non_null(strstr(state_notices(st), *words));
    return st;
}
#define SAYING(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SILENTLY ((const char *const[]){ NULL })

static void run_sql(void **state, const char *name, const char *sql)
{
    char *why = NULL;
    sqlite3 *db = NULL;

    mkdir(in_dir(state, "state"), 0700);
    assert_int_equal(sqlite3_open(in_dir(state, name), &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        print_error("%s\n", why);
    assert_null(why);
    sqlite3_close(db);
}

static int64_t ask(void **state, const char *name, const char *sql)
{
    sqlite3_stmt *s = NULL;
    sqlite3 *db = NULL;
    int64_t n;

    assert_int_equal(sqlite3_open(in_dir(state, name), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

static void put_noise(const char *path, off_t at, size_t len)
{
    char *noise = malloc(len);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_non_null(noise);
    assert_true(fd >= 0);
    memset(noise, 0xa5, len);
    assert_int_equal(file_pwrite_all(fd, noise, len, at), 0);
    close(fd);
    free(noise);
}

static bool is_there(void **state, const char *name)
{
    struct stat st;

    return lstat(in_dir(state, name), &st) == 0;
}

static off_t size_of(void **state, const char *name)
{
    struct stat st;

    assert_int_equal(stat(in_dir(state, name), &st), 0);
    return st.st_size;
}

/* A state with one name in it, and nothing beside the database. */
static void make_state(void **state)
{
    struct state *st = open_state(state);

    put_row(st, "d", "a", "1");
    state_close(st);
    assert_false(is_there(state, "state/state.db-wal"));
}

static void make_large_state(void **state)
{
    struct state *st = open_state(state);
    char name[40];

    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "a name that takes some room, %06d", i);
        put_row(st, "d", name, name);
    }
    state_close(st);
}

/* One whose program was killed: this name stands in the log alone. */
static void make_killed_state(void **state)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct state *st = open_state(state);
        struct drop_row row = sent_row("d", "b", "2");

        _exit(state_put_drop(st, &row, true, NULL) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(size_of(state, "state/state.db-wal") > 0);
}

/* --- Whose it is ------------------------------------------------------------------------------ */

static void a_directory_that_is_not_ones_own_is_refused(void **state)
{
    make_state(state);
    assert_int_equal(chmod(in_dir(state, "state"), 0770), 0);
    refuses(state, -EPERM, "state", "chmod go-w");
    assert_int_equal(chmod(in_dir(state, "state"), 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(in_dir(state, "state"), STRANGER, 0), 0);
        refuses(state, -EPERM, "state", "another user (uid 54321)");
        assert_int_equal(chown(in_dir(state, "state"), 0, 0), 0);
    }
    assert_int_equal(rename(in_dir(state, "state"), in_dir(state, "real")), 0);
    assert_int_equal(symlink("real", in_dir(state, "state")), 0);
    refuses(state, -EPERM, "state", "symbolic link");
}

static void a_planted_link_is_not_followed(void **state)
{
    static const char *const names[] = { "lock", "state.db", "state.db-wal", "state.db-shm",
                                         "state.db-journal" };
    char path[64];

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        make_state(state);
        snprintf(path, sizeof(path), "state/%s", names[i]);
        unlink(in_dir(state, path));
        write_file(in_dir(state, "target"), "kept", 4);
        assert_int_equal(symlink(in_dir(state, "target"), in_dir(state, path)), 0);
        refuses(state, -EPERM, path, "symbolic link");
        assert_int_equal(unlink(in_dir(state, path)), 0);
        assert_int_equal(link(in_dir(state, "target"), in_dir(state, path)), 0);
        refuses(state, -EPERM, path, "hard link");
        assert_int_equal(size_of(state, "target"), 4);
        assert_int_equal(unlink(in_dir(state, path)), 0);
        assert_int_equal(symlink(in_dir(state, "nowhere"), in_dir(state, path)), 0);
        refuses(state, -EPERM, path, "symbolic link");
        assert_false(is_there(state, "nowhere"));
        assert_int_equal(unlink(in_dir(state, path)), 0);
        unlink(in_dir(state, "state/state.db"));
        unlink(in_dir(state, "target"));
    }
}

/* --- What was damaged ------------------------------------------------------------------------- */

static void a_file_that_is_no_database_is_set_aside(void **state)
{
    struct state *st;

    for (int n = 1; n <= 2; n++) { /* and never over another one */
        char aside[64];

        make_state(state);
        put_noise(in_dir(state, "state/state.db"), 0, (size_t)(5000 + n));
        st = open_with(state, SAYING(in_dir(state, "state/state.db"), "not a database"));
        expect_folder(st, "d", "");
        put_row(st, "d", "new", "2");
        expect_folder(st, "d", "d/new=2 ");
        state_close(st);
        snprintf(aside, sizeof(aside), "state/state.db.corrupt-%d", n);
        assert_true(size_of(state, aside) >= 5000 + n);
        state_close(open_with(state, SILENTLY));
        unlink(in_dir(state, "state/state.db"));
    }
    assert_false(is_there(state, "state/state.db.corrupt-3"));
}

static void a_truncated_database_is_set_aside(void **state)
{
    off_t whole;
    struct state *st;

    make_large_state(state);
    whole = size_of(state, "state/state.db");
    assert_int_equal(truncate(in_dir(state, "state/state.db"), whole / 2), 0);
    st = open_with(state, SAYING("state.db.corrupt-1", "malformed"));
    put_row(st, "e", "new", "2");
    expect_folder(st, "e", "e/new=2 ");
    state_close(st);
    assert_int_equal(size_of(state, "state/state.db.corrupt-1"), whole / 2);
}

static void what_a_damaged_database_still_has_is_kept(void **state)
{
    int64_t page, counts[ROW_STATES];
    struct failure err = { .text = "" };
    struct state *st;

    make_large_state(state);
    page = ask(state, "state/state.db", "PRAGMA page_size");
    put_noise(in_dir(state, "state/state.db"), 21 * page, (size_t)page);
    st = open_with(state, SAYING("state.db.corrupt-1", "names could be read"));
    assert_int_equal(state_count(st, counts, &err), 0);
    print_message("%d of %d\n", (int)counts[ROW_SENT], MANY);
    assert_in_range(counts[ROW_SENT], MANY * 3 / 4, MANY - 1);
    state_close(st);
    state_close(open_with(state, SILENTLY));
    assert_false(is_there(state, "state/state.db.corrupt-1-shm"));
    assert_false(is_there(state, "state/state.db.corrupt-2"));
}

static void tables_that_are_not_those_of_their_version_are_set_aside(void **state)
{
    struct state *st;

    make_state(state);
    run_sql(state, "state/state.db", "ALTER TABLE drops DROP COLUMN taken");
    st = open_with(state, SAYING("state.db.corrupt-1", "taken"));
    expect_folder(st, "d", "");
    state_close(st);
    assert_int_equal(ask(state, "state/state.db.corrupt-1", "SELECT count(*) FROM drops"), 1);
}

static void a_damaged_log_is_set_aside(void **state)
{
    struct state *st;

    make_state(state);
    make_killed_state(state);
    put_noise(in_dir(state, "state/state.db-wal"), 8, 16);
    st = open_with(state, SAYING(in_dir(state, "state/state.db-wal"), "state.db.corrupt-1-wal"));
    expect_folder(st, "d", "d/a=1 "); /* what the database itself has */
    state_close(st);
    assert_true(size_of(state, "state/state.db.corrupt-1-wal") > 0);
    assert_false(is_there(state, "state/state.db.corrupt-1"));
}

static void a_log_without_its_database_is_set_aside(void **state)
{
    make_state(state);
    for (int n = 1; n <= 2; n++) {
        char aside[64];

        make_killed_state(state);
        if (n == 1)
            assert_int_equal(unlink(in_dir(state, "state/state.db")), 0);
        else
            assert_int_equal(truncate(in_dir(state, "state/state.db"), 0), 0);
        snprintf(aside, sizeof(aside), "state/state.db.corrupt-%d-wal", n);
        state_close(open_with(state, SAYING(in_dir(state, "state/state.db-wal"))));
        assert_true(size_of(state, aside) > 0);
    }
}

static void a_log_that_was_just_begun_is_none(void **state)
{
    struct state *st;

    make_state(state);
    write_file(in_dir(state, "state/state.db-wal"), "7 bytes", 7);
    assert_int_equal(chmod(in_dir(state, "state/state.db-wal"), 0600), 0);
    st = open_with(state, SILENTLY);
    expect_folder(st, "d", "d/a=1 ");
    state_close(st);
}

static void what_was_written_before_a_kill_is_there(void **state)
{
    struct state *st;

    make_state(state);
    make_killed_state(state);
    put_noise(in_dir(state, "state/state.db-shm"), 0, 32768); /* made anew of the log */
    st = open_with(state, SILENTLY);
    expect_folder(st, "d", "d/a=1 d/b=2 ");
    state_close(st);
}

static void rows_that_make_no_sense_are_set_aside(void **state)
{
    static const char *const changes[] = {
        "state = 7",         "state = -1",       "state = 'sent'",  "spool = -7",
        "spool = 'x'",       "size = -1",        "size = 'large'",  "name = x'61'",
        "name = ''",         "folder = x'64'",   "mode = -1",       "mtime_ns = 'now'",
        "sha256 = 'digest'", "sha256 = x'0102'", "id = x'00'",      "error = x'00'",
        "failed_number = 0", "kind = 'file'",    "failed_ns = 'x'", "xattrs = x'01'",
        "sealed = -1",       "told_ns = 'x'",
    };
    char sql[128];
    struct state *st;

    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        print_message("%s\n", changes[i]);
        st = open_state(state);
        put_row(st, "d", "a", "1");
        put_row(st, "d", "b", "2");
        state_close(st);
        snprintf(sql, sizeof(sql), "UPDATE drops SET %s WHERE name = 'b'", changes[i]);
        run_sql(state, "state/state.db", sql);
        snprintf(sql, sizeof(sql), "its table damaged%zu", i + 1);
        st = open_with(state, SAYING("1 rows", sql));
        expect_folder(st, "d", "d/a=1 ");
        state_close(st);
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM damaged%zu WHERE size = 17 OR size <> 17",
                 i + 1);
        assert_int_equal(ask(state, "state/state.db", sql), 1);
        state_close(open_with(state, SILENTLY));
    }
}

/* --- Other versions --------------------------------------------------------------------------- */

/* From what it was at that version, with a name in it. */
static void make_old_state(void **state, int version)
{
    static const char *const back[] = { "ALTER TABLE drops DROP COLUMN xattrs",
                                        "ALTER TABLE drops DROP COLUMN parked",
                                        ("ALTER TABLE drops DROP COLUMN taken;"
                                         "ALTER TABLE drops DROP COLUMN sent_mtime_ns"),
                                        "ALTER TABLE drops DROP COLUMN failed_ns" };
    char sql[64];

    make_state(state);
    run_sql(state, "state/state.db",
            "DROP TABLE intents; ALTER TABLE drops DROP COLUMN sealed; "
            "ALTER TABLE drops DROP COLUMN told_ns");
    for (int v = version; v < OLD; v++)
        run_sql(state, "state/state.db", back[v - 1]);
    snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", version);
    run_sql(state, "state/state.db", sql);
}

static void every_older_version_keeps_its_names(void **state)
{
    int64_t newest;

    make_state(state);
    newest = ask(state, "state/state.db", "PRAGMA user_version");
    for (int version = 1; version <= OLD; version++) {
        struct state *st;

        print_message("version %d\n", version);
        make_old_state(state, version);
        st = open_with(state, SILENTLY);
        expect_folder(st, "d", "d/a=1 ");
        state_close(st);
        assert_int_equal(ask(state, "state/state.db", "PRAGMA user_version"), newest);
        assert_int_equal(unlink(in_dir(state, "state/state.db")), 0);
    }
}

/* The third step of four cannot be done: no step of them is. */
static void a_migration_is_done_as_a_whole_or_not_at_all(void **state)
{
    make_old_state(state, 1);
    run_sql(state, "state/state.db", "ALTER TABLE drops ADD COLUMN taken TEXT");
    state_close(open_with(state, SAYING("state.db.corrupt-1", "taken")));
    assert_int_equal(ask(state, "state/state.db.corrupt-1", "PRAGMA user_version"), 1);
    assert_int_equal(ask(state, "state/state.db.corrupt-1",
                         "SELECT count(*) FROM pragma_table_info('drops') "
                         "WHERE name IN ('xattrs', 'parked')"),
                     0);
    assert_int_equal(ask(state, "state/state.db.corrupt-1", "SELECT count(*) FROM drops"), 1);
}

static void what_is_newer_or_somebody_elses_is_not_touched(void **state)
{
    make_state(state);
    run_sql(state, "state/state.db", "PRAGMA user_version = 1000");
    refuses(state, -EPROTO, "state/state.db", "newer lasfs");
    run_sql(state, "state/state.db", "PRAGMA user_version = 1; PRAGMA application_id = 77");
    refuses(state, -EPROTO, "state/state.db", "not a state database");
    assert_false(is_there(state, "state/state.db.corrupt-1"));
    assert_int_equal(ask(state, "state/state.db", "SELECT count(*) FROM drops"), 1);
}

/* --- What cannot be written ------------------------------------------------------------------- */

/* As another user, whose modes count, what the state says to these: exits with 0 if it does. */
static void opens_as_stranger(void **state, int rc, const char *name, const char *word)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct failure err;

        if (geteuid() == 0 && (setresgid(STRANGER, STRANGER, STRANGER) < 0 ||
                               setresuid(STRANGER, STRANGER, STRANGER) < 0))
            _exit(2);
        _exit(open_rc(state, &err) == rc && strstr(err.text, in_dir(state, name)) &&
                      strstr(err.text, word)
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void what_cannot_be_written_is_told(void **state)
{
    static const char *const all[] = { "", "state", "state/state.db", "state/lock",
                                       "state/reserve" };

    make_state(state);
    for (size_t i = 0; geteuid() == 0 && i < ARRAY_LEN(all); i++)
        assert_int_equal(chown(in_dir(state, all[i]), STRANGER, STRANGER), 0);
    assert_int_equal(chmod(in_dir(state, "state/state.db"), 0400), 0);
    opens_as_stranger(state, -EACCES, "state/state.db", "Permission denied");
    assert_int_equal(chmod(in_dir(state, "state/state.db"), 0600), 0);
    assert_int_equal(unlink(in_dir(state, "state/lock")), 0);
    assert_int_equal(chmod(in_dir(state, "state"), 0500), 0);
    opens_as_stranger(state, -EACCES, "state", "cannot be written");
    assert_int_equal(chmod(in_dir(state, "state"), 0700), 0);
    assert_false(is_there(state, "state/state.db.corrupt-1"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_directory_that_is_not_ones_own_is_refused),
        TEST(a_planted_link_is_not_followed),
        TEST(a_file_that_is_no_database_is_set_aside),
        TEST(a_truncated_database_is_set_aside),
        TEST(what_a_damaged_database_still_has_is_kept),
        TEST(tables_that_are_not_those_of_their_version_are_set_aside),
        TEST(a_damaged_log_is_set_aside),
        TEST(a_log_without_its_database_is_set_aside),
        TEST(a_log_that_was_just_begun_is_none),
        TEST(what_was_written_before_a_kill_is_there),
        TEST(rows_that_make_no_sense_are_set_aside),
        TEST(every_older_version_keeps_its_names),
        TEST(a_migration_is_done_as_a_whole_or_not_at_all),
        TEST(what_is_newer_or_somebody_elses_is_not_touched),
        TEST(what_cannot_be_written_is_told),
    };

    return cmocka_run_group_tests_name("state_damage", tests, NULL, NULL);
}
