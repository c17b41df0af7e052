/* The lists that are remembered. Any thread; none blocks. */
#ifndef LASFS_KNOWN_LISTS_H
#define LASFS_KNOWN_LISTS_H

#include "backend.h"

struct folder;
struct listing;
struct remote;

/* The list, as fresh as list_ttl says, with a reference. Rows are loaded when asked for. */
int known_listing(struct remote *remote, const struct resource *res, const char *parent,
                  const char *filter, const char *value, struct listing **out);

/* The next look at this folder's list is a fresh one. */
void known_forget_listing(struct remote *remote, const struct folder *f);

/* The same for a folder's list. */
int known_folder_listing(struct remote *remote, const struct folder *f, struct listing **out);

/* --- For known.c, which knows the rest ------------------------------------------------------- */

/* How long a record may be believed: what will change by itself soon not for long. */
int64_t known_ttl(struct remote *remote, const struct record *r);

/* The resource in a list that was fetched lately. 0 with a reference; -ENOENT; -ESTALE: it was
 * passing there, and may have passed since. */
int known_lists_find(struct remote *remote, const struct target *t, struct record **out);

/* The lists of such resources that are remembered, however old; each with a reference. How many. */
struct known_list {
    struct listing *listing;
    uint64_t key; /* the same when it is fetched anew */
};
size_t known_lists_of(struct remote *remote, const struct target *t, struct known_list *out,
                      size_t max);

/* Lists of such resources are fetched anew, whatever their filter. */
void known_lists_forget(struct remote *remote, const struct target *t);

/* The resource is now so in all of them; NULL: it is gone. */
void known_lists_apply(struct remote *remote, const struct target *t, struct record *now);

void known_lists_clear(struct remote *remote);

#endif
