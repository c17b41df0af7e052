/* What the files of this room share. */
#ifndef LASFS_UPLOADS_CONTEXT_H
#define LASFS_UPLOADS_CONTEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lock.h"

struct call;
struct drop;
struct heir;
struct journal;
struct queue;
struct filetype;
struct waiting;
struct flights;

struct uploads {
    struct remote *remote; /* set once, as all to waiting */
    struct drops *drops;
    struct backend *backend;
    struct clock *clock;
    struct errlog *errlog;
    struct pool *pool;
    struct state *state;
    struct spool *spool;
    const char *scratch;
    int other;    /* enum other_mode */
    int complete; /* enum complete_mode */
    bool ro, nodelete, writeback, dedupe;
    int64_t settle_ms, unsure_ms, timeout_ms;
    void (*renamed)(void *arg, struct call *call, struct drop *d); /* struct uploads_config */
    void *arg;
    struct journal *journal;
    struct queue *queue;
    struct filetype *filetype;
    struct flights *asking; /* of asked_finish(), and of dedupe_send() */
    struct waiting *waiting;
    struct lock heirs_lock;
    struct heir *heirs;    /* guarded by heirs_lock */
    atomic_ullong purged;  /* documents that purge has deleted */
    atomic_uint releasing; /* files of which the last close is still to be dealt with */
};

#endif
