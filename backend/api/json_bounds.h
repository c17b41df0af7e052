/*
 * How large a tree the JSON in a text would make, found out before there is one. Pure; one pass.
 */
#ifndef LASFS_JSON_BOUNDS_H
#define LASFS_JSON_BOUNDS_H

#include <stddef.h>

#include "failure.h"

/* Values within one another. All that walks over a tree recurses no deeper, on stacks of 512 KiB. */
#define JSON_DEPTH_MAX 100
/* What a tree may take of memory, by an estimate that is somewhat too high: 85,000 labels with their
 * values. */
#define JSON_TREE_MAX_BYTES ((size_t)64 << 20)

/* 0; -EINVAL with words: it is nested too deep, or would take too much memory. What is no JSON may
 * be either: the parser tells. */
int json_bounds_check(const char *text, size_t len, struct failure *err);

#endif
