/* From local bytes to a resource of the API. */
#ifndef LASFS_DELIVER_H
#define LASFS_DELIVER_H

#include "core.h"

/*
 * Sends d's bytes as what they become in folder under name, if they become anything. Without an id:
 * one POST. With one, they take the place of that resource: one PATCH where a content can be
 * replaced; else the new one is made first and the old one deleted then (nodelete: it stays under
 * its id). What is made from JSON: deliver_json.h. Equal bytes send nothing. The caller holds d
 * exclusively. When it returns 0 and something was sent, the row is on disk.
 *
 * 0 sent, unchanged, or local (scratch, empty, no folder of documents); -EINVAL not a type that
 * the API takes, -EROFS, what backend_create() gives. On failure d is as it was.
 */
int deliver_drop(struct fs *fs, struct call *call, struct drop *d, struct folder *folder,
                 const char *name, struct failure *err);

/* The same in its own folder under its own name, in the place of what it stood for; a failure
 * is kept with it: it is marked as failed. */
int deliver_commit(struct fs *fs, struct call *call, struct drop *d, struct failure *err);

/* What was sent and nobody has open goes from the spool to the content cache. The caller
 * holds d exclusively. */
void deliver_settle(struct fs *fs, struct drop *d);

/* At the end of the mount: what was sent leaves the spool, whoever still has it open. */
void deliver_settle_all(struct fs *fs);

/* DELETE of the resource that stands at t; gone already is fine. -EPERM with nodelete. */
int deliver_delete(struct fs *fs, struct call *call, const struct target *t, struct failure *err);

/* Does a file of this name become a resource in this folder? */
bool deliver_takes(const struct folder *f, const char *name);

/* Is it the name of what stays here: a temporary file, or the folder's defaults? */
bool deliver_is_scratch(struct fs *fs, const char *name);

/* Does a file of this name stay local in this folder? */
bool deliver_is_local(struct fs *fs, const struct folder *f, const char *name);

#endif
