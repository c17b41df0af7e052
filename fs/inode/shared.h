/*
 * What other machines put into a folder's list, by the stamps of its documents (stamp.h): each gets a name
 * here as what was put here has, in the folder or in one within it, with its size, time and digest. From
 * then on nothing is different about it.
 *
 * A name that something else has here stays with that: the other one is called NAME~12345678, by the
 * digits of its id, and one line in errors tells. Nothing is deleted, or asked for, for it.
 */
#ifndef LASFS_SHARED_H
#define LASFS_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call.h"
#include "failure.h"

struct folder;
struct inodes;
struct listing;
struct record;

/* A walk through a list, which says of each row what it is called here as the row comes. */
struct shared_walk {
    struct folder
        *root; /* NULL: nothing in the list is anybody else's, or it was looked through already */
    int64_t newest_ns, changed_ns; /* what was made, and changed, last of what was seen */
    int64_t since_ns, was_ns;      /* what was changed before was looked at already */
    bool again;                    /* one is to be looked at once more */
    bool first;                    /* nobody has looked before: what is seen was there */
};

/* l is the list that f is in, or begins to be. 0, -EWOULDBLOCK, -ENOMEM, -EIO. */
int shared_walk_begin(struct inodes *inodes, struct call *call, struct folder *f, struct listing *l,
                      struct shared_walk *out);

/* Has it no name here yet, or another one, it has one when this returns. Blocks for the disk. 0; 1
 * only the whole list tells: this row once more, then; -ENOMEM, -EIO, -ENOSPC. */
int shared_walk_row(struct inodes *inodes, struct call *call, struct listing *l,
                    struct shared_walk *walk, struct record *r);

/* All of it has come: so many rows were walked over, gaps among them. */
void shared_walk_end(struct inodes *inodes, struct listing *l, struct shared_walk *walk,
                     size_t rows);

/* Looks through all of the list that f is in, unless it is the one that was looked through last. 0, also
 * where there is nothing of the kind; -EWOULDBLOCK, -ENOMEM, what backend_list() gives. */
int shared_look(struct inodes *inodes, struct call *call, struct folder *f, struct failure *err);

/* For a name that is not here: all of it once, from then on what is new, at most every list_ttl. What
 * cannot be asked is not there. With call->nowait it does not wait for the disk either. 0, -EWOULDBLOCK,
 * -EINTR. */
int shared_look_for(struct inodes *inodes, struct call *call, struct folder *f, const char *name);

/* What was looked at counts no more for who looks for a name: something has happened there. Never blocks. */
void shared_look_again(struct inodes *inodes);

void shared_release(struct inodes *inodes);

#endif
