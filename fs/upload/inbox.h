/*
 * models/ID/inbox: a document that is put here is predicted by that model, and the answer appears
 * beside it: NAME.json has {label: value}, NAME.prediction.json all of it; or NAME.error.txt says
 * why there is none. All three are local files; what somebody else wrote under such a name stays.
 */
#ifndef LASFS_INBOX_H
#define LASFS_INBOX_H

#include "backend.h"

struct folder;
struct uploads;

/* Is the answer for the document called name there? */
bool inbox_has_answer(struct uploads *uploads, struct folder *f, const char *name);

/* Asks for the prediction of the document of this id, and writes the answer; blocks as long as
 * the API takes. A failure is written too, and to the error log. */
void inbox_predict(struct uploads *uploads, struct call *call, struct folder *f, const char *name,
                   const char *id);

#endif
