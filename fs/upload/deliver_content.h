/* A new resource and its content: one POST, or a POST and a PUT of what is too large for that, and where
 * the server takes no content in a POST: that is known once one was refused for it. */
#ifndef LASFS_DELIVER_CONTENT_H
#define LASFS_DELIVER_CONTENT_H

#include "backend.h"

struct uploads;

/*
 * type: the content's, which known_content_fits(). A resource whose content could not be put is
 * deleted again, in the background, with a line where that fails: without it it is worth nothing.
 * *taken: the POST without the content was taken, and what fails is the content. 0; what backend_create() and backend_put_raw() give.
 */
int deliver_content(struct uploads *uploads, struct call *call, const struct target *t,
                    const struct body *body, struct content_source content, const char *type,
                    bool *taken, struct record **out, struct failure *err);

/* Is it put, and not in the POST: too large for that, or this server takes none there? */
bool deliver_content_beside(struct uploads *uploads, const struct resource *res, int64_t size);

/* At the begin of a mount: what an earlier one, that was killed, made without a content goes. */
int deliver_content_resume(struct uploads *uploads, struct failure *err);

/* What was made and lacks its content has gone otherwise. */
void deliver_content_forget(struct uploads *uploads, const char *id);

#endif
