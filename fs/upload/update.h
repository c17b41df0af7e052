/*
 * New bytes for a resource that keeps its id, an asset's: one PATCH, with an intent before it that ends with
 * the row of the name. What nobody knows when the daemon dies is looked for: the resource has the bytes or not.
 * With writeback they are queued instead, and a PATCH of the same bytes is sent again. Any thread.
 */
#ifndef LASFS_UPDATE_H
#define LASFS_UPDATE_H

#include <stdint.h>

#include "backend.h"

struct call;
struct drop;
struct folder;
struct intent_row;
struct moving;
struct uploads;

struct update {
    struct uploads *uploads;
    struct call *call;
    struct folder *folder; /* where the bytes will be, and the name */
    const char *name;
    struct moving *moving; /* the rename that they are sent for, or NULL */
    const char *id;
    const uint8_t *sha256;
    int64_t size; /* bytes */
};

/* It is going to go out: on disk when this returns, and held. 0, -ENOSPC, -EIO, -ENOMEM. */
int update_begin(const struct update *u, int64_t *number, struct failure *err);

/* It has ended with rc. Where it may have been carried out all the same, it is looked at for as long as it may
 * land. 0: it was, and *out is what it has made. Else rc; what nobody knows, the journal goes on looking for. */
int update_failed(const struct update *u, int64_t number, int rc, struct record **out,
                  struct failure *err);

/* Looks for what nobody knows: where it was carried out, its name is at these bytes from now on. As the journal's
 * work(). */
int64_t update_settle(struct uploads *uploads, struct call *call, const struct intent_row *row,
                      struct failure *why);

#endif
