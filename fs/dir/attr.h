/* What stat(2) says. */
#ifndef LASFS_ATTR_H
#define LASFS_ATTR_H

#include "buf.h"
#include "call.h"
#include "failure.h"
#include "types.h"

struct dirs;
struct listing;
struct node;
struct record;

/* Fills st, and how long the kernel may believe it. 0, -EWOULDBLOCK, what the API gives. */
int attr_of(struct dirs *dirs, struct call *call, struct node *n, struct stat *st, int64_t *ttl_ms,
            struct failure *err);

/* The same for an entry of a directory, of what is known: r is its row of l, or NULL. Never blocks.
 * 0, -EWOULDBLOCK. */
int attr_of_entry(struct dirs *dirs, struct node *n, struct listing *l, struct record *r,
                  struct stat *st, int64_t *ttl_ms);

/* The same for a look-up: a size that would cost a request is left out, and *ttl_ms is 0 then. */
int attr_for_lookup(struct dirs *dirs, struct call *call, struct node *n, struct stat *st,
                    int64_t *ttl_ms, struct failure *err);

/*
 * How long the kernel may believe that name is n's, where stat(2) may be believed for ttl_ms. An id
 * is one resource's for good. Any other name may be something else after a change of ours, under
 * another spelling of its folder too, and a write must not follow the old one: the kernel asks each
 * time, and memory answers.
 */
int64_t attr_name_ttl(const struct node *n, const char *name, int64_t ttl_ms);

#endif
