/* A directory of a test's own, gone with all that is in it when the test ends. */
#ifndef LASFS_TEMP_DIR_H
#define LASFS_TEMP_DIR_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

static inline int temp_dir_setup(void **state)
{
    char *path = strdup("/tmp/lasfs-test-XXXXXX");

    *state = path;
    return path && mkdtemp(path) ? 0 : -1;
}

static inline int temp_dir_remove(const char *path, const struct stat *st, int type,
                                  struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int temp_dir_teardown(void **state)
{
    int rc = nftw(*state, temp_dir_remove, 16, FTW_DEPTH | FTW_PHYS);

    free(*state);
    return rc;
}

/* DIR/NAME; valid until the fourth next call. */
static inline const char *in_dir(void **state, const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof(paths[0]), "%s/%s", (const char *)*state, name);
    return path;
}

static inline void write_file(const char *path, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0 || file_write_all(fd, data, len) < 0 || close(fd) < 0) {
        perror(path);
        abort();
    }
}

/* How many files are in path, "." and ".." not counted. */
static inline int count_files(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;

    if (!dir)
        return -1;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

/* Each file in path was changed at that time, and not since. */
static inline void set_changed(const char *path, time_t seconds)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = seconds } };
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_type == DT_REG)
            utimensat(dirfd(dir), entry->d_name, times, 0);
    if (dir)
        closedir(dir);
}

#endif
