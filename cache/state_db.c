#include "state_db.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "state_error.h"
#include "state_file.h"
#include "state_sql.h"

#include "banned.h"

/* migrations[n] makes version n + 1 of version n. Those that were released never change. */
static const char *const migrations[] = {
    "CREATE TABLE drops("
    " folder TEXT NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL, id TEXT,"
    " state INTEGER NOT NULL, spool INTEGER, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,"
    " mode INTEGER NOT NULL, sha256 BLOB, error TEXT, failed_number INTEGER,"
    " PRIMARY KEY(folder, name)) WITHOUT ROWID;"
    "CREATE INDEX drops_id ON drops(id) WHERE id IS NOT NULL;"
    "CREATE INDEX drops_state ON drops(state);"
    "CREATE INDEX drops_spool ON drops(spool) WHERE spool IS NOT NULL;"
    "CREATE INDEX drops_failed ON drops(failed_number) WHERE failed_number IS NOT NULL;"
    "CREATE TABLE sizes(id TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",
    "ALTER TABLE drops ADD COLUMN xattrs TEXT;",
    "ALTER TABLE drops ADD COLUMN parked TEXT;",
    ("ALTER TABLE drops ADD COLUMN taken TEXT;"
     "ALTER TABLE drops ADD COLUMN sent_mtime_ns INTEGER NOT NULL DEFAULT 0;"),
    "ALTER TABLE drops ADD COLUMN failed_ns INTEGER NOT NULL DEFAULT 0;",
    SQL_INTENTS_TABLE "ALTER TABLE drops ADD COLUMN sealed INTEGER;",
    "ALTER TABLE intents RENAME COLUMN error TO undo;", /* nobody ever wrote it */
    ("ALTER TABLE drops ADD COLUMN told_ns INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE intents ADD COLUMN server_ns INTEGER NOT NULL DEFAULT 0;"),
};

#define COLUMNS                                                                                    \
    "folder, name, kind, id, state, spool, size, mtime_ns, mode, sha256, error, failed_number, "   \
    "xattrs, parked, taken, sent_mtime_ns, failed_ns, sealed, told_ns"
#define IN_FOLDER_OR_BELOW " WHERE folder = ?1 OR (folder >= ?1 || '/' AND folder < ?1 || '0')"

static const char *const sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [PUT_DROP] = "INSERT OR REPLACE INTO drops(" COLUMNS ") "
                 "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
                 "?17, ?18, ?19)",
    [DELETE_DROP] = "DELETE FROM drops WHERE folder = ?1 AND name = ?2",
    [RENAME_DROP] = "UPDATE OR REPLACE drops SET folder = ?3, name = ?4 "
                    "WHERE folder = ?1 AND name = ?2",
    /* of a blob, substr counts bytes; ?3 is the first one after the old folder */
    [RENAME_FOLDER] = "UPDATE OR REPLACE drops "
                      "SET folder = ?2 || substr(CAST(folder AS BLOB), ?3)" IN_FOLDER_OR_BELOW,
    [RENAME_INTENTS] = "UPDATE intents "
                       "SET folder = ?2 || substr(CAST(folder AS BLOB), ?3)" IN_FOLDER_OR_BELOW,
    [RENAME_TARGETS] = "UPDATE intents SET to_folder = ?2 || substr(CAST(to_folder AS BLOB), ?3) "
                       "WHERE to_folder = ?1 OR (to_folder >= ?1 || '/' AND to_folder < ?1 || '0')",
    [DELETE_FOLDER] = "DELETE FROM drops" IN_FOLDER_OR_BELOW,
    [SELECT_FOLDER] = "SELECT " COLUMNS " FROM drops WHERE folder = ?1 ORDER BY name",
    [SELECT_BELOW] = "SELECT " COLUMNS " FROM drops" IN_FOLDER_OR_BELOW " GROUP BY folder",
    [SELECT_ID] = "SELECT " COLUMNS " FROM drops WHERE id = ?1 ORDER BY folder, name",
    [SELECT_STATE] = "SELECT " COLUMNS " FROM drops WHERE state = ?1 ORDER BY folder, name",
    [SELECT_SPOOLED] = "SELECT " COLUMNS " FROM drops WHERE spool IS NOT NULL ORDER BY spool",
    [FIND_DIGEST] = "SELECT 1 FROM drops WHERE id IS NOT NULL AND sha256 = ?1 LIMIT 1",
    [COUNT] = "SELECT state, count(*) FROM drops GROUP BY state",
    [GREATEST] = "SELECT (SELECT max(spool) FROM drops WHERE spool IS NOT NULL), "
                 "(SELECT max(failed_number) FROM drops WHERE failed_number IS NOT NULL)",
    [PUT_SIZE] = "INSERT OR REPLACE INTO sizes(id, size) VALUES(?1, ?2)",
    [GET_SIZE] = "SELECT size FROM sizes WHERE id = ?1",
    /* and of each version of its content: what follows '@' */
    [DELETE_SIZE] = "DELETE FROM sizes WHERE id = ?1 OR (id >= ?1 || '@' AND id < ?1 || 'A')",
    [SELECT_SIZES] = "SELECT id FROM sizes WHERE id NOT IN "
                     "(SELECT id FROM drops WHERE id IS NOT NULL)",
    [PUT_VALUE] = "INSERT OR REPLACE INTO meta(key, value) VALUES(?1, ?2)",
    [DELETE_VALUE] = "DELETE FROM meta WHERE key = ?1",
    [PUT_INTENT] = "INSERT OR REPLACE INTO intents(" SQL_INTENT_COLUMNS ") VALUES(?1, ?2, ?3, ?4, "
                   "?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    [DELETE_INTENT] = "DELETE FROM intents WHERE number = ?1",
    [SELECT_INTENTS] = "SELECT " SQL_INTENT_COLUMNS " FROM intents ORDER BY number",
    [GET_VALUE] = "SELECT value FROM meta WHERE key = ?1",
};

static const struct state_schema schema = { migrations, ARRAY_LEN(migrations), sql, STATEMENTS };

int sql_fail(sqlite3 *db, struct failure *err)
{
    int rc = state_error(db, err);

    return rc == -EUCLEAN ? -EIO : rc; /* the next start sees to it */
}

static int prepare_all(struct state_db *db, struct failure *err)
{
    for (int i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(db->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &db->statements[i],
                               NULL) != SQLITE_OK)
            return sql_fail(db->db, err);
    return 0;
}

/* What a full disk has no room for has some of what is kept for it. */
static int open_file(struct state_db *db, int dirfd, const char *dir, struct buf *notices,
                     struct failure *err)
{
    int rc;

    do
        rc = state_file_open(dirfd, dir, &schema, &db->db, notices, err);
    while (rc == -ENOSPC && state_reserve_give(&db->reserve));
    return rc;
}

int state_db_open(int dirfd, const char *dir, struct state_db **out, struct buf *notices,
                  struct failure *err)
{
    struct state_db *db = calloc(1, sizeof(*db));
    int rc;

    if (!db)
        return fail(err, -ENOMEM, 0, "out of memory");
    rc = state_reserve_open(&db->reserve, dirfd, dir, err);
    if (rc == 0)
        rc = open_file(db, dirfd, dir, notices, err);
    if (rc == 0)
        rc = prepare_all(db, err);
    if (rc < 0) {
        state_db_close(db);
        return rc;
    }
    *out = db;
    return 0;
}

void state_db_close(struct state_db *db)
{
    if (!db)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(db->statements[i]);
    sqlite3_close(db->db);
    state_reserve_close(&db->reserve);
    free(db);
}

int sql_run(struct state_db *db, sqlite3_stmt *s, struct failure *err)
{
    int rc = sqlite3_step(s) == SQLITE_DONE ? 0 : sql_fail(db->db, err);

    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return rc;
}

int state_db_begin(struct state_db *db, struct failure *err)
{
    return sql_run(db, db->statements[BEGIN], err);
}

int state_db_commit(struct state_db *db, struct failure *err)
{
    return sql_run(db, db->statements[COMMIT], err);
}

void state_db_rollback(struct state_db *db)
{
    if (!sqlite3_get_autocommit(db->db)) /* a full disk may have done it already */
        sql_run(db, db->statements[ROLLBACK], NULL);
}

bool state_db_find_room(struct state_db *db)
{
    return state_reserve_give(&db->reserve);
}

void state_db_keep_room(struct state_db *db)
{
    state_reserve_fill(&db->reserve);
}

static int put_drop(struct state_db *db, const struct drop_row *row, struct failure *err)
{
    sqlite3_stmt *s = db->statements[PUT_DROP];

    /* all bindings or none: SQLITE_OK is 0 */
    if (bind_text(s, 1, row->folder) | bind_text(s, 2, row->name) |
        sqlite3_bind_int(s, 3, row->kind) | bind_text(s, 4, row->id) |
        sqlite3_bind_int(s, 5, (int)row->state) | bind_number(s, 6, (int64_t)row->spool) |
        sqlite3_bind_int64(s, 7, row->size) | sqlite3_bind_int64(s, 8, row->mtime_ns) |
        sqlite3_bind_int64(s, 9, row->mode) |
        bind_digest(s, 10, row->has_sha256 ? row->sha256 : NULL) | bind_text(s, 11, row->error) |
        bind_number(s, 12, row->failed_number) | bind_text(s, 13, row->xattrs) |
        bind_text(s, 14, row->parked) | bind_text(s, 15, row->taken) |
        sqlite3_bind_int64(s, 16, row->sent_mtime_ns) | sqlite3_bind_int64(s, 17, row->failed_ns) |
        bind_number(s, 18, (int64_t)row->sealed) | sqlite3_bind_int64(s, 19, row->told_ns)) {
        sqlite3_clear_bindings(s);
        return sql_fail(db->db, err);
    }
    return sql_run(db, s, err);
}

/* A statement whose parameters are all text; NULL at the end. */
static int run_with(struct state_db *db, enum statement which, const char *const *texts,
                    struct failure *err)
{
    sqlite3_stmt *s = db->statements[which];

    for (int i = 0; texts[i]; i++)
        if (bind_text(s, i + 1, texts[i]) != SQLITE_OK) {
            sqlite3_clear_bindings(s);
            return sql_fail(db->db, err);
        }
    return sql_run(db, s, err);
}

static bool is_below(const char *folder, const char *above)
{
    size_t len = strlen(above);

    return strncmp(folder, above, len) == 0 && folder[len] == '/';
}

/* The names in it, and what is owed for them. */
static int rename_folder(struct state_db *db, const struct state_step *step, struct failure *err)
{
    static const int all[] = { RENAME_FOLDER, RENAME_INTENTS, RENAME_TARGETS };
    const char *keys[] = { step->folder, step->to_folder, NULL };
    int rc = 0;

    /* rows would be put over others that are still to move */
    if (is_below(step->folder, step->to_folder) || is_below(step->to_folder, step->folder))
        return fail(err, -EINVAL, 0, "a folder cannot be moved into itself or over one above it");
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(all); i++) {
        sqlite3_stmt *s = db->statements[all[i]];

        if (sqlite3_bind_int64(s, 3, (int64_t)strlen(step->folder) + 1) != SQLITE_OK)
            return sql_fail(db->db, err);
        rc = run_with(db, all[i], keys, err);
    }
    return rc;
}

int state_db_change(struct state_db *db, const struct state_step *step, struct failure *err)
{
    switch (step->change) {
    case STATE_PUT_DROP:
        return put_drop(db, step->row, err);
    case STATE_DELETE_DROP:
        return run_with(db, DELETE_DROP, (const char *[]){ step->folder, step->name, NULL }, err);
    case STATE_RENAME_DROP:
        return run_with(
            db, RENAME_DROP,
            (const char *[]){ step->folder, step->name, step->to_folder, step->to_name, NULL },
            err);
    case STATE_RENAME_FOLDER:
        return rename_folder(db, step, err);
    case STATE_DELETE_FOLDER:
        return run_with(db, DELETE_FOLDER, (const char *[]){ step->folder, NULL }, err);
    case STATE_PUT_INTENT:
        return sql_put_intent(db, step->intent, err);
    case STATE_DELETE_INTENT:
        return sql_delete_intent(db, step->number, err);
    }
    return fail(err, -EINVAL, 0, "unknown change %d", (int)step->change);
}

int state_db_put_value(struct state_db *db, const char *key, const char *value, struct failure *err)
{
    if (!value)
        return run_with(db, DELETE_VALUE, (const char *[]){ key, NULL }, err);
    return run_with(db, PUT_VALUE, (const char *[]){ key, value, NULL }, err);
}

bool sql_digest(sqlite3_stmt *s, int at, uint8_t out[STATE_DIGEST_BYTES])
{
    const void *digest = sqlite3_column_blob(s, at);

    if (!digest || sqlite3_column_bytes(s, at) != STATE_DIGEST_BYTES)
        return false;
    memcpy(out, digest, STATE_DIGEST_BYTES);
    return true;
}

/* The row that the statement stands on, in its memory. -EIO: it is not one that we write. */
static int read_row(sqlite3_stmt *s, struct drop_row *row)
{
    int64_t state = sqlite3_column_int64(s, 4);

    *row = (struct drop_row){
        .folder = column_text(s, 0),
        .name = column_text(s, 1),
        .kind = sqlite3_column_int(s, 2),
        .id = column_text(s, 3),
        .state = (enum row_state)state,
        .spool = (uint64_t)sqlite3_column_int64(s, 5),
        .size = sqlite3_column_int64(s, 6),
        .mtime_ns = sqlite3_column_int64(s, 7),
        .mode = (uint32_t)sqlite3_column_int64(s, 8),
        .error = column_text(s, 10),
        .failed_number = sqlite3_column_int64(s, 11),
        .xattrs = column_text(s, 12),
        .parked = column_text(s, 13),
        .taken = column_text(s, 14),
        .sent_mtime_ns = sqlite3_column_int64(s, 15),
        .failed_ns = sqlite3_column_int64(s, 16),
        .sealed = (uint64_t)sqlite3_column_int64(s, 17),
        .told_ns = sqlite3_column_int64(s, 18),
    };
    row->has_sha256 = sql_digest(s, 9, row->sha256);
    return row->folder && row->name && state >= 0 && state < ROW_STATES ? 0 : -EIO;
}

static int read_rows(struct state_db *db, sqlite3_stmt *s, struct row_list *list,
                     struct failure *err)
{
    int step;

    while ((step = sqlite3_step(s)) == SQLITE_ROW) {
        struct drop_row row;
        int rc = read_row(s, &row);

        if (rc == 0)
            rc = row_list_add(list, &row);
        if (rc == -ENOMEM)
            return fail(err, rc, 0, "out of memory");
        if (rc < 0)
            return fail(err, rc, 0, "state database: a row is damaged");
    }
    return step == SQLITE_DONE ? 0 : sql_fail(db->db, err);
}

int state_db_rows(struct state_db *db, enum state_question question, const char *text,
                  enum row_state state, struct row_list *list, struct failure *err)
{
    static const enum statement statements[] = {
        [ROWS_OF_FOLDER] = SELECT_FOLDER,   [ROW_OF_EACH_BELOW] = SELECT_BELOW,
        [ROWS_WITH_ID] = SELECT_ID,         [ROWS_IN_STATE] = SELECT_STATE,
        [ROWS_WITH_SPOOL] = SELECT_SPOOLED,
    };
    sqlite3_stmt *s = db->statements[statements[question]];
    int bound = SQLITE_OK, rc;

    if (question == ROWS_IN_STATE)
        bound = sqlite3_bind_int(s, 1, (int)state);
    else if (question != ROWS_WITH_SPOOL)
        bound = bind_text(s, 1, text);
    rc = bound == SQLITE_OK ? read_rows(db, s, list, err) : sql_fail(db->db, err);

    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return rc;
}

int state_db_count(struct state_db *db, int64_t counts[ROW_STATES], struct failure *err)
{
    sqlite3_stmt *s = db->statements[COUNT];
    int step, rc = 0;

    memset(counts, 0, ROW_STATES * sizeof(counts[0]));
    while ((step = sqlite3_step(s)) == SQLITE_ROW) {
        int64_t state = sqlite3_column_int64(s, 0);

        if (state >= 0 && state < ROW_STATES)
            counts[state] = sqlite3_column_int64(s, 1);
    }
    if (step != SQLITE_DONE)
        rc = sql_fail(db->db, err);
    sqlite3_reset(s);
    return rc;
}

int state_db_greatest(struct state_db *db, uint64_t *spool, int64_t *failed_number,
                      struct failure *err)
{
    sqlite3_stmt *s = db->statements[GREATEST];
    int rc = 0;

    if (sqlite3_step(s) == SQLITE_ROW) {
        *spool = (uint64_t)sqlite3_column_int64(s, 0);
        *failed_number = sqlite3_column_int64(s, 1);
    } else {
        rc = sql_fail(db->db, err);
    }
    sqlite3_reset(s);
    return rc;
}

int state_db_find_digest(struct state_db *db, const uint8_t sha256[STATE_DIGEST_BYTES], bool *found,
                         struct failure *err)
{
    sqlite3_stmt *s = db->statements[FIND_DIGEST];
    int step = sqlite3_bind_blob(s, 1, sha256, STATE_DIGEST_BYTES, SQLITE_STATIC);
    int rc = 0;

    if (step == SQLITE_OK)
        step = sqlite3_step(s);
    if (step == SQLITE_ROW || step == SQLITE_DONE)
        *found = step == SQLITE_ROW;
    else
        rc = sql_fail(db->db, err);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return rc;
}

int state_db_get_value(struct state_db *db, const char *key, char **value, struct failure *err)
{
    sqlite3_stmt *s = db->statements[GET_VALUE];
    int step = bind_text(s, 1, key);
    const char *text;
    int rc = 0;

    if (step == SQLITE_OK)
        step = sqlite3_step(s);
    if (step == SQLITE_ROW) {
        text = column_text(s, 0);
        *value = text ? strdup(text) : NULL;
        if (!*value)
            rc = fail(err, -ENOMEM, 0, "out of memory");
    } else if (step == SQLITE_DONE) {
        *value = NULL;
    } else {
        rc = sql_fail(db->db, err);
    }
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return rc;
}
