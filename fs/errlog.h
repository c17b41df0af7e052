/*
 * One line for each failure: time, path, operation, HTTP status, the API's own words. Kept, the
 * newest 1000, for .lasfs/errors, and written to the log. Any thread.
 */
#ifndef LASFS_ERRLOG_H
#define LASFS_ERRLOG_H

#include <stdint.h>

#include "buf.h"
#include "clock.h"
#include "failure.h"
#include "log.h"

struct errlog;

/* 0, -ENOMEM. log may be NULL. */
int errlog_new(struct clock *clock, struct log *log, struct errlog **out);
void errlog_free(struct errlog *e);

/* rc: the -errno that the program saw; 0: none, the line is a warning. */
void errlog_add(struct errlog *e, const char *operation, const char *path, int rc,
                const struct failure *why);

/* All lines, oldest first, added to out. 0, -ENOMEM, -EFBIG. */
int errlog_text(struct errlog *e, struct buf *out);

/* How many failures there have been, and when the last one was (realtime ns, 0: never). */
uint64_t errlog_count(struct errlog *e);
int64_t errlog_last_ns(struct errlog *e);

#endif
