/* The API, called by the server itself as its own app client: all rules hold, nothing is sent. */
#ifndef SANDBOX_INSIDE_H
#define SANDBOX_INSIDE_H

#include "sandbox.h"

/*
 * Takes body (NULL: no memory for it). mark: a fact that is kept with what a POST makes, or NULL;
 * its value is the id. out NULL: the answer is not needed; else the caller owns it.
 * Blocks on the store. 0; -EINVAL: refused, err has the message; -ENOMEM, -EIO with words in err.
 */
int inside_call(const struct sandbox *sb, enum verb verb, const char *path, json_t *body,
                const char *mark, json_t **out, struct failure *err);

/* Bytes as base64 in a JSON string; NULL: no memory. */
json_t *inside_content(const void *data, size_t len);

#endif
