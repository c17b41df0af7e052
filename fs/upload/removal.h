/*
 * With writeback rm of a document or an asset returns once it is on disk here that it has to go, and the
 * journal sends the DELETE; until then it is in no listing and under no id. Any thread.
 */
#ifndef LASFS_REMOVAL_H
#define LASFS_REMOVAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "backend.h"
#include "intent_row.h"

struct drop;
struct folder;
struct uploads;

/* May d, which is held exclusively, go later? */
bool removal_may_wait(struct uploads *uploads, struct drop *d);

/* It goes: the row of its name, which is name, is deleted with that in one transaction. process: who has
 * removed it (heir.h). 0, what journal_begin() gives. */
int removal_begin(struct uploads *uploads, struct drop *d, const char *name, pid_t process,
                  struct failure *err);

/* d was made as name in f, with O_EXCL, by process, and is open, with bytes of its own. Where the same process has removed that at once before, d is
 * in its place: nothing is deleted before what d becomes is there. */
void removal_claim(struct uploads *uploads, const struct folder *f, const char *name, pid_t process,
                   struct drop *d);

/* Where a folder is a list of some, others may have moved it to another one: it is not this folder's any
 * more, and stays. fresh: it was sent so lately that the list may lag behind. 1, 0; what
 * known_sent_record_now() gives. */
int removal_is_elsewhere(struct uploads *uploads, struct call *call, const struct folder *f,
                         const struct target *t, bool fresh, struct failure *err);

/* What is owed still is in no listing from the start; but what a name stands for until something else gets that. 0,
 * -ENOMEM, -EIO. Before the journal works. */
int removal_load(struct uploads *uploads);

/* Works at an intent that owes a DELETE, as journal_config.work does. */
int64_t removal_work(struct uploads *uploads, struct call *call, const struct intent_row *row,
                     struct failure *why);

#endif
