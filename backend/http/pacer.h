/*
 * When the next request may go: at most so many a second, and none before the time that the
 * server has asked for. One for all requests; any thread; nothing here waits.
 */
#ifndef LASFS_PACER_H
#define LASFS_PACER_H

#include <stdint.h>

#include "lock.h"

struct pacer {
    struct lock lock;
    double interval_ms; /* set once; 0: no limit */
    double next_ms;     /* guarded by lock: when the next one may go */
    int64_t held_ms;    /* guarded by lock: none before */
};

/* max_rps 0: no limit. */
void pacer_init(struct pacer *p, double max_rps);
void pacer_release(struct pacer *p);

/* Nothing goes before until_ms. An earlier, longer wish stays. */
void pacer_hold(struct pacer *p, int64_t until_ms);

/* Takes the next place; when it may go (not before now_ms). Look at pacer_held() then: a wish may
 * have come meanwhile. */
int64_t pacer_take(struct pacer *p, int64_t now_ms);

/* The same for what cannot wait: it goes before all that have a place, and who comes after it gets a
 * later one. */
int64_t pacer_take_first(struct pacer *p, int64_t now_ms);

/* Until when everybody is held; in the past: nobody is. */
int64_t pacer_held(struct pacer *p);

#endif
