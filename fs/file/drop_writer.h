/* A handle on a dropped file that writes: whether it counts as a writer, and whether what it writes still is what the
 * name stands for. Any thread. */
#ifndef LASFS_DROP_WRITER_H
#define LASFS_DROP_WRITER_H

#include "handle.h"

struct drop;
struct files;

/* A handle counts as a writer from its opening, or a write, to its opener's next close. Blocks for the disk. */
void writer_begin(struct files *files, struct handle *h);
void writer_end(struct files *files, struct handle *h);

/* What of h's writes has failed before, as -errno; rc: and now. 0: nothing. */
int writer_unwritten(struct files *files, struct handle *h, int rc);
void writer_begin_anew(struct files *files, struct handle *h);

/* Else what h (or NULL) wrote could not be delivered: its name is what the server has by now, and not h's. */
bool writer_is_current(struct files *files, struct drop *d, const struct handle *h);

/* The same; -EIO, with words. */
int writer_check_current(struct files *files, struct drop *d, const struct handle *h,
                         struct failure *err);

/* What h writes belongs to what its file is now. */
void writer_renew(struct files *files, struct handle *h);

#endif
