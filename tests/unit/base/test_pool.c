#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"
#include "clock.h"
#include "pool.h"

#include "banned.h"

/* A job that tells when it runs, and waits at a gate. */
struct gated {
    struct job job; /* first: it is the job */
    atomic_int *gate, *running, *order;
    atomic_int started; /* its place in the order of starts, from 1 */
    atomic_int done;
};

static void run_gated(struct job *job)
{
    struct gated *g = (struct gated *)job;

    if (g->order)
        atomic_store(&g->started, atomic_fetch_add(g->order, 1) + 1);
    if (g->running)
        atomic_fetch_add(g->running, 1);
    while (g->gate && !atomic_load(g->gate))
        sched_yield();
    atomic_store(&g->done, 1);
}

static void wait_for(atomic_int *value, int wanted)
{
    while (atomic_load(value) != wanted)
        sched_yield();
}

static void pool_runs_jobs(void **state)
{
    struct gated jobs[100];
    struct pool *p;
    (void)state;

    assert_int_equal(pool_new(4, &p), 0);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        jobs[i] = (struct gated){ .job = { .run = run_gated } };
        assert_int_equal(pool_submit(p, &jobs[i].job), 0);
    }
    assert_true(pool_drain(p, 10000));
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        assert_int_equal(jobs[i].done, 1);
    pool_free(p);
}

static void pool_runs_as_many_at_once_as_it_has_threads(void **state)
{
    atomic_int gate = 0, running = 0;
    struct gated jobs[9];
    struct pool *p;
    (void)state;

    assert_int_equal(pool_new(8, &p), 0);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        jobs[i] = (struct gated){ .job = { .run = run_gated }, .gate = &gate, .running = &running };
        assert_int_equal(pool_submit(p, &jobs[i].job), 0);
    }
    wait_for(&running, 8);
    assert_false(pool_drain(p, 10));
    assert_int_equal(running, 8); /* the ninth waits */
    atomic_store(&gate, 1);
    assert_true(pool_drain(p, 10000));
    assert_int_equal(running, 9);
    pool_free(p);
}

static void pool_starts_jobs_in_their_order(void **state)
{
    atomic_int gate = 0, order = 0;
    struct gated first = { .job = { .run = run_gated }, .gate = &gate, .order = &order };
    struct gated jobs[50];
    struct pool *p;
    (void)state;

    assert_int_equal(pool_new(1, &p), 0);
    assert_int_equal(pool_submit(p, &first.job), 0);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        jobs[i] = (struct gated){ .job = { .run = run_gated }, .order = &order };
        assert_int_equal(pool_submit(p, &jobs[i].job), 0);
    }
    atomic_store(&gate, 1);
    assert_true(pool_drain(p, 10000));
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        assert_int_equal(jobs[i].started, i + 2);
    pool_free(p);
}

static void pool_hurries_a_job_past_stuck_ones(void **state)
{
    atomic_int gate = 0, running = 0;
    struct gated stuck[2], waits = { .job = { .run = run_gated } },
                           hurried = { .job = { .run = run_gated } };
    struct pool *p;
    (void)state;

    assert_int_equal(pool_new(2, &p), 0);
    for (size_t i = 0; i < ARRAY_LEN(stuck); i++) {
        stuck[i] =
            (struct gated){ .job = { .run = run_gated }, .gate = &gate, .running = &running };
        assert_int_equal(pool_submit(p, &stuck[i].job), 0);
    }
    wait_for(&running, 2);
    assert_int_equal(pool_submit(p, &waits.job), 0);
    assert_int_equal(pool_submit(p, &hurried.job), 0);
    pool_hurry(p, &hurried.job);
    wait_for(&hurried.done, 1);
    assert_int_equal(waits.done, 0);
    pool_hurry(p, &hurried.job);  /* already over */
    pool_hurry(p, &stuck[0].job); /* already running */
    atomic_store(&gate, 1);
    assert_true(pool_drain(p, 10000));
    assert_int_equal(waits.done, 1);
    pool_free(p);
}

static void pool_runs_what_is_queued_before_it_ends(void **state)
{
    atomic_int running = 0;
    struct gated jobs[200];
    struct pool *p;
    (void)state;

    assert_int_equal(pool_new(2, &p), 0);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        jobs[i] = (struct gated){ .job = { .run = run_gated }, .running = &running };
        assert_int_equal(pool_submit(p, &jobs[i].job), 0);
        if (i % 3 == 0)
            pool_hurry(p, &jobs[i].job);
    }
    pool_free(p);
    assert_int_equal(running, 200);
    pool_free(NULL);
}

static void pool_drain_of_an_idle_pool_is_immediate(void **state)
{
    struct pool *p;
    (void)state;

    assert_int_equal(pool_new(2, &p), 0);
    assert_true(pool_drain(p, 0));
    pool_free(p);
}

static void run_and_free(struct job *job)
{
    free(job);
}

struct submitter {
    struct pool *pool;
    int failures;
    pthread_t thread;
};

static void *submit_many(void *arg)
{
    struct submitter *s = arg;

    for (int i = 0; i < 2000; i++) {
        struct job *job = calloc(1, sizeof(*job));

        if (job)
            job->run = run_and_free;
        if (!job || pool_submit(s->pool, job) < 0)
            s->failures++;
    }
    return NULL;
}

static void pool_takes_jobs_from_many_that_free_themselves(void **state)
{
    struct submitter submitters[8];
    struct pool *p;
    (void)state;

    assert_int_equal(pool_new(4, &p), 0);
    for (size_t i = 0; i < ARRAY_LEN(submitters); i++) {
        submitters[i] = (struct submitter){ .pool = p };
        assert_int_equal(pthread_create(&submitters[i].thread, NULL, submit_many, &submitters[i]),
                         0);
    }
    for (size_t i = 0; i < ARRAY_LEN(submitters); i++) {
        pthread_join(submitters[i].thread, NULL);
        assert_int_equal(submitters[i].failures, 0);
    }
    assert_true(pool_drain(p, 10000));
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool_runs_jobs),
        cmocka_unit_test(pool_runs_as_many_at_once_as_it_has_threads),
        cmocka_unit_test(pool_starts_jobs_in_their_order),
        cmocka_unit_test(pool_hurries_a_job_past_stuck_ones),
        cmocka_unit_test(pool_runs_what_is_queued_before_it_ends),
        cmocka_unit_test(pool_drain_of_an_idle_pool_is_immediate),
        cmocka_unit_test(pool_takes_jobs_from_many_that_free_themselves),
    };

    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
