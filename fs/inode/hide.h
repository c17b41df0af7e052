/*
 * Names that were unlinked although the API cannot delete what they show: they are hidden for a
 * few seconds, so that rm -r goes through, and are back unless their parent was deleted.
 */
#ifndef LASFS_HIDE_H
#define LASFS_HIDE_H

#include "buf.h"
#include "call.h"
#include "failure.h"
#include "types.h"

struct inodes;

/* 0, -ENOMEM. */
int hide_name(struct inodes *inodes, uint64_t parent_ino, const char *name);
bool hide_is_hidden(struct inodes *inodes, uint64_t parent_ino, const char *name);
void hide_show(struct inodes *inodes, uint64_t parent_ino, const char *name);
/* The directory is gone, and with it all that was hidden in it. */
void hide_forget(struct inodes *inodes, uint64_t parent_ino);
void hide_release(struct inodes *inodes);

#endif
