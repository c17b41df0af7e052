/*
 * The state database in SQLite: what a change and a question is in SQL. For one thread at a
 * time. All return 0 or -EIO, -ENOSPC, -ENOMEM, -EINVAL, with words in err.
 */
#ifndef LASFS_STATE_DB_H
#define LASFS_STATE_DB_H

#include <stdbool.h>

#include "buf.h"
#include "drop_row.h"
#include "failure.h"
#include "state_row.h"

struct state_db;

/* Opens or makes the database in a directory, as state_file_open() says. */
int state_db_open(int dirfd, const char *dir, struct state_db **out, struct buf *notices,
                  struct failure *err);
void state_db_close(struct state_db *db); /* NULL is fine */

/* A transaction. A failed commit, and any failed change, has to be rolled back. */
int state_db_begin(struct state_db *db, struct failure *err);
int state_db_commit(struct state_db *db, struct failure *err);
void state_db_rollback(struct state_db *db);

/* After -ENOSPC: is there room for another try? After what went well: some is kept for that. */
bool state_db_find_room(struct state_db *db);
void state_db_keep_room(struct state_db *db);

int state_db_change(struct state_db *db, const struct state_step *step, struct failure *err);
/* size -1: it is forgotten. */
int state_db_put_size(struct state_db *db, const char *id, int64_t size, struct failure *err);
int state_db_sweep_sizes(struct state_db *db, bool (*is_gone)(void *arg, const char *id), void *arg,
                         struct failure *err);
int state_db_put_value(struct state_db *db, const char *key, const char *value,
                       struct failure *err);

enum state_question {
    ROWS_OF_FOLDER,
    ROW_OF_EACH_BELOW,
    ROWS_WITH_ID,
    ROWS_IN_STATE,
    ROWS_WITH_SPOOL
};

/* Adds the rows to list. state for ROWS_IN_STATE, text for those before it. */
int state_db_rows(struct state_db *db, enum state_question question, const char *text,
                  enum row_state state, struct row_list *list, struct failure *err);

/* Adds all intents, by number. */
int state_db_intents(struct state_db *db, struct intent_list *list, struct failure *err);
int state_db_count(struct state_db *db, int64_t counts[ROW_STATES], struct failure *err);
int state_db_greatest(struct state_db *db, uint64_t *spool, int64_t *failed_number,
                      struct failure *err);
int state_db_find_digest(struct state_db *db, const uint8_t sha256[STATE_DIGEST_BYTES], bool *found,
                         struct failure *err);
int state_db_get_size(struct state_db *db, const char *id, int64_t *size, struct failure *err);

/* The caller frees; NULL when there is none. */
int state_db_get_value(struct state_db *db, const char *key, char **value, struct failure *err);

#endif
