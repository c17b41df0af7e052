/* The sizes of contents in the state database. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state_db.h"
#include "state_sql.h"

#include "banned.h"

/* One whose resource is gone: the others of its kind are told by their ids. */
struct gone {
    struct gone *next;
    char id[];
};

static int put(struct state_db *db, const char *id, int64_t size, struct failure *err)
{
    sqlite3_stmt *s = db->statements[PUT_SIZE];

    if (bind_text(s, 1, id) == SQLITE_OK && sqlite3_bind_int64(s, 2, size) == SQLITE_OK)
        return sql_run(db, s, err);
    sqlite3_clear_bindings(s);
    return sql_fail(db->db, err);
}

static int forget(struct state_db *db, const char *id, struct failure *err)
{
    sqlite3_stmt *s = db->statements[DELETE_SIZE];

    return bind_text(s, 1, id) == SQLITE_OK ? sql_run(db, s, err) : sql_fail(db->db, err);
}

int state_db_put_size(struct state_db *db, const char *id, int64_t size, struct failure *err)
{
    return size < 0 ? forget(db, id, err) : put(db, id, size, err);
}

int state_db_get_size(struct state_db *db, const char *id, int64_t *size, struct failure *err)
{
    sqlite3_stmt *s = db->statements[GET_SIZE];
    int step = bind_text(s, 1, id);
    int rc = 0;

    if (step == SQLITE_OK)
        step = sqlite3_step(s);
    if (step == SQLITE_ROW)
        *size = sqlite3_column_int64(s, 0);
    else if (step == SQLITE_DONE)
        *size = -1;
    else
        rc = sql_fail(db->db, err);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return rc;
}

static int find_gone(struct state_db *db, bool (*is_gone)(void *arg, const char *id), void *arg,
                     struct gone **out, struct failure *err)
{
    sqlite3_stmt *s = db->statements[SELECT_SIZES];
    int step, rc = 0;

    while (rc == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
        const char *id = column_text(s, 0);
        size_t len = id ? strcspn(id, "@") : 0;
        struct gone *one = calloc(1, sizeof(*one) + len + 1);

        if (!one) {
            rc = fail(err, -ENOMEM, 0, "out of memory");
            break;
        }
        memcpy(one->id, id ? id : "", len);
        if (is_gone(arg, one->id)) {
            one->next = *out;
            *out = one;
        } else {
            free(one);
        }
    }
    if (rc == 0 && step != SQLITE_DONE)
        rc = sql_fail(db->db, err);
    sqlite3_reset(s);
    return rc;
}

int state_db_sweep_sizes(struct state_db *db, bool (*is_gone)(void *arg, const char *id), void *arg,
                         struct failure *err)
{
    struct gone *gone = NULL;
    int rc = find_gone(db, is_gone, arg, &gone, err);

    while (gone) {
        struct gone *next = gone->next;

        if (rc == 0)
            rc = forget(db, gone->id, err);
        free(gone);
        gone = next;
    }
    return rc;
}
