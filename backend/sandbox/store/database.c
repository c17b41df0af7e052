#include "database.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

#include "banned.h"

#define SCHEMA_VERSION 2
#define BUSY_MS 10000

static const char *const for_all[] = {
    "PRAGMA mmap_size = 0",
    "PRAGMA cache_size = -4096",
    "PRAGMA temp_store = MEMORY",
};

static const char *const for_writer[] = {
    "PRAGMA page_size = 16384",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA journal_size_limit = 67108864",
};

static const char *const schema[] = {
    "BEGIN IMMEDIATE",
    ("CREATE TABLE resource (id TEXT PRIMARY KEY NOT NULL, kind INTEGER NOT NULL,"
     " parent TEXT NOT NULL, made INTEGER NOT NULL, ended INTEGER NOT NULL,"
     " key0 TEXT, key1 TEXT, key2 TEXT, key3 TEXT, body TEXT NOT NULL, hidden TEXT)"),
    "CREATE INDEX resource_made ON resource (kind, parent, made, id)",
    "CREATE INDEX resource_ended ON resource (kind, parent, ended, id)",
    "CREATE INDEX resource_key0 ON resource (kind, key0, parent, made, id) WHERE key0 NOT NULL",
    "CREATE INDEX resource_key1 ON resource (kind, key1, parent, made, id) WHERE key1 NOT NULL",
    "CREATE INDEX resource_key2 ON resource (kind, key2, parent, made, id) WHERE key2 NOT NULL",
    "CREATE INDEX resource_key3 ON resource (kind, key3, parent, made, id) WHERE key3 NOT NULL",
    "CREATE TABLE content (id TEXT PRIMARY KEY NOT NULL, text TEXT NOT NULL)",
    /* month 0 counts what there is now, YYYYMM what was made then */
    ("CREATE TABLE tally (kind INTEGER NOT NULL, month INTEGER NOT NULL, n INTEGER NOT NULL,"
     " PRIMARY KEY (kind, month)) WITHOUT ROWID"),
    "CREATE TABLE fact (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL)",
    "PRAGMA user_version = 1",
    "COMMIT",
};

/* What a state of version 1 lacks. */
static const char *const version_2[] = {
    "BEGIN IMMEDIATE",
    "CREATE TABLE due (id TEXT PRIMARY KEY NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX due_at ON due (at, id)",
    "PRAGMA user_version = 2",
    "COMMIT",
};

int database_run(struct view *v, const char *sql)
{
    return sqlite3_exec(v->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

sqlite3_stmt *database_statement(struct view *v, const char *sql)
{
    struct statement *s;

    for (unsigned i = 0; i < DATABASE_STATEMENTS && v->statements[i].sql; i++)
        if (strcmp(v->statements[i].sql, sql) == 0)
            return v->statements[i].stmt;
    s = &v->statements[v->next];
    v->next = (v->next + 1) % DATABASE_STATEMENTS;
    sqlite3_finalize(s->stmt);
    free(s->sql);
    s->stmt = NULL;
    s->sql = strdup(sql);
    if (!s->sql)
        return NULL;
    if (sqlite3_prepare_v3(v->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->stmt, NULL) == SQLITE_OK)
        return s->stmt;
    /* The slot must not stand in the way of those behind it. */
    s->sql[0] = '\0';
    return NULL;
}

static int run_all(struct view *v, const char *const *sql, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (database_run(v, sql[i]) < 0)
            return -EIO;
    return 0;
}

static int schema_version(struct view *v, int *out)
{
    sqlite3_stmt *st = database_statement(v, "PRAGMA user_version");
    int rc = -EIO;

    if (st && sqlite3_step(st) == SQLITE_ROW) {
        *out = sqlite3_column_int(st, 0);
        rc = 0;
    }
    sqlite3_reset(st);
    return rc;
}

static int prepare(struct view *v, bool writer, struct failure *err)
{
    int version = 0;

    sqlite3_busy_timeout(v->db, BUSY_MS);
    if ((writer && run_all(v, for_writer, ARRAY_LEN(for_writer)) < 0) ||
        run_all(v, for_all, ARRAY_LEN(for_all)) < 0 || schema_version(v, &version) < 0)
        return fail(err, -EIO, 0, "%s", sqlite3_errmsg(v->db));
    if (version > SCHEMA_VERSION)
        return fail(err, -EIO, 0, "written by a newer version of this program");
    if (writer && ((version < 1 && run_all(v, schema, ARRAY_LEN(schema)) < 0) ||
                   (version < 2 && run_all(v, version_2, ARRAY_LEN(version_2)) < 0)))
        return fail(err, -EIO, 0, "%s", sqlite3_errmsg(v->db));
    return 0;
}

int database_open(struct view *v, const char *path, bool writer, struct failure *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                (writer ? SQLITE_OPEN_CREATE : 0);
    int rc;

    memset(v, 0, sizeof(*v));
    if (sqlite3_open_v2(path, &v->db, flags, NULL) != SQLITE_OK)
        rc = fail(err, -EIO, 0, "%s", v->db ? sqlite3_errmsg(v->db) : "out of memory");
    else
        rc = prepare(v, writer, err);
    if (rc < 0)
        database_close(v);
    return rc;
}

void database_close(struct view *v)
{
    for (unsigned i = 0; i < DATABASE_STATEMENTS; i++) {
        sqlite3_finalize(v->statements[i].stmt);
        free(v->statements[i].sql);
    }
    sqlite3_close(v->db);
    memset(v, 0, sizeof(*v));
}
