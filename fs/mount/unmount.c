#include "unmount.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "file.h"
#include "holders.h"
#include "progress.h"
#include "status_page.h"

#include "banned.h"

#define HOLDERS_TOLD 5
#define LOOK_OFTEN_MS 100
#define LOOK_SELDOM_MS 500
#define COMM_MAX_BYTES 64
#define MOVING_MS 2000 /* so long what is to be sent may stand still before it is let go */

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

/* --- Waiting for its end ---------------------------------------------------------------------- */

struct ending {
    const char *mountpoint; /* absolute */
    pid_t pid;              /* the daemon */
    int process;            /* its pidfd, or -1 */
    int dir;                /* .lasfs, as long as there is something to be read in it; or -1 */
    dev_t device;
    struct status_page first, now;
    struct holders holders;
    struct progress progress;
    int64_t moved_ms; /* when what is to be sent was another last */
    int interrupts;   /* a signalfd, or -1 */
    int interrupted;  /* how often */
    bool told;
};

static bool is_moving(struct ending *e, const struct status_page *before)
{
    int64_t now_ms = clock_now_ms(clock_real());

    if (before->pending != e->now.pending || before->bytes_sent != e->now.bytes_sent)
        e->moved_ms = now_ms;
    return e->now.pending && !e->now.down && now_ms - e->moved_ms < MOVING_MS;
}

/* The daemon ends once nobody holds the mount: so it is let go when no other one does, and nothing
 * is under way any more of which there would be something to say. */
static void look(struct ending *e)
{
    struct status_page before = e->now;

    holders_release(&e->holders);
    holders_find(e->device, e->mountpoint, e->pid, &e->holders);
    if (e->dir < 0)
        return;
    if (status_page_read(e->dir, &e->now) < 0)
        e->now = before;
    else if (e->holders.n || e->now.under_way || is_moving(e, &before))
        return;
    if (!e->now.pending)
        e->now =
            (struct status_page){ .bytes_sent = e->first.bytes_sent, .purged = e->first.purged };
    close(steal_fd(&e->dir));
}

static void say_what(const struct ending *e, char out[STATUS_WORDS_MAX])
{
    status_page_words(&e->now, &e->first, out);
    status_page_add_left(&e->now, &e->first, clock_now_ms(clock_real()) - e->progress.begun_ms,
                         out);
    if (!*out)
        snprintf(out, STATUS_WORDS_MAX, "%s",
                 e->holders.n ? "nothing to send" : "what is left is being sent");
}

static void say_holder(const struct holder *h)
{
    char path[PROGRESS_LINE_MAX], program[PROGRESS_LINE_MAX];

    progress_fit(h->path, sizeof(path), path);
    progress_fit(h->program, sizeof(program), program);
    fprintf(stderr, "lasfs: in use by %s (pid %ld): %s\n", program, (long)h->pid, path);
}

/* Once, for who has no terminal too. */
static void tell(struct ending *e)
{
    char words[STATUS_WORDS_MAX];

    if (e->told || !progress_is_long(&e->progress))
        return;
    e->told = true;
    say_what(e, words);
    fprintf(stderr, "lasfs: %s is unmounted; waiting for its end (pid %ld): %s\n", e->mountpoint,
            (long)e->pid, words);
    for (size_t i = 0; i < e->holders.n && i < HOLDERS_TOLD; i++)
        say_holder(&e->holders.list[i]);
    if (e->holders.n > HOLDERS_TOLD)
        fprintf(stderr, "lasfs: and by %zu more\n", e->holders.n - HOLDERS_TOLD);
}

static void show(struct ending *e)
{
    const struct holder *first = e->holders.list;
    char words[STATUS_WORDS_MAX], more[32] = "";

    say_what(e, words);
    if (e->holders.n > 1)
        snprintf(more, sizeof(more), " and %zu more", e->holders.n - 1);
    if (first)
        progress_show(&e->progress, "lasfs: %s; in use by %s (pid %ld)%s: %s", words,
                      first->program, (long)first->pid, more, first->path);
    else
        progress_show(&e->progress, "lasfs: %s", words);
}

/* What is not sent is left to the next mount. */
static void leave_the_rest(struct ending *e)
{
    if (e->dir >= 0)
        close(steal_fd(&e->dir));
    syscall(SYS_pidfd_send_signal, e->process, SIGQUIT, NULL, 0);
    progress_end(&e->progress);
    if (e->now.pending)
        fprintf(stderr, "lasfs: %zu %s left to the next mount\n", e->now.pending,
                e->now.pending == 1 ? "file is" : "files are");
}

static void take_interrupts(struct ending *e)
{
    struct signalfd_siginfo info;

    while (read(e->interrupts, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (++e->interrupted == 1) {
            progress_end(&e->progress);
            fprintf(stderr, "lasfs: it goes on until all is sent; Ctrl-C once more leaves the rest "
                            "to the next mount\n");
        } else if (e->interrupted == 2) {
            leave_the_rest(e);
        }
    }
}

static void wait_for_end(struct ending *e)
{
    struct pollfd fds[] = { { .fd = e->process, .events = POLLIN },
                            { .fd = e->interrupts, .events = POLLIN } };

    do {
        look(e);
        if (e->interrupted < 2) {
            tell(e);
            show(e);
        }
        if (poll(fds, 2, e->dir < 0 ? LOOK_SELDOM_MS : LOOK_OFTEN_MS) > 0 && fds[1].revents)
            take_interrupts(e);
    } while (!fds[0].revents);
    progress_end(&e->progress);
    if (e->now.pending && e->interrupted < 2) /* when it was let go; nobody heard of it since */
        fprintf(stderr,
                "lasfs: %zu %s still to be sent%s: what is left of that the next mount sends\n",
                e->now.pending, e->now.pending == 1 ? "file was" : "files were",
                e->now.down ? ", and the server did not answer" : "");
}

/* From now on they are read, unless who started it wants none. */
static void catch_interrupts(struct ending *e)
{
    struct sigaction is;
    sigset_t set;

    if (sigaction(SIGINT, NULL, &is) < 0 || is.sa_handler == SIG_IGN)
        return;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    e->interrupts = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (e->interrupts >= 0)
        sigprocmask(SIG_BLOCK, &set, NULL);
}

/* The mount may be another container's: its number is another process's here then. */
static bool is_lasfs(pid_t pid)
{
    cleanup_buf struct buf name = BUF_INIT(COMM_MAX_BYTES);
    char path[64];

    snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
    return file_read(path, &name) == 0 && strcmp(buf_str(&name), "lasfs\n") == 0;
}

static int begin(struct ending *e, const char *mountpoint, struct failure *err)
{
    e->dir = status_page_open(mountpoint);
    if (e->dir < 0 || status_page_read(e->dir, &e->first) < 0 || e->first.pid <= 0)
        return fail(err, -EINVAL, 0, "%s is not a mount of lasfs", mountpoint);
    e->now = e->first;
    e->pid = e->first.pid;
    e->process = (int)syscall(SYS_pidfd_open, e->pid, 0);
    return holders_device(mountpoint, &e->device);
}

int unmount_and_wait(const char *mountpoint, bool no_wait, struct failure *err)
{
    cleanup_free char *absolute = realpath(mountpoint, NULL);
    struct ending e = {
        .mountpoint = absolute ? absolute : mountpoint, .process = -1, .dir = -1, .interrupts = -1
    };
    int rc = begin(&e, mountpoint, err);

    if (rc == 0 && no_wait && !is_lasfs(e.pid))
        rc = fail(err, -EPERM, 0, "process %ld cannot be told to end: it is not lasfs here",
                  (long)e.pid);
    if (rc == 0) {
        progress_begin(&e.progress, STDERR_FILENO, clock_real());
        e.moved_ms = e.progress.begun_ms;
        rc = unmount(mountpoint);
        if (rc < 0)
            fail(err, rc, 0, "cannot unmount %s: %s", mountpoint, strerror(-rc));
    }
    if (rc == 0 && no_wait) {
        leave_the_rest(&e);
        e.interrupted = 2;
    }
    if (rc == 0 && e.process >= 0) {
        catch_interrupts(&e);
        wait_for_end(&e);
    }
    holders_release(&e.holders);
    if (e.dir >= 0)
        close(e.dir);
    if (e.interrupts >= 0)
        close(e.interrupts);
    if (e.process >= 0)
        close(e.process);
    return rc;
}

/* --- Where one begins ------------------------------------------------------------------------- */

static bool is_mount(const char *path, const struct statfs *fs)
{
    struct statx st;

    /* systemd's automount wants to be mounted over */
    return fs->f_type != AUTOFS_SUPER_MAGIC &&
           statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, 0, &st) == 0 &&
           (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static bool has_entries(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool found = false;

    while (dir && !found && (entry = readdir(dir)))
        found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (dir)
        closedir(dir);
    return found;
}

int mountpoint_check(const char *mountpoint, bool nonempty, struct failure *err)
{
    struct stat st;
    struct statfs fs;
    int rc = statfs(mountpoint, &fs) < 0 ? -errno : 0;

    /* the kernel may know a dead mount's root by heart; what statfs says it asks the daemon */
    if (rc == -ENOTCONN) {
        rc = unmount(mountpoint);
        if (rc < 0)
            return fail(err, rc, 0, "%s is a dead mount and cannot be unmounted: %s", mountpoint,
                        strerror(-rc));
        rc = statfs(mountpoint, &fs) < 0 ? -errno : 0;
    }
    if (rc == 0 && stat(mountpoint, &st) < 0)
        rc = -errno;
    if (rc == 0 && !S_ISDIR(st.st_mode))
        rc = -ENOTDIR;
    if (rc < 0)
        return fail(err, rc, 0, "cannot mount on %s: %s", mountpoint, strerror(-rc));
    if (!nonempty && is_mount(mountpoint, &fs))
        return fail(err, -EBUSY, 0,
                    "cannot mount on %s: something is mounted there already (-o nonempty mounts "
                    "over it)",
                    mountpoint);
    if (!nonempty && fs.f_type != AUTOFS_SUPER_MAGIC && has_entries(mountpoint))
        return fail(err, -ENOTEMPTY, 0,
                    "cannot mount on %s: it is not empty (-o nonempty hides what is in it)",
                    mountpoint);
    return 0;
}
