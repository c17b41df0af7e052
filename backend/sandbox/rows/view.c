/* What can be done with rows inside a transaction: store.h's second half. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "database.h"
#include "store.h"

#include "banned.h"

#define COLUMNS "id, kind, parent, made, ended, key0, key1, key2, key3, body, hidden"
#define SQL_MAX 1024

void row_release(struct row *row)
{
    free(row->id);
    free(row->parent);
    for (unsigned i = 0; i < STORE_KEYS; i++)
        free(row->keys[i]);
    free(row->body);
    free(row->hidden);
    memset(row, 0, sizeof(*row));
}

int64_t view_now(struct view *v)
{
    int64_t now = clock_realtime_ns(clock_real()) / 1000;

    if (now <= v->last_us)
        now = v->last_us + 1;
    v->last_us = now;
    return now;
}

static int month_of(int64_t us)
{
    time_t t = (time_t)(us / 1000000);
    struct tm tm;

    gmtime_r(&t, &tm);
    return (tm.tm_year + 1900) * 100 + tm.tm_mon + 1;
}

static void bind_text(sqlite3_stmt *st, int i, const char *text)
{
    if (text)
        sqlite3_bind_text(st, i, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(st, i);
}

/* Ends a statement that gives no rows. */
static int finish(sqlite3_stmt *st)
{
    int rc = sqlite3_step(st) == SQLITE_DONE ? 0 : -EIO;

    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return rc;
}

/* The column's text, in SQLite's memory until the next step. */
static char *column(sqlite3_stmt *st, int i)
{
    union {
        const unsigned char *from;
        char *to;
    } text = { .from = sqlite3_column_text(st, i) };

    return text.to;
}

static void borrow_row(sqlite3_stmt *st, struct row *out)
{
    out->id = column(st, 0);
    out->kind = (enum resource_kind)sqlite3_column_int(st, 1);
    out->parent = column(st, 2);
    out->made = sqlite3_column_int64(st, 3);
    out->ended = sqlite3_column_int64(st, 4);
    for (int i = 0; i < STORE_KEYS; i++)
        out->keys[i] = column(st, 5 + i);
    out->body = column(st, 9);
    out->hidden = column(st, 10);
}

static int copy_text(char **out, const char *text)
{
    *out = text ? strdup(text) : NULL;
    return text && !*out ? -ENOMEM : 0;
}

static int copy_row(const struct row *from, struct row *out)
{
    struct row to = { .kind = from->kind, .made = from->made, .ended = from->ended };
    int rc = copy_text(&to.id, from->id);

    if (rc == 0)
        rc = copy_text(&to.parent, from->parent);
    for (unsigned i = 0; i < STORE_KEYS && rc == 0; i++)
        rc = copy_text(&to.keys[i], from->keys[i]);
    if (rc == 0)
        rc = copy_text(&to.body, from->body);
    if (rc == 0)
        rc = copy_text(&to.hidden, from->hidden);
    if (rc < 0)
        row_release(&to);
    else
        *out = to;
    return rc;
}

static int get_one(sqlite3_stmt *st, struct row *out)
{
    int step = sqlite3_step(st), rc = -EIO;

    if (step == SQLITE_ROW) {
        struct row borrowed;

        borrow_row(st, &borrowed);
        rc = copy_row(&borrowed, out);
    } else if (step == SQLITE_DONE) {
        rc = -ENOENT;
    }
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return rc;
}

int view_get(struct view *v, const char *id, struct row *out)
{
    sqlite3_stmt *st = database_statement(v, "SELECT " COLUMNS " FROM resource WHERE id = ?");

    if (!st)
        return -EIO;
    bind_text(st, 1, id);
    return get_one(st, out);
}

int view_find(struct view *v, enum resource_kind kind, const char *key, struct row *out)
{
    sqlite3_stmt *st = database_statement(v, "SELECT " COLUMNS
                                             " FROM resource WHERE kind = ? AND key0 = ? LIMIT 1");

    if (!st)
        return -EIO;
    sqlite3_bind_int(st, 1, (int)kind);
    bind_text(st, 2, key);
    return get_one(st, out);
}

int view_content(struct view *v, const char *id, struct buf *out)
{
    sqlite3_stmt *st = database_statement(v, "SELECT text FROM content WHERE id = ?");
    int step, rc = -EIO;

    if (!st)
        return -EIO;
    bind_text(st, 1, id);
    step = sqlite3_step(st);
    if (step == SQLITE_ROW) {
        const char *text = column(st, 0);

        rc = text ? buf_add(out, text, (size_t)sqlite3_column_bytes(st, 0)) : -ENOMEM;
    } else if (step == SQLITE_DONE) {
        rc = -ENOENT;
    }
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return rc;
}

/* --- Lists ----------------------------------------------------------------------------------- */

static int list_sql(const struct list_query *q, char sql[SQL_MAX])
{
    struct buf b = BUF_INIT(SQL_MAX - 1);
    const char *key = q->by_end ? "ended" : "made", *way = q->descending ? "DESC" : "ASC";
    int rc = buf_adds(&b, "SELECT " COLUMNS " FROM resource WHERE kind = ?");

    if (rc == 0 && q->parent)
        rc = buf_adds(&b, " AND parent = ?");

    for (unsigned i = 0; i < STORE_KEYS && rc == 0; i++)
        if (q->keys[i])
            rc = buf_addf(&b,
                          json_array_size(q->keys[i]) == 1
                              ? " AND key%u = ?"
                              : " AND key%u IN (SELECT value FROM json_each(?))",
                          i);
    if (rc == 0 && q->from)
        rc = buf_adds(&b, " AND made >= ?");
    if (rc == 0 && q->to)
        rc = buf_adds(&b, " AND made <= ?");
    if (rc == 0 && q->after_id)
        rc = buf_addf(&b, " AND (%s, id) %c (?, ?)", key, q->descending ? '<' : '>');
    if (rc == 0)
        rc = buf_addf(&b, " ORDER BY %s %s, id %s LIMIT ?", key, way, way);
    if (rc == 0)
        memcpy(sql, b.data, b.len + 1);
    buf_release(&b);
    return rc;
}

static int bind_list(sqlite3_stmt *st, const struct list_query *q)
{
    int at = 1;

    sqlite3_bind_int(st, at++, (int)q->kind);
    if (q->parent)
        bind_text(st, at++, q->parent);
    for (unsigned i = 0; i < STORE_KEYS; i++) {
        if (!q->keys[i])
            continue;
        if (json_array_size(q->keys[i]) == 1) {
            bind_text(st, at++, json_string_value(json_array_get(q->keys[i], 0)));
        } else {
            char *all = json_dumps(q->keys[i], JSON_COMPACT);

            if (!all)
                return -ENOMEM;
            sqlite3_bind_text(st, at++, all, -1, free);
        }
    }
    if (q->from)
        sqlite3_bind_int64(st, at++, q->from);
    if (q->to)
        sqlite3_bind_int64(st, at++, q->to);
    if (q->after_id) {
        sqlite3_bind_int64(st, at++, q->after_key);
        bind_text(st, at++, q->after_id);
    }
    sqlite3_bind_int64(st, at, q->limit);
    return 0;
}

int view_list(struct view *v, const struct list_query *q,
              int (*each)(void *arg, const struct row *row), void *arg)
{
    char sql[SQL_MAX];
    sqlite3_stmt *st;
    int step = SQLITE_DONE, rc = list_sql(q, sql);

    if (rc < 0)
        return rc;
    st = database_statement(v, sql);
    if (!st)
        return -EIO;
    rc = bind_list(st, q);
    while (rc == 0 && (step = sqlite3_step(st)) == SQLITE_ROW) {
        struct row borrowed;

        borrow_row(st, &borrowed);
        rc = each(arg, &borrowed);
    }
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return rc != 0 ? rc : step == SQLITE_DONE ? 0 : -EIO;
}

static int get_number(sqlite3_stmt *st, int64_t *out)
{
    int step = sqlite3_step(st);

    *out = step == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : -EIO;
}

/* --- Changes --------------------------------------------------------------------------------- */

static int tally_add(struct view *v, enum resource_kind kind, int month, int64_t n)
{
    sqlite3_stmt *st = database_statement(v, "INSERT INTO tally VALUES (?1, ?2, ?3)"
                                             " ON CONFLICT (kind, month) DO UPDATE SET n = n + ?3");

    if (!st)
        return -EIO;
    sqlite3_bind_int(st, 1, (int)kind);
    sqlite3_bind_int(st, 2, month);
    sqlite3_bind_int64(st, 3, n);
    return finish(st);
}

static int tally_get(struct view *v, enum resource_kind kind, int month, int64_t *out)
{
    sqlite3_stmt *st = database_statement(v, "SELECT n FROM tally WHERE kind = ? AND month = ?");

    if (!st)
        return -EIO;
    sqlite3_bind_int(st, 1, (int)kind);
    sqlite3_bind_int(st, 2, month);
    return get_number(st, out);
}

int view_counts(struct view *v, enum resource_kind kind, int64_t *now, int64_t *this_month)
{
    int rc = tally_get(v, kind, 0, now);
    int month = month_of(clock_realtime_ns(clock_real()) / 1000);

    return rc < 0 ? rc : tally_get(v, kind, month, this_month);
}

static int put_row(struct view *v, const char *sql, const struct row *row)
{
    sqlite3_stmt *st = database_statement(v, sql);

    if (!st)
        return -EIO;
    bind_text(st, 1, row->id);
    sqlite3_bind_int(st, 2, (int)row->kind);
    bind_text(st, 3, row->parent);
    sqlite3_bind_int64(st, 4, row->made);
    sqlite3_bind_int64(st, 5, row->ended);
    for (int i = 0; i < STORE_KEYS; i++)
        bind_text(st, 6 + i, row->keys[i]);
    bind_text(st, 10, row->body);
    bind_text(st, 11, row->hidden);
    return finish(st);
}

int view_insert(struct view *v, const struct row *row)
{
    int rc = put_row(v,
                     "INSERT INTO resource (" COLUMNS ")"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                     row);

    if (rc == 0)
        rc = tally_add(v, row->kind, 0, 1);
    return rc < 0 ? rc : tally_add(v, row->kind, month_of(view_now(v)), 1);
}

int view_update(struct view *v, const struct row *row)
{
    return put_row(v,
                   "UPDATE resource SET kind = ?2, parent = ?3, made = ?4, ended = ?5, key0 = ?6,"
                   " key1 = ?7, key2 = ?8, key3 = ?9, body = ?10, hidden = ?11 WHERE id = ?1",
                   row);
}

int view_delete(struct view *v, enum resource_kind kind, const char *id)
{
    sqlite3_stmt *st = database_statement(v, "DELETE FROM resource WHERE id = ?");
    int rc;

    if (!st)
        return -EIO;
    bind_text(st, 1, id);
    rc = finish(st);
    if (rc == 0 && sqlite3_changes(v->db) > 0)
        rc = tally_add(v, kind, 0, -1);
    st = database_statement(v, "DELETE FROM content WHERE id = ?");
    if (rc < 0 || !st)
        return -EIO;
    bind_text(st, 1, id);
    return finish(st);
}

int view_put_content(struct view *v, const char *id, const char *text, size_t len)
{
    sqlite3_stmt *st = database_statement(v, "INSERT OR REPLACE INTO content VALUES (?, ?)");

    if (!st)
        return -EIO;
    bind_text(st, 1, id);
    sqlite3_bind_text64(st, 2, text, len, SQLITE_STATIC, SQLITE_UTF8);
    return finish(st);
}

int view_put_due(struct view *v, const char *id, int64_t at)
{
    sqlite3_stmt *st = database_statement(v, "INSERT OR REPLACE INTO due VALUES (?, ?)");

    if (!st)
        return -EIO;
    bind_text(st, 1, id);
    sqlite3_bind_int64(st, 2, at);
    return finish(st);
}

int view_delete_due(struct view *v, const char *id)
{
    sqlite3_stmt *st = database_statement(v, "DELETE FROM due WHERE id = ?");

    if (!st)
        return -EIO;
    bind_text(st, 1, id);
    return finish(st);
}

int view_next_due(struct view *v, char *id, size_t size, int64_t *at)
{
    sqlite3_stmt *st = database_statement(v, "SELECT id, at FROM due ORDER BY at, id LIMIT 1");
    int step = st ? sqlite3_step(st) : SQLITE_ERROR;

    if (step == SQLITE_ROW) {
        snprintf(id, size, "%s", column(st, 0));
        *at = sqlite3_column_int64(st, 1);
    }
    sqlite3_reset(st);
    return step == SQLITE_ROW ? 0 : step == SQLITE_DONE ? -ENOENT : -EIO;
}

int view_get_fact(struct view *v, const char *name, struct buf *out)
{
    sqlite3_stmt *st = database_statement(v, "SELECT value FROM fact WHERE name = ?");
    int step, rc = -EIO;

    if (!st)
        return -EIO;
    bind_text(st, 1, name);
    step = sqlite3_step(st);
    if (step == SQLITE_ROW)
        rc = buf_adds(out, column(st, 0));
    else if (step == SQLITE_DONE)
        rc = -ENOENT;
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return rc;
}

int view_put_fact(struct view *v, const char *name, const char *value)
{
    sqlite3_stmt *st = database_statement(v, "INSERT OR REPLACE INTO fact VALUES (?, ?)");

    if (!st)
        return -EIO;
    bind_text(st, 1, name);
    bind_text(st, 2, value);
    return finish(st);
}
