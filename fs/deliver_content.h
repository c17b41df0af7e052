/* A new resource and its content: one POST, or a POST and a PUT of what is too large for that. */
#ifndef LASFS_DELIVER_CONTENT_H
#define LASFS_DELIVER_CONTENT_H

#include "core.h"

/*
 * type: the content's. A resource whose content could not be put is deleted again, in the
 * background, with a line where that fails: without it it is worth nothing. 0; -EFBIG more than the
 * API takes, and nothing was sent; what backend_create() and backend_put_raw() give.
 */
int deliver_content(struct fs *fs, struct call *call, const struct target *t,
                    const struct body *body, struct content_source content, const char *type,
                    struct record **out, struct failure *err);

/* At the begin of a mount: what an earlier one, that was killed, made without a content goes. */
int deliver_content_resume(struct fs *fs, struct failure *err);

#endif
