/*
 * What happens by itself, later: a row may have one time at which its kind's due() is called. The
 * times stand in the store and so outlive the server; they are told by a clock that nobody sets.
 */
#ifndef SANDBOX_DUE_H
#define SANDBOX_DUE_H

#include "work.h"

struct due;

/* Starts the thread that waits for them. 0, -ENOMEM, -errno with words in err. */
int due_start(const struct sandbox *sb, struct due **out, struct failure *err);

/* Waits for what it is just doing. NULL is fine. */
void due_stop(struct due *d);

/* A time was set: look again. Any thread, behind the transaction that set it. */
void due_kick(struct due *d);

/* --- Inside a transaction: 0, -EIO, -ENOMEM ------------------------------------------------- */

/* Microseconds since the epoch as the server's start told it, and steady since. */
int64_t due_now(const struct work *w);

/* Sets the row's time, in the place of another. */
int due_at(struct work *w, const char *id, int64_t at);
int due_never(struct work *w, const char *id);

#endif
