/* One whole create in which an allocation fails, each in turn: it is done, or it is told, and what was
 * made at the server has its name here in the end. */
#include "intents_fixture.h"
#include "journal_ask.h"

#include "failing_alloc.h"

#include "banned.h"

#define ALLOCATIONS_MIN 10

static size_t count_made(struct world *w)
{
    size_t n;

    pthread_mutex_lock(&w->api.server.lock);
    n = json_array_size(api_list_of(&w->api, "documents"));
    pthread_mutex_unlock(&w->api.server.lock);
    return n;
}

static int count_one(void *arg, const struct intent_row *row)
{
    (void)row;
    ++*(size_t *)arg;
    return 0;
}

/* Nothing is unsure or owed any more. */
static void settle(struct world *w)
{
    for (int i = 0; i < 5000; i++) {
        size_t n = 0;

        assert_int_equal(journal_each(w->uploads->journal, count_one, &n), 0);
        if (!n)
            return;
        pass(w, 1000);
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    assert_true(false);
}

/* The nth allocation of the last close fails. true: there was no such one. */
static bool create(struct world *w, long n, int *rc)
{
    struct drop *d = write_drop(w, IN_7, "a.pdf", pdf("mine"), strlen(pdf("mine")));
    bool done;

    fail_allocation_here(n);
    *rc = commit(w, d);
    done = fail_allocation_unreached();
    settle_drop(w->uploads, d);
    drop_unref(d);
    return done;
}

static void check(struct world *w, long n, int rc)
{
    cleanup_drop struct drop *d = NULL;
    size_t made;

    if (rc != 0 && rc != -ENOMEM)
        print_error("allocation %ld: %d %s\n", n, rc, w->err.text);
    assert_true(rc == 0 || rc == -ENOMEM);
    settle(w);
    remount(w);
    settle(w);
    made = count_made(w);
    d = find_file(w, IN_7, "a.pdf");
    if (made != (d != NULL) || (rc == 0 && !made))
        print_error("allocation %ld: %d, %zu at the server, %s here\n", n, rc, made,
                    d ? "a name" : "none");
    assert_true(made <= 1);
    assert_int_equal(made, d != NULL);
    assert_true(made || rc < 0);
    if (made)
        expect_failed(w, IN_7, "a.pdf", NULL, NULL);
    else
        expect_failed(w, IN_7, "a.pdf", pdf("mine"), w->err.text[0] ? w->err.text : strerror(-rc));
}

static void fail_each(void **state, bool writeback)
{
    bool done = false;
    long n;

    for (n = 0; !done; n++) {
        struct world *w = *state;
        int rc;

        w->writeback = writeback;
        start(w);
        done = create(w, n, &rc);
        assert_true(!done || rc == 0);
        check(w, n, rc);
        stop(w);
    }
    print_message("%ld allocations\n", n - 1);
    assert_true(n > ALLOCATIONS_MIN);
}

static void a_create_survives_failing_allocations(void **state)
{
    fail_each(state, false);
}

static void with_writeback_it_does_too(void **state)
{
    fail_each(state, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_create_survives_failing_allocations),
        TEST(with_writeback_it_does_too),
    };

    return cmocka_run_group_tests_name("upload_memory", tests, NULL, NULL);
}
