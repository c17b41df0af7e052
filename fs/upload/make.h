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

/* The same without the defaults: body is all of it. t: the list. */
int make_as_said(struct uploads *uploads, struct call *call, const struct target *list,
                 const struct body *body, struct record **out, struct failure *err);

#endif
