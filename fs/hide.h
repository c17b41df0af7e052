/*
 * Names that were unlinked although the API cannot delete what they show: they are hidden for a
 * few seconds, so that rm -r goes through, and are back unless their parent was deleted.
 */
#ifndef LASFS_HIDE_H
#define LASFS_HIDE_H

#include "core.h"

/* 0, -ENOMEM. */
int hide_name(struct fs *fs, uint64_t parent_ino, const char *name);
bool hide_is_hidden(struct fs *fs, uint64_t parent_ino, const char *name);
void hide_show(struct fs *fs, uint64_t parent_ino, const char *name);
/* A name that went with another one: for a few seconds it can still be unlinked, so that rm -r,
 * which has read the directory before, goes through. It is not listed. 0, -ENOMEM. */
int hide_linger(struct fs *fs, uint64_t parent_ino, const char *name);
bool hide_lingers(struct fs *fs, uint64_t parent_ino, const char *name);

/* The directory is gone, and with it all that was hidden in it. */
void hide_forget(struct fs *fs, uint64_t parent_ino);
void hide_release(struct fs *fs);

#endif
