/* POST: a resource is made, by whatever way. */
#ifndef LASFS_MAKE_H
#define LASFS_MAKE_H

#include "backend.h"

struct folder;
struct uploads;

/*
 * POSTs body, and under it what the folder's defaults say, to f's list: one request. What only the
 * answer has is kept aside; what is known of the API follows. 0 with a reference; -EAGAIN nothing
 * waits to be claimed; what backend_create() gives.
 */
int make_resource(struct uploads *uploads, struct call *call, const struct folder *f,
                  struct body *body, struct record **out, struct failure *err);

#endif
