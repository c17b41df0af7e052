/*
 * NAME.json beside a document NAME: its ground truth, sent as a PATCH once both are there, in
 * whatever order they come. It is a local file; removing it removes nothing else.
 */
#ifndef LASFS_SIDECAR_H
#define LASFS_SIDECAR_H

#include "core.h"

/* Is a file of this name in f what stands beside a document? */
bool sidecar_is(const struct folder *f, const char *name);

/* The sidecar called name has these bytes now. 0 sent, or its document is not there yet; -EINVAL
 * with words, and what backend_update() gives. */
int sidecar_commit(struct fs *fs, struct call *call, struct folder *f, const char *name,
                   struct bytes *bytes, struct failure *err);

/* document is there now, or will be once it is renamed, under name in f: what stands beside it is
 * sent. That it is refused is kept with the sidecar, and written to the error log. */
void sidecar_follow(struct fs *fs, struct call *call, struct drop *document, struct folder *f,
                    const char *name);

#endif
