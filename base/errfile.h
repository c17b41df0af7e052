/*
 * The lines of .lasfs/errors on disk, so that they outlive the mount: one file, mode 0600, that
 * keeps the newest of them. Whoever opens it has its directory alone.
 *
 * A thread of its own writes, so that no failure waits for a disk, or fails once more because of
 * one. No line is synced: after a power cut the last ones, or half of one, may be missing.
 */
#ifndef LASFS_ERRFILE_H
#define LASFS_ERRFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define ERRFILE_LINES 1000
#define ERRFILE_BYTES (1024 * 1024)

struct errfile;

/* Is it time to drop the oldest? At twice as many lines as are kept, or over ERRFILE_BYTES. */
bool errfile_is_full(size_t lines, size_t bytes);

/* Where the newest lines of text begin that are kept then: ERRFILE_LINES of them, fewer when they
 * are more than half of ERRFILE_BYTES. */
size_t errfile_newest(const char *text, size_t len);

/* How many lines text has. */
size_t errfile_count_lines(const char *text, size_t len);

/*
 * Opens or makes path, without following a link, adds its newest whole lines to lines, at most
 * ERRFILE_BYTES, and starts the thread: after the fork. lines may be filled on failure too.
 * 0, -EINVAL it is no plain file of this user alone (owned.h), -ELOOP it is a link, -ENOMEM, and what open(2) gives.
 */
int errfile_open(const char *path, struct buf *lines, struct errfile **out);

/* Writes whole lines, soon. Any thread; returns at once. What the disk does not take is gone; where
 * it does not keep up, the oldest lines. */
void errfile_add(struct errfile *f, const char *lines, size_t len);

/* Writes what was given, ends the thread, frees. NULL is fine. */
void errfile_close(struct errfile *f);

#endif
