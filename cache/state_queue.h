/*
 * The one thread that owns the state database, and what it has to do, in the order in which it
 * came. All writes that are in the queue at the same time are one transaction.
 */
#ifndef LASFS_STATE_QUEUE_H
#define LASFS_STATE_QUEUE_H

#include <semaphore.h>
#include <stdbool.h>

#include "failure.h"
#include "log.h"
#include "state_db.h"

struct state_queue;

/* Something for the thread: the first member of what it needs to know. */
struct state_job {
    /* Called by the thread, perhaps twice: when a group's transaction fails, each of its jobs is
     * done again alone. NULL: nothing but its turn. 0 or -errno with words in err. */
    int (*run)(struct state_db *db, struct state_job *job, struct failure *err);
    /* Frees a job of state_queue_later(). */
    void (*release)(struct state_job *job);
    bool writes;
    bool patient; /* who waits for it lets others come along */

    struct state_job *next; /* the queue's, as all below */
    bool waited_for;
    sem_t done; /* of one that is waited for */
    int rc;
    struct failure err;
};

/* Starts the thread, which has the database from now on. log may be NULL. 0, -ENOMEM, -EAGAIN. */
int state_queue_new(struct state_db *db, struct log *log, struct state_queue **out);

/* Does what is there and ends the thread. NULL is fine. */
void state_queue_free(struct state_queue *q);

/* Waits until the job is done and, if it writes, on disk. The job stays the caller's. */
int state_queue_run(struct state_queue *q, struct state_job *job, struct failure *err);

/* The same in two halves: its place in the order, and the rest. Who begins has to wait. */
void state_queue_begin(struct state_queue *q, struct state_job *job);
int state_queue_wait(struct state_queue *q, struct state_job *job, struct failure *err);

/* Gives the job away. Waits only when there are thousands before it. */
void state_queue_later(struct state_queue *q, struct state_job *job);

/* Waits for all before; the first failure of a job that was given away since the last time. */
int state_queue_flush(struct state_queue *q, struct failure *err);

#endif
