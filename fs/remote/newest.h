/* What has come into a folder's list since: a cheap look, where the server can sort it. */
#ifndef LASFS_NEWEST_H
#define LASFS_NEWEST_H

#include "backend.h"

struct folder;
struct remote;

/*
 * Calls each() for what f's list has that was made since then (by the server's clock), newest first, until
 * it returns non-zero, which is returned. A record that is not remembered yet is from then on. Nothing
 * where lists are not sorted. 0, -EWOULDBLOCK, what backend_list() gives.
 */
int known_newest(struct remote *remote, struct call *call, const struct folder *f, int64_t since_ns,
                 int (*each)(void *arg, struct record *r), void *arg, struct failure *err);

/* For so long (milliseconds) a list is believed. */
int64_t known_list_ttl(const struct remote *remote);

#endif
