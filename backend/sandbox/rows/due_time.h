/*
 * The times that stand in the store: what is to happen later, and when it is. due.h does it then.
 */
#ifndef SANDBOX_DUE_TIME_H
#define SANDBOX_DUE_TIME_H

#include "work.h"

/* Microseconds since the epoch as the server's start told it, and steady since. Any thread. */
int64_t due_time_us(const struct sandbox *sb);

/* --- Inside a transaction: 0, -EIO, -ENOMEM ------------------------------------------------- */

/* The same. */
int64_t due_now(const struct work *w);

/* Sets the row's time, in the place of another. */
int due_at(struct work *w, const char *id, int64_t at);
int due_never(struct work *w, const char *id);

#endif
