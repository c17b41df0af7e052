#include "state_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "owned.h"

#include "banned.h"

#define LOOK_EVERY_MS 50
#define PID_DIGITS_MAX 20

/* Nothing wakes one who waits for a lock with an end: so it looks now and then. */
static void pause_ms(struct clock *clock, int64_t ms)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int64_t until = clock_now_ms(clock) + ms;
    pthread_cond_t never;

    if (cond_init_monotonic(&never) < 0)
        return;
    pthread_mutex_lock(&lock);
    while (clock->wait(clock, &never, &lock, until) == 0)
        ;
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&never);
    pthread_mutex_destroy(&lock);
}

static int in_use(int fd, const char *dir, struct failure *err)
{
    char pid[PID_DIGITS_MAX + 1];
    ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

    pid[n > 0 ? n : 0] = '\0';
    pid[strspn(pid, "0123456789")] = '\0';
    if (!*pid) /* it has locked, and not yet said who it is */
        return fail(err, -EWOULDBLOCK, 0, "state directory %s is in use", dir);
    return fail(err, -EWOULDBLOCK, 0, "state directory %s is in use by pid %s", dir, pid);
}

int state_lock(int dirfd, const char *dir, int64_t wait_ms, struct clock *clock, int *fd,
               struct failure *err)
{
    int64_t until = clock_now_ms(clock) + wait_ms;
    cleanup_fd int opened = -1;
    char pid[PID_DIGITS_MAX + 2];
    int rc = owned_file_open(dirfd, dir, "lock", O_RDWR | O_CREAT, &opened, err);

    if (rc == -EROFS || rc == -EACCES)
        return fail(err, rc, 0, "state directory %s cannot be written: %s", dir, strerror(-rc));
    if (rc < 0)
        return rc;
    while (flock(opened, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK)
            return fail(err, -errno, 0, "%s/lock: %s", dir, strerror(errno));
        if (clock_now_ms(clock) >= until)
            return in_use(opened, dir, err);
        pause_ms(clock, LOOK_EVERY_MS);
    }
    snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if (ftruncate(opened, 0) == 0)
        file_pwrite_all(opened, pid, strlen(pid), 0); /* for people: a full disk may lose it */
    *fd = steal_fd(&opened);
    return 0;
}
