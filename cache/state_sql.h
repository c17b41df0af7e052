/* What the files of the state database share: its statements, and how one is run. */
#ifndef LASFS_STATE_SQL_H
#define LASFS_STATE_SQL_H

#include <sqlite3.h>
#include <stdint.h>

#include "failure.h"
#include "intent_row.h"
#include "state_reserve.h"
#include "state_row.h"

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    PUT_DROP,
    DELETE_DROP,
    RENAME_DROP,
    RENAME_FOLDER,
    RENAME_INTENTS,
    RENAME_TARGETS,
    DELETE_FOLDER,
    SELECT_FOLDER,
    SELECT_BELOW,
    SELECT_ID,
    SELECT_STATE,
    SELECT_SPOOLED,
    FIND_DIGEST,
    COUNT,
    GREATEST,
    PUT_SIZE,
    GET_SIZE,
    DELETE_SIZE,
    SELECT_SIZES,
    PUT_VALUE,
    DELETE_VALUE,
    GET_VALUE,
    PUT_INTENT,
    DELETE_INTENT,
    SELECT_INTENTS,
    STATEMENTS
};

struct state_db {
    struct state_reserve reserve;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
};

/* -EIO, -ENOSPC, -ENOMEM, -EPROTO, by what SQLite says, with words in err. */
int sql_fail(sqlite3 *db, struct failure *err);

/* Runs a statement that gives no rows, and makes it ready for the next time. */
int sql_run(struct state_db *db, sqlite3_stmt *s, struct failure *err);

/* What it binds stays the caller's until the statement has run. A binding that fails for want
 * of memory leaves NULL, which the columns refuse or which finds nothing: so it is checked. */
static inline int bind_text(sqlite3_stmt *s, int at, const char *text)
{
    return sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

/* 0 stands for none. */
static inline int bind_number(sqlite3_stmt *s, int at, int64_t number)
{
    return number ? sqlite3_bind_int64(s, at, number) : sqlite3_bind_null(s, at);
}

static inline int bind_digest(sqlite3_stmt *s, int at, const uint8_t *digest)
{
    return digest ? sqlite3_bind_blob(s, at, digest, STATE_DIGEST_BYTES, SQLITE_STATIC)
                  : sqlite3_bind_null(s, at);
}

static inline const char *column_text(sqlite3_stmt *s, int at)
{
    return (const char *)sqlite3_column_text(s, at);
}

/* The digest of that column. false: it has none. */
bool sql_digest(sqlite3_stmt *s, int at, uint8_t out[STATE_DIGEST_BYTES]);

/* Of the table of intents: statements, changes, rows. */
#define SQL_INTENTS_TABLE                                                                          \
    "CREATE TABLE intents("                                                                        \
    " number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, state INTEGER NOT NULL,"                  \
    " resource INTEGER NOT NULL, folder TEXT, name TEXT, id TEXT, old TEXT, look TEXT,"            \
    " error TEXT, to_folder TEXT, to_name TEXT, upload INTEGER, size INTEGER NOT NULL,"            \
    " since_ns INTEGER NOT NULL, tries INTEGER NOT NULL, sha256 BLOB);"
#define SQL_INTENT_COLUMNS                                                                         \
    "number, kind, state, resource, folder, name, id, old, look, undo, to_folder, to_name, "       \
    "upload, size, since_ns, tries, sha256, server_ns"

int sql_put_intent(struct state_db *db, const struct intent_row *row, struct failure *err);
int sql_delete_intent(struct state_db *db, int64_t number, struct failure *err);

#endif
