/* The journal when there is no memory: -ENOMEM, and no intent is there that is on no disk. */
#include "state_fixture.h"

#include "failing_alloc.h"

#include "call.h"
#include "journal.h"
#include "journal_work.h"
#include "pool.h"

#include "banned.h"

struct mount {
    struct state *state;
    struct pool *pool;
    struct journal *journal;
};

static int64_t work(void *arg, struct call *call, const struct intent_row *row, struct failure *why)
{
    (void)arg, (void)call, (void)row, (void)why;
    return 1000;
}

static int count_one(void *arg, const struct intent_row *row)
{
    (void)row;
    ++*(int *)arg;
    return 0;
}

/* Everything once; the first failure. */
static int all(struct mount *m, struct journal *j)
{
    const struct intent_row row = { .kind = INTENT_CREATE,
                                    .state = INTENT_SENDING,
                                    .folder = "documents",
                                    .name = "a.pdf",
                                    .look = "{}" };
    struct intent_news news = { .id = "las:document:1", .old = "las:document:2" };
    struct intent_change change = { .row = NULL };
    struct intent_row *taken = NULL;
    int64_t number = 0;
    int rc = journal_begin(j, &row, NULL, 0, &number, NULL);

    if (rc < 0) {
        assert_int_equal(number, 0);
        return rc;
    }
    rc = journal_note(j, number, &(struct intent_news){ .name = "b.pdf" }, &change);
    if (rc == 0)
        rc = state_apply(m->state, &change.step, 1, STATE_NOW, NULL);
    intent_change_release(&change);
    if (rc == 0)
        rc = journal_tell(j, number, INTENT_LOST, NULL, STATE_NOW);
    journal_leave(j, number, 1000);
    if (rc == 0)
        rc = journal_take(j, INTENT_CREATE, "documents", "b.pdf", &taken);
    free(taken);
    if (rc == 0)
        rc = journal_change(j, number, INTENT_FOUND, &news, &change);
    if (rc == 0)
        rc = state_apply(m->state, &change.step, 1, STATE_NOW, NULL);
    intent_change_release(&change);
    if (rc == 0)
        rc = journal_tell(j, number, INTENT_DELETED, NULL, STATE_NOW);
    journal_leave(j, number, 1000);
    return rc;
}

static int one_mount(struct mount *m)
{
    struct journal *j = NULL;
    int rc = journal_new(&(struct journal_config){ .state = m->state,
                                                   .clock = clock_real(),
                                                   .pool = m->pool,
                                                   .workers = 2,
                                                   .work = work,
                                                   .arg = m },
                         &j, NULL);

    if (rc < 0) {
        assert_null(j);
        return rc;
    }
    rc = all(m, j);
    journal_stop(j);
    journal_free(j);
    return rc;
}

/* What a failure has left is on the disk: it ends here. */
static int end_one(void *arg, const struct intent_row *row)
{
    const struct state_step step = { .change = STATE_DELETE_INTENT, .number = row->number };
    struct mount *m = arg;

    return state_apply(m->state, &step, 1, STATE_NOW, NULL);
}

static void a_journal_survives_failing_allocations(void **state)
{
    struct mount m = { .state = open_state(state) };
    bool done = false;
    long n;

    assert_int_equal(pool_new(2, &m.pool), 0);
    for (n = 0; !done; n++) {
        int rc, left = 0;

        fail_allocation(n);
        rc = one_mount(&m);
        done = fail_allocation_unreached();
        if (rc != (done ? 0 : -ENOMEM))
            print_error("allocation %ld\n", n);
        assert_int_equal(rc, done ? 0 : -ENOMEM);
        assert_int_equal(state_load_intents(m.state, count_one, &left, NULL), 0);
        assert_true(left <= (done ? 0 : 1));
        assert_int_equal(state_load_intents(m.state, end_one, &m, NULL), 0);
    }
    print_message("%ld allocations\n", n - 1);
    assert_true(n > 10);
    pool_free(m.pool);
    state_close(m.state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_dir_setup, temp_dir_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_journal_survives_failing_allocations),
    };

    return cmocka_run_group_tests_name("journal_memory", tests, NULL, NULL);
}
