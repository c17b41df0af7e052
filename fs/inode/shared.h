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

#include "call.h"
#include "failure.h"

struct folder;
struct inodes;

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
