/* What stands in the directories of links (links.h). */
#ifndef LASFS_FILL_LINKS_H
#define LASFS_FILL_LINKS_H

#include "entries.h"

struct dirs;

/* All that stands in such a directory. 0, -ENOMEM, what the list gives. */
int fill_links(struct dirs *dirs, struct call *call, struct dirhandle *d, struct failure *err);

/* An entry of that place for each value that the field has in the list and ok() takes, once. */
int fill_link_values(struct call *call, struct dirhandle *d, struct listing *l, const char *field,
                     const struct place *place, bool (*ok)(const char *value), struct failure *err);

#endif
