#include "owned.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

#include "banned.h"

#define LINKS_MAX 40 /* as the kernel */
#define OTHERS_WRITE (S_IWGRP | S_IWOTH)

/* --- Directories ------------------------------------------------------------------------------ */

/* On the way to a directory. */
struct walk {
    const char *what, *path; /* for words */
    int fd;                  /* how far it came */
    char *rest;              /* what is still to go; on the heap */
    const char *at;          /* in rest */
    int links;
    struct failure *err;
};

static bool is_own(uid_t uid)
{
    return uid == geteuid();
}

/* Where it stands, for words. */
static const char *place(int fd, char out[PATH_MAX])
{
    char link[40];
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, out, PATH_MAX - 1);
    if (n <= 0)
        return "a directory above";
    out[n] = '\0';
    return out;
}

static int move_to(struct walk *w, int fd)
{
    if (fd < 0)
        return fail(w->err, -errno, 0, "%s %s: %s", w->what, w->path, strerror(errno));
    if (w->fd >= 0)
        close(w->fd);
    w->fd = fd;
    return 0;
}

/* In a directory with the sticky bit nobody takes away what is another's. */
static int check_above(const struct walk *w)
{
    char path[PATH_MAX];
    struct stat st;

    if (fstat(w->fd, &st) < 0)
        return fail(w->err, -errno, 0, "%s %s: %s", w->what, w->path, strerror(errno));
    if (!(st.st_mode & S_IWOTH) || (st.st_mode & S_ISVTX))
        return 0;
    place(w->fd, path);
    return fail(w->err, -EPERM, 0, "%s %s: others can put another one in its place: chmod o-w '%s'",
                w->what, w->path, path);
}

/* What the link says is the way now. */
static int follow(struct walk *w, const char *name, const struct stat *st)
{
    char target[PATH_MAX], path[PATH_MAX];
    char *rest = NULL;
    ssize_t n;

    if (!is_own(st->st_uid) && st->st_uid != 0)
        return fail(
            w->err, -EPERM, 0,
            "%s %s: on its way %s/%s is a symbolic link of another user (uid %u): remove it",
            w->what, w->path, place(w->fd, path), name, (unsigned)st->st_uid);
    if (++w->links > LINKS_MAX)
        return fail(w->err, -ELOOP, 0, "%s %s: %s", w->what, w->path, strerror(ELOOP));
    n = readlinkat(w->fd, name, target, sizeof(target) - 1);
    if (n < 0)
        return fail(w->err, -errno, 0, "%s %s: %s", w->what, w->path, strerror(errno));
    target[n] = '\0';
    if (asprintf(&rest, "%s/%s", target, w->at) < 0)
        return fail(w->err, -ENOMEM, 0, "out of memory");
    free(w->rest);
    w->rest = rest;
    w->at = rest;
    return *target == '/' ? move_to(w, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) : 0;
}

/* The next name on the way, in the caller's memory. 0 at the end. */
static size_t next_name(struct walk *w, char name[NAME_MAX + 1])
{
    size_t len;

    for (;;) {
        w->at += strspn(w->at, "/");
        len = strcspn(w->at, "/");
        if (len != 1 || *w->at != '.')
            break;
        w->at++;
    }
    if (len <= NAME_MAX) {
        memcpy(name, w->at, len);
        name[len] = '\0';
    }
    w->at += len;
    return len;
}

static bool is_last(const struct walk *w)
{
    return w->at[strspn(w->at, "/.")] == '\0' && !strstr(w->at, "..");
}

/* Makes it where it is not. */
static int look(struct walk *w, const char *name, struct stat *st)
{
    if (fstatat(w->fd, name, st, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    if (errno == ENOENT && mkdirat(w->fd, name, 0700) < 0 && errno != EEXIST)
        return fail(w->err, -errno, 0, "cannot make the %s %s: %s", w->what, w->path,
                    strerror(errno));
    if (fstatat(w->fd, name, st, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(w->err, -errno, 0, "%s %s: %s", w->what, w->path, strerror(errno));
    return 0;
}

static int step(struct walk *w, const char *name)
{
    struct stat st;
    int rc = check_above(w);

    if (rc == 0)
        rc = look(w, name, &st);
    if (rc < 0)
        return rc;
    if (S_ISLNK(st.st_mode) && is_last(w))
        return fail(w->err, -EPERM, 0,
                    "%s %s is a symbolic link: name the directory that it leads to", w->what,
                    w->path);
    if (S_ISLNK(st.st_mode))
        return follow(w, name, &st);
    return move_to(w, openat(w->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/* From where path begins to where it ends. */
static int walk_all(struct walk *w)
{
    int rc = move_to(w, open(*w->path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    char name[NAME_MAX + 1];
    size_t len;

    while (rc == 0 && (len = next_name(w, name)) > 0) {
        if (len > NAME_MAX)
            return fail(w->err, -ENAMETOOLONG, 0, "%s %s: %s", w->what, w->path,
                        strerror(ENAMETOOLONG));
        rc = step(w, name);
    }
    return rc;
}

static int check_dir(const struct walk *w, int fd)
{
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return fail(w->err, -errno, 0, "%s %s: %s", w->what, w->path, strerror(errno));
    if (!is_own(st.st_uid))
        return fail(w->err, -EPERM, 0,
                    "%s %s belongs to another user (uid %u): choose another one, or, if what is in "
                    "it is yours, chown it",
                    w->what, w->path, (unsigned)st.st_uid);
    if (st.st_mode & OTHERS_WRITE)
        return fail(w->err, -EPERM, 0,
                    "%s %s can be written by others: look what is in it, then chmod go-w '%s'",
                    w->what, w->path, w->path);
    return 0;
}

int owned_dir_open(const char *what, const char *path, int *fd, struct failure *err)
{
    struct walk w = { .what = what, .path = path, .fd = -1, .rest = strdup(path), .err = err };
    cleanup_fd int opened = -1;
    int rc;

    w.at = w.rest;
    rc = w.rest ? walk_all(&w) : fail(err, -ENOMEM, 0, "out of memory");
    if (rc == 0) {
        opened = openat(w.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        rc = check_dir(&w, opened);
    }
    if (w.fd >= 0)
        close(w.fd);
    free(w.rest);
    if (rc == 0)
        *fd = steal_fd(&opened);
    return rc;
}

/* --- Files ------------------------------------------------------------------------------------ */

bool owned_is_plain(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_nlink == 1 && is_own(st->st_uid) &&
           !(st->st_mode & OTHERS_WRITE);
}

static int check_file(const struct stat *st, const char *dir, const char *name, struct failure *err)
{
    if (S_ISLNK(st->st_mode))
        return fail(err, -EPERM, 0,
                    "%s/%s is a symbolic link: remove it, or put there what it leads to", dir,
                    name);
    if (!S_ISREG(st->st_mode))
        return fail(err, -EPERM, 0, "%s/%s is no plain file: remove it", dir, name);
    if (!is_own(st->st_uid))
        return fail(err, -EPERM, 0,
                    "%s/%s belongs to another user (uid %u): remove it, or, if it is yours, chown "
                    "it",
                    dir, name, (unsigned)st->st_uid);
    if (st->st_nlink > 1)
        return fail(err, -EPERM, 0,
                    "%s/%s has another name too (a hard link): put a copy in its place", dir, name);
    if (st->st_mode & OTHERS_WRITE)
        return fail(err, -EPERM, 0,
                    "%s/%s can be written by others: look what is in it, then chmod go-w it", dir,
                    name);
    return 0;
}

int owned_file_check(int dirfd, const char *dir, const char *name, struct failure *err)
{
    struct stat st;

    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return check_file(&st, dir, name, err);
    return errno == ENOENT ? 0 : fail(err, -errno, 0, "%s/%s: %s", dir, name, strerror(errno));
}

int owned_file_open(int dirfd, const char *dir, const char *name, int flags, int *fd,
                    struct failure *err)
{
    int rc = owned_file_check(dirfd, dir, name, err); /* to open a device may do something */
    cleanup_fd int opened = -1;
    struct stat st;

    if (rc < 0)
        return rc;
    opened = openat(dirfd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
    if (opened < 0 || fstat(opened, &st) < 0)
        return fail(err, -errno, 0, "%s/%s: %s", dir, name, strerror(errno));
    rc = check_file(&st, dir, name, err);
    if (rc == 0)
        *fd = steal_fd(&opened);
    return rc;
}
