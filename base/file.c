#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

#include "banned.h"

int file_read_fd(int fd, struct buf *b)
{
    char chunk[16384];

    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        int rc;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        rc = buf_add(b, chunk, (size_t)n);
        if (rc < 0)
            return rc;
    }
}

int file_read(const char *path, struct buf *b)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    return file_read_fd(fd, b);
}

int file_pwrite_all(int fd, const void *data, size_t len, off_t off)
{
    const char *p = data;

    while (len) {
        ssize_t n = pwrite(fd, p, len, off);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t)n;
        off += n;
    }
    return 0;
}

int file_compare(int fd, const void *data, size_t len, off_t off)
{
    const char *p = data;
    char there[16384];

    while (len) {
        ssize_t n = pread(fd, there, len < sizeof(there) ? len : sizeof(there), off);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0 || memcmp(p, there, (size_t)n) != 0)
            return -ESTALE;
        p += n;
        len -= (size_t)n;
        off += n;
    }
    return 0;
}

int file_write_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int file_append(const char *path, const void *data, size_t len)
{
    cleanup_fd int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

    return fd < 0 ? -errno : file_write_all(fd, data, len);
}

/* As much as the kernel copies by itself; *at is how far it came. 0, -errno. */
static int copy_in_kernel(int in, int out, off_t len, off_t *at)
{
    while (*at < len) {
        off_t from = *at, to = *at;
        ssize_t n = copy_file_range(in, &from, out, &to, (size_t)(len - *at), 0);

        if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
            return 0; /* not between these two */
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            return 0;
        if (n > 0)
            *at += n;
    }
    return 0;
}

int file_copy(int in, int out, off_t len)
{
    char chunk[16384];
    struct stat st;
    off_t at = 0;
    int rc;

    if (len < 0) {
        if (fstat(in, &st) < 0)
            return -errno;
        len = st.st_size;
    }
    rc = copy_in_kernel(in, out, len, &at);
    while (rc == 0 && at < len) {
        size_t want = len - at < (off_t)sizeof(chunk) ? (size_t)(len - at) : sizeof(chunk);
        ssize_t n = pread(in, chunk, want, at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EIO; /* shorter than it said */
        rc = file_pwrite_all(out, chunk, (size_t)n, at);
        at += n;
    }
    return rc;
}

static char *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    if (slash == path)
        return strdup("/");
    return strndup(path, (size_t)(slash - path));
}

int file_sync_dir(const char *path)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return -errno;
    return 0;
}

int file_replace(const char *path, const void *data, size_t len, mode_t mode)
{
    cleanup_free char *dir = parent_of(path);
    cleanup_free char *beside = NULL;
    cleanup_fd int fd = -1;
    int rc;

    if (!dir || asprintf(&beside, "%s.new.XXXXXX", path) < 0) {
        beside = NULL; /* asprintf leaves it undefined */
        return -ENOMEM;
    }
    fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    rc = file_write_all(fd, data, len);
    if (rc == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0 || rename(beside, path) < 0))
        rc = -errno;
    if (rc < 0) {
        unlink(beside);
        return rc;
    }
    return file_sync_dir(dir);
}

/* mkdir, and fine when it is there. */
static int make_dir(const char *path, mode_t mode)
{
    struct stat st;

    if (mkdir(path, mode) == 0)
        return 0;
    if (errno != EEXIST)
        return -errno;
    if (stat(path, &st) < 0)
        return -errno;
    return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int file_make_dirs(const char *path, mode_t mode)
{
    cleanup_free char *parent = NULL;
    struct stat st;
    int rc = make_dir(path, mode);

    if (rc != -ENOENT || lstat(path, &st) == 0) /* there is something: a link to nowhere */
        return rc;
    parent = parent_of(path);
    if (!parent)
        return -ENOMEM;
    rc = file_make_dirs(parent, mode);
    if (rc < 0)
        return rc;
    return make_dir(path, mode);
}

DIR *file_list_dir(int dirfd)
{
    cleanup_fd int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (dir)
        (void)steal_fd(&fd); /* it is dir's */
    return dir;
}

char *path_join(const char *dir, const char *name)
{
    size_t len = strlen(dir);
    char *out;

    if (len == 0)
        return strdup(name);
    while (len && dir[len - 1] == '/')
        len--;
    if (asprintf(&out, "%.*s/%s", (int)len, dir, name) < 0)
        return NULL;
    return out;
}

int path_rename(const char *path, const char *from, const char *to, char **out)
{
    size_t len = strlen(from);

    *out = NULL;
    if (strncmp(path, from, len) != 0 || (path[len] && path[len] != '/'))
        return 0;
    if (asprintf(out, "%s%s", to, path + len) >= 0)
        return 0;
    *out = NULL;
    return -ENOMEM;
}
