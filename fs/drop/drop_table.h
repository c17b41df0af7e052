/* What is in the folders: found by name, and by the resource that it stands for. Any thread. */
#ifndef LASFS_DROP_TABLE_H
#define LASFS_DROP_TABLE_H

#include "drop.h"

/* What is called name in f, with a reference, or NULL. */
struct drop *drops_find(struct drops *t, const struct folder *f, const char *name);

/* Is d called name in f still? Who waited for it asks, once it is held. */
bool drop_is_called(struct drops *t, const struct drop *d, const struct folder *f,
                    const char *name);

/* What was called name in f and is parked, with a reference, or NULL. */
struct drop *drops_find_parked(struct drops *t, struct folder *f, const char *name);

/* The name in f that stands for this resource, with a reference, or NULL. */
struct drop *drops_find_id(struct drops *t, struct folder *f, const char *id);

/* The same in any folder of f's list that was used. */
struct drop *drops_find_id_in_list(struct drops *t, const struct folder *f, const char *id);

/* The file that stands for it, in whatever folder that was used. */
struct drop *drops_find_id_loaded(struct drops *t, const char *id);

/* The same in f or a folder within it. */
struct drop *drops_find_id_below(struct drops *t, struct folder *f, const char *id);

/* Is this resource named in f or a folder within it? */
bool drops_owns_id(struct drops *t, struct folder *f, const char *id);

/* Has any name here, in whatever folder, this resource, or keeps it? Blocks for the disk. */
bool drops_has_id(struct drops *t, const char *id);

/* The resource of what is called name in f. 0, -ENOENT. */
int drops_id_of_name(struct drops *t, const struct folder *f, const char *name,
                     char id[RESOURCE_ID_MAX + 1]);

/* What failed under name in f, with a reference, or NULL. */
struct drop *drops_find_failed(struct drops *t, struct folder *f, const char *name);

/* All in f, NULL: in all folders; one reference each, the caller frees the array. 0, -ENOMEM. */
int drops_list_failed(struct drops *t, struct folder *f, struct drop ***out, size_t *n);

/* --- Lists ------------------------------------------------------------------------------------ */

/* All that is in f, one reference each; the caller frees the array. 0, -ENOMEM. */
int drops_list(struct drops *t, struct folder *f, struct drop ***out, size_t *n);

/* All that have local bytes, in the folders that were used. 0, -ENOMEM. */
int drops_list_local(struct drops *t, struct drop ***out, size_t *n);

/* All in the folder of this key and those below it that were used. 0, -ENOMEM. */
int drops_list_within(struct drops *t, const char *key, struct drop ***out, size_t *n);

/* Counts for .lasfs/status, of the folders that were used. */
struct drops_stats {
    size_t sent, local, open, failed;
    size_t sending; /* closed by all who wrote, and on their way */
};
void drops_get_stats(struct drops *t, struct drops_stats *out);

/* --- Parked names ----------------------------------------------------------------------------- */

/* d keeps the resource of what was called name in that folder, for until_ms; NULL: no more. The lock
 * is held. 0, -ENOMEM. */
int drop_set_parked_locked(struct drop *d, struct folder *in, const char *name, int64_t until_ms);

#endif
