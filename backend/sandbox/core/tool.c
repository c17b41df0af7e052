#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"

#include "banned.h"

#define FILES_MAX 64
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* The program's path, as execvp() finds it; the child of a program with threads may not look. */
static char *find(const char *name)
{
    const char *path = getenv("PATH");

    for (const char *at = path ? path : DEFAULT_PATH; *at;) {
        size_t len = strcspn(at, ":");
        cleanup_free char *dir = strndup(at, len);
        char *whole = dir && *dir == '/' ? path_join(dir, name) : NULL;

        if (whole && access(whole, X_OK) == 0)
            return whole;
        free(whole);
        at += len + (at[len] == ':');
    }
    return NULL;
}

static int input_of(const void *data, size_t len, int *out)
{
    cleanup_fd int fd = memfd_create("in", MFD_CLOEXEC);
    int rc = fd < 0 ? -errno : file_write_all(fd, data, len);

    if (rc == 0 && lseek(fd, 0, SEEK_SET) < 0)
        rc = -errno;
    if (rc == 0)
        *out = steal_fd(&fd);
    return rc;
}

static void bound(int what, size_t most)
{
    struct rlimit limit = { .rlim_cur = most, .rlim_max = most };

    if (setrlimit(what, &limit) < 0)
        _exit(126);
}

struct child {
    const char *path;
    char *const *argv, *const *environment;
    int in, out, nothing;
    size_t most;
};

/* Behind fork(): nothing here takes a lock. */
static _Noreturn void become(const struct child *c)
{
    struct sigaction usual = { .sa_handler = SIG_DFL };
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    sigaction(SIGPIPE, &usual, NULL);
    if (dup2(c->in, 0) < 0 || dup2(c->out, 1) < 0 || dup2(c->nothing, 2) < 0 ||
        close_range(3, ~0u, 0) < 0 || chdir("/") < 0)
        _exit(126);
    bound(RLIMIT_CPU, TOOL_SECONDS);
    bound(RLIMIT_AS, TOOL_MEMORY);
    bound(RLIMIT_FSIZE, c->most);
    bound(RLIMIT_NOFILE, FILES_MAX);
    bound(RLIMIT_CORE, 0);
    execve(c->path, c->argv, c->environment);
    _exit(126);
}

/* Until it ends, by itself or by us; its status is fetched in any case. */
static int await(pid_t pid, int stop)
{
    cleanup_fd int end = pidfd_open(pid, 0);
    struct pollfd fds[] = { { .fd = end, .events = POLLIN }, { .fd = stop, .events = POLLIN } };
    int n = end < 0 ? -1 : poll(fds, 2, TOOL_SECONDS * 1000);
    int status = 0;

    if (n <= 0 || !(fds[0].revents & POLLIN))
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (n < 0)
        return -EIO;
    if (n == 0)
        return -ETIMEDOUT;
    if (!(fds[0].revents & POLLIN))
        return -ECANCELED;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ)
        return -EFBIG;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EINVAL;
}

int tool_run(const char *const argv[], const void *in, size_t len, int stop, struct buf *out)
{
    char *const environment[] = { (char[]){ "PATH=" DEFAULT_PATH }, (char[]){ "LC_ALL=C" },
                                  (char[]){ "HOME=/nonexistent" }, NULL };
    cleanup_free char *path = find(argv[0]);
    cleanup_fd int input = -1, output = -1, nothing = -1;
    struct child c = { .path = path, .environment = environment, .most = out->max - out->len };
    pid_t pid;
    int rc;

    if (!path)
        return -ENOENT;
    rc = input_of(in, len, &input);
    output = memfd_create("out", MFD_CLOEXEC);
    nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (rc < 0 || output < 0 || nothing < 0)
        return rc < 0 ? rc : -EIO;
    memcpy(&c.argv, &argv, sizeof(c.argv)); /* execve() writes to none of them */
    c.in = input;
    c.out = output;
    c.nothing = nothing;
    pid = fork();
    if (pid == 0)
        become(&c);
    rc = pid < 0 ? -EIO : await(pid, stop);
    if (rc < 0)
        return rc;
    return lseek(output, 0, SEEK_SET) < 0 ? -EIO : file_read_fd(output, out);
}
