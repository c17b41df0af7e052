/* Whole files and whole transfers. All return 0 or -errno and block for the disk only. */
#ifndef LASFS_FILE_H
#define LASFS_FILE_H

#include <dirent.h>
#include <stddef.h>
#include <sys/types.h>

#include "buf.h"

/* Adds the rest of fd to b. -EFBIG over b's maximum. */
int file_read_fd(int fd, struct buf *b);
int file_read(const char *path, struct buf *b);

/* Writes all of it, at off. */
int file_pwrite_all(int fd, const void *data, size_t len, off_t off);
int file_write_all(int fd, const void *data, size_t len);

/* Are these the bytes at off? 0; -ESTALE: no. */
int file_compare(int fd, const void *data, size_t len, off_t off);

/* Appends to the file at path in one write(2) if the disk takes it so, so that lines of several
 * threads stay whole. It is made with mode 0600, and opened for each call: one that is moved away
 * gets no more. len 0: could it be opened? */
int file_append(const char *path, const void *data, size_t len);

/* Copies len bytes (-1: to the end) from in to out, each at offset 0, in the kernel if it can.
 * -EIO when in is shorter. */
int file_copy(int in, int out, off_t len);

/* Writes beside path, fsyncs, renames: path has the old or the new bytes, never half. */
int file_replace(const char *path, const void *data, size_t len, mode_t mode);

/* mkdir -p with mode for what is made. -ENOTDIR when something else is in the way. */
int file_make_dirs(const char *path, mode_t mode);

/* fsync of a directory, so that what was renamed in it stays renamed. */
int file_sync_dir(const char *path);

/* What is in the directory dirfd, which stays the caller's; closedir() ends it. NULL: errno. */
DIR *file_list_dir(int dirfd);

/* Joins with one '/'; name alone when dir is empty. The caller frees; NULL out of memory. */
char *path_join(const char *dir, const char *name);

/* path, which is from or within it, with to in from's place; the caller frees. 0, and NULL where it is
 * another one; -ENOMEM. */
int path_rename(const char *path, const char *from, const char *to, char **out);

#endif
