/*
 * What only the answer to a POST carries (F_ONCE): in memory until the mount ends, never on disk.
 * Any thread; nothing here blocks.
 */
#ifndef LASFS_ONCE_H
#define LASFS_ONCE_H

#include "backend.h"

struct remote;

/* Takes such fields out of an answer: *r is replaced by one without them. 0, -ENOMEM (*r is as it
 * was). */
int once_keep(struct remote *remote, struct record **r);

/* The field's text of the resource of this id, added to out (NULL: only whether it is there). 0,
 * -ENOENT, -ENOMEM. */
int once_text(struct remote *remote, const char *id, const struct field *f, struct buf *out);

/* The resource is gone. */
void once_forget(struct remote *remote, const char *id);

void once_release(struct remote *remote);

#endif
