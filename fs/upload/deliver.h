/* From local bytes to a resource of the API. */
#ifndef LASFS_DELIVER_H
#define LASFS_DELIVER_H

#include "backend.h"

struct drop;
struct folder;
struct intent_row;
struct moving;
struct uploads;

/*
 * Sends d's bytes as what they become in folder under name, if they become anything. Without an id:
 * one POST. With one, they take the place of that resource: one PATCH where a content can be
 * replaced; else the new one is made first and the old one deleted then (nodelete: it stays under
 * its id). What is made from JSON: deliver_json.h. Equal bytes send nothing. The caller holds d
 * exclusively. When it returns 0 and something was sent, the row is on disk; with writeback it is only
 * queued (queue.h) where it has a content.
 *
 * 0 sent, unchanged, or local (scratch, empty, no folder of documents); -EINVAL not a type that
 * the API takes, -EROFS, what backend_create() gives. On failure d is as it was.
 */
int deliver_drop(struct uploads *uploads, struct call *call, struct drop *d, struct folder *folder,
                 const char *name, struct failure *err);

/* The same of m's drop for a rename, under the name that it gets: should the daemon die before the
 * names have changed, the next one changes them. */
int deliver_moving(struct moving *m, struct failure *err);

/* The same, and what is refused is kept as what failed under that name. */
int deliver_as(struct moving *m, struct failure *err);

/* The same in its own folder under its own name, in the place of what it stood for; what
 * fails is kept apart, and d is what the server has: drop_set_failed(). */
int deliver_commit(struct uploads *uploads, struct call *call, struct drop *d, struct failure *err);

/* The same of one that was queued, for its intent. What fails leaves it as it was. */
int deliver_queued(struct uploads *uploads, struct call *call, struct drop *d,
                   const struct intent_row *row, struct failure *err);

#endif
