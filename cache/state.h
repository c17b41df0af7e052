/*
 * What must outlive the daemon, in one directory that one daemon uses at a time: drop names,
 * sizes, small values. A shared store for many machines could stand behind this header.
 *
 * Any thread; all block for the disk only (no call, no network). One thread of its own does all
 * reads and writes in the order in which they came, writes in groups: everything that waits is
 * one transaction and one sync. So a read sees every write that was given before it.
 *
 * durable: true returns when it is on disk; false as soon as it is in order, with its strings
 * copied: a failure of it is logged, and returned by the next state_flush(), whoever calls that.
 * enum state_when says the same, and a third thing.
 *
 * 0, -EIO, -ENOSPC, -ENOMEM. err: on failure only, may be NULL.
 */
#ifndef LASFS_STATE_H
#define LASFS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "drop_row.h"
#include "failure.h"
#include "intent_row.h"
#include "log.h"

struct state;

enum state_when {
    STATE_LATER, /* as false */
    STATE_NOW,   /* as true */
    STATE_SOON,  /* as true, and some milliseconds may pass before, in which others come along */
};

/*
 * Makes dir (0700, its parents too), locks it, opens or makes its database and starts the
 * thread: after the fork. While another process has it, waits up to wait_ms. A database of an older
 * version is brought to this one; one that is damaged is set aside, with state_notices().
 * log may be NULL; it and the clock must outlive the state.
 * 0; -EWOULDBLOCK "state directory DIR is in use by pid N"; -EPERM it, or what is in it, is not this
 * user's alone (owned.h); -EPROTO the database was made by a newer program, or is somebody else's;
 * -EIO, -ENOSPC, -ENOMEM and what mkdir(2) and open(2) give, each with words in err.
 */
int state_open(const char *dir, int64_t wait_ms, struct clock *clock, struct log *log,
               struct state **out, struct failure *err);

/* A line for each thing that was set aside at the start, each with its '\n'; "": nothing was. */
const char *state_notices(const struct state *st);

/* Writes what is in order, ends the thread, unlocks. No other thread may use it any more. */
void state_close(struct state *st); /* NULL is fine */

/* Waits until all that was given before is on disk. Also the first failure of a write that
 * nobody waited for since the last flush. */
int state_flush(struct state *st, struct failure *err);

/* --- Drops ------------------------------------------------------------------------------------ */

int state_apply(struct state *st, const struct state_step *steps, size_t n, enum state_when when,
                struct failure *err);

/* STATE_NOW or STATE_SOON in two halves: begin gives it its place in the order, wait returns once it is on
 * disk, with its own result, and frees it. In between the steps stay as they are. */
struct state_write;
int state_apply_begin(struct state *st, const struct state_step *steps, size_t n, bool soon,
                      struct state_write **out, struct failure *err); /* only -ENOMEM */
int state_apply_wait(struct state *st, struct state_write *w, struct failure *err);

/* The same, one step each. */
int state_put_drop(struct state *st, const struct drop_row *row, bool durable, struct failure *err);
int state_delete_drop(struct state *st, const char *folder, const char *name, bool durable,
                      struct failure *err);
int state_rename_folder(struct state *st, const char *folder, const char *to_folder, bool durable,
                        struct failure *err);

/*
 * Readers call each(arg, row) for every row, in this thread, with no lock held, after all rows
 * were read: each may write. The row is valid during the call. A non-zero result ends the walk
 * and is returned.
 */
int state_load_folder(struct state *st, const char *folder, /* by name; not those below */
                      int (*each)(void *arg, const struct drop_row *row), void *arg,
                      struct failure *err);
int state_load_below(struct state *st, const char *folder, /* one of it, and of each below it */
                     int (*each)(void *arg, const struct drop_row *row), void *arg,
                     struct failure *err);
int state_load_in_state(struct state *st, enum row_state state, /* by folder and name */
                        int (*each)(void *arg, const struct drop_row *row), void *arg,
                        struct failure *err);
int state_find_by_id(struct state *st, const char *id, /* by folder and name; mostly one or none */
                     int (*each)(void *arg, const struct drop_row *row), void *arg,
                     struct failure *err);

int state_load_spooled(struct state *st, /* those that have a file in the spool, by its number */
                       int (*each)(void *arg, const struct drop_row *row), void *arg,
                       struct failure *err);

/* Is there a row of a resource whose acknowledged bytes have this digest? Looks at all rows. */
int state_has_digest(struct state *st, const uint8_t sha256[STATE_DIGEST_BYTES], bool *found,
                     struct failure *err);

/* How many rows are in each state. */
int state_count(struct state *st, int64_t counts[ROW_STATES], struct failure *err);

/* The greatest spool number and failed_number in use, 0 for none: start above them. */
int state_greatest(struct state *st, uint64_t *spool, int64_t *failed_number, struct failure *err);

/* --- Intents ---------------------------------------------------------------------------------- */

/* By number, as state_load_folder() does with rows. They are written by state_apply(). */
int state_load_intents(struct state *st, int (*each)(void *arg, const struct intent_row *row),
                       void *arg, struct failure *err);

/* --- Sizes that are known for good, and small values ------------------------------------------ */

/* Never waits for the disk. -1: that of id, and of all its versions ("ID@..."), is forgotten. */
int state_put_size(struct state *st, const char *id, int64_t size, struct failure *err);

/* Forgets those of which is_gone says so, by the id of their resource; what has a name here stays. Never
 * waits: is_gone is called by the state's thread, with no lock held, and release after it, once. */
int state_sweep_sizes(struct state *st, bool (*is_gone)(void *arg, const char *id),
                      void (*release)(void *arg), void *arg, struct failure *err);

/* The sizes of n ids at once, -1 for those that are not known. */
int state_get_sizes(struct state *st, const char *const *ids, size_t n, int64_t *sizes,
                    struct failure *err);

/* Text under a key; value NULL deletes it. */
int state_put_value(struct state *st, const char *key, const char *value, bool durable,
                    struct failure *err);

/* The caller frees. -ENOENT when there is none. */
int state_get_value(struct state *st, const char *key, char **value, struct failure *err);

#endif
