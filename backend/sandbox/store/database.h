/*
 * One connection to the sandbox's database, with the statements that it has prepared. For one
 * thread at a time.
 */
#ifndef SANDBOX_DATABASE_H
#define SANDBOX_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

#define DATABASE_STATEMENTS 64

struct view {
    sqlite3 *db;
    int64_t last_us; /* the writer's: the last time it gave */
    unsigned next;   /* of statements: the one that is thrown out next */
    struct statement {
        char *sql;
        sqlite3_stmt *stmt;
    } statements[DATABASE_STATEMENTS];
};

/* Opens; the writer also makes what is missing. 0, -EIO with words in err, -ENOMEM. */
int database_open(struct view *v, const char *path, bool writer, struct failure *err);
void database_close(struct view *v);

/* The prepared statement for sql, reset; give it back with sqlite3_reset. NULL: -EIO. */
sqlite3_stmt *database_statement(struct view *v, const char *sql);

/* Runs a statement that has no parameters and no rows. 0, -EIO. */
int database_run(struct view *v, const char *sql);

#endif
