/*
 * Directories and files that are this user's alone to change, for what decides what the program
 * does: names, unsent bytes, tokens. What somebody else has put there, or could, is refused before
 * anything of it is read or written, with one line that names the path and says what mends it.
 *
 * A directory is checked from the root down, and what is in it is opened below its descriptor. A
 * symbolic link on the way is followed where it is this user's or root's; the directory itself, and
 * a file, must not be one. Any thread; all block for the disk alone. Descriptors are close-on-exec
 * and the caller's.
 */
#ifndef LASFS_OWNED_H
#define LASFS_OWNED_H

#include <stdbool.h>
#include <sys/stat.h>

#include "failure.h"

/*
 * Opens the directory at path; what is not there of it is made, with mode 0700. what: how it is
 * called in words ("state directory").
 * 0; -EPERM: it is a link, or another user's, or others can write in it, or could put another one
 * in its place, or a link on the way is another user's; -ELOOP, -ENOTDIR, -ENAMETOOLONG, -ENOMEM,
 * and what mkdir(2) and open(2) give; each with words in err.
 */
int owned_dir_open(const char *what, const char *path, int *fd, struct failure *err);

/*
 * Opens the file name of the directory dirfd, which owned_dir_open() has checked. flags as
 * open(2)'s; one that O_CREAT makes has mode 0600. dir is for words.
 * 0; -EPERM: it is a link of either kind, no plain file, another user's, or others can write it;
 * -ENOENT and what else open(2) gives; each with words in err.
 */
int owned_file_open(int dirfd, const char *dir, const char *name, int flags, int *fd,
                    struct failure *err);

/* The same checks without opening it, for what a library opens by its path. Also 0 when it is not
 * there. */
int owned_file_check(int dirfd, const char *dir, const char *name, struct failure *err);

/* Is it a plain file with one name, of this user, that others cannot write? */
bool owned_is_plain(const struct stat *st);

#endif
