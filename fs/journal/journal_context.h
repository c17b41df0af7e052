/* What the files of this room share: the table of intents in memory. */
#ifndef LASFS_JOURNAL_CONTEXT_H
#define LASFS_JOURNAL_CONTEXT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "call.h"
#include "due_heap.h"
#include "entry_index.h"
#include "failure.h"
#include "hash.h"
#include "intent.h"
#include "intent_row.h"
#include "lock.h"

struct pool;
struct state;
struct work;

struct entry {
    int64_t number;         /* set once: the row's */
    struct intent_row *row; /* guarded by the lock, as all here */
    bool held;              /* somebody works at it */
    bool failing;           /* its last try has failed for what passes */
    bool put_off;           /* and the next one comes later */
    struct due_link due;    /* when it is (monotonic); unless it is held */
    uint64_t turn;          /* which its last try was, of all */
    char *claim;            /* an id that is taken to be what it made; NULL */
    char why[FAILURE_TEXT_MAX];
    UT_hash_handle hh;        /* by number */
    struct entry_links links; /* in the journal's index */
};

struct journal {
    struct state *state; /* set once, as all to arg */
    struct clock *clock;
    struct pool *pool;
    unsigned workers;
    int64_t (*work)(void *arg, struct call *call, const struct intent_row *row,
                    struct failure *why);
    void *arg;
    struct lock lock;
    pthread_cond_t changed;
    struct entry *entries; /* guarded by lock, as all below */
    struct entry_index index;
    struct due_heap due; /* those that are not held */
    size_t put_off;      /* how many entries are */
    int64_t last_number;
    struct work *works;
    unsigned working;
    uint64_t turn;  /* counts the tries, and those who wait in journal_drain() */
    uint64_t drain; /* the turn of the last of those */
    int hurried;    /* how many there are */
    bool stop, started;
    uint64_t retries, ended[INTENT_EVENTS];
    pthread_t thread;
};

/* Of one that is in no table. NULL is fine. */
static inline void entry_free(struct entry *e)
{
    if (!e)
        return;
    free(e->claim);
    free(e->row);
    free(e);
}

/* NULL: there is none of this number. The lock is held, as for all here. */
static inline struct entry *entry_find_locked(struct journal *j, int64_t number)
{
    struct entry *e = NULL;

    HASH_FIND(hh, j->entries, &number, sizeof(number), e);
    return e;
}

static inline void entry_put_off_locked(struct journal *j, struct entry *e, bool put_off)
{
    j->put_off += put_off;
    j->put_off -= e->put_off;
    e->put_off = put_off;
}

/* It is due at once, unless somebody works at it. The lock is held. */
static inline void entry_hurry_locked(struct journal *j, struct entry *e)
{
    if (e->held)
        return;
    entry_put_off_locked(j, e, false);
    due_put(&j->due, &e->due, 0);
}

/* Somebody works at it; or nobody any more, and it is due then. The lock is held. */
static inline void entry_hold_locked(struct journal *j, struct entry *e)
{
    e->held = true;
    entry_put_off_locked(j, e, false);
    due_remove(&j->due, &e->due);
}

static inline void entry_release_locked(struct journal *j, struct entry *e, int64_t at_ms)
{
    e->held = false;
    due_put(&j->due, &e->due, at_ms);
}

/* Its row, or its claim, is another one now. The lock is held. */
static inline void entry_changed_locked(struct journal *j, struct entry *e)
{
    index_put(&j->index, &e->links, e, e->row, e->claim);
}

/* Forgets e if it is done. The lock is held. */
static inline void entry_drop_done_locked(struct journal *j, struct entry *e)
{
    if (e->held || e->row->state != INTENT_DONE)
        return;
    HASH_DEL(j->entries, e);
    index_remove(&j->index, &e->links);
    due_remove(&j->due, &e->due);
    j->put_off -= e->put_off;
    entry_free(e);
    pthread_cond_broadcast(&j->changed);
}

#endif
