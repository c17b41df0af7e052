/*
 * A pool of threads for work that may block. Jobs are the caller's memory and start in the order
 * in which they came; one thread more serves only jobs that are hurried, so that one which was
 * cancelled while it waited in the queue ends at once even when every other thread is stuck.
 */
#ifndef LASFS_POOL_H
#define LASFS_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct pool;

struct job {
    void (*run)(struct job *job); /* set by the caller; may free the job */
    struct job *next;             /* the pool's */
    struct job *prev;             /* the pool's */
    bool queued;                  /* the pool's, guarded by its lock: may still be hurried */
};

/* n threads, started by need. 0, -ENOMEM, -EAGAIN. */
int pool_new(unsigned n, struct pool **out);

/* Any thread; never blocks for long. 0, -EAGAIN when not one thread could be started. */
int pool_submit(struct pool *p, struct job *job);

/* Moves a job that has not started to the thread for hurried ones. The job must still exist. */
void pool_hurry(struct pool *p, struct job *job);

/* Waits until no job is queued or running, at most until timeout_ms have passed. */
bool pool_drain(struct pool *p, int64_t timeout_ms);

/* Runs what is queued, ends the threads, frees. NULL is fine. */
void pool_free(struct pool *p);

#endif
