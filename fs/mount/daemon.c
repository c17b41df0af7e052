#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "banned.h"

/* The child says one byte when it is ready; an end without it means that it failed, and its own
 * line is on the terminal already. */
static _Noreturn void wait_for_child(pid_t pid, int fd)
{
    char byte;
    ssize_t n;
    int status = 0;

    do
        n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n == 1)
        _exit(0);
    waitpid(pid, &status, 0);
    _exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : 1);
}

/* A lock or a pipe of the caller's must not live as long as the mount. */
static void close_inherited(int keep)
{
    if (keep > 3)
        close_range(3, (unsigned)keep - 1, 0);
    close_range((unsigned)keep + 1, ~0u, 0);
}

int daemon_start(struct daemon *d, bool foreground)
{
    int ends[2];
    pid_t pid;

    d->ready_fd = -1;
    if (foreground)
        return 0;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    pid = fork();
    if (pid < 0) {
        int rc = -errno;

        close(ends[0]);
        close(ends[1]);
        return rc;
    }
    if (pid > 0) {
        close(ends[1]);
        wait_for_child(pid, ends[0]);
    }
    close(ends[0]);
    d->ready_fd = ends[1];
    close_inherited(d->ready_fd);
    setsid();
    return 0;
}

void daemon_ready(struct daemon *d)
{
    int null;

    if (d->ready_fd < 0)
        return;
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0 && chdir("/") == 0) {
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        if (null > 2)
            close(null);
    }
    if (write(d->ready_fd, "", 1) == 1)
        close(d->ready_fd);
    d->ready_fd = -1;
}
