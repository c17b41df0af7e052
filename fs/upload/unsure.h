/*
 * A POST went out and no answer came, or the daemon died meanwhile: was it carried out? Where it had a
 * stamp, what it made has its key (stamp.h), and that tells, among the newest of the list. Else it is
 * looked for in the same dataset and under the same consent, made since, with the same bytes, and not one
 * that somebody here knows already. Nothing is guessed.
 */
#ifndef LASFS_UNSURE_H
#define LASFS_UNSURE_H

#include "backend.h"
#include "intent_row.h"

struct uploads;

enum unsure_verdict {
    UNSURE_NONE,    /* not there, so far */
    UNSURE_FOUND,   /* this one it is; of several that are alike, as many as are looked for, one */
    UNSURE_SEVERAL, /* more than that: words has their ids; never of what had a stamp */
};

/*
 * One look: the pages of a list, and without a stamp the contents of what could be it. *out, with a reference, where
 * it was found. -EAGAIN: another one with these bytes is on its way, and cannot be told from it; what
 * backend_list() and known_content() give.
 */
int unsure_look(struct uploads *uploads, struct call *call, const struct intent_row *row,
                struct record **out, char words[FAILURE_TEXT_MAX], struct failure *err);

/* Several looks, for somebody who waits: until it is found or several are, at most for ms. The last
 * one's verdict or failure; -EINTR. */
int unsure_wait(struct uploads *uploads, struct call *call, const struct intent_row *row,
                int64_t ms, struct record **out, char words[FAILURE_TEXT_MAX], struct failure *err);

/* Does a name on disk here, or another intent than this one, stand for it already? Blocks for the disk. */
bool unsure_is_known(struct uploads *uploads, const struct intent_row *row, const char *id);

/* What it has made was made no earlier, by the server's clock (realtime). */
int64_t unsure_since_ns(struct uploads *uploads, const struct intent_row *row);

/* Can it still come, at this time? */
bool unsure_may_land(struct uploads *uploads, const struct intent_row *row);

#endif
