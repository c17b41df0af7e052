/*
 * An HTTP request, and what became of it. Who wants one fills it in and gives it to request_do()
 * (engine.h).
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
#include "headway.h"
#include "meter.h"
#include "scan.h"
#include "upload.h"

/* Takes an answer as it is, to a descriptor from its start. Both functions may be NULL; they are
 * called by the engine's thread, and must not block. */
struct raw_answer {
    int fd;
    int64_t max_bytes; /* more is -EIO */
    /* Before its first byte, where its head says so, of each try: 0; -ESTALE: it was another before. */
    int (*expect)(void *arg, int64_t size);
    void (*arrived)(void *arg, int64_t size); /* so much is in the file */
    void *arg;
    int64_t size; /* so far */
    int64_t most; /* that was so far, of any try: somebody may have read it by now */
};

struct request {
    /* What to send. Set by the caller; the strings stay valid until it is done. */
    const char *method;
    const char *url;
    const char *api;             /* the API's URL, below which url may change things, or NULL */
    const char *bearer;          /* the token, or NULL */
    const char *user, *password; /* for HTTP Basic, or NULL */
    const char *content_type;
    struct upload *body;   /* NULL: none */
    bool idempotent;       /* may arrive twice */
    enum call_class class; /* 0: its call's; of CALL_PROBE there is one at a time */
    int64_t timeout_ms;    /* without headway (headway.h) in either direction */
    int64_t answer_ms;     /* for the answer's first byte, where that is longer */
    struct meter *meter;   /* each try is added to it; NULL: to none */

    /* What became of it. The caller releases answer. */
    int status;        /* 0: no answer */
    struct buf answer; /* without the content that scan took out; more than its maximum is -EIO */
    struct scan *scan; /* set by the caller, and begun: for the answer of a success; or NULL */
    struct raw_answer *raw; /* set by the caller: takes the answer of a success; or NULL */
    int64_t length;         /* of a HEAD: what a GET would bring, -1: it does not say */
    int64_t retry_after_s;  /* 0: not said */
    int64_t date_s;         /* what time it is there (realtime); 0: not said */
    bool arrived;           /* the server may have had all of it */
    unsigned sent;          /* over how many connections it began to go out */
    int64_t moved_ms;       /* when it last made headway; set by the caller to begin with */
    int64_t sent_ms;        /* when it last did by its body; likewise */
    struct failure failure; /* when request_do() failed */

    /* The engine's. */
    struct call *call;
    struct clock *clock;
    void *easy, *headers;
    char curl_says[256];  /* CURL_ERROR_SIZE */
    struct request *next; /* guarded by the engine's lock while queued, then its thread's */
    struct headway headway;
    int64_t sent_bytes, received_bytes, answer_bytes;
    bool sending;     /* sent_bytes has grown since it last made headway */
    size_t piece;     /* how much of the body was last read at once; 0: nothing yet */
    int64_t piece_ms; /* when */
    int rc;
    bool queued, waited, abort, done; /* guarded by the engine's lock */
};

#endif
