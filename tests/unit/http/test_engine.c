/* The thread that owns curl: silence, cancelling, turns, limits, connections. */
#include "backend.h"
#include "engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "array.h"
#include "client_fixture.h"

#include "banned.h"

/* A request on a thread of its own, and how it ended. */
struct job {
    struct fixture *x;
    pthread_t thread;
    struct call call;
    struct failure err;
    bool post;
    int rc;
    int64_t ended_ms;
};

static void *job_run(void *arg)
{
    struct job *j = arg;
    struct target t = target_of(j->post ? RES_DATASETS : RES_DOCUMENTS, j->post ? NULL : DOC);
    struct record *r = NULL;

    if (j->post)
        j->rc = backend_create(j->x->be, &j->call, &t, NULL, NO_CONTENT, &r, &j->err);
    else
        j->rc = backend_get(j->x->be, &j->call, &t, -1, &r, NULL, &j->err);
    j->ended_ms = fake_now_ms();
    record_unref(r);
    return NULL;
}

static void job_start(struct job *j, struct fixture *x)
{
    j->x = x;
    assert_int_equal(call_init(&j->call), 0);
    assert_int_equal(pthread_create(&j->thread, NULL, job_run, j), 0);
}

static void job_join(struct job *j)
{
    pthread_join(j->thread, NULL);
    call_release(&j->call);
}

/* Waits until the server has had n requests, not for ever. */
static void wait_for_requests(struct fixture *x, unsigned n)
{
    int64_t until = fake_now_ms() + 10000;

    while (fake_count(&x->server, false) < n && fake_now_ms() < until)
        fake_sleep_ms(2);
    assert_true(fake_count(&x->server, false) >= n);
}

static void cancelling_takes_effect_at_once(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 200, .body = A_DOCUMENT, .delay_ms = 2000 }
    };
    struct fixture x = { .clock = clock_real() };
    struct job get = { .post = false }, post = { .post = true };
    int64_t asked;

    (void)state;
    begin_with(&x, replies, 1);
    job_start(&get, &x);
    job_start(&post, &x);
    wait_for_requests(&x, 2);
    asked = fake_now_ms();
    call_cancel(&get.call);
    call_cancel(&post.call);
    job_join(&get);
    job_join(&post);
    print_message("%lld ms, %lld ms\n", (long long)(get.ended_ms - asked),
                  (long long)(post.ended_ms - asked));
    assert_int_equal(get.rc, -EINTR);
    assert_int_equal(post.rc, -EINTR);
    assert_true(get.ended_ms - asked < 100 && post.ended_ms - asked < 100);
    assert_int_equal(get.err.outcome, OUTCOME_NONE);
    assert_int_equal(post.err.outcome, OUTCOME_UNKNOWN);
    end(&x);
}

static void what_waits_for_its_turn_can_be_cancelled(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 200, .body = A_DOCUMENT, .delay_ms = 1000 }
    };
    struct fixture x = { .clock = clock_real(), .max_conns = 1 };
    struct job jobs[4] = { 0 };
    int64_t asked;

    (void)state;
    begin_with(&x, replies, 1);
    job_start(&jobs[0], &x);
    wait_for_requests(&x, 1);
    for (size_t i = 1; i < ARRAY_LEN(jobs); i++)
        job_start(&jobs[i], &x);
    fake_sleep_ms(50);
    asked = fake_now_ms();
    for (size_t i = 1; i < ARRAY_LEN(jobs); i++)
        call_cancel(&jobs[i].call);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        job_join(&jobs[i]);
    for (size_t i = 1; i < ARRAY_LEN(jobs); i++) {
        assert_int_equal(jobs[i].rc, -EINTR);
        assert_true(jobs[i].ended_ms - asked < 100);
    }
    assert_int_equal(jobs[0].rc, 0);
    assert_int_equal(fake_count(&x.server, false), 1);
    end(&x);
}

static void cancelled_before_it_begins(void **state)
{
    struct fixture x = { .clock = clock_real() };

    (void)state;
    begin(&x);
    call_cancel(&x.call);
    assert_int_equal(get_document(&x), -EINTR);
    assert_int_equal(fake_count(&x.server, false), 0);
    end(&x);
}

static void a_wait_for_the_next_try_can_be_cancelled(void **state)
{
    static const struct fake_reply replies[] = { { .status = 503,
                                                   .headers = "Retry-After: 20\r\n" } };
    struct fixture x = { .clock = clock_real() };
    struct job job = { 0 };
    int64_t asked;

    (void)state;
    begin_with(&x, replies, 1);
    job_start(&job, &x);
    wait_for_requests(&x, 1);
    fake_sleep_ms(300);
    asked = fake_now_ms();
    call_cancel(&job.call);
    job_join(&job);
    assert_int_equal(job.rc, -EINTR);
    assert_true(job.ended_ms - asked < 100);
    end(&x);
}

static void silence_is_timed_out(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 200, .body = A_DOCUMENT, .delay_ms = 3000 }
    };
    struct fixture x = { .clock = clock_real(), .timeout_ms = 400 };
    int64_t asked, took;

    (void)state;
    begin_with(&x, replies, 1);
    asked = fake_now_ms();
    assert_int_equal(get_document(&x), -ETIMEDOUT);
    took = fake_now_ms() - asked;
    print_message("%lld ms\n", (long long)took);
    assert_in_range(took, 400, 1400);
    assert_int_equal(fake_count(&x.server, false), 1);
    assert_int_equal(post_dataset(&x), -EIO);
    assert_int_equal(x.err.outcome, OUTCOME_UNKNOWN);
    end(&x);
}

/* A prediction is answered when it is done: it may be silent for longer. */
static void a_slow_post_may_be_silent(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 200, .body = "{\"predictionId\": \"las:prediction:p\"}", .delay_ms = 1500 }
    };
    struct fixture x = { .clock = clock_real(), .timeout_ms = 400 };
    struct target t = target_of(RES_PREDICTIONS, NULL);
    struct record *r = NULL;

    (void)state;
    begin_with(&x, replies, 1);
    assert_int_equal(backend_create(x.be, &x.call, &t, NULL, NO_CONTENT, &r, &x.err), 0);
    record_unref(r);
    end(&x);
}

/* --- Whose turn it is -------------------------------------------------------------------------- */

/* One request at a time, and what the server had of them, in their order: a letter each. */
struct turns {
    struct fake_server server;
    struct engine *engine;
    pthread_mutex_t lock;
    char order[256]; /* guarded by lock */
    size_t n;
};

/* The first one waits until the gate is open. */
static void note_turn(struct fake_server *s, const struct fake_request *rq,
                      struct fake_reply *reply)
{
    struct turns *t = s->arg;

    pthread_mutex_lock(&t->lock);
    reply->gated = t->n == 0;
    if (t->n < sizeof(t->order) - 1)
        t->order[t->n++] = rq->path[1];
    pthread_mutex_unlock(&t->lock);
}

static void turns_begin(struct turns *t)
{
    struct failure err;

    *t = (struct turns){ .engine = NULL };
    pthread_mutex_init(&t->lock, NULL);
    fake_start(&t->server, note_turn, t);
    assert_int_equal(engine_new(1, NULL, clock_real(), &t->engine, &err), 0);
}

static void turns_end(struct turns *t)
{
    engine_free(t->engine);
    fake_stop(&t->server);
    pthread_mutex_destroy(&t->lock);
}

struct turn {
    struct turns *all;
    pthread_t thread;
    struct call call;
    enum call_class of_request;
    char letter;
    int rc;
};

static int turn_do(struct turn *one)
{
    char url[64];
    struct request rq = { .method = "GET",
                          .url = url,
                          .content_type = "x",
                          .idempotent = true,
                          .class = one->of_request,
                          .timeout_ms = 20000,
                          .moved_ms = fake_now_ms(),
                          .answer = BUF_INIT(1000) };
    int rc;

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/%c", one->all->server.port, one->letter);
    rc = request_do(one->all->engine, &one->call, &rq);
    buf_release(&rq.answer);
    return rc;
}

static void *turn_run(void *arg)
{
    struct turn *one = arg;

    one->rc = turn_do(one);
    return NULL;
}

static void turn_start(struct turns *t, struct turn *one, char letter, enum call_class class)
{
    one->all = t;
    one->letter = letter;
    assert_int_equal(call_init(&one->call), 0);
    one->call.class = class;
    assert_int_equal(pthread_create(&one->thread, NULL, turn_run, one), 0);
}

static void turn_join(struct turn *one)
{
    pthread_join(one->thread, NULL);
    assert_int_equal(one->rc, 0);
    call_release(&one->call);
}

/* A slow one is under way, and holds the only place. */
static void turns_hold(struct turns *t, struct turn *slow)
{
    int64_t until = fake_now_ms() + 10000;

    turn_start(t, slow, 's', CALL_INTERACTIVE);
    while (fake_count(&t->server, false) < 1 && fake_now_ms() < until)
        fake_sleep_ms(2);
    assert_int_equal(fake_count(&t->server, false), 1);
}

static void who_is_waited_for_goes_first(void **state)
{
    struct turn slow = { 0 }, rest[10] = { 0 }, change = { 0 }, reader = { 0 }, beat = { 0 };
    struct turns t;

    (void)state;
    turns_begin(&t);
    turns_hold(&t, &slow);
    for (size_t i = 0; i < ARRAY_LEN(rest); i++)
        turn_start(&t, &rest[i], 'b', CALL_BACKGROUND);
    fake_sleep_ms(50);
    change.of_request = CALL_CHANGE; /* whatever its call is */
    turn_start(&t, &change, 'c', CALL_INTERACTIVE);
    fake_sleep_ms(20);
    turn_start(&t, &reader, 'r', CALL_INTERACTIVE);
    fake_sleep_ms(20);
    turn_start(&t, &beat, 'h', CALL_URGENT);
    turn_join(&beat); /* before the slow one is */
    fake_open_gate(&t.server);
    turn_join(&slow);
    turn_join(&reader);
    turn_join(&change);
    for (size_t i = 0; i < ARRAY_LEN(rest); i++)
        turn_join(&rest[i]);
    print_message("%s\n", t.order);
    assert_string_equal(t.order, "shrcbbbbbbbbbb");
    turns_end(&t);
}

/* It is passed over so often, and no more. */
static void the_oldest_has_its_turn(void **state)
{
    struct turn slow = { 0 }, oldest = { 0 }, readers[20] = { 0 };
    struct turns t;

    (void)state;
    turns_begin(&t);
    turns_hold(&t, &slow);
    turn_start(&t, &oldest, 'b', CALL_BACKGROUND);
    fake_sleep_ms(50);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        turn_start(&t, &readers[i], 'r', CALL_INTERACTIVE);
    fake_sleep_ms(50);
    fake_open_gate(&t.server);
    turn_join(&slow);
    turn_join(&oldest);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        turn_join(&readers[i]);
    print_message("%s\n", t.order);
    assert_memory_equal(t.order, "srrrrbr", 7);
    turns_end(&t);
}

struct feeder {
    struct turns *t;
    pthread_t thread;
    atomic_bool *stop;
};

static void *feed(void *arg)
{
    struct feeder *f = arg;

    while (!atomic_load(f->stop)) {
        struct turn one = { 0 };

        turn_start(f->t, &one, 'r', CALL_INTERACTIVE);
        pthread_join(one.thread, NULL);
        call_release(&one.call);
    }
    return NULL;
}

static void what_nobody_waits_for_ends_too(void **state)
{
    struct turn slow = { 0 }, rest[10] = { 0 };
    struct feeder feeders[3];
    atomic_bool stop = false;
    struct turns t;

    (void)state;
    turns_begin(&t);
    turns_hold(&t, &slow);
    for (size_t i = 0; i < ARRAY_LEN(feeders); i++) {
        feeders[i] = (struct feeder){ .t = &t, .stop = &stop };
        assert_int_equal(pthread_create(&feeders[i].thread, NULL, feed, &feeders[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(rest); i++)
        turn_start(&t, &rest[i], 'b', CALL_BACKGROUND);
    fake_sleep_ms(50);
    fake_open_gate(&t.server);
    for (size_t i = 0; i < ARRAY_LEN(rest); i++)
        turn_join(&rest[i]);
    atomic_store(&stop, true);
    turn_join(&slow);
    for (size_t i = 0; i < ARRAY_LEN(feeders); i++)
        pthread_join(feeders[i].thread, NULL);
    print_message("%s\n", t.order);
    turns_end(&t);
}

/* Somebody needs what was begun in the background. */
static void a_call_that_rises_overtakes(void **state)
{
    struct turn slow = { 0 }, first = { 0 }, ahead = { 0 };
    struct turns t;

    (void)state;
    turns_begin(&t);
    turns_hold(&t, &slow);
    turn_start(&t, &first, 'c', CALL_CHANGE);
    fake_sleep_ms(20);
    turn_start(&t, &ahead, 'b', CALL_BACKGROUND);
    fake_sleep_ms(20);
    call_raise(&ahead.call, CALL_INTERACTIVE);
    fake_open_gate(&t.server);
    turn_join(&slow);
    turn_join(&ahead);
    turn_join(&first);
    assert_string_equal(t.order, "sbc");
    turns_end(&t);
}

/* The verbs say it themselves: a heartbeat comes through while an upload hangs. */
static void a_heartbeat_waits_for_no_upload(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 200, .body = "{\"datasetId\": \"las:dataset:" HEX "\"}", .gated = true },
        { .status = 204 },
    };
    struct target execution = { resource_get(RES_TRANSITION_EXECUTIONS), "las:transition:" HEX,
                                "las:transition-execution:" HEX };
    struct fixture x = { .clock = clock_real(), .max_conns = 1, .max_rps = 0.5 };
    struct job post = { .post = true };
    int64_t asked;

    (void)state;
    begin_with(&x, replies, 2);
    job_start(&post, &x);
    wait_for_requests(&x, 1);
    asked = fake_now_ms();
    assert_int_equal(backend_heartbeat(x.be, &x.call, &execution, &x.err), 0);
    assert_true(fake_now_ms() - asked < 1000);
    fake_open_gate(&x.server);
    job_join(&post);
    assert_int_equal(post.rc, 0);
    end(&x);
}

/* --- What goes out --------------------------------------------------------------------------- */

/* The engine's own look, whoever asks and whatever was checked before. */
static void nothing_deletes_more_than_one_thing(void **state)
{
    static const struct {
        const char *method, *path;
        bool of_api;
        int rc;
    } rows[] = {
        { "DELETE", "/v1/documents/" DOC, true, 0 },
        { "DELETE", "/v1/documents/" DOC, false, -EPERM },
        { "DELETE", "/v1/documents/", true, -EPERM },
        { "DELETE", "/v1/documents/..", true, -EPERM },
        { "DELETE", "/v1/documents/" DOC "/..", true, -EPERM },
        { "PATCH", "/v1/documents/../x", true, -EPERM },
        { "GET", "/v1/a/../b/./c", true, 0 }, /* as it is */
    };
    struct engine *e = NULL;
    struct fixture x = { 0 };
    char api[64];

    (void)state;
    begin(&x);
    assert_int_equal(engine_new(2, NULL, clock_real(), &e, &x.err), 0);
    snprintf(api, sizeof(api), "http://127.0.0.1:%d/v1", x.server.port);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned before = fake_count(&x.server, false);
        char url[256];
        struct request rq = { .method = rows[i].method,
                              .url = url,
                              .api = rows[i].of_api ? api : NULL,
                              .content_type = "x",
                              .idempotent = true,
                              .timeout_ms = 5000,
                              .moved_ms = fake_now_ms(),
                              .answer = BUF_INIT(1000) };

        print_message("%s %s\n", rows[i].method, rows[i].path);
        snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", x.server.port, rows[i].path);
        assert_int_equal(request_do(e, &x.call, &rq), rows[i].rc);
        assert_int_equal(fake_count(&x.server, false), before + (rows[i].rc == 0));
        if (rows[i].rc == 0)
            assert_string_equal(x.script.path, rows[i].path);
        else
            assert_non_null(strstr(rq.failure.text, "is never sent"));
        buf_release(&rq.answer);
    }
    engine_free(e);
    end(&x);
}

/* --- Limits ---------------------------------------------------------------------------------- */

static void an_oversized_answer_is_refused(void **state)
{
    size_t len = ANSWER_MAX_BYTES + 1;
    char *big = malloc(len + 1);
    struct fake_reply reply = { .status = 200, .body = big };
    struct target list = target_of(RES_DATASETS, NULL);
    struct page *page = NULL;
    struct fixture x = { .timeout_ms = 60000 };

    (void)state;
    memset(big, ' ', len);
    big[len] = '\0';
    begin_with(&x, &reply, 1);
    assert_int_equal(backend_list(x.be, &x.call, &list, NULL, NULL, 100, &page, &x.err), -EIO);
    assert_non_null(strstr(x.err.text, "larger than 32 MiB"));
    /* content does not count less */
    memcpy(big, "{\"content\": \"", 13);
    assert_int_equal(get_document(&x), -EIO);
    assert_non_null(strstr(x.err.text, "larger than 32 MiB"));
    assert_int_equal(fake_count(&x.server, false), 2);
    end(&x);
    free(big);
}

/* 1 MiB of an error page is read, and its beginning is kept. */
static void a_long_error_is_cut(void **state)
{
    char *big = malloc((1 << 20) + 1);
    struct fake_reply reply = { .status = 400, .body = big };
    struct fixture x = { 0 };

    (void)state;
    memset(big, 'x', 1 << 20);
    big[1 << 20] = '\0';
    begin_with(&x, &reply, 1);
    assert_int_equal(get_document(&x), -EINVAL);
    assert_true(strlen(x.err.text) > 100 && strlen(x.err.text) < FAILURE_TEXT_MAX);
    end(&x);
    free(big);
}

static void a_redirection_is_not_followed(void **state)
{
    struct fixture other = { 0 }, x = { 0 };
    char location[100];
    struct fake_reply reply = { .status = 307, .headers = location };

    (void)state;
    begin(&other);
    snprintf(location, sizeof(location), "Location: http://127.0.0.1:%d/v1/documents\r\n",
             other.server.port);
    begin_with(&x, &reply, 1);
    assert_int_equal(get_document(&x), -EIO);
    assert_int_equal(x.err.status, 307);
    assert_int_equal(post_dataset(&x), -EIO);
    assert_int_equal(fake_count(&other.server, false), 0);
    assert_int_equal(fake_count(&other.server, true), 0);
    end(&x);
    end(&other);
}

/* --- Connections ----------------------------------------------------------------------------- */

static unsigned connections(struct fixture *x)
{
    unsigned n;

    pthread_mutex_lock(&x->server.lock);
    n = x->server.n_threads;
    pthread_mutex_unlock(&x->server.lock);
    return n;
}

static void a_connection_is_kept(void **state)
{
    static const struct fake_reply replies[] = { { .status = 200, .body = A_DOCUMENT } };
    struct fixture x = { .clock = clock_real() };

    (void)state;
    begin_with(&x, replies, 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(get_document(&x), 0);
    assert_int_equal(connections(&x), 1);
    end(&x);
}

static void connections_are_bounded(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 200, .body = A_DOCUMENT, .delay_ms = 20 }
    };
    struct fixture x = { .clock = clock_real(), .max_conns = 4 };
    struct job jobs[40] = { 0 };
    int64_t asked;

    (void)state;
    begin_with(&x, replies, 1);
    assert_int_equal(get_document(&x), 0);
    asked = fake_now_ms();
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        job_start(&jobs[i], &x);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        job_join(&jobs[i]);
        assert_int_equal(jobs[i].rc, 0);
    }
    print_message("%u connections, %lld ms\n", connections(&x), (long long)(fake_now_ms() - asked));
    assert_in_range(connections(&x), 2, 4);
    assert_true(fake_now_ms() - asked >= 10 * 20);
    assert_int_equal(fake_count(&x.server, false), 41);
    end(&x);
}

static void the_end_interrupts_what_is_under_way(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 200, .body = A_DOCUMENT, .delay_ms = 2000 }
    };
    struct fixture x = { .clock = clock_real() };
    struct job jobs[6] = { 0 };
    int64_t asked;

    (void)state;
    begin_with(&x, replies, 1);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        job_start(&jobs[i], &x);
    wait_for_requests(&x, ARRAY_LEN(jobs));
    asked = fake_now_ms();
    backend_free(x.be);
    x.be = NULL;
    assert_true(fake_now_ms() - asked < 500);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        job_join(&jobs[i]);
        assert_int_equal(jobs[i].rc, -EINTR);
    }
    end(&x);
}

/* Whoever comes later is told at once; nobody has to be waited for. */
static void what_is_stopped_lets_nothing_begin(void **state)
{
    static const struct fake_reply replies[] = {
        { .status = 200, .body = A_DOCUMENT, .gated = true }
    };
    struct fixture x = { .clock = clock_real() };
    struct job job = { 0 };

    (void)state;
    begin_with(&x, replies, 1);
    job_start(&job, &x);
    wait_for_requests(&x, 1);
    backend_stop(x.be);
    job_join(&job);
    assert_int_equal(job.rc, -EINTR);
    assert_int_equal(get_document(&x), -EINTR);
    assert_int_equal(patch_document(&x), -EINTR);
    assert_int_equal(fake_count(&x.server, false), 1);
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancelling_takes_effect_at_once),
        cmocka_unit_test(what_waits_for_its_turn_can_be_cancelled),
        cmocka_unit_test(cancelled_before_it_begins),
        cmocka_unit_test(a_wait_for_the_next_try_can_be_cancelled),
        cmocka_unit_test(silence_is_timed_out),
        cmocka_unit_test(a_slow_post_may_be_silent),
        cmocka_unit_test(who_is_waited_for_goes_first),
        cmocka_unit_test(the_oldest_has_its_turn),
        cmocka_unit_test(what_nobody_waits_for_ends_too),
        cmocka_unit_test(a_call_that_rises_overtakes),
        cmocka_unit_test(a_heartbeat_waits_for_no_upload),
        cmocka_unit_test(nothing_deletes_more_than_one_thing),
        cmocka_unit_test(an_oversized_answer_is_refused),
        cmocka_unit_test(a_long_error_is_cut),
        cmocka_unit_test(a_redirection_is_not_followed),
        cmocka_unit_test(a_connection_is_kept),
        cmocka_unit_test(connections_are_bounded),
        cmocka_unit_test(the_end_interrupts_what_is_under_way),
        cmocka_unit_test(what_is_stopped_lets_nothing_begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
