/* What happens to a row by itself: what its kind does when its time has come. */
#ifndef SANDBOX_DUE_ROW_H
#define SANDBOX_DUE_ROW_H

#include "work.h"

/* Does it now, whenever it was due; what has gone is nothing. Inside the writer's transaction; returns as
 * item.h's functions do. */
int due_row_run(struct work *w, const char *id);

#endif
