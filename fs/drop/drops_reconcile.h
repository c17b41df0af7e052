/* At the start: what the state database and the spool do not agree on. */
#ifndef LASFS_DROPS_RECONCILE_H
#define LASFS_DROPS_RECONCILE_H

#include "failure.h"

struct clock;
struct errlog;
struct spool;
struct state;

/*
 * Before drops_new(). A file of the spool that no row names is kept among what has failed, as
 * unnamed-NUMBER; it is removed only if it is empty, or if the server has acknowledged the same
 * bytes. A row whose file is not there, and that was not sent, has a line in errlog. That a file
 * could not be looked at has one too, and is no reason not to start.
 * 0, -ENOMEM, and what reading and writing of rows gives, with words in err.
 */
int drops_reconcile(struct state *state, struct spool *spool, struct clock *clock,
                    struct errlog *errlog, struct failure *err);

#endif
