/*
 * When the next request may go: at most so many a second, and none before the time that the
 * server has asked for (never more than a minute, whatever it asks for). When that has come one
 * goes first, and the others once it has an answer that does not ask again. One for all requests;
 * any thread; nothing here waits.
 */
#ifndef LASFS_PACER_H
#define LASFS_PACER_H

#include <stdbool.h>
#include <stdint.h>

#include "lock.h"

#define PACER_HOLD_MAX_S 60
#define PACER_LOOK_MS 250 /* how often those look that wait for the one that goes first */

struct pacer {
    struct lock lock;
    double interval_ms; /* set once; 0: no limit */
    double next_ms;     /* guarded by lock: when the next one may go */
    int64_t held_ms;    /* guarded by lock: none before */
    bool cautious;      /* guarded by lock: nobody has had an answer since */
    bool trying;        /* guarded by lock: one has gone first, and has none yet */
};

enum pacer_turn {
    PACER_GO,    /* now */
    PACER_FIRST, /* now, alone: pacer_tried() follows */
    PACER_WAIT,  /* ask again later */
};

/* max_rps 0: no limit. */
void pacer_init(struct pacer *p, double max_rps);
void pacer_release(struct pacer *p);

/* Nothing goes for so many seconds, the server asks; 0 or less: it does not. An earlier, longer wish
 * stays. */
void pacer_hold(struct pacer *p, int64_t now_ms, int64_t seconds);

/* Takes the next place; when it may go (not before now_ms). Ask pacer_turn() then: a wish may have
 * come meanwhile. */
int64_t pacer_take(struct pacer *p, int64_t now_ms);

/* The same for what cannot wait: it goes before all that have a place, and who comes after it gets a
 * later one. */
int64_t pacer_take_first(struct pacer *p, int64_t now_ms);

/* May one with a place go now? *again_ms: when to ask again. */
enum pacer_turn pacer_turn(struct pacer *p, int64_t now_ms, int64_t *again_ms);

/* What went first has ended, in whatever way; pacer_hold() was before, if the server asks again. */
void pacer_tried(struct pacer *p, int64_t now_ms);

/* Until when everybody is held; in the past: nobody is. */
int64_t pacer_held(struct pacer *p);

#endif
