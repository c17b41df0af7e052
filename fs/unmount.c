#include "unmount.h"

#include <errno.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "file.h"
#include "number.h"

#include "banned.h"

#define STATUS_MAX_BYTES (1024 * 1024)

/* fusermount3 may do it for users that may not. */
static int run_fusermount(const char *mountpoint)
{
    int status = 0;
    pid_t pid = fork();

    if (pid < 0)
        return -errno;
    if (pid == 0) {
        execlp("fusermount3", "fusermount3", "-u", "-z", "--", mountpoint, (char *)NULL);
        _exit(127);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

static int unmount(const char *mountpoint)
{
    if (umount2(mountpoint, MNT_DETACH) == 0)
        return 0;
    if (errno == EPERM)
        return run_fusermount(mountpoint);
    return -errno;
}

/* The daemon says its process id in its status page. */
static pid_t daemon_pid(const char *mountpoint)
{
    cleanup_free char *path = path_join(mountpoint, ".lasfs/status");
    cleanup_buf struct buf text = BUF_INIT(STATUS_MAX_BYTES);
    char *line, *end;
    int64_t pid;

    if (!path || file_read(path, &text) < 0 || !text.data)
        return -1;
    line = strstr(text.data, "\npid ");
    if (!line)
        return -1;
    line += 5 + strspn(line + 5, " ");
    end = strchr(line, '\n');
    if (end)
        *end = '\0';
    return number_parse(line, 1, INT32_MAX, &pid) == 0 ? (pid_t)pid : -1;
}

int unmount_and_wait(const char *mountpoint, struct failure *err)
{
    pid_t pid = daemon_pid(mountpoint);
    cleanup_fd int process = -1;
    int rc;

    if (pid < 0)
        return fail(err, -EINVAL, 0, "%s is not a mount of lasfs", mountpoint);
    process = (int)syscall(SYS_pidfd_open, pid, 0);
    rc = unmount(mountpoint);
    if (rc < 0)
        return fail(err, rc, 0, "cannot unmount %s: %s", mountpoint, strerror(-rc));
    if (process >= 0) {
        struct pollfd ended = { .fd = process, .events = POLLIN };

        while (poll(&ended, 1, -1) < 0 && errno == EINTR)
            ;
    }
    return 0;
}

int mountpoint_check(const char *mountpoint, struct failure *err)
{
    cleanup_free char *above = path_join(mountpoint, "..");
    struct stat here, there;
    struct statfs fs;

    /* the kernel may know a dead mount's root by heart; what statfs says it asks the daemon */
    if (statfs(mountpoint, &fs) < 0 && errno == ENOTCONN) {
        int rc = unmount(mountpoint);

        if (rc < 0)
            return fail(err, rc, 0, "%s is a dead mount and cannot be unmounted: %s", mountpoint,
                        strerror(-rc));
    }
    if (!above)
        return fail(err, -ENOMEM, 0, "no memory");
    if (stat(mountpoint, &here) < 0)
        return fail(err, -errno, 0, "cannot mount on %s: %s", mountpoint, strerror(errno));
    if (!S_ISDIR(here.st_mode))
        return fail(err, -ENOTDIR, 0, "cannot mount on %s: %s", mountpoint, strerror(ENOTDIR));
    if (stat(above, &there) == 0 && there.st_dev != here.st_dev && statfs(mountpoint, &fs) == 0 &&
        fs.f_type == FUSE_SUPER_MAGIC)
        return fail(err, -EBUSY, 0, "cannot mount on %s: something is mounted there already",
                    mountpoint);
    return 0;
}
