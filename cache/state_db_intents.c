/* The intents in the state database. */
#include <errno.h>
#include <string.h>

#include "state_db.h"
#include "state_sql.h"

#include "banned.h"

int sql_put_intent(struct state_db *db, const struct intent_row *row, struct failure *err)
{
    sqlite3_stmt *s = db->statements[PUT_INTENT];
    const char *const texts[] = { row->folder, row->name, row->id,        row->old,
                                  row->look,   row->undo, row->to_folder, row->to_name };
    int failed = sqlite3_bind_int64(s, 1, row->number) | sqlite3_bind_int(s, 2, row->kind) |
                 sqlite3_bind_int(s, 3, row->state) | sqlite3_bind_int(s, 4, row->resource) |
                 bind_number(s, 13, (int64_t)row->upload) | sqlite3_bind_int64(s, 14, row->size) |
                 sqlite3_bind_int64(s, 15, row->since_ns) | sqlite3_bind_int64(s, 16, row->tries) |
                 bind_digest(s, 17, row->has_sha256 ? row->sha256 : NULL) |
                 sqlite3_bind_int64(s, 18, row->server_ns);

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        failed |= bind_text(s, 5 + (int)i, texts[i]);
    if (failed) { /* SQLITE_OK is 0 */
        sqlite3_clear_bindings(s);
        return sql_fail(db->db, err);
    }
    return sql_run(db, s, err);
}

int sql_delete_intent(struct state_db *db, int64_t number, struct failure *err)
{
    sqlite3_stmt *s = db->statements[DELETE_INTENT];

    if (sqlite3_bind_int64(s, 1, number) != SQLITE_OK)
        return sql_fail(db->db, err);
    return sql_run(db, s, err);
}

static void read_intent(sqlite3_stmt *s, struct intent_row *row)
{
    *row = (struct intent_row){
        .number = sqlite3_column_int64(s, 0),
        .kind = sqlite3_column_int(s, 1),
        .state = sqlite3_column_int(s, 2),
        .resource = sqlite3_column_int(s, 3),
        .folder = column_text(s, 4),
        .name = column_text(s, 5),
        .id = column_text(s, 6),
        .old = column_text(s, 7),
        .look = column_text(s, 8),
        .undo = column_text(s, 9),
        .to_folder = column_text(s, 10),
        .to_name = column_text(s, 11),
        .upload = (uint64_t)sqlite3_column_int64(s, 12),
        .size = sqlite3_column_int64(s, 13),
        .since_ns = sqlite3_column_int64(s, 14),
        .tries = sqlite3_column_int64(s, 15),
        .server_ns = sqlite3_column_int64(s, 17),
    };
    row->has_sha256 = sql_digest(s, 16, row->sha256);
}

int state_db_intents(struct state_db *db, struct intent_list *list, struct failure *err)
{
    sqlite3_stmt *s = db->statements[SELECT_INTENTS];
    int step, rc = 0;

    while (rc == 0 && (step = sqlite3_step(s)) == SQLITE_ROW) {
        struct intent_row row;

        read_intent(s, &row);
        if (intent_list_add(list, &row) < 0)
            rc = fail(err, -ENOMEM, 0, "out of memory");
    }
    if (rc == 0 && step != SQLITE_DONE)
        rc = sql_fail(db->db, err);
    sqlite3_reset(s);
    return rc;
}
