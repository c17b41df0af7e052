/*
 * What happens to a drop's bytes, and what it stands for afterwards: all who write them, send them, or
 * find that the server has others by now, say it here (drop_state.h). Any thread; none blocks. Rows
 * are not saved: that is the caller's.
 */
#ifndef LASFS_DROP_EVENTS_H
#define LASFS_DROP_EVENTS_H

#include "drop.h"

/* --- Writing ---------------------------------------------------------------------------------- */

/* Something new is in the bytes, or will be; they begin anew. true: its row says something else. */
bool drop_written(struct drops *t, struct drop *d);
bool drop_emptied(struct drops *t, struct drop *d);

/* A part is missing, for this errno: it is not sent. */
void drop_torn(struct drops *t, struct drop *d, int rc);

/* The close() of a handle of this generation has told rc: what is still to be sent is not sent later. */
void drop_unclosed(struct drops *t, struct drop *d, unsigned generation, int rc);

/* --- Sending ---------------------------------------------------------------------------------- */

/* They are whole, and are not sent under this name. */
void drop_stayed(struct drops *t, struct drop *d);

/* They are whole and on disk, and will be sent by themselves. */
void drop_queued(struct drops *t, struct drop *d);

/* What they say was delivered; they are here alone. */
void drop_said(struct drops *t, struct drop *d);

/* They are those of this resource: acked, whose mtime is set to d's. fresh: a list may not have it
 * yet. 0, -ENOMEM. */
int drop_acknowledged(struct drops *t, struct drop *d, const char *id, struct acked acked,
                      bool fresh);

/* More of the answer that d stands for, of this id, has come: it has so many bytes. false: it has had
 * them, or d stands for another one. */
bool drop_answered(struct drops *t, struct drop *d, const char *id, int64_t size);

/* They are the same that were acknowledged before. */
void drop_unchanged(struct drops *t, struct drop *d);

/* --- Whose place it takes --------------------------------------------------------------------- */

/* A directory's name, or one just given to it, stands for this resource. 0, -ENOMEM. */
int drop_named(struct drops *t, struct drop *d, const char *id, bool fresh);

/* It was put into another list, which may not have it yet. */
void drop_listed_elsewhere(struct drops *t, struct drop *d);

/* d's bytes will take the place of what from stands for, and is what it was: d is in its place from
 * now on. 1, 0 from stands for nothing, or d for something, or is gone; -ENOMEM. */
int drop_take_over(struct drops *t, struct drop *d, const struct drop *from);

/* And back: that resource is from's again, unless d stands for something of its own by now. */
void drop_give_back(struct drops *t, struct drop *d, const struct drop *from);

/* d's bytes will be sent in the place of this resource, of which acked is known; or, sent, d stands
 * for its own again. 0, -ENOMEM. */
int drop_stand_in(struct drops *t, struct drop *d, const char *id, const struct acked *acked);
int drop_stand_again(struct drops *t, struct drop *d, const char *id, const struct acked *acked);

/* The server has its resource no more. 0, -ENOMEM. */
int drop_lost(struct drops *t, struct drop *d);

/* Another name has its resource: d, whose bytes are here, is nobody's, and parked no more. */
int drop_released(struct drops *t, struct drop *d);

/* What it said as a sidecar is not its document's any more. */
void drop_unsaid(struct drops *t, struct drop *d);

#endif
