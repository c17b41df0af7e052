/* What the files of this room share. */
#ifndef LASFS_INODES_CONTEXT_H
#define LASFS_INODES_CONTEXT_H

#include <stdatomic.h>

#include "lock.h"

struct hidden;
struct shared;

struct inodes {
    struct nodes *nodes; /* set once, as all to arg */
    struct drops *drops;
    struct remote *remote;
    struct clock *clock;
    struct errlog *errlog;
    struct kernel *kernel;
    struct log *log;
    const char *scratch;
    bool (*is_sending)(void *arg, const char *key);
    bool (*owes_name)(void *arg, const char *id);
    void *arg;
    struct lock shared_lock;
    struct shared *shared; /* guarded by shared_lock */
    struct lock hidden_lock;
    struct hidden *hidden; /* guarded by hidden_lock */
    atomic_uint n_hidden;  /* so many, for who only asks whether there are any */
};

#endif
