/*
 * The breaker (breaker.h) before all requests of a client, and the thread that probes while it
 * is open: a GET of the API's address, without a token. Any thread.
 */
#ifndef LASFS_GUARD_H
#define LASFS_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "send.h"

struct guard;

enum guard_result {
    GUARD_ANSWERED, /* the server said something */
    GUARD_FAILED,   /* it did not, or that it cannot */
    GUARD_NEITHER,  /* an end that says nothing of it */
};

/* sender and url outlive it; timeout_ms is an operation's. Starts a thread. 0, -ENOMEM, -EAGAIN. */
int guard_new(struct sender *sender, const char *url, int64_t timeout_ms, struct guard **out);

/* Ends a probe that is under way. NULL is fine. */
void guard_free(struct guard *g);

/* At an operation's beginning; never blocks. 0, or what the last one failed with. */
int guard_enter(struct guard *g, struct failure *err);

/* At its end; rc and why when it failed. */
void guard_leave(struct guard *g, int64_t began_ms, enum guard_result result, int rc,
                 const struct failure *why);

/* Is nothing tried at present? */
bool guard_is_open(struct guard *g);

#endif
