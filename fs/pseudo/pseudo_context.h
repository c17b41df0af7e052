/* What the files of this room share; all is set once. */
#ifndef LASFS_PSEUDO_CONTEXT_H
#define LASFS_PSEUDO_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

struct pseudo {
    struct inodes *inodes;
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
    char *endpoint;
    int64_t started_ns;
    bool ro;
};

#endif
