#include "intent.h"

#include "banned.h"

#define THEN_OWING 100   /* OWING, if it owes; else DONE */
#define THEN_WAITING 101 /* WAITING, if again; else DONE */

/* clang-format off */
static const signed char next[INTENT_EVENTS][INTENT_STATES] = {
    /* in state:             WAITING          SENDING          UNSURE         OWING          DONE */
    [INTENT_SENT]        = { INTENT_SENDING,  INTENT_SENDING,  -1,            -1,            -1 },
    [INTENT_ANSWERED]    = { THEN_OWING,      THEN_OWING,      THEN_OWING,    -1,            -1 },
    [INTENT_REFUSED]     = { INTENT_DONE,     INTENT_DONE,     INTENT_DONE,   INTENT_OWING,  INTENT_DONE },
    [INTENT_POSTPONED]   = { INTENT_WAITING,  THEN_WAITING,    -1,            -1,            -1 },
    [INTENT_LOST]        = { -1,              INTENT_UNSURE,   INTENT_UNSURE, -1,            -1 },
    [INTENT_KILLED]      = { INTENT_WAITING,  INTENT_UNSURE,   INTENT_UNSURE, INTENT_OWING,  INTENT_DONE },
    [INTENT_FOUND]       = { -1,              -1,              THEN_OWING,    -1,            -1 },
    [INTENT_ABSENT]      = { -1,              -1,              THEN_WAITING,  -1,            -1 },
    [INTENT_UNDECIDABLE] = { -1,              -1,              INTENT_DONE,   -1,            -1 },
    [INTENT_DELETED]     = { -1,              -1,              -1,            INTENT_DONE,   INTENT_DONE },
};
/* clang-format on */

int intent_next(enum intent_state state, enum intent_event event, unsigned traits)
{
    int to = (int)next[event][state];

    if (to == THEN_OWING)
        return traits & INTENT_OWES ? INTENT_OWING : INTENT_DONE;
    if (to == THEN_WAITING)
        return traits & INTENT_AGAIN ? INTENT_WAITING : INTENT_DONE;
    return to;
}
