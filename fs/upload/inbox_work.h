/* What is done for a question of an inbox (inbox.h), one request after the other. */
#ifndef LASFS_INBOX_WORK_H
#define LASFS_INBOX_WORK_H

#include <stdbool.h>

#include "backend.h"
#include "intent_row.h"

struct uploads;

/* The intent of one that is asked about this document in the inbox of that key, or was: id, else NULL. Its
 * texts are the caller's. */
struct intent_row inbox_row(const struct uploads *uploads, const char *key, const char *name,
                            const char *document, const char *id);

/*
 * One request, and no wait: the POST, a look whether it was carried out, the next part or whether that is
 * there; or the answer is written. loud: somebody has just asked, and what was said before is said again.
 * 0: it has got on, or is done, as its row says; in so many milliseconds there may be more, and *why says what
 * is waited for, or nothing where that was said; -errno: it will pass, and *why says what it was.
 */
int64_t inbox_turn(struct uploads *uploads, struct call *call, const struct intent_row *row,
                   bool loud, struct failure *why);

/* The same for the journal. As journal_config's. */
int64_t inbox_work(struct uploads *uploads, struct call *call, const struct intent_row *row,
                   struct failure *why);

#endif
