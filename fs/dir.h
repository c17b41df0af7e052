/* An open directory: what has been found in it so far, and how to find more. */
#ifndef LASFS_DIR_H
#define LASFS_DIR_H

#include "core.h"
#include "resolve.h"

struct item {
    char *name;            /* NULL: the record's id */
    struct record *record; /* of a row of a list, else NULL */
    struct found found;    /* with its drop; its id is the name of a row by id */
    UT_hash_handle hh;     /* by name */
};

/* Rows by id are many: they are kept as their record alone. */
struct slot {
    struct item *item; /* NULL: a row by its id */
    struct record *record;
};

struct dirhandle {
    struct node *node;
    uint64_t stat_ino;
    pthread_mutex_t lock; /* one reads a handle at a time */
    struct slot *slots;   /* guarded by lock, as all below */
    size_t n, cap;
    struct item *by_name; /* those of slots */
    bool begun, done;
    struct folder *folder;
    struct listing *listing;
    struct name_index *names; /* of what was not made here; NULL: it is listed by its id */
    size_t next_row;
    struct drop **shown; /* local ones that stand among the slots already, sorted */
    size_t n_shown;
    struct dirhandle *next, *prev; /* guarded by the fs's lock: all that are open */
};

/* Makes slots (under d's lock) until there is one number index. 0, 1 there are no more, what the
 * API gives. */
int dir_fill(struct fs *fs, struct call *call, struct dirhandle *d, size_t index,
             struct failure *err);

/* One entry more, under d's lock, unless there is one of that name: it was renamed or replaced
 * meanwhile. A drop in found gets a reference of its own. 0, -ENOMEM. */
int dir_add(struct dirhandle *d, const char *name, const struct found *found);

/* Forgets all slots: the next look finds them anew. */
void dir_clear(struct dirhandle *d);

#endif
