/*
 * The rows of a list in the order of their titles: of documents what the files are called that were put
 * there, as a shell has them that sorts what it lists. Made once of its rows as they are, immutable; any
 * thread.
 */
#ifndef LASFS_TITLE_ORDER_H
#define LASFS_TITLE_ORDER_H

#include <stdint.h>

#include "record.h"

#define TITLE_ORDER_ROWS_MAX 8192 /* more are not worth the time that they take */

struct title_order;

/* NULL is a gap; what has no title is in no place. 0, -ENOMEM, -EFBIG more than TITLE_ORDER_ROWS_MAX. */
int title_order_new(struct record *const *rows, size_t n, struct title_order **out);
void title_order_free(struct title_order *x); /* NULL is fine */

/* Where the row of this number stands in the order; -1: it was not among them, or has no title. */
int64_t title_order_place(const struct title_order *x, int64_t row);
/* The row's number at that place; -1: there is none. */
int64_t title_order_row(const struct title_order *x, int64_t place);

#endif
