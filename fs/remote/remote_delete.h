#ifndef LASFS_REMOTE_DELETE_H
#define LASFS_REMOTE_DELETE_H

#include "backend.h"

struct remote;

/* DELETE of the resource that stands at t; gone already is fine. *was, if was is not NULL: what it
 * was, with a reference, or NULL. -EPERM with nodelete. */
int remote_delete(struct remote *remote, struct call *call, const struct target *t,
                  struct record **was, struct failure *err);

#endif
