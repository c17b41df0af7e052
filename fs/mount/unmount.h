/* Ending mounts: for `lasfs --unmount`, and for a dead one that a new mount takes over. */
#ifndef LASFS_UNMOUNT_H
#define LASFS_UNMOUNT_H

#include <stdbool.h>

#include "failure.h"

/*
 * Unmounts, and waits until the daemon behind it has sent what is left and ended. What takes longer
 * than a second says on stderr what it waits for, how long that may take, and who still uses the mount.
 * no_wait, or a second SIGINT: what is not sent is left to the next mount, and a line says how much that
 * is. Takes SIGINT for good. 0 or -errno with words in err.
 */
int unmount_and_wait(const char *mountpoint, bool no_wait, struct failure *err);

/*
 * Is this a place to mount on? A mount whose daemon has died is unmounted first. nonempty: there
 * may be something in it, or mounted there. 0; -ENOENT, -ENOTDIR, -ENOTEMPTY, -EBUSY a file system
 * is mounted there already; words in err.
 */
int mountpoint_check(const char *mountpoint, bool nonempty, struct failure *err);

#endif
