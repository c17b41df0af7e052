#include "state_queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "clock.h"
#include "lock.h"
#include "thread.h"

#include "banned.h"

#define QUEUE_MAX 4096 /* jobs that were given away; who gives more has to wait */
#define LINGER_MS 50   /* how long such jobs wait for company */
#define PATIENT_MS 1   /* how long those whose owners are patient do */
#define STACK_BYTES (512 * 1024)

struct state_queue {
    struct lock lock;
    pthread_cond_t work;    /* something was queued, or stop */
    pthread_cond_t room;    /* there is room again */
    struct state_job *head; /* guarded by lock, as all below */
    struct state_job **tail;
    size_t queued;
    size_t want_room;    /* so many threads */
    bool lingers;        /* the thread, for company of what is queued */
    bool somebody_waits; /* for something that is queued */
    bool somebody_is_patient;
    bool stop;
    int lost_rc; /* the first failure that nobody waited for */
    struct failure lost;
    struct state_db *db; /* the thread's */
    struct log *log;     /* set once, as all below */
    bool started;
    pthread_t thread;
};

static int job_run(struct state_db *db, struct state_job *job)
{
    return job->run ? job->run(db, job, &job->err) : 0;
}

/* One transaction for all jobs from first up to end. 0 or why it was rolled back. */
static int try_together(struct state_db *db, struct state_job *first, const struct state_job *end,
                        struct failure *err)
{
    int rc = state_db_begin(db, err);

    for (struct state_job *job = first; rc == 0 && job != end; job = job->next) {
        job->rc = job_run(db, job);
        if (job->rc < 0 && job->writes) {
            rc = job->rc;
            *err = job->err;
        }
    }
    if (rc == 0)
        rc = state_db_commit(db, err);
    if (rc < 0)
        state_db_rollback(db);
    return rc;
}

/* On a full disk with the room that is kept for it. */
static int run_together(struct state_db *db, struct state_job *first, const struct state_job *end,
                        struct failure *err)
{
    int rc;

    do
        rc = try_together(db, first, end, err);
    while (rc == -ENOSPC && state_db_find_room(db));
    if (rc == 0)
        state_db_keep_room(db);
    return rc;
}

/* When the group fails each job stands alone, so that one's failure is nobody else's. */
static void run_batch(struct state_db *db, struct state_job *batch)
{
    struct failure err;
    bool writes = false;

    for (struct state_job *job = batch; job; job = job->next)
        writes |= job->writes;
    if (writes && run_together(db, batch, NULL, &err) == 0)
        return;
    for (struct state_job *job = batch; job; job = job->next) {
        if (!job->writes) {
            job->rc = job_run(db, job);
            continue;
        }
        job->rc = run_together(db, job, job->next, &err);
        if (job->rc < 0)
            job->err = err;
    }
}

static void release(struct state_queue *q, struct state_job *job)
{
    if (job->rc < 0)
        log_line(q->log, LOG_LEVEL_ERROR, "not recorded: %s", job->err.text);
    job->release(job);
}

/* What nobody waits for has failed. */
static void note_lost(struct state_queue *q, const struct state_job *job)
{
    lock_take(&q->lock);
    if (q->lost_rc == 0) {
        q->lost_rc = job->rc;
        q->lost = job->err;
    }
    lock_give(&q->lock);
}

/* Tells those who wait, each by itself, and nobody who waits for something else. */
static void finish_batch(struct state_queue *q, struct state_job *batch)
{
    struct state_job *next;

    /* first: who waits for a job may ask for failures of those before it */
    for (struct state_job *job = batch; job; job = job->next)
        if (!job->waited_for && job->rc < 0)
            note_lost(q, job);
    for (struct state_job *job = batch; job; job = next) {
        next = job->next;
        if (job->waited_for)
            sem_post(&job->done); /* from here on it may be gone */
        else
            release(q, job);
    }
}

/* Until somebody is in a hurry, for as long as the most urgent of the others can wait. */
static void wait_for_company(struct state_queue *q)
{
    struct clock *clock = clock_real();
    int64_t until = clock_now_ms(clock) + LINGER_MS;

    q->lingers = true;
    while (!q->somebody_waits && !q->stop && q->queued < QUEUE_MAX) {
        int64_t soon = clock_now_ms(clock) + PATIENT_MS;

        if (q->somebody_is_patient && soon < until)
            until = soon;
        if (lock_wait_until(&q->lock, &q->work, clock, until) == -ETIMEDOUT)
            break;
    }
    q->lingers = false;
}

/* Waits for jobs, a little longer when nobody needs theirs at once. NULL: stop. The lock is held. */
static struct state_job *take_batch(struct state_queue *q)
{
    struct state_job *batch;

    while (!q->head && !q->stop)
        lock_wait(&q->lock, &q->work);
    wait_for_company(q);
    batch = q->head;
    q->head = NULL;
    q->tail = &q->head;
    q->queued = 0;
    q->somebody_waits = q->somebody_is_patient = false;
    if (q->want_room)
        pthread_cond_broadcast(&q->room);
    return batch;
}

static void *queue_thread(void *arg)
{
    struct state_queue *q = arg;
    struct state_job *batch;

    lock_take(&q->lock);
    while ((batch = take_batch(q))) {
        lock_give(&q->lock);
        run_batch(q->db, batch);
        finish_batch(q, batch);
        lock_take(&q->lock);
    }
    lock_give(&q->lock);
    return NULL;
}

int state_queue_new(struct state_db *db, struct log *log, struct state_queue **out)
{
    struct state_queue *q = calloc(1, sizeof(*q));
    int rc;

    if (!q)
        return -ENOMEM;
    lock_init(&q->lock, LOCK_STATE);
    cond_init_monotonic(&q->work);
    pthread_cond_init(&q->room, NULL);
    q->tail = &q->head;
    q->db = db;
    q->log = log;
    rc = thread_start(&q->thread, STACK_BYTES, queue_thread, q);
    q->started = rc == 0;
    if (rc < 0) {
        state_queue_free(q);
        return rc;
    }
    *out = q;
    return 0;
}

void state_queue_free(struct state_queue *q)
{
    if (!q)
        return;
    lock_take(&q->lock);
    q->stop = true;
    pthread_cond_signal(&q->work);
    lock_give(&q->lock);
    if (q->started)
        pthread_join(q->thread, NULL);
    pthread_cond_destroy(&q->room);
    pthread_cond_destroy(&q->work);
    lock_destroy(&q->lock);
    free(q);
}

/* Its place in the order. Is the thread to be told? It is not when it waits for company as long as it will
 * wait anyway. The lock is held. */
static bool enqueue_locked(struct state_queue *q, struct state_job *job)
{
    bool first_patient = job->waited_for && !q->somebody_is_patient;

    job->next = NULL;
    *q->tail = job;
    q->tail = &job->next;
    q->queued++;
    q->somebody_waits |= job->waited_for && !job->patient;
    q->somebody_is_patient |= job->waited_for;
    return !q->lingers || q->somebody_waits || first_patient || q->queued >= QUEUE_MAX;
}

void state_queue_begin(struct state_queue *q, struct state_job *job)
{
    bool tell;

    job->waited_for = true;
    sem_init(&job->done, 0, 0);
    lock_take(&q->lock);
    tell = enqueue_locked(q, job);
    lock_give(&q->lock);
    if (tell) /* without the lock, which it would wait for as soon as it is awake */
        pthread_cond_signal(&q->work);
}

int state_queue_wait(struct state_queue *q, struct state_job *job, struct failure *err)
{
    lock_check_wait(&q->lock);
    while (sem_wait(&job->done) < 0)
        ; /* a signal */
    sem_destroy(&job->done);
    if (job->rc < 0 && err)
        *err = job->err;
    return job->rc;
}

int state_queue_run(struct state_queue *q, struct state_job *job, struct failure *err)
{
    state_queue_begin(q, job);
    return state_queue_wait(q, job, err);
}

void state_queue_later(struct state_queue *q, struct state_job *job)
{
    bool tell;

    lock_take(&q->lock);
    q->want_room++;
    while (q->queued >= QUEUE_MAX)
        lock_wait(&q->lock, &q->room);
    q->want_room--;
    tell = enqueue_locked(q, job);
    lock_give(&q->lock);
    if (tell)
        pthread_cond_signal(&q->work);
}

int state_queue_flush(struct state_queue *q, struct failure *err)
{
    struct state_job job = { .run = NULL };
    int rc = state_queue_run(q, &job, err);

    if (rc < 0)
        return rc;
    lock_take(&q->lock);
    rc = q->lost_rc;
    if (rc < 0 && err)
        *err = q->lost;
    q->lost_rc = 0;
    lock_give(&q->lock);
    return rc;
}
