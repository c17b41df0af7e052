/* What removing and renaming share. */
#ifndef LASFS_REMOVE_H
#define LASFS_REMOVE_H

#include "buf.h"
#include "call.h"
#include "failure.h"
#include "types.h"

struct folder;
struct fs;

/* Takes away the subfolder called name, with the defaults that it has. Blocks for the disk. 0,
 * -ENOENT, -ENOTEMPTY, -ENOMEM, -EIO. */
int remove_subfolder(struct fs *fs, struct folder *f, const char *name);

#endif
