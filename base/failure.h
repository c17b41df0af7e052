/*
 * What went wrong, in words: an out-parameter beside a returned -errno. Untouched on success.
 * Fixed memory, so that it can tell of running out of it.
 */
#ifndef LASFS_FAILURE_H
#define LASFS_FAILURE_H

#include <stdarg.h>

#define FAILURE_TEXT_MAX 512

struct failure {
    int status;                  /* the HTTP status, 0 when there was no answer */
    char text[FAILURE_TEXT_MAX]; /* one line; the API's own message where there is one */
};

/* Fills *f, when it is not NULL; control characters become blanks, long text is cut. */
void failure_set(struct failure *f, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, and returns rc: `return fail(f, -EINVAL, 400, "...")`. */
int fail(struct failure *f, int rc, int status, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
