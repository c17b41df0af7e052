/* The lists that are remembered. For known.c, which knows the rest. Any thread; none blocks. */
#ifndef LASFS_KNOWN_LISTS_H
#define LASFS_KNOWN_LISTS_H

#include "core.h"

/* How long a record may be believed: what will change by itself soon not for long. */
int64_t known_ttl(struct fs *fs, const struct record *r);

/* The resource in a list that was fetched lately. 0 with a reference; -ENOENT; -ESTALE: it was
 * passing there, and may have passed since. */
int known_lists_find(struct fs *fs, const struct target *t, struct record **out);

/* Lists of such resources are fetched anew, whatever their filter. */
void known_lists_forget(struct fs *fs, const struct target *t);

/* The resource is now so in all of them; NULL: it is gone. */
void known_lists_apply(struct fs *fs, const struct target *t, struct record *now);

void known_lists_clear(struct fs *fs);

#endif
