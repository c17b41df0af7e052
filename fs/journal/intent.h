/*
 * What becomes of an intent: a change of the API that has a row in the state database before its
 * first byte goes out, and until it is known to be done. Pure.
 *
 *             sent              answered
 *   WAITING ---------> SENDING -----------+--------> DONE
 *      ^                 |   |            |           ^
 *      |    postponed    |   | lost,      | owes      | deleted
 *      +-----------------+   | killed     v           |
 *      |                     v     found  |           |
 *      +----------------- UNSURE -----> OWING --------+
 *        absent, if again
 *
 * What can be repeated goes from WAITING at once. SENDING ends as DONE too when it was refused, UNSURE when it is not there (absent) and is not to be
 * sent again, or cannot be told from others (undecidable). intent.c has all the pairs.
 */
#ifndef LASFS_INTENT_H
#define LASFS_INTENT_H

/* Numbers on disk: only add at the end. */
enum intent_kind {
    INTENT_CREATE, /* bytes become a resource, perhaps in the place of another one */
    INTENT_DELETE, /* a resource goes: of what was made and lacks its content, what was replaced */
    INTENT_MOVE,   /* a resource gets another list and name */
    INTENT_STAMP,  /* a resource is told how its file is called here by now; may be done twice */
    INTENT_ANSWER, /* something is asked about a file (look), and what was asked (id) is looked at until it is
                    * answered */
    INTENT_UPDATE, /* bytes take the place of a resource's content, which keeps its id */
};
#define INTENT_KINDS (INTENT_UPDATE + 1)

/* Numbers on disk likewise. */
enum intent_state {
    INTENT_WAITING, /* its bytes are sealed, and nothing has gone out */
    INTENT_SENDING, /* a request may be on its way */
    INTENT_UNSURE,  /* one went out, and no answer tells what came of it */
    INTENT_OWING,   /* it is done, but for the DELETE of what it replaced */
    INTENT_DONE,    /* it has no row any more */
};
#define INTENT_STATES (INTENT_DONE + 1)

enum intent_event {
    INTENT_SENT,        /* a request is going to go out */
    INTENT_ANSWERED,    /* it was carried out */
    INTENT_REFUSED,     /* it was not, and will not be; or nobody wants it any more */
    INTENT_POSTPONED,   /* it was not, and will be tried again */
    INTENT_LOST,        /* nobody knows whether it was */
    INTENT_KILLED,      /* the daemon has died */
    INTENT_FOUND,       /* a look shows that it was carried out */
    INTENT_ABSENT,      /* a look shows that it was not, nor can it be any more */
    INTENT_UNDECIDABLE, /* a look shows several that it could have made */
    INTENT_DELETED,     /* what had to go is gone, or has to stay */
};
#define INTENT_EVENTS (INTENT_DELETED + 1)

/* What an intent has, or is. */
enum intent_traits {
    INTENT_OWES = 1,  /* something has to go once it is carried out */
    INTENT_AGAIN = 2, /* it is sent again by itself */
};

/* The state after it; -1: that cannot happen in this state. */
int intent_next(enum intent_state state, enum intent_event event, unsigned traits);

#endif
