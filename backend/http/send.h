/*
 * A request until it has an answer that counts: paced, tried again as retry.h says, its status
 * and message made an errno.
 */
#ifndef LASFS_SEND_H
#define LASFS_SEND_H

#include <stdatomic.h>

#include "call.h"
#include "clock.h"
#include "engine.h"
#include "failure.h"
#include "log.h"
#include "meter.h"
#include "pacer.h"
#include "trace.h"

struct sender {
    struct engine *engine; /* set once */
    struct clock *clock;   /* set once */
    struct log *log;       /* set once; may be NULL */
    struct trace *trace;   /* set once; NULL: there is none */
    struct pacer pacer;
    atomic_uint_least64_t requests, retries, failures;
    struct lately lately; /* requests */
    atomic_int_least64_t
        began_ns; /* what time the server had when the clock (monotonic) was 0; 0: not known */
};

/* What is known of a request over all its tries; {0} to begin with. */
struct sending {
    unsigned tries;
    bool fresh_token; /* set by the caller: its token was asked for after a refusal */
    bool elsewhere;   /* set by the caller: not at the API's host, which gets no token */
    bool unsure;      /* a try that failed may have had its effect */
    bool first;       /* it goes before all others, after the server has asked to wait */
    bool down;        /* it failed because the server or the way to it did */
};

/*
 * Blocks, no lock held. rq is complete but for moved_ms, answer and scan's state. 0: a 2xx, its
 * answer in rq. -ENOKEY: refused, and a fresh token may help: set one, fresh_token, and call
 * again. Else as backend.h says.
 */
int sender_do(struct sender *s, struct call *call, struct request *rq, struct sending *st,
              struct failure *err);

/* request_do(), with its lines in the log and the trace: once, and not counted. */
int sender_once(struct sender *s, struct call *call, struct request *rq, const struct sending *st);

#endif
