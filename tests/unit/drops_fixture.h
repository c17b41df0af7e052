/* A table of drops over a state database and a spool of a test's own, in a time that the test moves;
 * it can be closed and opened again, as a mount is. */
#ifndef LASFS_DROPS_FIXTURE_H
#define LASFS_DROPS_FIXTURE_H

#include <sqlite3.h>

#include "state_fixture.h"

#include "drop.h"
#include "drop_events.h"
#include "drop_failed.h"
#include "drop_folders.h"
#include "drop_put.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drops.h"
#include "drops_start.h"
#include "file.h"
#include "spool.h"

#define START_MS 100000

#define HEX "0123456789abcdef0123456789abcdef"
#define A "las:document:" HEX
#define B "las:document:fedcba9876543210fedcba9876543210"
#define SET "las:dataset:" HEX

struct table {
    struct fake_clock *fake;
    struct state *state;
    struct spool *spool;
    struct drops *drops;
};

static inline void run_sql(void **state, const char *text)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(in_dir(state, "state/state.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* The database refuses what refuse_row() and refuse_changes() say: nobody else gets at it once it is
 * open. */
static inline void make_refusing(void **state)
{
    state_close(open_state(state));
    run_sql(state, "CREATE TRIGGER IF NOT EXISTS refuse BEFORE INSERT ON drops "
                   "WHEN NEW.name = (SELECT value FROM meta WHERE key = 'refused') "
                   "BEGIN SELECT RAISE(ABORT, 'refused'); END;"
                   "CREATE TRIGGER IF NOT EXISTS refuse_changes BEFORE UPDATE ON drops "
                   "WHEN EXISTS (SELECT 1 FROM meta WHERE key = 'unchanging') "
                   "BEGIN SELECT RAISE(ABORT, 'refused'); END");
}

static inline struct table open_table(void **state)
{
    struct table t = { .fake = malloc(sizeof(*t.fake)) };

    assert_non_null(t.fake);
    make_refusing(state);
    t.state = open_state(state);
    fake_clock_init(t.fake, START_MS, INT64_C(1767225600000000000));
    assert_int_equal(spool_new(in_dir(state, "spool"), &t.spool, NULL), 0);
    assert_int_equal(drops_new(t.state, t.spool, &t.fake->clock, NULL, &t.drops, NULL), 0);
    return t;
}

static inline void close_table(struct table *t)
{
    drops_free(t->drops);
    spool_free(t->spool);
    state_close(t->state);
    free(t->fake);
}

static inline void reopen(void **state, struct table *t)
{
    close_table(t);
    *t = open_table(state);
}

static inline struct folder *folder_of(struct table *t, const char *key)
{
    struct folder *f = NULL;

    assert_int_equal(drops_folder(t->drops, key, &f), 0);
    return f;
}

static inline struct drop *add(struct table *t, const char *folder, const char *name,
                               enum drop_what what)
{
    struct drop *d = NULL;

    assert_int_equal(drops_add(t->drops, folder_of(t, folder), name, what, &d), 0);
    return d;
}

/* The database too. */
static inline struct drop *add_saved(struct table *t, const char *folder, const char *name,
                                     enum drop_what what)
{
    struct drop *d = add(t, folder, name, what);

    assert_int_equal(drop_row_save(t->drops, d, true), 0);
    return d;
}

/* A file with these bytes that stays here. */
static inline struct drop *add_text(struct table *t, const char *folder, const char *name,
                                    const char *text)
{
    struct drop *d = add(t, folder, name, DROP_FILE);

    assert_int_equal(drop_put_text(t->drops, d, text, strlen(text)), 0);
    return d;
}

static inline struct drop *find(struct table *t, const char *folder, const char *name)
{
    return drops_find(t->drops, folder_of(t, folder), name);
}

static inline struct drop *find_failed(struct table *t, const char *folder, const char *name)
{
    return drops_find_failed(t->drops, folder_of(t, folder), name);
}

static inline bool is_there(struct table *t, const char *folder, const char *name)
{
    cleanup_drop struct drop *d = find(t, folder, name);

    return d != NULL;
}

static inline bool has_failed(struct table *t, const char *folder, const char *name)
{
    cleanup_drop struct drop *d = find_failed(t, folder, name);

    return d != NULL;
}

static inline void set_id(struct table *t, struct drop *d, const char *id)
{
    assert_int_equal(drop_named(t->drops, d, id, false), 0);
}

/* Somebody has it open for writing. */
static inline void add_writer(struct table *t, struct drop *d)
{
    bool active = false;

    drop_begin_writing(t->drops, d, &active);
}

static inline void expect_bytes(struct table *t, struct drop *d, const char *text)
{
    cleanup_buf struct buf out = BUF_INIT(1000);
    struct bytes *b = drop_bytes(t->drops, d);

    assert_int_equal(b != NULL, text != NULL);
    if (!b)
        return;
    assert_int_equal(bytes_read(b, &out), 0);
    assert_string_equal(buf_str(&out), text);
    bytes_unref(b);
}

/* How many files are in the spool. */
static inline int spooled(void **state)
{
    return count_files(in_dir(state, "spool"));
}

static inline void expect_list(struct drop **list, size_t n, const char *names)
{
    char text[1000] = "";

    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(text);

        snprintf(text + len, sizeof(text) - len, "%s ", list[i]->name);
        drop_unref(list[i]);
    }
    free(list);
    assert_string_equal(text, names);
}

/* From now on the database takes no row called so, as if the disk were full just then. */
static inline void refuse_row(struct table *t, const char *name)
{
    assert_int_equal(state_put_value(t->state, "refused", name, true, NULL), 0);
}

/* Or changes none that is there. */
static inline void refuse_changes(struct table *t)
{
    assert_int_equal(state_put_value(t->state, "unchanging", "", true, NULL), 0);
}

#endif
