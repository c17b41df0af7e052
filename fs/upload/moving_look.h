/* What a name stands for, and what became of a move that nobody knows of. For this room alone. */
#ifndef LASFS_MOVING_LOOK_H
#define LASFS_MOVING_LOOK_H

#include <stdbool.h>

#include "ids.h"

struct call;
struct drop;
struct failure;
struct folder;
struct target;
struct uploads;

/* Bytes by their number in the spool, else the resource. Any thread, never blocks. */
void moving_look_at_name(struct uploads *uploads, struct drop *there,
                         char seen[RESOURCE_ID_MAX + 1]);

/* Is something to take the place of d, and nobody knows whether it did? Any thread, never blocks. */
bool moving_is_over(struct uploads *uploads, struct drop *d);

/* Is t in the list of to, and, if it takes the place of old (NULL: of nothing) there, what that is? 1, 0 it is
 * not, or is no more; *gone: old is there no more, and nobody can say. Asks the server. -errno: it cannot
 * be asked. */
int moving_is_done(struct uploads *uploads, struct call *call, const struct target *t,
                   const struct folder *to, const char *to_name, const char *old, bool *gone,
                   struct failure *why);

#endif
