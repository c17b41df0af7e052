/*
 * NAME.json beside a document NAME, or STEM.json beside the only one of that stem: its ground
 * truth, sent as a PATCH once both are there, in whatever order they come. It is a local file;
 * removing it removes nothing else.
 *
 * A sidecar belongs to the document that took it (drop.taken has its id): the next document of that
 * name does not get what it says, unless it is written again. It follows that document when other
 * bytes take its place, and by being moved along with it, whichever of the two is moved first.
 * Moved beside another document, or to where one is yet to come, it is that one's: who moves it
 * means what he does, as if he had written it there.
 */
#ifndef LASFS_SIDECAR_H
#define LASFS_SIDECAR_H

#include "backend.h"
#include "body.h"
#include "waiting.h"

struct bytes;
struct drop;
struct folder;
struct moving;
struct uploads;

/* The sidecar d, held exclusively, has these bytes now, or is about to be called name in f (moving; else NULL).
 * 0 sent, or its document is not there yet; -EINVAL with words, and what backend_update() gives. */
int sidecar_commit(struct uploads *uploads, struct call *call, struct folder *f, const char *name,
                   struct drop *d, struct bytes *bytes, struct moving *moving, struct failure *err);

/* Whose it is; the caller frees. NULL: nobody's. And it is that again, for it did not get the name for which it
 * was committed. */
char *sidecar_owner(struct uploads *uploads, struct drop *d);
void sidecar_stays(struct uploads *uploads, struct drop *d, const char *owner);

/* d stays local under a name that is no sidecar's: it belongs to nobody, and counts as written
 * when it gets such a name again. */
void sidecar_left(struct uploads *uploads, struct drop *d);

/* A sidecar whose words go with the POST of its document. */
struct sidecar_along {
    struct drop *sidecar; /* with a reference; NULL: none does */
    const struct field *field;
    unsigned version;
};
void sidecar_along_release(struct sidecar_along *along);

/* What stands beside document, which is about to be made as name in f, is said in body too, unless body says it
 * already, or the sidecar is no ground truth. 0, -ENOMEM. */
int sidecar_go_along(struct uploads *uploads, struct folder *f, const char *name,
                     const struct drop *document, struct body *body, struct sidecar_along *out);

/* The document of this id has it. What was written meanwhile still waits, for sidecar_follow(). */
void sidecar_went_along(struct uploads *uploads, const struct sidecar_along *along, const char *id);

/* document is there now, or will be once it is renamed, under name in f: what stands beside it is
 * sent. That it is refused is kept with the sidecar, and written to the error log. */
void sidecar_follow(struct uploads *uploads, struct call *call, struct drop *document,
                    struct folder *f, const char *name);

/* The same of a document that was called otherwise before. */
void sidecar_moved(struct uploads *uploads, struct call *call, struct drop *document,
                   struct folder *f, const char *name);

/* The document called name in f, which was old_id, is id from now on, with what it said. */
void sidecar_replaced(struct uploads *uploads, struct folder *f, const char *name,
                      const char *old_id, const char *id);

/*
 * Does d still wait for its document? If so, why has what it waits for. One whose document is
 * there is sent, which blocks; call NULL: it is only looked at.
 */
enum wait_state sidecar_waits(struct uploads *uploads, struct call *call, struct drop *d,
                              struct failure *why);

#endif
