/*
 * One line for each failure: time, path, operation, HTTP status, the API's own words. Written to
 * the log, and kept for .lasfs/errors, the newest of this mount and of those before it (errfile.h
 * says how many). Any thread; nothing here waits for a disk but errlog_keep() and errlog_free().
 */
#ifndef LASFS_ERRLOG_H
#define LASFS_ERRLOG_H

#include <stdint.h>

#include "clock.h"
#include "failure.h"
#include "log.h"

/* How long the page may get while somebody has it open. */
#define ERRLOG_PAGE_BYTES (8 * 1024 * 1024)

struct errlog;

/* 0, -ENOMEM. log may be NULL. */
int errlog_new(struct clock *clock, struct log *log, struct errlog **out);
void errlog_free(struct errlog *e);

/* Begins with the lines that an earlier mount left in the file errors of dir, and keeps those to
 * come there. Before the first of them, after the fork. Where that cannot be, the log says so and
 * the lines last as long as the mount. */
void errlog_keep(struct errlog *e, const char *dir);

#define ERRLOG_TIME_MAX 32

/* A time as the lines have it; "" when it is none. */
void errlog_time(int64_t ns, char out[ERRLOG_TIME_MAX]);

/* rc: the -errno that the program saw; 0: none, the line is a warning. Its time is that of why,
 * where why has one. */
void errlog_add(struct errlog *e, const char *operation, const char *path, int rc,
                const struct failure *why);

/*
 * The page: all lines, oldest first. While it is open it only grows, so that what a program has
 * read stays where it was: the oldest lines are dropped while nobody looks. Over ERRLOG_PAGE_BYTES
 * it begins again, empty, until the last has closed it: what follows it sees a file that was cut
 * and goes on with the new lines, as after the rotation of a log.
 */
void errlog_open_page(struct errlog *e);
void errlog_close_page(struct errlog *e);

/* How long it is now. */
int64_t errlog_size(struct errlog *e);

/* Its bytes at off, in the caller's memory; how many there were. */
size_t errlog_read(struct errlog *e, int64_t off, char *to, size_t size);

/* How many failures this mount has seen, and when the last one was (realtime ns, 0: never). */
uint64_t errlog_count(struct errlog *e);
int64_t errlog_last_ns(struct errlog *e);

#endif
