/*
 * The one thread that owns curl and does all requests: kept-alive connections, HTTP/2 streams side
 * by side over TLS, redirections never followed. Who wants one waits.
 *
 * Of those that wait for a place among max_active the one of the greatest class (call.h) is next,
 * and within a class who came first. So that nothing waits for ever, the one that has waited
 * longest is passed over four times in a row at most. CALL_URGENT has one place beyond max_active,
 * CALL_PROBE one more: no upload, however long, is before them.
 */
#ifndef LASFS_ENGINE_H
#define LASFS_ENGINE_H

#include <stdint.h>

#include "request.h"

struct engine;

/* max_active: requests under way at the same time, but for the two above; cacert may be NULL. 0, -EINVAL, -ENOMEM,
 * -EAGAIN. Starts a thread. */
int engine_new(unsigned max_active, const char *cacert, struct clock *clock, struct engine **out,
               struct failure *err);

/* Nobody may be in request_do(). NULL is fine. */
void engine_free(struct engine *e);

/*
 * Does it, and blocks until then. 0: there was an answer, of whatever status. -ECONNRESET: the
 * connection broke, -EHOSTUNREACH: there was none, -ETIMEDOUT: it makes no headway (headway.h), -EINTR
 * (rq->arrived tells whether it may have had an effect), -ENOMEM, -EIO: an oversized or malformed
 * answer or head, or no TLS that can be trusted; what the disk says of the content; -EPERM: wire.h
 * does not let it out. While it waits for its turn, headway of any other request counts as its own.
 */
int request_do(struct engine *e, struct call *call, struct request *rq);

/* Bytes, headers too: since the start, and in the last minute (meter.h). Those of a request are counted when
 * it ends. Any thread. */
struct engine_bytes {
    uint64_t sent, received;
    uint64_t sent_lately, received_lately;
};
void engine_count(struct engine *e, struct engine_bytes *out);

#endif
