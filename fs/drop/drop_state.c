#include "drop_state.h"

#include "banned.h"

/* clang-format off */
static const signed char next[DROP_EVENTS][DROP_STATES] = {
    /* in state:           AWAY          CLEAN         DIRTY         STAYING       BROKEN        WAITING       APART */
    [DROP_FILLED]    = { DROP_CLEAN,    DROP_CLEAN,    DROP_DIRTY,    DROP_STAYING,  DROP_BROKEN,   DROP_WAITING,  DROP_APART },
    [DROP_FREED]     = { DROP_AWAY,     DROP_AWAY,     DROP_AWAY,     DROP_AWAY,     DROP_BROKEN,   DROP_AWAY,     DROP_APART },
    [DROP_WRITTEN]   = { DROP_DIRTY,    DROP_DIRTY,    DROP_DIRTY,    DROP_DIRTY,    DROP_BROKEN,   DROP_DIRTY,    -1 },
    [DROP_EMPTIED]   = { DROP_DIRTY,    DROP_DIRTY,    DROP_DIRTY,    DROP_DIRTY,    DROP_DIRTY,    DROP_DIRTY,    -1 },
    [DROP_TORN]      = { DROP_BROKEN,   DROP_BROKEN,   DROP_BROKEN,   DROP_BROKEN,   DROP_BROKEN,   DROP_WAITING,  -1 },
    [DROP_STAYED]    = { DROP_AWAY,     DROP_CLEAN,    DROP_STAYING,  DROP_STAYING,  DROP_BROKEN,   DROP_STAYING,  -1 },
    [DROP_QUEUED]    = { -1,            DROP_WAITING,  DROP_WAITING,  DROP_WAITING,  -1,            DROP_WAITING,  -1 },
    [DROP_DELIVERED] = { DROP_AWAY,     DROP_CLEAN,    DROP_CLEAN,    DROP_CLEAN,    DROP_CLEAN,    DROP_CLEAN,    -1 },
    [DROP_CLAIMED]   = { DROP_DIRTY,    DROP_DIRTY,    DROP_DIRTY,    DROP_STAYING,  DROP_BROKEN,   DROP_WAITING,  -1 },
    [DROP_LEFT]      = { DROP_STAYING,  DROP_STAYING,  DROP_STAYING,  DROP_STAYING,  DROP_BROKEN,   DROP_WAITING,  -1 },
    [DROP_GIVEN_UP]  = { DROP_AWAY,     DROP_AWAY,     DROP_AWAY,     DROP_AWAY,     DROP_AWAY,     DROP_AWAY,     -1 },
};
/* clang-format on */

int drop_next(enum drop_state state, enum drop_event event)
{
    return next[event][state];
}
