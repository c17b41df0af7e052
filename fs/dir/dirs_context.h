/* What the files of this room share. */
#ifndef LASFS_DIRS_CONTEXT_H
#define LASFS_DIRS_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lock.h"

struct dirhandle;

struct dirs {
    struct pseudo *pseudo; /* set once, as all to allow_other */
    struct inodes *inodes;
    struct nodes *nodes;
    struct remote *remote;
    struct drops *drops;
    struct errlog *errlog;
    int64_t started_ns;
    int list; /* enum list_mode */
    uid_t uid;
    gid_t gid;
    mode_t umask;
    bool allow_other;
    struct lock lock;
    struct dirhandle *dirhandles; /* guarded by lock: that are open */
};

#endif
