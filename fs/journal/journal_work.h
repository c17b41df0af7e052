/* Who works at the intents of a journal: a thread that keeps the time, and the pool. Any thread. */
#ifndef LASFS_JOURNAL_WORK_H
#define LASFS_JOURNAL_WORK_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct journal;

/* For the owner of the callback, once it is ready. 0, -ENOMEM, -EAGAIN no thread. */
int journal_start(struct journal *j);

/* No work begins after it, and what is under way is cancelled: before the pool ends. NULL is fine. */
void journal_stop(struct journal *j);

/* Waits until nothing is WAITING, or all that is has failed since the call began, or for timeout_ms,
 * or until the call is cancelled (NULL: it cannot be). true: nothing waits. */
bool journal_drain(struct journal *j, struct call *call, int64_t timeout_ms);

/* All that have failed for what passes are tried now. */
void journal_kick(struct journal *j);

/* All that only owe are tried now. */
void journal_pay(struct journal *j);

#endif
