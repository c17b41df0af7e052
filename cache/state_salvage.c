#include "state_salvage.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "drop_row.h"
#include "state_error.h"

#include "banned.h"

/* --- What can still be read ------------------------------------------------------------------- */

/* Is it one more? */
static bool put_row(sqlite3 *to, sqlite3_stmt *put, sqlite3_stmt *row)
{
    int got = SQLITE_OK;

    for (int i = 0; i < sqlite3_column_count(row); i++)
        got |= sqlite3_bind_value(put, i + 1, sqlite3_column_value(row, i));
    if (got == SQLITE_OK)
        got = sqlite3_step(put);
    sqlite3_reset(put);
    sqlite3_clear_bindings(put);
    return got == SQLITE_DONE && sqlite3_changes(to) > 0;
}

/* sql is freed. NULL: it cannot be. */
static sqlite3_stmt *prepare(sqlite3 *db, char *sql)
{
    sqlite3_stmt *s = NULL;

    if (sql)
        sqlite3_prepare_v2(db, sql, -1, &s, NULL);
    sqlite3_free(sql);
    return s;
}

/* INSERT OR IGNORE INTO table VALUES(?1, ?2, ...) */
static char *put_sql(const char *table, int columns)
{
    sqlite3_str *s = sqlite3_str_new(NULL);

    sqlite3_str_appendf(s, "INSERT OR IGNORE INTO \"%w\" VALUES(", table);
    for (int i = 1; i <= columns; i++)
        sqlite3_str_appendf(s, i == 1 ? "?%d" : ", ?%d", i);
    sqlite3_str_appendf(s, ")");
    return sqlite3_str_finish(s);
}

/* Until the damage, or to the end: then *whole. Backwards also until what is there already. All
 * tables are in the order of their first columns. */
static int64_t copy_rows(sqlite3 *to, sqlite3 *from, const char *table, const char *order,
                         bool *whole)
{
    sqlite3_stmt *row = prepare(
        from, sqlite3_mprintf("SELECT * FROM \"%w\" ORDER BY 1 %s, 2 %s", table, order, order));
    sqlite3_stmt *put = row ? prepare(to, put_sql(table, sqlite3_column_count(row))) : NULL;
    int step = SQLITE_DONE;
    int64_t n = 0;

    while (put && (step = sqlite3_step(row)) == SQLITE_ROW) {
        bool more = put_row(to, put, row);

        n += more;
        if (!more && *order)
            break;
    }
    *whole = step == SQLITE_DONE;
    sqlite3_finalize(row);
    sqlite3_finalize(put);
    return n;
}

/* Each table that to has. */
static int64_t copy_tables(sqlite3 *to, sqlite3 *from)
{
    sqlite3_stmt *tables =
        prepare(to, sqlite3_mprintf("SELECT name FROM sqlite_schema WHERE type = 'table'"));
    int64_t names = 0;

    while (tables && sqlite3_step(tables) == SQLITE_ROW) {
        const char *table = (const char *)sqlite3_column_text(tables, 0);
        bool whole, names_too = table && strcmp(table, "drops") == 0;
        int64_t n = table ? copy_rows(to, from, table, "", &whole) : 0;

        if (table && !whole)
            n += copy_rows(to, from, table, "DESC", &whole);
        names += names_too ? n : 0;
    }
    sqlite3_finalize(tables);
    return names;
}

int64_t state_salvage(sqlite3 *to, const char *path)
{
    sqlite3 *from = NULL;
    int64_t names = 0;

    if (sqlite3_open_v2(path, &from, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, NULL) ==
            SQLITE_OK &&
        sqlite3_exec(to, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK) {
        names = copy_tables(to, from);
        if (sqlite3_exec(to, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
            sqlite3_exec(to, "ROLLBACK", NULL, NULL, NULL);
            names = 0;
        }
    }
    sqlite3_close(from);
    return names;
}

/* --- What makes no sense ---------------------------------------------------------------------- */

/* What is text, a number or bytes is that and nothing else; a kind is the caller's. */
static const char sense[] =
    "typeof(folder) = 'text' AND typeof(name) = 'text' AND name <> ''"
    " AND typeof(kind) = 'integer' AND typeof(state) = 'integer' AND state >= 0 AND state < %d"
    " AND typeof(id) IN ('null', 'text')"
    " AND (spool IS NULL OR typeof(spool) = 'integer' AND spool > 0)"
    " AND typeof(size) = 'integer' AND size >= 0 AND typeof(mtime_ns) = 'integer'"
    " AND typeof(mode) = 'integer' AND mode >= 0"
    " AND (sha256 IS NULL OR typeof(sha256) = 'blob' AND length(sha256) = %d)"
    " AND typeof(error) IN ('null', 'text')"
    " AND (failed_number IS NULL OR typeof(failed_number) = 'integer' AND failed_number > 0)"
    " AND typeof(xattrs) IN ('null', 'text') AND typeof(parked) IN ('null', 'text')"
    " AND typeof(taken) IN ('null', 'text')"
    " AND typeof(sent_mtime_ns) = 'integer' AND typeof(failed_ns) = 'integer'"
    " AND typeof(told_ns) = 'integer'"
    " AND (sealed IS NULL OR typeof(sealed) = 'integer' AND sealed > 0)";

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = NULL;
    int64_t n = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

static int64_t count_rows(sqlite3 *db, const char *where)
{
    char *sql = sqlite3_mprintf("SELECT count(*) FROM drops WHERE NOT (%s)", where);
    int64_t n = sql ? ask(db, sql) : -1;

    sqlite3_free(sql);
    return n;
}

static int move_rows(sqlite3 *db, const char *table, const char *where)
{
    char *sql = sqlite3_mprintf("BEGIN IMMEDIATE;"
                                "CREATE TABLE %s AS SELECT * FROM drops WHERE NOT (%s);"
                                "DELETE FROM drops WHERE NOT (%s);"
                                "COMMIT",
                                table, where, where);
    int got = sql ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

    sqlite3_free(sql);
    return got;
}

int64_t state_set_rows_aside(sqlite3 *db, char table[32], struct failure *err)
{
    char *where = sqlite3_mprintf(sense, ROW_STATES, STATE_DIGEST_BYTES);
    int64_t number, n = where ? count_rows(db, where) : -1;

    if (n > 0) {
        number = ask(db, "SELECT 1 + coalesce(max(CAST(substr(name, 8) AS INTEGER)), 0) "
                         "FROM sqlite_schema WHERE name LIKE 'damaged%'");
        snprintf(table, 32, "damaged%lld", (long long)number);
        if (move_rows(db, table, where) != SQLITE_OK)
            n = -1;
    }
    sqlite3_free(where);
    if (n >= 0)
        return n;
    n = state_error(db, err);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* of what may have begun */
    return n;
}
