/* What was sent and is needed here no more. */
#ifndef LASFS_SETTLE_H
#define LASFS_SETTLE_H

#include "backend.h"

struct drop;
struct uploads;

/* What was sent and nobody has open goes from the spool to the content cache. The caller
 * holds d exclusively. */
void settle_drop(struct uploads *uploads, struct drop *d);

/* At the end of the mount: what was sent leaves the spool, whoever still has it open. */
void settle_all(struct uploads *uploads);

#endif
