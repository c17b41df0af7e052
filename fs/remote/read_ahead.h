/*
 * Documents are read ahead of who walks through a folder (walk.h): in the order of its list, of their
 * ids, or of the names of what was put there, forwards or backwards, each or every few. They go to the
 * content cache by requests of CALL_BACKGROUND, behind all that somebody waits for; who opens one that is
 * under way waits for that. What an earlier mount has left in the cache is looked through in the same way:
 * that is most of what it costs its first reader. Looking does not count: a listing, find and stat read
 * nothing ahead, and neither does a single cat.
 */
#ifndef LASFS_READ_AHEAD_H
#define LASFS_READ_AHEAD_H

#include <stdint.h>

#include "backend.h"

/* So many bytes at a time, or a quarter of the content cache when that is less. */
#define READ_AHEAD_BYTES ((int64_t)64 << 20)

struct content_at;
struct remote;

/* known_content_open(), for somebody who reads: what comes next is begun before it. */
int read_ahead_open(struct remote *remote, struct call *call, const struct target *t,
                    struct content_at *out, struct failure *err);

/* Somebody has opened t's content, of size bytes, to read it. Any thread; never blocks. */
void read_ahead_opened(struct remote *remote, const struct target *t, int64_t size);

/* Nobody will read any more: what is under way is given up, but for what somebody waits for, and nothing is
 * begun. */
void read_ahead_stop(struct remote *remote);

#endif
