/*
 * Where `lasfs --sandbox` keeps what it has, for lasfs, which makes it, and for lasfs-sandbox, which
 * lists it and takes it away: a directory DIR with these in it. No memory of its own, no lock;
 * blocks for the disk only.
 */
#ifndef LASFS_SANDBOX_DIRS_H
#define LASFS_SANDBOX_DIRS_H

#include <stddef.h>

#define SANDBOX_SERVER "server" /* the state of lasfs-sandbox */
#define SANDBOX_MOUNT "mount"   /* of lasfs */
#define SANDBOX_CACHE "cache"   /* of lasfs: contents */
#define SANDBOX_LOCK "lock"     /* in server/ and mount/: locked as long as in use, with the pid */

/* Without --sandbox=DIR: $XDG_DATA_HOME/lasfs/sandbox, or that in the home directory. The caller
 * frees; NULL: no memory or no home. */
char *sandbox_dirs_default(void);

/* Remembers a DIR that somebody chose, in $XDG_DATA_HOME/lasfs/sandboxes, for sandbox_dirs_list().
 * What cannot be remembered is used all the same. */
void sandbox_dirs_note(const char *dir);

/* Forgets it. */
void sandbox_dirs_forget(const char *dir);

/* The default one and those remembered, absolute, of which there is a server's state. The caller
 * frees each and the array. 0, -ENOMEM. */
int sandbox_dirs_list(char ***out, size_t *n);

#endif
