/* Threads of this program's own. */
#include "thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "array.h"

#include "banned.h"

#define STACK_BYTES (320 * 1024)

struct seen {
    size_t stack_bytes;
    sigset_t masked;
};

static void *look(void *arg)
{
    struct seen *seen = arg;
    pthread_attr_t attr;

    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstacksize(&attr, &seen->stack_bytes);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, NULL, &seen->masked);
    return NULL;
}

static size_t stack_of(size_t stack_bytes, struct seen *seen)
{
    pthread_t thread;

    assert_int_equal(thread_start(&thread, stack_bytes, look, seen), 0);
    pthread_join(thread, NULL);
    return seen->stack_bytes;
}

static void its_stack_is_as_large_as_is_said(void **state)
{
    struct seen seen;

    (void)state;
    /* a sanitizer has something of its own there */
    assert_in_range(stack_of(STACK_BYTES, &seen), STACK_BYTES, 4 * STACK_BYTES);
    assert_true(stack_of(0, &seen) > 4 * STACK_BYTES);
}

static void it_takes_no_signals(void **state)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1 };
    struct seen seen;
    sigset_t own;

    (void)state;
    stack_of(STACK_BYTES, &seen);
    pthread_sigmask(SIG_SETMASK, NULL, &own);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        assert_true(sigismember(&seen.masked, signals[i]));
        assert_false(sigismember(&own, signals[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_stack_is_as_large_as_is_said),
        cmocka_unit_test(it_takes_no_signals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
