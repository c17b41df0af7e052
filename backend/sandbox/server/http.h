/*
 * The server: a thread a connection, so that one that waits (for --latency, for the store) holds
 * up no other.
 */
#ifndef SANDBOX_HTTP_H
#define SANDBOX_HTTP_H

#include "access.h"
#include "failure.h"
#include "sandbox.h"

struct http;

/* Listens on options' host and port. 0, -errno with words in err. */
int http_start(const struct sandbox *sb, struct access *access, struct http **out,
               struct failure *err);

/* Ends what waits, lets what runs finish, frees. NULL is fine. */
void http_stop(struct http *h);

#endif
