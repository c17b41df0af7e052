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

int file_copy(int in, int out, off_t len)
{
    struct stat st;
    off_t at = 0;

    if (len < 0) {
        if (fstat(in, &st) < 0)
            return -errno;
        len = st.st_size;
    }
    while (at < len) {
        char chunk[16384];
        size_t want = len - at < (off_t)sizeof(chunk) ? (size_t)(len - at) : sizeof(chunk);
        ssize_t n = pread(in, chunk, want, at);
        int rc;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EIO; /* shorter than it said */
        rc = file_pwrite_all(out, chunk, (size_t)n, at);
        if (rc < 0)
            return rc;
        at += n;
    }
    return 0;
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

int file_make_dirs(const char *path, mode_t mode)
{
    cleanup_free char *parent = NULL;
    int rc;

    if (mkdir(path, mode) == 0 || errno == EEXIST)
        return 0;
    if (errno != ENOENT)
        return -errno;
    parent = parent_of(path);
    if (!parent)
        return -ENOMEM;
    rc = file_make_dirs(parent, mode);
    if (rc < 0)
        return rc;
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return -errno;
    return 0;
}

char *path_join(const char *dir, const char *name)
{
    size_t len = strlen(dir);
    char *out;

    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (asprintf(&out, "%.*s/%s", (int)len, dir, name) < 0)
        return NULL;
    return out;
}
