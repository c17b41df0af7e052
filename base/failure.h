/*
 * What went wrong, in words: an out-parameter beside a returned -errno. Untouched on success.
 * Fixed memory, so that it can tell of running out of it.
 */
#ifndef LASFS_FAILURE_H
#define LASFS_FAILURE_H

#include <stdarg.h>
#include <stdint.h>

#define FAILURE_TEXT_MAX 512

/* Did what was asked for happen all the same? Who has to know asks this, and no text. */
enum outcome {
    OUTCOME_NONE,    /* no, or to do it again does no harm */
    OUTCOME_UNKNOWN, /* perhaps, once: it went out, may not be done twice, and no answer tells */
};

struct failure {
    int status; /* the HTTP status, 0 when there was no answer */
    enum outcome outcome;
    char text[FAILURE_TEXT_MAX]; /* one line; the API's own message where there is one */
    int64_t at_ns; /* when (realtime), where that is kept elsewhere too; 0: not said */
};

/* Fills *f, when it is not NULL, as OUTCOME_NONE; control characters become blanks, long text is
 * cut. */
void failure_set(struct failure *f, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, and returns rc: `return fail(f, -EINVAL, 400, "...")`. */
int fail(struct failure *f, int rc, int status, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* What *f tells of is OUTCOME_UNKNOWN, and its text begins with that. NULL is fine. */
void failure_unknown(struct failure *f);

/* It has turned out that it did not happen: OUTCOME_NONE, and its text without that. */
void failure_known(struct failure *f);

/* Its text without that: why it failed. f's. */
const char *failure_cause(const struct failure *f);

#endif
