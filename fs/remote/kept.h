/*
 * Texts that the server cannot give back, in the state database, by the resource's id: the body
 * that made it, and the answer where the API has no way to ask for it again. Any thread; they
 * block for the disk only. Nothing of a resource that takes secrets is ever given to them.
 */
#ifndef LASFS_KEPT_H
#define LASFS_KEPT_H

#include "backend.h"

struct remote;

enum kept_what {
    KEPT_BODY,
    KEPT_ANSWER,
    KEPT_QUESTION, /* of which the answer is not all there: asked.h */
    KEPT_NAME,     /* that it was given from here, whatever its file is called */
};

/* On disk with the next row that is: drop_row_save(). 0, -EIO, -ENOMEM. */
int kept_put(struct remote *remote, enum kept_what what, const char *id, const char *text);

/* The same, on disk when it returns. */
int kept_put_now(struct remote *remote, enum kept_what what, const char *id, const char *text);

/* The caller frees. -ENOENT there is none. */
int kept_get(struct remote *remote, enum kept_what what, const char *id, char **text);

/* The body of a dropped file that was sent, as a descriptor that is the caller's. */
int kept_open(struct remote *remote, const char *id, int *fd, int64_t *size);

/* A question's parts, from 0 on, each for itself: kept_put(), kept_get(). */
int kept_put_part(struct remote *remote, const char *id, int64_t part, const char *text);
int kept_get_part(struct remote *remote, const char *id, int64_t part, char **text);

/* Of a body, what is still to be asked for it goes with it; of a question its parts. */
void kept_forget(struct remote *remote, enum kept_what what, const char *id);

#endif
