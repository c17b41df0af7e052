/*
 * One line on a terminal that says how far something is that takes longer than a second. Each
 * replaces the one before, and none is left at the end. Where there is no terminal it does nothing.
 * One thread at a time.
 */
#ifndef LASFS_PROGRESS_H
#define LASFS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"

#define PROGRESS_AFTER_MS 1000 /* what is done by then needs no words */
#define PROGRESS_EVERY_MS 100
#define PROGRESS_LINE_MAX 512

struct progress {
    struct clock *clock;
    int fd;           /* -1: no terminal */
    int64_t begun_ms; /* monotonic */
    int64_t due_ms;   /* when the next line may come */
    bool shown;       /* there is one now */
};

/* fd, such as STDERR_FILENO, stays the caller's and open until progress_end(). */
void progress_begin(struct progress *p, int fd, struct clock *clock);

/* Is there a terminal? Else nothing needs to be found out for it. */
bool progress_is_on(const struct progress *p);

/* Has it taken longer than PROGRESS_AFTER_MS by now, terminal or not? */
bool progress_is_long(const struct progress *p);

/* Shows the line, unless it is too early, or too soon after the one before. It is cut to the width
 * of the terminal, and control characters become '?'. */
void progress_show(struct progress *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Takes the line away: before any other line, and at the end. It may be shown again. */
void progress_end(struct progress *p);

/* text as it fits into so many columns, in out: whole characters, none of them a command to the
 * terminal. */
void progress_fit(const char *text, size_t columns, char out[PROGRESS_LINE_MAX]);

#endif
