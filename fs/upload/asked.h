/*
 * Questions whose answer does not come at once, or not in one part (answer.h): what is known of them
 * is kept over a remount, by the id of what the first POST has made, and somebody who wants the answer
 * goes on with it. The answer as far as it goes is kept too (KEPT_BODY), put together from its parts
 * whenever whoever goes on with it ends.
 */
#ifndef LASFS_ASKED_H
#define LASFS_ASKED_H

#include <stdbool.h>

#include "answer.h"
#include "backend.h"

struct drop;
struct uploads;

/* body was POSTed and has made first. *open: there is more to come, and that is on disk with the next
 * row that is: asked_finish(). 0, -EIO, -ENOMEM. */
int asked_begin(struct uploads *uploads, const struct body *body, const struct record *first,
                bool *open);

/*
 * Asks for what there is to come of this one's answer, until it is whole, each part with a POST of its
 * own, which is sent once. One asks for all who want the same. timeout_ms: that long for what is
 * pending; 0: one look. ro: no POST; then the answer is what there is.
 * 0: it is whole, or there was nothing to ask; -ETIMEDOUT: it is still pending, and the next one goes
 * on; -EIO too when nobody knows what came of a POST; what known_current_record() and backend_create()
 * give, and then the next one tries again.
 */
int asked_finish(struct uploads *uploads, struct call *call, const struct resource *res,
                 const char *id, int64_t timeout_ms, struct failure *err);

/*
 * One step of it, for who comes back for the next one: a look at what is pending, or one POST. *state: what
 * there is to do next; ANSWER_WHOLE: nothing, and the answer is put together, as it is when a step fails.
 * 0, or what asked_finish() gives, but for -ETIMEDOUT.
 */
int asked_step(struct uploads *uploads, struct call *call, const struct resource *res,
               const char *id, enum answer_state *state, struct failure *err);

/* What there is to do next. Blocks for the disk. */
enum answer_state asked_state(struct uploads *uploads, const struct resource *res, const char *id);

/* The same as asked_finish() for who reads d, which has this answer: its size follows. */
int asked_read(struct uploads *uploads, struct call *call, struct drop *d,
               const struct resource *res, const char *id, struct failure *err);

/* d has just been answered. What comes at once is asked for now; failures are for who reads it. */
void asked_follow(struct uploads *uploads, struct call *call, struct drop *d,
                  const struct resource *res, const char *id);

#endif
