/*
 * A content on its way from an address of its own (a resource's fileUrl) into the cache: one GET for
 * all who ask at once, in a thread of its own, so that who opens it reads what is there already.
 *
 * Each who asks is one of its users until arrival_leave(). When the last one leaves before half of it
 * has come the GET is given up; else it goes on, and the cache has it then. What breaks off is not
 * kept: it fails who waits for it, and who comes next begins anew.
 */
#ifndef LASFS_ARRIVAL_H
#define LASFS_ARRIVAL_H

#include "backend.h"
#include "watermark.h"

/* What is not longer is waited for as a whole: that takes a moment, and then it is read at once. */
#define ARRIVAL_WHOLE_BYTES ((int64_t)256 << 10)

struct arrival;
struct remote;

/*
 * The content that the cache keeps under id (content_id_ok()), from where r says that it stands: *out,
 * with the caller as a user, once it has begun to come and is known to be longer than
 * ARRIVAL_WHOLE_BYTES, or once it is whole. *size: how long it is. 0, -EALREADY: by now the cache has
 * it, -EWOULDBLOCK with nowait, -EINTR, -ENOMEM, what backend_get_raw() gives.
 */
int arrival_open(struct remote *remote, struct call *call, const char *id, struct record *r,
                 struct arrival **out, int64_t *size, struct failure *err);

/*
 * Waits until its first upto bytes are there, or all when they are fewer. *at: where, for as long as
 * the caller is a user. 0, -EWOULDBLOCK with nowait, -EINTR; where it breaks off -ETIMEDOUT,
 * -EHOSTUNREACH, -ENOSPC, -ENOMEM, else -EIO, with words.
 */
int arrival_wait(struct arrival *a, struct call *call, int64_t upto, struct watermark_state *at,
                 struct failure *err);

/* Waits for all of it, and leaves, whatever comes of it. *fd: to read it, the caller's. As
 * arrival_wait(), and what dup(2) gives. */
int arrival_finish(struct arrival *a, struct call *call, int *fd, int64_t *size,
                   struct failure *err);

/* NULL is fine. Never blocks. */
void arrival_leave(struct arrival *a);

/* Who asks from now on begins anew: what is on its way may be out of date. */
void arrivals_forget(struct remote *remote);

/* Gives up what nobody waits for. */
void arrivals_stop(struct remote *remote);

/* Gives up all, and waits until that has ended: nobody is a user any more. */
void arrivals_release(struct remote *remote);

#endif
