/*
 * Mutexes that know their place. There is one order for all locks of the program, that of enum
 * lock_rank: a thread takes only locks that come after all that it holds. A build with debug=true
 * checks it at each lock_take(), and aborts with both names; otherwise it costs nothing.
 */
#ifndef LASFS_LOCK_H
#define LASFS_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

/* From the outermost to the innermost. Two of one rank are never held at once. Only the first ones,
 * to LOCK_SLOW_LAST, may be held while the thread waits for a disk, a server or another thread. */
#define LOCK_RANKS(X)                                                                              \
    X(DIRHANDLE)  /* one reads an open directory at a time; pages are fetched with it held */      \
    X(LIST_FILE)  /* one reads an open .list.jsonl at a time; likewise */                          \
    X(DROPS_LOAD) /* one reads a folder's rows at a time */                                        \
    X(DROPS_ROWS) /* rows go out in the order of what they say */                                  \
    X(HANDLE)     /* what is open in a handle, its text */                                         \
    X(MOUNT)      /* the mount's program: what its commands and its herald wait for */             \
    X(OPEN_DIRS)  /* which directories are open */                                                 \
    X(OPEN_FILES) /* which files are open */                                                       \
    X(JOURNAL)    /* intents */                                                                    \
    X(QUEUE)      /* files that wait to be sent */                                                 \
    X(WAITING)    /* sidecars that wait */                                                         \
    X(HEIRS)      /* what was unlinked and may be made anew */                                     \
    X(FILETYPE)   /* handles of libmagic */                                                        \
    X(DROPS)      /* names and bytes that were put here */                                         \
    X(NODES)      /* what the kernel knows */                                                      \
    X(HIDDEN)     /* names that are hidden for a moment */                                         \
    X(SHARED)     /* which folders were looked through for other machines' files */                \
    X(LEASES)     /* heartbeats */                                                                 \
    X(SPACE)      /* what df says */                                                               \
    X(KNOWN)      /* one answer after the other changes what is known */                           \
    X(LISTS)      /* which lists are there */                                                      \
    X(LISTING)    /* rows of one */                                                                \
    X(ONCE)       /* what only an answer to POST had */                                            \
    X(META)       /* records in memory */                                                          \
    X(ARRIVALS)   /* contents that are on their way */                                             \
    X(FLIGHTS)    /* who fetches what */                                                           \
    X(WATERMARK)  /* how much of one is there */                                                   \
    X(CONTENT)    /* contents on disk */                                                           \
    X(SPOOL)      /* files that are not sent */                                                    \
    X(STATE)      /* writes on their way to the state database */                                  \
    X(BACKEND)    /* calls to the API that are under way */                                        \
    X(AUTH)       /* the token */                                                                  \
    X(GUARD)      /* does the server answer? */                                                    \
    X(PACER)      /* when the next request may go */                                               \
    X(ENGINE)     /* requests on their way to the thread that sends them */                        \
    X(KERNEL)     /* who is told of changes */                                                     \
    X(NOTIFIER)   /* what the kernel is still to be told */                                        \
    X(POOL)       /* jobs */                                                                       \
    X(CALL)       /* one that is waited for */                                                     \
    X(ERRLOG)     /* lines of errors */                                                            \
    X(ERRFILE)    /* and those that are still to be written */                                     \
    X(LOG)        /* the log */

enum lock_rank {
#define LOCK_RANK(name) LOCK_##name,
    LOCK_RANKS(LOCK_RANK)
#undef LOCK_RANK
        LOCK_SLOW_LAST = LOCK_DROPS_ROWS,
};

struct lock {
    pthread_mutex_t mutex;
    enum lock_rank rank; /* set once */
};

#define LOCK_INIT(rank)                                                                            \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, rank                                                            \
    }

static inline void lock_init(struct lock *l, enum lock_rank rank)
{
    pthread_mutex_init(&l->mutex, NULL); /* never fails here */
    l->rank = rank;
}

static inline void lock_destroy(struct lock *l)
{
    pthread_mutex_destroy(&l->mutex);
}

#ifdef LASFS_LOCK_ORDER
/* Aborts when the thread holds one that comes after, or is of the same rank. */
void lock_check_take(const struct lock *l);
void lock_note_taken(const struct lock *l);
void lock_note_given(const struct lock *l);
/* Aborts when the thread holds another one that must not be held while one waits. */
void lock_check_wait(const struct lock *l);
#else
static inline void lock_check_take(const struct lock *l)
{
    (void)l;
}
static inline void lock_note_taken(const struct lock *l)
{
    (void)l;
}
static inline void lock_note_given(const struct lock *l)
{
    (void)l;
}
static inline void lock_check_wait(const struct lock *l)
{
    (void)l;
}
#endif

static inline void lock_take(struct lock *l)
{
    lock_check_take(l);
    pthread_mutex_lock(&l->mutex);
    lock_note_taken(l);
}

/* false: somebody has it. Never waits, so that any order does. */
static inline bool lock_try(struct lock *l)
{
    if (pthread_mutex_trylock(&l->mutex) != 0)
        return false;
    lock_note_taken(l);
    return true;
}

static inline void lock_give(struct lock *l)
{
    lock_note_given(l);
    pthread_mutex_unlock(&l->mutex);
}

/* false: somebody has it, and the thread must not wait. */
static inline bool lock_take_unless(struct lock *l, bool nowait)
{
    if (nowait)
        return lock_try(l);
    lock_take(l);
    return true;
}

/* l is held, and given while it waits. */
static inline void lock_wait(struct lock *l, pthread_cond_t *cond)
{
    lock_check_wait(l);
    pthread_cond_wait(cond, &l->mutex);
}

/* The same until until_ms of clock, at the latest. 0 woken, -ETIMEDOUT. */
static inline int lock_wait_until(struct lock *l, pthread_cond_t *cond, struct clock *clock,
                                  int64_t until_ms)
{
    lock_check_wait(l);
    return clock->wait(clock, cond, &l->mutex, until_ms);
}

#endif
