/* Locks against their order: each case in a process of its own, as it aborts. */
#include "lock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "banned.h"

static struct lock outer = LOCK_INIT(LOCK_NODES);
static struct lock inner = LOCK_INIT(LOCK_META);
static struct lock slow = LOCK_INIT(LOCK_DROPS_ROWS);

static void in_order(void)
{
    lock_take(&outer);
    lock_take(&inner);
    lock_give(&outer); /* in any order */
    lock_give(&inner);
    lock_take(&outer);
    lock_give(&outer);
}

static void against_it(void)
{
    lock_take(&inner);
    lock_take(&outer);
}

static void two_of_a_rank(void)
{
    struct lock other = LOCK_INIT(LOCK_NODES);

    lock_take(&outer);
    lock_take(&other);
}

static void tried_against_it(void)
{
    lock_take(&inner);
    if (lock_try(&outer)) /* it never waits */
        lock_give(&outer);
    lock_give(&inner);
}

static void given_twice(void)
{
    lock_take(&inner);
    lock_give(&inner);
    lock_give(&inner);
}

static void wait_a_little(struct lock *l)
{
    pthread_cond_t cond;

    cond_init_monotonic(&cond);
    lock_wait_until(l, &cond, clock_real(), clock_now_ms(clock_real()) + 1);
    pthread_cond_destroy(&cond);
}

static void waiting_with_another(void)
{
    lock_take(&outer);
    lock_take(&inner);
    wait_a_little(&inner);
}

static void waiting_with_a_slow_one(void)
{
    lock_take(&slow);
    lock_take(&inner);
    wait_a_little(&inner);
    lock_give(&inner);
    lock_give(&slow);
}

static const struct {
    const char *name;
    void (*run)(void);
    const char *words; /* that it dies with; NULL: it does not */
} cases[] = {
    { "in order", in_order, NULL },
    { "against it", against_it, "lock NODES is taken while one holds META" },
    { "two of a rank", two_of_a_rank, "lock NODES is taken while one holds NODES" },
    { "tried against it", tried_against_it, NULL },
    { "given twice", given_twice, "lock META is given back by who does not hold it" },
    { "waiting with another", waiting_with_another,
      "lock META is waited for while one holds NODES" },
    { "waiting with a slow one", waiting_with_a_slow_one, NULL },
};

/* What it wrote to stderr; *status as waitpid(2) gives it. */
static void run_apart(void (*run)(void), char *said, size_t size, int *status)
{
    int ends[2];
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        run();
        _exit(0);
    }
    close(ends[1]);
    n = read(ends[0], said, size - 1);
    said[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, status, 0), pid);
}

static void the_order_is_held(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char said[256];
        int status;

        print_message("%s\n", cases[i].name);
        run_apart(cases[i].run, said, sizeof(said), &status);
        if (!cases[i].words) {
            assert_string_equal(said, "");
            assert_int_equal(status, 0);
            continue;
        }
        assert_non_null(strstr(said, cases[i].words));
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
