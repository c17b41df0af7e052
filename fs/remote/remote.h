/*
 * What is known of the API, for one mount: records, lists and contents that were fetched, the
 * heartbeats that are kept up. All functions of the room take it; known.h is where to begin.
 */
#ifndef LASFS_REMOTE_H
#define LASFS_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meta.h"

struct backend;
struct clock;
struct content_cache;
struct errlog;
struct leases;
struct pool;
struct remote;
struct state;

struct remote_config {
    struct backend *backend; /* outlives it, as all here */
    struct clock *clock;
    struct pool *pool;
    struct state *state;
    struct content_cache *content;
    struct errlog *errlog;
    int64_t meta_ttl_ms, list_ttl_ms;
    size_t cache_bytes; /* of records in memory */
    unsigned ahead_max; /* documents that are read ahead at once; 0: none */
    bool ro;            /* nothing is changed there */
    bool nodelete;      /* nothing is deleted there */
};

/* Asks for nothing yet. 0, -ENOMEM. */
int remote_new(const struct remote_config *config, struct remote **out);

/* Ends the heartbeats and the questions that are under way: before the pool ends. NULL is fine. */
void remote_stop(struct remote *remote);
void remote_free(struct remote *remote); /* NULL is fine */

/* The heartbeats: lease.h. */
struct leases *remote_leases(struct remote *remote);

/* Contents that somebody opened: from the cache (hits), or not without a request. ahead: so many were
 * fetched before anybody asked; of these used, or removed in vain, since; or neither yet. */
struct remote_reads {
    uint64_t hits, misses, hits_lately, misses_lately;
    uint64_t ahead, ahead_used, ahead_vain;
};
void remote_get_reads(struct remote *remote, struct remote_reads *out);

/* Of the records that are remembered. */
void remote_get_stats(struct remote *remote, struct meta_stats *out);

#endif
