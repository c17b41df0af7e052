/* Changes of a resource that is there: PATCHes, and what is known of it from their answers. */
#ifndef LASFS_UPLOAD_PATCH_H
#define LASFS_UPLOAD_PATCH_H

#include "backend.h"
#include "body.h"

struct uploads;

/* 0, what backend_update() gives. */
int upload_patch(struct uploads *uploads, struct call *call, const struct target *t,
                 const struct body *body, struct failure *err);

/* The same of what a user wrote, who need not think of what is ours among what others keep there: that
 * stays (body_keep_stamp()). now: as it is; NULL: it is asked for, where that matters. */
int upload_written(struct uploads *uploads, struct call *call, const struct target *t,
                   const struct record *now, struct body *body, struct failure *err);

/* The PATCH of one field by the text of its file; names in it become ids. The caller frees. 0, -EINVAL with
 * words, what backend_get() gives. */
int upload_field_body(struct uploads *uploads, struct call *call, const struct target *t,
                      const struct field *f, const char *text, size_t len, struct body **out,
                      struct failure *err);

/* That, sent by upload_written(). */
int upload_field(struct uploads *uploads, struct call *call, const struct target *t,
                 const struct field *f, const char *text, size_t len, struct failure *err);

/* The same for a field that the table does not have, whatever the server says to that. An empty
 * text for one that is not there is nothing to send. */
int upload_other_field(struct uploads *uploads, struct call *call, const struct target *t,
                       const struct field *f, const char *text, size_t len, struct failure *err);

#endif
