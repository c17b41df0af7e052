/*
 * The sandbox's state in SQLite: rows of every collection in one table, documents' and assets'
 * bytes (as base64 text) in another, counters in a third, what is due when in a fourth. One thread
 * writes: it takes what is queued, runs it in one transaction and syncs it once; a store_write()
 * that has returned 0 is on the disk. Readers have connections of their own and are never held up
 * by it.
 */
#ifndef SANDBOX_STORE_H
#define SANDBOX_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "failure.h"
#include "resources.h"

struct store;
struct view; /* what a reader or a writer sees; valid inside its function only */

#define STORE_KEYS 4

/* Strings are the caller's when it gives a row, the row's own (row_release) when it gets one. */
struct row {
    enum resource_kind kind;
    char *id;
    char *parent;           /* the id above it; "" at the top */
    int64_t made;           /* the key by which lists are sorted; microseconds */
    int64_t ended;          /* the other key; INT64_MAX: not yet */
    char *keys[STORE_KEYS]; /* what the list's filters, in their order, compare; NULL: nothing */
    char *body;             /* the resource as JSON, an object in one line, without content */
    char *hidden;           /* JSON that answers never show, or NULL */
};

void row_release(struct row *row);
#define cleanup_row CLEANUP(row_release)

/*
 * Opens or creates DIR/sandbox.db, and locks DIR. Blocks on the disk.
 * 0; -EBUSY another process has it; -errno; in words in err.
 */
int store_open(const char *dir, struct store **out, struct failure *err);

/* Waits for what is queued. NULL is fine. No other thread may use it any more. */
void store_close(struct store *s);

typedef int store_fn(struct view *v, void *arg);

/* Runs fn with a snapshot; any thread, blocks until a connection is free. fn's result, -EIO. */
int store_read(struct store *s, store_fn *fn, void *arg);

/*
 * Runs fn in the writer's thread; any thread but that one. What fn did is undone when it
 * returns less than 0. fn's result once it is on the disk; -EIO: it isn't; -ENOMEM.
 */
int store_write(struct store *s, store_fn *fn, void *arg);

/* --- Inside fn. All: 0, -EIO, -ENOMEM ------------------------------------------------------- */

/* Now, in microseconds since the epoch; in a writer greater than anything it gave before. */
int64_t view_now(struct view *v);

/* -ENOENT: no such row. */
int view_get(struct view *v, const char *id, struct row *out);
int view_content(struct view *v, const char *id, struct buf *out);

/* The row of that kind whose first key is key. -ENOENT. */
int view_find(struct view *v, enum resource_kind kind, const char *key, struct row *out);

struct list_query {
    enum resource_kind kind;
    const char *parent; /* "": at the top; NULL: whatever it stands under */
    bool by_end;        /* sorted by ended instead of made */
    bool descending;
    const char *after_id; /* begin behind this key; NULL: at the start */
    int64_t after_key;
    int64_t from, to;         /* by when they were made, both included; 0: any time */
    json_t *keys[STORE_KEYS]; /* arrays of strings: one of them; NULL: any */
    int64_t limit;            /* rows */
};

/* Calls each for every row in order until it returns not 0, which is then the result. each owns
 * nothing of row and may not change the store. */
int view_list(struct view *v, const struct list_query *q,
              int (*each)(void *arg, const struct row *row), void *arg);

/* Writers only. An insert counts the row, a delete takes it (and its content) away. */
int view_insert(struct view *v, const struct row *row);
int view_update(struct view *v, const struct row *row);
int view_delete(struct view *v, enum resource_kind kind, const char *id);
int view_put_content(struct view *v, const char *id, const char *text, size_t len);

/* How many of a kind there are now, and were made this calendar month (UTC). */
int view_counts(struct view *v, enum resource_kind kind, int64_t *now, int64_t *this_month);

/* What is due: one time a row (due.h). next finds the earliest; -ENOENT: there is none. */
int view_put_due(struct view *v, const char *id, int64_t at);
int view_delete_due(struct view *v, const char *id);
int view_next_due(struct view *v, char *id, size_t size, int64_t *at);

/* Small facts about the state itself. -ENOENT. */
int view_get_fact(struct view *v, const char *name, struct buf *out);
int view_put_fact(struct view *v, const char *name, const char *value);

#endif
