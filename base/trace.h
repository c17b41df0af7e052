/*
 * What the mount is asked and what it asks, for whoever debugs: a line in a file for each operation
 * of the kernel and for each request to the server, joined by the operation's number. Any thread;
 * one write(2) a line. Registered secrets are blotted out; who writes a line gives no others to it.
 */
#ifndef LASFS_TRACE_H
#define LASFS_TRACE_H

#include <stdint.h>

#include "log.h"

struct trace;

/*
 * To the file at path, an absolute one: made with mode 0600, appended to, opened for each line, so
 * that it may be moved away. log outlives it; it has the secrets, and the one line when the file
 * cannot be written any more: from then on there is no trace. 0, or -errno when it cannot be
 * opened now, -ENOMEM.
 */
int trace_new(const char *path, struct log *log, struct trace **out);
void trace_free(struct trace *t); /* NULL is fine */

/* The next operation's. They begin with 1; 0 is nobody's. */
uint64_t trace_number(struct trace *t);

/* TIME NUMBER WORDS TEXT: the words as of fmt, text with control characters as %XX. */
void trace_line(struct trace *t, uint64_t number, const char *text, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#define TRACE_RESULT_MAX 24

/* A result as the lines have it, in out: a number, or of -errno its name. */
const char *trace_result(int64_t result, char out[TRACE_RESULT_MAX]);

#endif
