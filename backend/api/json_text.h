/*
 * JSON as text: strict reading, and writing that gives numbers back as they were read. For the
 * modules of this folder that know jansson's types.
 */
#ifndef LASFS_JSON_TEXT_H
#define LASFS_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "failure.h"

/*
 * Any value, with a byte-order mark before it or without; with strict set, an object with the same
 * key twice is refused.
 * 0; -EINVAL malformed, with where and why in err, or beyond json_bounds.h, with nothing built; -ENOMEM (jansson calls a token that it has no
 * memory for an invalid one, so that may be -EINVAL too).
 */
int json_text_parse(const char *text, size_t len, bool strict, json_t **out, struct failure *err);

/* Adds v to out, with an indent of 2 or in one line; no newline behind. 0, -EFBIG, -ENOMEM. */
int json_text_write(json_t *v, bool pretty, struct buf *out);

/* Is it valid UTF-8 without NUL? What is not cannot be a JSON string. */
bool json_text_utf8_ok(const char *text, size_t len);

/* Has v a string of four bytes or more that text has in it? */
bool json_text_tells(json_t *v, const char *text);

/* Overwrites the strings in v, for what held secrets. Nobody else may be using it. */
void json_text_wipe(json_t *v);

#endif
