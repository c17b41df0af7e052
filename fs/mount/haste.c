#include "haste.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "thread.h"

#include "banned.h"

/* Waits for the next signal. false: it is to stop, or ms have passed. */
static bool next_signal(struct haste *h, int ms, int *number)
{
    struct pollfd fds[] = { { .fd = h->stop, .events = POLLIN },
                            { .fd = h->signals, .events = POLLIN } };
    struct signalfd_siginfo info;

    for (;;) {
        int n = poll(fds, 2, ms);

        if (n == 0 || fds[0].revents)
            return false;
        if (n > 0 && read(h->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
            *number = (int)info.ssi_signo;
            return true;
        }
    }
}

static bool was_stopped(struct haste *h, int ms)
{
    struct pollfd fd = { .fd = h->stop, .events = POLLIN };
    int n;

    do
        n = poll(&fd, 1, ms);
    while (n < 0 && errno == EINTR);
    return n > 0;
}

static void *haste_run(void *arg)
{
    struct haste *h = arg;
    int number;

    for (;;) {
        if (!next_signal(h, -1, &number))
            return NULL;
        if (number == SIGQUIT || atomic_fetch_add(&h->told, 1) > 0)
            break;
    }
    h->begin(h->arg);
    if (!was_stopped(h, HASTE_MS))
        h->give_up(h->arg);
    return NULL;
}

int haste_start(struct haste *h)
{
    sigset_t quit;
    int rc;

    sigemptyset(&quit);
    sigaddset(&quit, SIGQUIT);
    h->stop = eventfd(0, EFD_CLOEXEC);
    h->signals = h->stop < 0 ? -1 : signalfd(-1, &quit, SFD_CLOEXEC);
    rc = h->signals < 0 ? -errno : thread_start(&h->thread, 0, haste_run, h);
    if (rc == 0) {
        pthread_sigmask(SIG_BLOCK, &quit, NULL);
        return 0;
    }
    if (h->signals >= 0)
        close(h->signals);
    if (h->stop >= 0)
        close(h->stop);
    h->stop = h->signals = -1;
    return rc;
}

void haste_ending(struct haste *h, int told)
{
    sigset_t all;

    if (h->stop < 0)
        return;
    atomic_store(&h->told, told);
    sigemptyset(&all);
    sigaddset(&all, SIGQUIT);
    sigaddset(&all, SIGINT);
    sigaddset(&all, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    signalfd(h->signals, &all, 0);
}

void haste_stop(struct haste *h)
{
    uint64_t one = 1;

    if (h->stop < 0)
        return;
    if (write(h->stop, &one, sizeof(one)) == (ssize_t)sizeof(one))
        pthread_join(h->thread, NULL);
    close(h->signals);
    close(h->stop);
    h->stop = h->signals = -1;
}
