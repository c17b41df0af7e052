/*
 * Parking: a file that gets a scratch name keeps its resource for whoever makes its name again,
 * as an editor does that renames a file to its backup and writes it anew. Until then the scratch
 * file stands for the resource: removing it deletes that, naming it back changes nothing. Once
 * the resource was taken back, the scratch file is local bytes and no more. A file that is moved
 * to a folder where programs collect such parks for some seconds.
 */
#ifndef LASFS_PARK_H
#define LASFS_PARK_H

#include "buf.h"
#include "call.h"
#include "failure.h"
#include "types.h"

struct drop;
struct folder;
struct fs;

/* d, held exclusively and not yet moved, is going to be called to_name in to: it parks, goes on
 * to be parked, or no more. 0, -ENOMEM. */
int park_rename(struct fs *fs, struct drop *d, struct folder *to, const char *to_name);

/* d was just made, as name in f: if what was called so there is parked, d is from now on that
 * resource, emptied. Blocks. 0, what drop_keep_bytes() gives. */
int park_take(struct fs *fs, struct call *call, struct drop *d, struct folder *f, const char *name,
              struct failure *err);

/* p keeps its resource, whatever is called as it was. 0, -EIO. */
int park_end(struct fs *fs, struct drop *p);

/* The bytes of p, which has them here, are on disk when this returns: its resource may go. 0, -EIO, -ENOSPC. */
int park_keep(struct fs *fs, struct drop *p);

/* The resource of p, held exclusively, has been taken by another one: p is a local file, on disk. 0,
 * -EIO, -ENOMEM, -ENOSPC. */
int park_release(struct fs *fs, struct drop *p);

#endif
