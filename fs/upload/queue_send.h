/* What waits in the queue is sent, or cannot be. For the journal's callback. */
#ifndef LASFS_QUEUE_SEND_H
#define LASFS_QUEUE_SEND_H

#include "backend.h"
#include "intent_row.h"

struct uploads;

/* The journal's work at one that waits. As struct journal_config's work(). */
int64_t queue_send(struct uploads *uploads, struct call *call, const struct intent_row *row,
                   struct failure *why);

/* What was queued cannot be sent, and is kept with these words. */
void queue_fail(struct uploads *uploads, const struct intent_row *row, int rc, struct failure *why);

#endif
