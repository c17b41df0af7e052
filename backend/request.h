/*
 * HTTP requests, and the one thread that owns curl and does them all: kept-alive connections,
 * HTTP/2 streams side by side over TLS, redirections never followed. Who wants one fills a
 * struct request and waits.
 */
#ifndef LASFS_REQUEST_H
#define LASFS_REQUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "call.h"
#include "clock.h"
#include "failure.h"
#include "scan.h"
#include "upload.h"

struct engine;

/* What an answer may have at most, after decompression; more is -EIO. */
#define ANSWER_MAX_BYTES (32u << 20)

/* Takes an answer as it is, to a descriptor from its start. */
struct raw_answer {
    int fd;
    int64_t max_bytes; /* more is -EIO */
    int64_t size;      /* so far */
};

struct request {
    /* What to send. Set by the caller; the strings stay valid until it is done. */
    const char *method;
    const char *url;
    const char *bearer;          /* the token, or NULL */
    const char *user, *password; /* for HTTP Basic, or NULL */
    const char *content_type;
    struct upload *body; /* NULL: none */
    bool idempotent;     /* may arrive twice */
    bool urgent;         /* goes before all others, and beyond max_active; one at a time */
    int64_t timeout_ms;  /* without a byte moved in either direction */
    int64_t answer_ms;   /* for the answer's first byte, where that is longer */

    /* What became of it. The caller releases answer. */
    int status;             /* 0: no answer */
    struct buf answer;      /* without the content that scan took out */
    struct scan *scan;      /* set by the caller, and begun: for the answer of a success; or NULL */
    struct raw_answer *raw; /* set by the caller: takes the answer of a success; or NULL */
    int64_t retry_after_s;  /* 0: not said */
    bool arrived;           /* the server may have had all of it */
    unsigned sent;          /* over how many connections it began to go out */
    int64_t moved_ms;       /* when a byte was last moved; set by the caller to begin with */
    int64_t sent_ms;        /* when a byte of the body was last sent; likewise */
    struct failure failure; /* when request_do() failed */

    /* The engine's. */
    struct call *call;
    struct clock *clock;
    void *easy, *headers;
    char curl_says[256];  /* CURL_ERROR_SIZE */
    struct request *next; /* guarded by the engine's lock while queued, then its thread's */
    int64_t sent_bytes, received_bytes, answer_bytes;
    int rc;
    bool queued, waited, abort, done; /* guarded by the engine's lock */
};

/* max_active: requests under way at the same time; cacert may be NULL. 0, -EINVAL, -ENOMEM,
 * -EAGAIN. Starts a thread. */
int engine_new(unsigned max_active, const char *cacert, struct clock *clock, struct engine **out,
               struct failure *err);

/* Nobody may be in request_do(). NULL is fine. */
void engine_free(struct engine *e);

/*
 * Does it, and blocks until then. 0: there was an answer, of whatever status. -ECONNRESET: the
 * connection broke, -EHOSTUNREACH: there was none, -ETIMEDOUT, -EINTR (rq->arrived tells whether
 * it may have had an effect), -ENOMEM, -EIO: an oversized or malformed answer, or no TLS that can
 * be trusted; what the disk says of the content. While it waits for its turn, what moves in any
 * other request counts as movement.
 */
int request_do(struct engine *e, struct call *call, struct request *rq);

/* Bytes since the start, headers too. Any thread. */
void engine_count(struct engine *e, uint64_t *sent, uint64_t *received);

#endif
