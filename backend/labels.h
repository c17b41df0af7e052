/* The forms that a list of labels may be written in. For body.c, which knows jansson's types. */
#ifndef LASFS_LABELS_H
#define LASFS_LABELS_H

#include <jansson.h>

#include "failure.h"

/* The list of {label, value} that v means: that, {label: value}, or a prediction. *out is a new
 * reference. 0, -EINVAL with name in its words, -ENOMEM. */
int labels_read(json_t *v, const char *name, json_t **out, struct failure *err);

#endif
