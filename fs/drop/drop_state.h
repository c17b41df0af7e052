/*
 * What becomes of the bytes of a drop that are here. Pure.
 *
 *             filled             written              stayed
 *     AWAY ------------> CLEAN ------------> DIRTY ------------> STAYING
 *          <------------       <------------       <------------
 *             freed             delivered             written
 *
 *     STAYING -- delivered --> CLEAN -- left --> STAYING
 *     DIRTY, STAYING -- queued --> WAITING -- delivered --> CLEAN
 *     WAITING -- written --> DIRTY
 *     any -- torn --> BROKEN -- emptied --> DIRTY; what is WAITING is sealed: nothing tears it
 *     any -- given up --> AWAY; the bytes are those of another drop then, which is APART for good
 *
 * Which resource a drop stands for, if any, is no matter of its state: one that was sent and has no
 * bytes here is AWAY, and so is one that nobody has written yet. drop_state.c has all the pairs.
 */
#ifndef LASFS_DROP_STATE_H
#define LASFS_DROP_STATE_H

#include <stdbool.h>

enum drop_state {
    DROP_AWAY,    /* there are none: the server has them, or nothing was ever written */
    DROP_CLEAN,   /* nothing of them is to be sent: it was, or it is what the server has */
    DROP_DIRTY,   /* they are sent when the last who writes them closes */
    DROP_STAYING, /* closed, and here is where they belong: scratch, empty, waiting */
    DROP_BROKEN,  /* a part is missing, and what comes after it makes them no more complete */
    DROP_WAITING, /* closed, whole and on disk: the journal sends them */
    DROP_APART,   /* they could not be delivered, and are kept for .lasfs/failed */
};
#define DROP_STATES (DROP_APART + 1)

enum drop_event {
    DROP_FILLED,    /* bytes are here that say nothing new: the server's, or none */
    DROP_FREED,     /* they are here no more */
    DROP_WRITTEN,   /* something new is in them */
    DROP_EMPTIED,   /* they begin anew */
    DROP_TORN,      /* a write failed, or who wrote was killed */
    DROP_STAYED,    /* they are whole, and are not sent under this name */
    DROP_QUEUED,    /* they are whole, and will be sent by the journal */
    DROP_DELIVERED, /* the server has acknowledged them, or what they say */
    DROP_CLAIMED,   /* they will take the place of another drop's at the server */
    DROP_LEFT,      /* what they were delivered as is another's now, or gone */
    DROP_GIVEN_UP,  /* they could not be delivered: the name is what the server has */
};
#define DROP_EVENTS (DROP_GIVEN_UP + 1)

/* The state after it; -1: that cannot happen in this state. */
int drop_next(enum drop_state state, enum drop_event event);

/* Have they bytes that were neither delivered nor given up? */
static inline bool drop_state_is_dirty(enum drop_state state)
{
    return state == DROP_DIRTY || state == DROP_STAYING || state == DROP_BROKEN ||
           state == DROP_WAITING;
}

#endif
