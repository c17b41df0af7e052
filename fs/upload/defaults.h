/*
 * .defaults.json in a folder: merged under the body of every POST from it and from the folders
 * within that have none of their own. It is a local file there, in no listing.
 */
#ifndef LASFS_DEFAULTS_H
#define LASFS_DEFAULTS_H

#include "backend.h"
#include "body.h"

struct bytes;
struct folder;
struct uploads;

/* Sets what the nearest .defaults.json has and body has not. Blocks for the disk. 0, -EINVAL it
 * has what this POST cannot have, -ENOMEM, -EIO. */
int defaults_apply(struct uploads *uploads, const struct folder *f, struct body *body,
                   struct failure *err);

/* May these bytes be the defaults of f? 0, -EINVAL with words, -EFBIG, -ENOMEM, -EIO. */
int defaults_check(const struct folder *f, struct bytes *bytes, struct failure *err);

#endif
