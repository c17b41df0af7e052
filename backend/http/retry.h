/*
 * Whether a request that failed is sent again, and when. Pure.
 *
 * A POST makes something new each time it arrives, and a DELETE of the first few of a list takes
 * more away, so they are sent again only when they surely had no effect; everything else may
 * arrive twice.
 */
#ifndef LASFS_RETRY_H
#define LASFS_RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct attempt {
    int error;  /* -errno of the connection; 0: there was an answer */
    int status; /* of the answer */
    const char *message;
    bool idempotent;  /* it may arrive twice */
    bool arrived;     /* the server may have had all of it */
    bool fresh_token; /* its token was asked for after a refusal */
    unsigned tries;   /* so far, this one included */
};

enum retry_verdict {
    RETRY_FINAL,   /* it is what it is */
    RETRY_UNKNOWN, /* final, and nobody knows whether it had an effect */
    RETRY_WAIT,    /* once more, after retry_wait_ms() */
    RETRY_TOKEN,   /* once more, at once, with a fresh token */
};

/* Did the server fail, or the way to it? Else it refused, or the failure is on this side. */
bool retry_is_down(const struct attempt *a);

enum retry_verdict retry_judge(const struct attempt *a);

/* How long to wait before the next try: any time up to a bound that doubles (full jitter).
 * random: any number. */
int64_t retry_wait_ms(const struct attempt *a, uint32_t random);

#endif
