/*
 * What df says. The API has no end of bytes, and never says this machine's disk: so there are
 * SPACE_BYTES, all of them free. Files are the documents that the organization may make in a month,
 * and free are those that it has left, where the API says so; else SPACE_FILES, all free.
 */
#ifndef LASFS_SPACE_H
#define LASFS_SPACE_H

#include <sys/statvfs.h>

#include "backend.h"

struct remote;

#define SPACE_BYTES (INT64_C(1) << 50) /* 1 PiB */
#define SPACE_FILES (INT64_C(1) << 30)
#define SPACE_BLOCK_BYTES 4096

struct space;

/* 0, -ENOMEM. Nothing is asked for yet. */
int space_new(struct space **out);

/* What is known of it; when that is older than meta_ttl, it is asked for anew, in a thread of its
 * own. Never waits. Any thread. */
void space_get(struct remote *remote, struct statvfs *out);

/* Ends the question that is under way. NULL is fine. */
void space_stop(struct space *s);
void space_free(struct space *s); /* NULL is fine */

#endif
