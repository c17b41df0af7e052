/*
 * Whether requests are worth trying: after so many operations in a row that the network or the
 * server has failed, none is, until a probe, one a second, has had an answer. Pure; times are
 * monotonic milliseconds.
 */
#ifndef LASFS_BREAKER_H
#define LASFS_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_FAILURES 5
#define BREAKER_PROBE_MS 1000

struct breaker {
    unsigned failures; /* in a row */
    bool open;         /* nothing is tried */
    bool probing;      /* a probe is under way */
    int64_t alive_ms;  /* when there was an answer */
    int64_t probe_ms;  /* when the next probe is due */
};

void breaker_init(struct breaker *b);

/* An operation was answered, be it with a refusal. */
void breaker_answered(struct breaker *b, int64_t now_ms);

/* One that began at began_ms has failed. What began before the last answer tells nothing. */
void breaker_failed(struct breaker *b, int64_t began_ms, int64_t now_ms);

/* When to probe; INT64_MAX: not now. */
int64_t breaker_next_probe(const struct breaker *b);
void breaker_probe_begun(struct breaker *b);

/* An answer lets all go again, and the next failure stops them at once. */
void breaker_probe_ended(struct breaker *b, bool answered, int64_t now_ms);

#endif
