/*
 * The intents of a mount, and who works at those that wait: a thread keeps the time, the pool does
 * the work, a bounded number at once. The journal knows no API: what is done for an intent is its
 * owner's, by a callback.
 *
 * Who begins an intent holds it until journal_leave(); from then on the journal has it worked at
 * until it is done, and so it is with those that an earlier mount has left. Any thread.
 */
#ifndef LASFS_JOURNAL_H
#define LASFS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intent.h"
#include "intent_row.h"
#include "state.h"

struct call;
struct clock;
struct journal;
struct pool;

struct journal_config {
    struct state *state; /* outlives it, as all here */
    struct clock *clock;
    struct pool *pool;
    unsigned workers; /* so many are worked at at once */
    /*
     * Works at one that is held by nobody else. row: a copy, valid during the call. Tells by
     * journal_tell() what happened. Returns in how many milliseconds it is to be looked at again, if
     * it is not done by then; -errno: what kept it from being done will pass, and the journal says
     * when it is tried again; *why says what it was. No lock is held.
     */
    int64_t (*work)(void *arg, struct call *call, const struct intent_row *row,
                    struct failure *why);
    void *arg;
};

/* Reads the intents that an earlier mount has left; nothing is worked at before journal_start() (journal_work.h).
 * Blocks for the disk. 0, -ENOMEM, -EIO. */
int journal_new(const struct journal_config *config, struct journal **out, struct failure *err);

void journal_free(struct journal *j); /* after journal_stop(); NULL is fine */

/*
 * A new one, held by the caller, in the state that row says; row's number and tries do not count.
 * It is on disk when this returns, and with it what the steps say, in one transaction. *number: its
 * own. 0, -ENOMEM, -EIO, -ENOSPC: then there is none.
 */
#define JOURNAL_WITH_MAX 3 /* so many steps at most */
int journal_begin(struct journal *j, const struct intent_row *row, const struct state_step *with,
                  size_t n, int64_t *number, struct failure *err);

/* What an event makes of an intent, as a step for the state database. */
struct intent_change {
    struct state_step step;
    struct intent_row *row; /* the step's; NULL for a deletion */
};
void intent_change_release(struct intent_change *c);
#define cleanup_intent_change CLEANUP(intent_change_release)

/* What is known by then; NULL, 0: as it was. */
struct intent_news {
    const char *id, *old, *look, *folder, *name;
    const uint8_t *sha256; /* and size */
    uint64_t upload;       /* and size */
    int64_t size, since_ns;
    int64_t server_ns; /* goes with since_ns */
    bool owes_nothing; /* what had to go stays */
};

/* This has happened (news may be NULL). The step is the caller's to apply, with others in one
 * transaction. 0, -ENOMEM, -ENOENT there is none of this number (0 is fine, as is one
 * that was done), -EPROTO: it cannot happen in its state. */
int journal_change(struct journal *j, int64_t number, enum intent_event event,
                   const struct intent_news *news, struct intent_change *out);

/* The same of a new one, which is in memory; the caller holds it, and applies the step or forgets it. */
int journal_add(struct journal *j, const struct intent_row *row, int64_t *number,
                struct intent_change *out);
void journal_forget(struct journal *j, int64_t number);

/* The step of a journal_change() could not be applied: it is as if nobody knew what came of it. */
void journal_doubt(struct journal *j, int64_t number);

/* News, and nothing has happened. */
int journal_note(struct journal *j, int64_t number, const struct intent_news *news,
                 struct intent_change *out);

/* The same of one that waits, whose bytes are these from now on; what may be made already of those
 * before is -EBUSY. */
int journal_replace(struct journal *j, int64_t number, const struct intent_news *news,
                    struct intent_change *out);

/* What waits to be sent is not wanted any more: it is done; what may be made already is looked for, has
 * no name, and is not sent again. */
int journal_withdraw(struct journal *j, int64_t number, struct intent_change *out);

/* That name is given up: one of those that nobody knows of, and that were not to be sent again, has none
 * any more. 0; -ENOENT there is none (any more), -ENOMEM. */
int journal_forsake(struct journal *j, const char *folder, const char *name,
                    struct intent_change *out);

/* The folder of that key, and those below it, are called otherwise: in memory, for the state database renames
 * them with the folder's names (STATE_RENAME_FOLDER). What there is no memory for is looked for where it was. */
void journal_rename_folder(struct journal *j, const char *key, const char *to_key);

/* journal_change(), applied. */
int journal_tell(struct journal *j, int64_t number, enum intent_event event,
                 const struct intent_news *news, enum state_when when);

/* Who holds it has done what could be done at once: it is looked at in so many milliseconds. 0 is
 * fine as a number, as is one that is done. */
void journal_leave(struct journal *j, int64_t number, int64_t in_ms);

/* The next try is so much later, unless somebody holds it, who goes on. */
void journal_put_off(struct journal *j, int64_t number, int64_t in_ms);

/*
 * The newest one of this kind for that name that is not carried out, as far as is known, taken: held by the caller from now on; a copy of it,
 * that the caller frees. 0, -ENOENT there is none, -EBUSY somebody holds it, -ENOMEM.
 */
int journal_take(struct journal *j, enum intent_kind kind, const char *folder, const char *name,
                 struct intent_row **out);

/* The same of this one, by its number. */
int journal_take_number(struct journal *j, int64_t number, struct intent_row **out);

/* As it is now; the caller frees. NULL: there is none, or no memory. */
struct intent_row *journal_copy(struct journal *j, int64_t number);

#endif
