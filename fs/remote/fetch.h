/* GET of one resource: its record and its content come in one answer, and both are kept; or the
 * record says where the content stands, which is then fetched when somebody wants it. */
#ifndef LASFS_FETCH_H
#define LASFS_FETCH_H

#include "backend.h"
#include "content_name.h"

struct arrival;
struct remote;

/* A content, to be read: by a descriptor, or while it is on its way. */
struct content_at {
    int fd;                  /* the caller's; -1: it is on its way */
    struct arrival *arrival; /* whose user the caller is; NULL: it is all in fd */
    int64_t size;
};

/* May a content of this resource be replaced by another? */
bool fetch_content_changes(const struct resource *res);

/* Under which id a content is kept: one that can change goes with its changed time (r must be
 * given then). 0, -EINVAL, -ENAMETOOLONG. */
int fetch_content_id(const struct target *t, const struct record *r, char out[CONTENT_ID_MAX + 1]);

/* One GET for all who ask at once. 0, what backend_get() gives. */
int fetch_record(struct remote *remote, struct call *call, const struct target *t,
                 struct record **out, struct failure *err);

/* The same for its content. known, which may be NULL, is what is known of the resource: where it
 * says where the content stands, the GET of it is saved. */
int fetch_content(struct remote *remote, struct call *call, const struct target *t,
                  struct record *known, struct content_at *out, struct failure *err);

#endif
