/*
 * Into the folders' tables and out of them: by name, and by the resource that a name stands for.
 * For this room alone; the drops' lock is held in all of these.
 */
#ifndef LASFS_DROP_LINKS_H
#define LASFS_DROP_LINKS_H

#include "drop.h"
#include "drop_shared.h"

/* A resource's id and the drop that is named for it. */
struct owner {
    char *id;           /* the drop's */
    struct drop *drop;  /* linked, or the owner would be gone */
    struct owner *next; /* another name of the same resource */
    UT_hash_handle hh;  /* the first of them: by id */
};

/* What is called so in f, or has failed under that name; without a reference, or NULL. */
struct drop *drop_linked(const struct folder *f, const char *name);
struct drop *drop_linked_failed(const struct folder *f, const char *name);

/* d is found in its folder under its name from now on: what has failed (APART) apart from the
 * rest. The folder has a reference. 0, -ENOMEM. */
int drop_link(struct drop *d);

/* And no more: the folder's reference is the caller's. NULL: it was not. */
struct drop *drop_unlink(struct drop *d);

/* d->id is set: it is found by it. 0, -ENOMEM. */
int drop_own(struct drops *t, struct drop *d);
void drop_disown(struct drops *t, struct drop *d); /* and no more */

/* The resource that it stands for from now on; NULL: none. 0, -ENOMEM. */
int drop_set_id_locked(struct drops *t, struct drop *d, const char *id);

/* The same, and these bytes of it were acknowledged. */
int drop_stand_for_locked(struct drops *t, struct drop *d, const char *id,
                          const struct acked *acked);

/* Has the same name failed in both? */
bool drop_links_meet(const struct folder *f, const struct folder *there);

/* What failed in there is f's: its key will be. 0, -ENOMEM. */
int drop_links_join(struct folder *f, struct folder *there);

/* The folder of this key, or NULL. */
struct folder *drop_folder_of_key(struct drops *t, const char *key);

/* With what failed in it; nothing else is linked there any more. Half made is fine. */
void folder_free(struct folder *f);

#endif
