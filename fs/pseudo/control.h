/* .lasfs/control: commands to the daemon, one a line, carried out inside write(2). */
#ifndef LASFS_CONTROL_H
#define LASFS_CONTROL_H

#include "backend.h"

struct pseudo;

/*
 * refresh PATH     forgets what is cached of a resource or a collection
 * flush            waits until all files that were closed have been dealt with
 * retry NAME       tries once more to deliver a file of .lasfs/failed
 * retry PATTERN    the same of all whose name there, or path in the mount, fits (fnmatch(3)); each
 *                  that fails has a line in the error log, and the first one's error is returned
 * retry all        the same of all
 * purge PATH [N]   deletes the documents of a dataset's or a consent's folder, or the first N
 * Paths are within the mount. Blocks. 0; -EINVAL no such command, or one that does not go there;
 * -ENOENT, and what delivering and deleting give.
 */
int control_run(struct pseudo *pseudo, struct call *call, const char *text, size_t len,
                struct failure *err);

#endif
