/*
 * Pictures of a content's pages, as the address of the content makes them. They are kept in memory, beside
 * what is known of the API, and on no disk: what is deleted leaves none behind.
 */
#ifndef LASFS_PICTURE_H
#define LASFS_PICTURE_H

#include "backend.h"
#include "cleanup.h"

struct picture;
struct remote;

/*
 * The one that t's address gives for a query (picture_query()), from memory, or fetched once for all who
 * ask. 0 with a reference; -ENOENT: t has no address, or no such page, or this server makes no pictures;
 * -EINVAL: it cannot make one of these bytes; -EWOULDBLOCK with nowait, what backend_get_raw() gives.
 */
int picture_get(struct remote *remote, struct call *call, const struct target *t, const char *query,
                struct picture **out, struct failure *err);

/* Its bytes, a JPEG's, for as long as one has a reference. */
const char *picture_bytes(const struct picture *p, size_t *len);

void picture_unref(struct picture *p); /* NULL is fine */
static inline void picture_unref_at(struct picture **p)
{
    picture_unref(*p);
}
#define cleanup_picture CLEANUP(picture_unref_at)

#endif
