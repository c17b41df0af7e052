/*
 * The API that is spoken, as an OpenAPI 3.1 description that is made of the table of resources: for
 * generators of clients and for validators.
 */
#ifndef SANDBOX_DESCRIBE_H
#define SANDBOX_DESCRIBE_H

#include <jansson.h>

#include "generation.h"

/* root: the server's URL without a path. The caller owns it; what there was no memory for is left
 * out, NULL: all of it. Pure. */
json_t *describe_api(const struct generation_table *api, const char *root);

#endif
