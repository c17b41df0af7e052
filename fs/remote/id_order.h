/*
 * The rows of a list in the order of their ids, as a shell has them that sorts what it lists. Made once of
 * its rows as they are, immutable; what has the same first sixteen digits is in any order. Any thread.
 */
#ifndef LASFS_ID_ORDER_H
#define LASFS_ID_ORDER_H

#include <stdint.h>

#include "record.h"

#define ID_ORDER_ROWS_MAX 65536 /* more are not worth their memory, and the time that they take */

struct id_order;

/* NULL is a gap. 0, -ENOMEM, -EFBIG more than ID_ORDER_ROWS_MAX. */
int id_order_new(struct record *const *rows, size_t n, struct id_order **out);
void id_order_free(struct id_order *x); /* NULL is fine */

/* Where it stands in the order; -1: it was not among the rows. */
int64_t id_order_place(const struct id_order *x, const char *id);
/* The row's number at that place; -1: there is none. */
int64_t id_order_row(const struct id_order *x, int64_t place);

#endif
