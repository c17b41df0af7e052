/*
 * Which bytes somebody was told that they are safe. A scratch name promises nothing, and copies of its
 * bytes would be many.
 */
#ifndef LASFS_DROP_PROMISE_H
#define LASFS_DROP_PROMISE_H

#include <stdbool.h>

struct drop;
struct drops;

/* Are d's bytes here promised, and nowhere but here? Then nobody writes into them: drop_unseal(). */
bool drop_is_promised(struct drops *t, struct drop *d);
bool drop_is_promised_locked(const struct drops *t, const struct drop *d);

/* Is d empty here, whatever the server has of it? Half a file as soon as anything is in it. */
bool drop_is_blank_locked(const struct drops *t, const struct drop *d);

#endif
