/* Heartbeats: when they are sent, and what happens once a lease is lost. The clock is always at the
 * next deadline, so that each beat stands in the server's record with its time. */
#include "lease.h"

#include <stdatomic.h>

#include "remote_fixture.h"
#include "types.h"

#include "banned.h"

#define TRANSITION "las:transition:" ONE
#define EXECUTION "las:transition-execution:" ONE
#define BEAT "POST /transitions/" TRANSITION "/executions/" EXECUTION "/heartbeats"

/* How many threads were waited for. */
static atomic_int joined;
int __real_pthread_join(pthread_t thread, void **value);
int __wrap_pthread_join(pthread_t thread, void **value);

int __wrap_pthread_join(pthread_t thread, void **value)
{
    atomic_fetch_add(&joined, 1);
    return __real_pthread_join(thread, value);
}

static void set_execution(struct target_ids *of)
{
    assert_int_equal(
        target_ids_set(of, resource_get(RES_TRANSITION_EXECUTIONS), TRANSITION, EXECUTION), 0);
}

static struct lease *begin(struct fixture *x)
{
    struct lease *lease = NULL;
    struct target_ids of;

    set_execution(&of);
    assert_int_equal(lease_begin(remote_leases(x->remote), &of, &lease), 0);
    return lease;
}

static void wait_for_beats(struct fixture *x, unsigned n)
{
    for (int i = 0; i < 5000 && asked(x, BEAT) < n; i++)
        fake_sleep_ms(1);
    assert_true(asked(x, BEAT) >= n);
}

static bool is_lost(struct fixture *x, struct lease *lease)
{
    return lease_is_lost(remote_leases(x->remote), lease);
}

/* Who polls. */
struct poller {
    atomic_int woken, forgotten;
};

static void wake(void *arg)
{
    atomic_fetch_add(&((struct poller *)arg)->woken, 1);
}

static void forget(void *arg)
{
    atomic_fetch_add(&((struct poller *)arg)->forgotten, 1);
}

static bool poll_lease(struct fixture *x, struct lease *lease, struct poller *p)
{
    struct fs_waiter waiter = { wake, forget, p };

    return lease_wait(remote_leases(x->remote), lease, &waiter);
}

static void wait_for_count(atomic_int *count, int n)
{
    for (int i = 0; i < 5000 && atomic_load(count) < n; i++)
        fake_sleep_ms(1);
    assert_int_equal(atomic_load(count), n);
}

/* --- When ------------------------------------------------------------------------------------- */

static void a_beat_is_sent_each_twenty_seconds(void **state)
{
    struct fixture *x = *state;
    int64_t began_ms = clock_now_ms(&x->fake.clock);
    struct lease *lease;

    answer_status(x, BEAT, 204);
    lease = begin(x);
    wait_for_beats(x, 4);
    assert_false(is_lost(x, lease));
    lease_end(remote_leases(x->remote), lease);
    for (int i = 0; i < 4; i++)
        assert_int_equal(x->asked[i].ms, began_ms + (i + 1) * 20000);
    assert_int_equal(errlog_count(x->errlog), 0);
}

static void a_beat_that_did_not_get_through_is_sent_again_soon(void **state)
{
    struct fixture *x = *state;
    int64_t began_ms = clock_now_ms(&x->fake.clock);
    struct lease *lease;
    char line[512] = "";

    answer_status(x, BEAT, 204);
    answer_once(x, BEAT,
                (struct fake_reply){ .status = 409, .body = "{\"message\": \"not now\"}" });
    lease = begin(x);
    wait_for_beats(x, 3);
    assert_false(is_lost(x, lease));
    lease_end(remote_leases(x->remote), lease);
    assert_int_equal(x->asked[0].ms, began_ms + 20000);
    assert_int_equal(x->asked[1].ms, began_ms + 25000);
    assert_int_equal(x->asked[2].ms, began_ms + 45000);
    assert_int_equal(errlog_count(x->errlog), 1);
    errlog_read(x->errlog, 0, line, sizeof(line) - 1);
    assert_non_null(strstr(line, " heartbeat " EXECUTION));
    assert_non_null(strstr(line, "not now"));
}

static void no_beat_follows_the_end(void **state)
{
    struct fixture *x = *state;
    struct lease *lease, *other;
    unsigned n;

    answer_status(x, BEAT, 204);
    lease = begin(x);
    other = begin(x);
    wait_for_beats(x, 2);
    lease_end(remote_leases(x->remote), lease);
    lease_end(remote_leases(x->remote), other);
    n = requests(x); /* while both were held there may have been very many */
    pass(x, 100000);
    assert_true(pool_drain(x->pool, 10000));
    assert_int_equal(requests(x), n);
    lease_end(remote_leases(x->remote), NULL);
}

static void the_end_does_not_wait_for_an_answer(void **state)
{
    struct fixture *x = *state;
    struct lease *lease;

    answer_with(x, BEAT, (struct fake_reply){ .status = 204, .gated = true });
    lease = begin(x);
    wait_for_beats(x, 1);
    lease_end(remote_leases(x->remote), lease); /* would wait for ever */
    assert_int_equal(errlog_count(x->errlog), 0);
}

static void the_end_of_the_mount_ends_the_beats(void **state)
{
    struct fixture *x = *state;
    struct lease *lease, *late;
    unsigned n;

    answer_with(x, BEAT, (struct fake_reply){ .status = 204, .gated = true });
    lease = begin(x);
    wait_for_beats(x, 1);
    remote_stop(x->remote);
    assert_true(pool_drain(x->pool, 10000));
    n = asked(x, BEAT);
    late = begin(x); /* somebody opens one still */
    pass(x, 100000);
    assert_true(pool_drain(x->pool, 10000));
    assert_int_equal(asked(x, BEAT), n);
    lease_end(remote_leases(x->remote), late);
    lease_end(remote_leases(x->remote), lease);
    remote_stop(x->remote);
}

static void one_that_begins_after_the_end_has_no_thread(void **state)
{
    struct fixture *x = *state;
    int before = atomic_load(&joined);

    remote_stop(x->remote);
    lease_end(remote_leases(x->remote), begin(x));
    remote_stop(x->remote);
    assert_int_equal(atomic_load(&joined), before); /* none began: none to wait for */
    assert_int_equal(requests(x), 0);
}

/* --- One by hand ------------------------------------------------------------------------------ */

static void what_a_beat_says(void **state)
{
    static const struct {
        int status, rc;
    } cases[] = { { 204, 0 }, { 200, 0 }, { 400, -ESTALE }, { 404, -ESTALE }, { 403, -EACCES } };
    struct fixture *x = *state;
    struct target_ids of;

    set_execution(&of);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%d\n", cases[i].status);
        answer_status(x, BEAT, cases[i].status);
        assert_int_equal(lease_beat(x->remote, &x->call, &of.target, &x->err), cases[i].rc);
    }
}

/* --- Lost ------------------------------------------------------------------------------------- */

static void a_lost_lease_wakes_who_polls(void **state)
{
    struct fixture *x = *state;
    struct poller p = { 0 }, late = { 0 };
    struct lease *lease;

    answer_with(x, BEAT, (struct fake_reply){ .status = 404, .gated = true });
    lease = begin(x);
    assert_false(poll_lease(x, lease, &p));
    wait_for_beats(x, 1);
    assert_false(is_lost(x, lease));
    assert_int_equal(atomic_load(&p.woken), 0);
    fake_open_gate(&x->server);
    wait_for_count(&p.forgotten, 1); /* after it was woken */
    assert_int_equal(atomic_load(&p.woken), 1);
    assert_true(is_lost(x, lease));
    assert_true(poll_lease(x, lease, &late)); /* not taken: it need not wait */
    pass(x, 100000);
    assert_true(pool_drain(x->pool, 10000));
    assert_int_equal(asked(x, BEAT), 1); /* what is lost is not asked for again */
    lease_end(remote_leases(x->remote), lease);
    assert_int_equal(atomic_load(&late.woken) + atomic_load(&late.forgotten), 0);
    assert_int_equal(errlog_count(x->errlog), 1);
}

static void a_waiter_takes_the_place_of_the_one_before(void **state)
{
    struct fixture *x = *state;
    struct poller first = { 0 }, second = { 0 };
    struct lease *lease;

    answer_status(x, BEAT, 204);
    lease = begin(x);
    assert_false(poll_lease(x, lease, &first));
    assert_false(poll_lease(x, lease, &second));
    assert_int_equal(atomic_load(&first.forgotten), 1);
    lease_set_lost(remote_leases(x->remote), lease);
    assert_int_equal(atomic_load(&first.woken), 0);
    assert_int_equal(atomic_load(&second.woken), 1);
    assert_int_equal(atomic_load(&second.forgotten), 1);
    lease_set_lost(remote_leases(x->remote), lease);
    assert_int_equal(atomic_load(&second.woken), 1);
    lease_end(remote_leases(x->remote), lease);
    assert_int_equal(atomic_load(&second.forgotten), 1);
}

static void who_polls_is_forgotten_with_the_lease(void **state)
{
    struct fixture *x = *state;
    struct poller p = { 0 };
    struct lease *lease;

    answer_status(x, BEAT, 204);
    lease = begin(x);
    assert_false(poll_lease(x, lease, &p));
    lease_end(remote_leases(x->remote), lease);
    assert_int_equal(atomic_load(&p.woken), 0);
    assert_int_equal(atomic_load(&p.forgotten), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(a_beat_is_sent_each_twenty_seconds),
        A_TEST(a_beat_that_did_not_get_through_is_sent_again_soon),
        A_TEST(no_beat_follows_the_end),
        A_TEST(the_end_does_not_wait_for_an_answer),
        A_TEST(the_end_of_the_mount_ends_the_beats),
        A_TEST(one_that_begins_after_the_end_has_no_thread),
        A_TEST(what_a_beat_says),
        A_TEST(a_lost_lease_wakes_who_polls),
        A_TEST(a_waiter_takes_the_place_of_the_one_before),
        A_TEST(who_polls_is_forgotten_with_the_lease),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
