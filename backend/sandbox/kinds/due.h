/*
 * What happens by itself, later: a row may have one time at which its kind's due() is called. The
 * times stand in the store and so outlive the server; they are told by a clock that nobody sets.
 */
#ifndef SANDBOX_DUE_H
#define SANDBOX_DUE_H

#include "failure.h"
#include "sandbox.h"

struct due;

/* Starts the thread that waits for them. 0, -ENOMEM, -errno with words in err. */
int due_start(const struct sandbox *sb, struct due **out, struct failure *err);

/* Waits for what it is just doing. NULL is fine. */
void due_stop(struct due *d);

/* A time was set: look again. Any thread, behind the transaction that set it. */
void due_kick(struct due *d);

#endif
