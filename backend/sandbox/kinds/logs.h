/* Logs: what happened to an execution, a line at a time. Returns as item.h's do. */
#ifndef SANDBOX_LOGS_H
#define SANDBOX_LOGS_H

#include "item.h"

/* What a log is about; the ids may be NULL, and it is found by them. */
struct log_of {
    const char *transition, *transition_execution;
    const char *workflow, *workflow_execution;
};

/* Makes one; id is its own then. */
int log_new(struct work *w, const struct log_of *of, char id[ID_MAX]);

/* Adds a line; a log that is not there (any more), or NULL, is no failure. */
int log_add(struct work *w, const char *id, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
