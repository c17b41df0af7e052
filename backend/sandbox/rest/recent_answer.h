/* What a GET has more when it is asked for the last days (the table's recent): predictions, counted. */
#ifndef SANDBOX_RECENT_ANSWER_H
#define SANDBOX_RECENT_ANSWER_H

#include "item.h"
#include "work.h"

/* Is the request a GET of one that asks so? */
bool recent_is_asked(const struct work *w);

/* Puts into it, which is to be answered, what it asks for. 0, REFUSED, -EIO, -ENOMEM. */
int recent_put(struct work *w, struct item *it);

#endif
