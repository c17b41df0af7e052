/* New labels over those that there are. For body.c, which knows jansson's types. */
#ifndef LASFS_LABELS_MERGE_H
#define LASFS_LABELS_MERGE_H

#include <jansson.h>
#include <stdbool.h>

/*
 * The list of labels that fresh means where there is old: one that old has too is that one with another
 * value, found by its name and, of several, by its value, the rest by their order; what fresh does not have
 * has gone. A value that
 * is a number in old stays one where fresh has its letters. plain: fresh says names and values alone, and
 * what else old has of them (pages, confidence) stays; else what fresh has is all there is. So in lines,
 * which are told by their place. A new reference; NULL: no memory.
 */
json_t *labels_merge(json_t *old, json_t *fresh, bool plain);

#endif
