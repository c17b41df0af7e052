/* What an inbox asked, and no answer came: was it asked? */
#ifndef LASFS_INBOX_LOOK_H
#define LASFS_INBOX_LOOK_H

#include "backend.h"
#include "intent_row.h"

struct uploads;

/*
 * One look at the list of predictions, which is in the API of either time, today's newest first: for one of
 * row's document by this model, made since, that nobody here knows. *out, with a reference, the newest one. 1;
 * 0: there is none, so far; what backend_list() gives.
 */
int inbox_look(struct uploads *uploads, struct call *call, const struct intent_row *row,
               const char *model, struct record **out, struct failure *err);

#endif
