/* From a drop to the resource that it stands for. */
#ifndef LASFS_DROP_TARGET_H
#define LASFS_DROP_TARGET_H

#include "drop.h"
#include "target.h"

/* The resource that a sent drop stands for. The caller holds the drop exclusively, or accepts
 * what it was a moment ago. -ENOENT it stands for none. */
int drop_target(struct drops *t, struct drop *d, struct target_ids *out);

/* A file with a content that was dropped here and has another name by now does not answer to its
 * old one, which the API may still have: is that so of the resource of this id, called name? */
bool drops_hide_name(struct drops *t, struct folder *f, const char *name, const char *id);

#endif
