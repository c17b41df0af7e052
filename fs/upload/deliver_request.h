/* The request of a delivery: what is said of the bytes, and once more with less where that is refused. */
#ifndef LASFS_DELIVER_REQUEST_H
#define LASFS_DELIVER_REQUEST_H

#include "failure.h"

struct delivery;
struct record;

/* POST. old: whose place it takes, or NULL; owed: what has to go then, or NULL. 0 with *out, a reference; what
 * backend_create() gives, and the reasons not to send it. */
int request_create(struct delivery *s, const struct record *old, const char *owed,
                   struct record **out, struct failure *err);

/* PATCH of the content of id. As backend_update(). */
int request_update(struct delivery *s, const char *id, struct record **out, struct failure *err);

#endif
