/* What the files of this room share. */
#ifndef LASFS_FILES_CONTEXT_H
#define LASFS_FILES_CONTEXT_H

#include <stdbool.h>

#include "lock.h"

struct handle;

struct files {
    struct pseudo *pseudo; /* set once, as all to ro */
    struct inodes *inodes;
    struct nodes *nodes;
    struct uploads *uploads;
    struct remote *remote;
    struct leases *leases;
    struct drops *drops;
    struct spool *spool;
    struct clock *clock;
    struct errlog *errlog;
    struct kernel *kernel;
    const char *scratch;
    bool ro;
    struct lock lock;
    struct handle *handles; /* guarded by lock: that are open */
};

#endif
