/*
 * Resources that have to go: what was told to be replaced is in no listing, although its DELETE has not
 * got through yet. Any thread; none blocks.
 */
#ifndef LASFS_DOOMED_H
#define LASFS_DOOMED_H

#include <stdbool.h>

struct drops;

/* Out of memory it is listed for as long as it is there. */
void drops_doom(struct drops *t, const char *id);

/* It is gone, or stays. */
void drops_spare(struct drops *t, const char *id);

bool drops_is_doomed(struct drops *t, const char *id);

/* For drops_free(). */
void doomed_free(struct drops *t);

#endif
