/*
 * models/ID/inbox: a document that is put here is predicted by that model, and the answer appears
 * beside it: NAME.json has {label: value}, NAME.prediction.json all of it; or NAME.error.txt says
 * why there is none. All three are local files; what somebody else wrote under such a name stays.
 */
#ifndef LASFS_INBOX_H
#define LASFS_INBOX_H

#include "backend.h"
#include "intent_row.h"

struct folder;
struct uploads;

/* Is the answer for the document called name there? */
bool inbox_has_answer(struct uploads *uploads, struct folder *f, const char *name);

/* Asks for the prediction of the document of this id, unless that was done already, and writes the
 * answer; blocks as long as the API takes. What is pending for longer than a timeout is the journal's to
 * write, by then or in a later mount, with a line in the error log. A failure is written too, and to
 * the error log. */
void inbox_predict(struct uploads *uploads, struct call *call, struct folder *f, const char *name,
                   const char *id);

/* The journal's work: one look. As journal_config's. */
int64_t inbox_work(struct uploads *uploads, struct call *call, const struct intent_row *row,
                   struct failure *why);

#endif
