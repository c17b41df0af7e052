/* The forms that a list of labels may be written in. For body.c, which knows jansson's types. */
#ifndef LASFS_LABELS_H
#define LASFS_LABELS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "failure.h"

/*
 * The list of {label, value} that v means: that, {label: value}, a prediction, or an object that
 * has one of these under "labels". A number becomes a text, but for numbers; a list within a
 * value stays one. *out is a new reference. *plain: it says names and values alone, and nothing of what else a label may
 * have. 0, -EINVAL with name in its words, -ENOMEM.
 */
int labels_read(json_t *v, const char *name, bool numbers, json_t **out, bool *plain,
                struct failure *err);

/*
 * The list of guesses that a prediction's map of them stands for, {label: [{value, confidence}]}, of
 * lines {label: [{column: [...]}]}; a list is that list. *out is a new reference. 0, -EINVAL: it is
 * none of these; -ENOMEM.
 */
int labels_list_guesses(json_t *guesses, json_t **out);

/* A guess's value as a label's: of lines their labels and values alone. A new reference. NULL: -ENOMEM. */
json_t *labels_plain_value(json_t *value);

/*
 * Adds JSON text to out with the numbers that are values of labels as strings of the same letters,
 * which a parser would lose: "6.50", and any number of digits. member NULL: all of the text is
 * labels; else what the outermost object has of that name is. keep: in a list's entries a number
 * stays one where it is written again with the same letters, as what a server has is. What is no
 * JSON stays none. 0, -EFBIG, -ENOMEM.
 */
int labels_quote_numbers(const char *text, size_t len, const char *member, bool keep,
                         struct buf *out);

#endif
