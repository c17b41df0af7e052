/* An open directory: what has been found in it so far, and how to find more. */
#ifndef LASFS_ENTRIES_H
#define LASFS_ENTRIES_H

#include "buf.h"
#include "call.h"
#include "failure.h"
#include "hash.h"
#include "lock.h"
#include "resolve.h"
#include "shared.h"
#include "types.h"

struct dirs;

struct item {
    char *name;                 /* NULL: the record's id */
    struct lookup_result found; /* with its drop; its id is the name of a row by id */
    UT_hash_handle hh;          /* by name */
};

/* Rows by id are many: they are kept as their record alone. */
struct slot {
    struct item *item;     /* NULL: a row by its id */
    struct record *record; /* of a list's row; else NULL */
};

struct dirhandle {
    struct node *node;
    uint64_t stat_ino;
    struct lock lock;   /* one reads a handle at a time */
    struct slot *slots; /* guarded by lock, as all below */
    size_t n, cap;
    struct item *by_name; /* those of slots */
    bool begun, done;
    bool may_write; /* who reads may wait for the disk */
    struct folder *folder;
    struct listing *listing;
    struct name_index *names; /* of what was not made here; NULL: it is listed by its id */
    size_t next_row;
    struct shared_walk walk;           /* over the rows, which get their names by it */
    size_t *later, n_later, later_cap; /* rows whose name only the whole list tells */
    size_t next_later;
    struct drop **shown; /* local ones that stand among the slots already, sorted */
    size_t n_shown;
    struct dirhandle *next, *prev; /* guarded by the room's lock: all that are open */
};

/* One entry more, under d's lock, unless there is one of that name: it was renamed or replaced
 * meanwhile. A drop in found gets a reference of its own. 0, -ENOMEM. */
int dir_add(struct dirhandle *d, const char *name, const struct lookup_result *found);

/* The same for a list's row, which gets a reference too. */
int dir_add_named_row(struct dirhandle *d, const char *name, const struct lookup_result *found,
                      struct record *record);

/* A row by its id, with a reference of its own. 0, -ENOMEM. */
int dir_add_row(struct dirhandle *d, struct record *record);

/* This row of the list is for when all of it is there. 0, -ENOMEM. */
int dir_add_later(struct dirhandle *d, size_t row);

/* Forgets all slots: the next look finds them anew. */
void dir_clear(struct dirhandle *d);

/* Opens n, a directory: takes the caller's reference. 0, -ENOMEM. */
int dir_new(struct dirs *dirs, struct node *n, struct dirhandle **out);
void dir_free(struct dirs *dirs, struct dirhandle *d); /* NULL is fine */

/* At the end of the mount: frees what nobody will release any more. */
void dirhandles_free(struct dirs *dirs);

#endif
