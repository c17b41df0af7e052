/* What the files of this room share. */
#ifndef LASFS_FS_CONTEXT_H
#define LASFS_FS_CONTEXT_H

#include <stdint.h>

#include "operations.h"

struct fs {
    const struct options *options; /* set once, as all to files */
    struct backend *backend;
    struct clock *clock;
    struct log *log;
    int64_t started_ns;
    struct errlog *errlog;
    struct kernel *kernel;
    struct pool *pool;
    struct state *state;
    struct spool *spool;
    struct content_cache *content;
    struct nodes *nodes;
    struct drops *drops;
    struct remote *remote;
    struct uploads *uploads;
    struct inodes *inodes;
    struct pseudo *pseudo;
    struct dirs *dirs;
    struct files *files;
    struct operations operations;
};

#endif
