/*
 * Does somebody walk through a list? From the places of what is opened, one after the other, whoever opens
 * it: a loop of programs walks as one program does. Pure; for one thread at a time.
 *
 * Three in a row at the same distance, forwards or backwards, are a walk. While it goes on as was thought,
 * more and more of what comes next is wanted ahead of it, four times as much each time; what it passes over
 * halves that. A walk that ends where it had just begun was none: after some of those it takes more than
 * three, and the others grow more slowly. After one that has gone far, two that begin like it in the same
 * list are another: who has read every third document comes back for those between.
 */
#ifndef LASFS_WALK_H
#define LASFS_WALK_H

#include <stdint.h>

#define WALKS_MAX 8
#define WALK_STEP_MAX 4 /* every fourth is still a walk */

struct walk {
    uint64_t list;   /* of which places */
    int64_t last;    /* the furthest */
    int64_t step;    /* 0: there was one alone */
    unsigned seen;   /* in a row */
    unsigned window; /* so many are wanted ahead of last */
    unsigned asked;  /* so many have been asked for */
    uint64_t used;   /* 0: it is free */
};

/* All zero is none. */
struct walks {
    struct walk walks[WALKS_MAX];
    uint64_t uses;
    unsigned doubt;
    uint64_t
        far_list; /* where the last one went that has come to its full width, and how; step 0: none */
    int64_t far_step;
};

/* The next that are wanted: first, first + step, ... */
struct walk_ahead {
    int64_t first, step;
    unsigned count;
};

/* What stands at place in list is opened; max: so many ahead at most, room: of these so many may be begun now.
 * count 0: nothing is wanted. */
void walks_note(struct walks *w, uint64_t list, int64_t place, unsigned max, unsigned room,
                struct walk_ahead *out);

#endif
