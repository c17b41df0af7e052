#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "clock.h"
#include "lock.h"
#include "thread.h"

#include "banned.h"

#define POOL_STACK_BYTES (512 * 1024)

struct queue {
    struct job *head, *tail;
};

struct pool {
    struct lock lock;
    pthread_cond_t work;    /* something was queued, or stop */
    pthread_cond_t hurried; /* something was hurried, or stop */
    pthread_cond_t idle;    /* nothing queued or running */
    struct queue jobs;      /* guarded by lock, as all below */
    struct queue urgent;
    unsigned max, started, waiting;
    unsigned busy; /* queued and running */
    bool stop, urgent_started;
    pthread_t urgent_thread;
    pthread_t threads[]; /* started of them */
};

static void queue_push(struct queue *q, struct job *job)
{
    job->next = NULL;
    job->prev = q->tail;
    if (q->tail)
        q->tail->next = job;
    else
        q->head = job;
    q->tail = job;
    job->queued = true;
}

static void queue_remove(struct queue *q, struct job *job)
{
    if (job->prev)
        job->prev->next = job->next;
    else
        q->head = job->next;
    if (job->next)
        job->next->prev = job->prev;
    else
        q->tail = job->prev;
    job->queued = false;
}

/* Runs jobs of q until there are none and the pool stops. The lock is held on entry and exit. */
static void pool_serve(struct pool *p, struct queue *q, pthread_cond_t *cond, unsigned *waiting)
{
    for (;;) {
        struct job *job;

        while (!q->head && !p->stop) {
            ++*waiting;
            lock_wait(&p->lock, cond);
            --*waiting;
        }
        job = q->head;
        if (!job)
            return;
        queue_remove(q, job);
        lock_give(&p->lock);
        job->run(job);
        lock_take(&p->lock);
        if (--p->busy == 0)
            pthread_cond_broadcast(&p->idle);
    }
}

static void *pool_thread(void *arg)
{
    struct pool *p = arg;

    lock_take(&p->lock);
    pool_serve(p, &p->jobs, &p->work, &p->waiting);
    lock_give(&p->lock);
    return NULL;
}

static void *pool_urgent_thread(void *arg)
{
    struct pool *p = arg;
    unsigned ignored = 0;

    lock_take(&p->lock);
    pool_serve(p, &p->urgent, &p->hurried, &ignored);
    lock_give(&p->lock);
    return NULL;
}

int pool_new(unsigned n, struct pool **out)
{
    struct pool *p = calloc(1, sizeof(*p) + n * sizeof(p->threads[0]));
    int rc;

    if (!p)
        return -ENOMEM;
    p->max = n;
    lock_init(&p->lock, LOCK_POOL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->hurried, NULL);
    cond_init_monotonic(&p->idle);
    rc = thread_start(&p->urgent_thread, POOL_STACK_BYTES, pool_urgent_thread, p);
    if (rc < 0) {
        pool_free(p);
        return rc;
    }
    p->urgent_started = true;
    *out = p;
    return 0;
}

int pool_submit(struct pool *p, struct job *job)
{
    bool tell = false;
    int rc = 0;

    lock_take(&p->lock);
    /* busy counts running jobs too: threads are enough when each job can have one */
    if (p->started < p->max && p->started <= p->busy) {
        rc = thread_start(&p->threads[p->started], POOL_STACK_BYTES, pool_thread, p);
        if (rc == 0)
            p->started++;
        else if (p->started)
            rc = 0;
    }
    if (rc == 0) {
        queue_push(&p->jobs, job);
        p->busy++;
        tell = p->waiting > 0;
    }
    lock_give(&p->lock);
    if (tell) /* without the lock, which it would wait for as soon as it is awake */
        pthread_cond_signal(&p->work);
    return rc;
}

void pool_hurry(struct pool *p, struct job *job)
{
    lock_take(&p->lock);
    if (job->queued) {
        queue_remove(&p->jobs, job);
        queue_push(&p->urgent, job);
        job->queued = false; /* hurried once is enough */
        pthread_cond_signal(&p->hurried);
    }
    lock_give(&p->lock);
}

bool pool_drain(struct pool *p, int64_t timeout_ms)
{
    struct clock *clock = clock_real();
    int64_t until = clock_now_ms(clock) + timeout_ms;
    bool idle;
    int rc = 0;

    lock_take(&p->lock);
    while (p->busy && rc != -ETIMEDOUT)
        rc = lock_wait_until(&p->lock, &p->idle, clock, until);
    idle = p->busy == 0;
    lock_give(&p->lock);
    return idle;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    lock_take(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_cond_broadcast(&p->hurried);
    lock_give(&p->lock);
    for (unsigned i = 0; i < p->started; i++)
        pthread_join(p->threads[i], NULL);
    if (p->urgent_started)
        pthread_join(p->urgent_thread, NULL);
    pthread_cond_destroy(&p->idle);
    pthread_cond_destroy(&p->hurried);
    pthread_cond_destroy(&p->work);
    lock_destroy(&p->lock);
    free(p);
}
