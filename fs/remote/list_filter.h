/* What a list's filter says of a resource. Pure. */
#ifndef LASFS_LIST_FILTER_H
#define LASFS_LIST_FILTER_H

#include <stdbool.h>

#include "backend.h"

/* 1: a list's filter (NULL: there is none) lets r through; 0; -ENOMEM: nobody knows. */
int list_filter_check(const char *filter, const char *value, const struct record *r);

/* The same, where not to know is no. */
bool list_filter_holds(const char *filter, const char *value, const struct record *r);

/* The same of a bound, FILTER_FROM or FILTER_TO: is its time no earlier, or no later? */
bool list_filter_time_holds(const struct filter *f, const char *value, const struct record *r);

/* Does r say that it is in another one? An answer may leave out what was asked for. */
bool list_filter_denies(const char *filter, const char *value, const struct record *r);

#endif
