/* What was put into a directory here: entries by the names that it has. For this room alone; the directory's lock
 * is held. */
#ifndef LASFS_FILL_DROPS_H
#define LASFS_FILL_DROPS_H

#include "entries.h"

struct drop;
struct folder;

/* Has something here that name in f? */
bool fill_taken(struct dirs *dirs, struct folder *f, const char *name);

/* One of them. 0, also where it is not shown; -ENOMEM. */
int fill_drop(struct dirs *dirs, struct dirhandle *d, struct drop *drop);

/* What is not (only) at the server comes first; all of it in a folder that has no list. 0, -ENOMEM, -EWOULDBLOCK,
 * -EINTR. */
int fill_local_drops(struct dirs *dirs, struct call *call, struct dirhandle *d, bool all);

/* Did it come so, under the name that it has now? With another one it may have taken a file's place since. */
bool fill_shown(struct dirs *dirs, const struct dirhandle *d, struct drop *drop);

/* Before that: what the list lacks, and may lack yet, loses its name where the server says that it has gone. Adds
 * nothing. 0, -ENOMEM, -EWOULDBLOCK, -EINTR. */
int fill_ask_lacking(struct dirs *dirs, struct call *call, struct dirhandle *d);

/* After the last row: what was sent and is not in the list was deleted elsewhere, and its name goes; unless it
 * was sent so lately that the list may not have it yet. 0, -ENOMEM. */
int fill_sent_drops(struct dirs *dirs, struct dirhandle *d);

#endif
