/*
 * Bytes that the server has not acknowledged: files DIR/NUMBER, mode 0600. What they are is in
 * the state database; nothing here ever removes one by itself. Any thread; all block for the
 * disk only. Descriptors are close-on-exec and the caller's.
 */
#ifndef LASFS_SPOOL_H
#define LASFS_SPOOL_H

#include <stdint.h>

#include "failure.h"

struct spool;

/* Makes dir (0700, its parents too). 0, -ENOMEM, and what owned_dir_open() gives, with words in
 * err. */
int spool_new(const char *dir, struct spool **out, struct failure *err);
void spool_free(struct spool *s); /* Files that were given stay. NULL is fine. */

/* Numbers given from now on are greater than number. They are greater than those of the files
 * that were there at the start by itself, and never 0. */
void spool_skip(struct spool *s, uint64_t number);

/* A new, empty file, open for reading and writing. 0, -ENOSPC, -EMFILE, ... Some more may be made
 * with it, for those who ask next; what is empty and has no row is none of anybody's. */
int spool_create(struct spool *s, uint64_t *number, int *fd);

/* The same of one that was made with another, for who must not wait: a file that is there is opened, and no
 * more. -EWOULDBLOCK: there is none. */
int spool_take(struct spool *s, uint64_t *number, int *fd);

/* flags: O_RDONLY or O_RDWR, with O_TRUNC if wanted. 0, -ENOENT, -EPERM it is not this
 * user's alone (owned.h), ... */
int spool_open(struct spool *s, uint64_t number, int flags, int *fd);

/* Its path; the caller frees. NULL out of memory. */
char *spool_path(const struct spool *s, uint64_t number);

/* Makes the bytes of fd, which is number's, and the name of its file durable. 0, -EIO, -ENOSPC. */
int spool_sync(struct spool *s, uint64_t number, int fd);

/* 0, also when it is not there. */
int spool_remove(struct spool *s, uint64_t number);

struct spool_file {
    uint64_t number;
    int64_t size, mtime_ns;
};

/* Calls each for every file on disk, by number. Its non-zero result ends the walk and is
 * returned; else 0, -ENOMEM, -EIO. */
int spool_list(struct spool *s, int (*each)(void *arg, const struct spool_file *file), void *arg);

#endif
