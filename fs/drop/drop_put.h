/* Texts that are a drop's bytes at once: local, complete, on disk. */
#ifndef LASFS_DROP_PUT_H
#define LASFS_DROP_PUT_H

#include "drop.h"

/* These are d's bytes from now on: local, complete, on disk, not to be sent. d is held
 * exclusively. 0, -ENOSPC, -EIO, -ENOMEM. */
int drop_put_text(struct drops *t, struct drop *d, const char *text, size_t len);

/* The same, of what the daemon itself has to say; until somebody else writes it, it is that. */
int drop_put_answer(struct drops *t, struct drop *d, const char *text, size_t len);
bool drop_is_answer(struct drops *t, struct drop *d);

#endif
