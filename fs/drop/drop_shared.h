/*
 * What all drops share: the lock, the tables, where bytes and rows go. For this room alone.
 */
#ifndef LASFS_DROP_SHARED_H
#define LASFS_DROP_SHARED_H

#include <stdint.h>

#include "clock.h"
#include "lock.h"

struct doomed;
struct folder;
struct owner;
struct reserved_name;
struct spool;
struct state;

struct drops {
    struct lock lock;
    /* In this order, before lock; a folder's key changes under all three. */
    struct lock load_lock; /* one reads a folder's rows at a time */
    struct lock row_lock;  /* rows go out in the order of what they say */
    struct failure
        unopened;        /* guarded by load_lock: why a file that a row has could not be opened */
    struct state *state; /* set once */
    struct spool *spool; /* set once */
    struct clock *clock; /* set once */
    const char *scratch; /* set once: more patterns (scratch.h), or NULL */
    struct folder *folders; /* guarded by lock, as all below */
    struct folder *retired; /* whose key another one has now */
    struct owner *owners;
    struct doomed *doomed; /* by id */
    struct reserved_name *reserved;
    int64_t last_failed; /* the last number in .lasfs/failed */
    int64_t trusted_ms;  /* what was sent before this must be in the API's lists by now */
};

#endif
