/* Which process a thread belongs to, what it is called, and whether a signal ends it. */
#include "process.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "banned.h"

#define NOBODY 0x7ffffffe /* beyond what a pid can be */

static void *look_from_a_thread(void *arg)
{
    pid_t *pids = arg;

    pids[0] = gettid();
    pids[1] = process_of_thread(pids[0]);
    return NULL;
}

static void a_thread_belongs_to_its_process(void **state)
{
    pthread_t thread;
    pid_t pids[2];

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, look_from_a_thread, pids), 0);
    pthread_join(thread, NULL);
    assert_int_not_equal(pids[0], getpid());
    assert_int_equal(pids[1], getpid());
}

static void a_process_is_itself_and_who_is_gone_too(void **state)
{
    (void)state;
    assert_int_equal(process_of_thread(getpid()), getpid());
    assert_int_equal(process_of_thread(NOBODY), NOBODY);
    assert_int_equal(process_of_thread(0), 0);
    assert_int_equal(process_of_thread(-1), -1);
}

static void a_process_is_called_as_its_program(void **state)
{
    (void)state;
    assert_int_equal(prctl(PR_SET_NAME, "a name"), 0);
    assert_true(process_is_called(getpid(), "a name"));
    assert_false(process_is_called(getpid(), "a nam"));
    assert_false(process_is_called(NOBODY, "a name"));
    assert_false(process_is_called(0, "a name"));
}

/* A zombie says how it ended; who has exited, and who is alive, was not killed. */
static void a_signal_that_ends_a_process_is_seen(void **state)
{
    siginfo_t info;
    pid_t pid;

    (void)state;
    for (int killed = 0; killed < 2; killed++) {
        pid = fork();
        if (pid == 0) {
            if (killed)
                raise(SIGKILL);
            _exit(0);
        }
        assert_true(pid > 0);
        assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
        assert_int_equal(process_was_killed(pid), killed);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
    assert_false(process_was_killed(getpid()));
    assert_false(process_was_killed(NOBODY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_belongs_to_its_process),
        cmocka_unit_test(a_process_is_itself_and_who_is_gone_too),
        cmocka_unit_test(a_process_is_called_as_its_program),
        cmocka_unit_test(a_signal_that_ends_a_process_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
