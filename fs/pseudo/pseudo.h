/*
 * Files whose bytes are made up, for one mount. All functions of the room take it; text.h is where
 * to begin.
 */
#ifndef LASFS_PSEUDO_H
#define LASFS_PSEUDO_H

#include <stdbool.h>
#include <stdint.h>

struct backend;
struct clock;
struct content_cache;
struct drops;
struct errlog;
struct inodes;
struct kernel;
struct nodes;
struct operations;
struct pseudo;
struct remote;
struct state;
struct uploads;

struct pseudo_config {
    struct inodes *inodes; /* outlives it, as all here but endpoint */
    struct nodes *nodes;
    struct uploads *uploads;
    struct remote *remote;
    struct drops *drops;
    struct backend *backend;
    struct content_cache *content;
    struct state *state;
    struct clock *clock;
    struct errlog *errlog;
    struct kernel *kernel;
    const struct operations *operations;
    const char *endpoint; /* for the status page; copied */
    int64_t started_ns;   /* (realtime) when the mount began */
    bool ro;              /* no field is written */
};

/* 0, -ENOMEM. */
int pseudo_new(const struct pseudo_config *config, struct pseudo **out);
void pseudo_free(struct pseudo *pseudo); /* NULL is fine */

#endif
