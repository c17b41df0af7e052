/* Paths of the API: which resource of the table, which ids. Pure. */
#ifndef SANDBOX_ADDRESS_H
#define SANDBOX_ADDRESS_H

#include "sandbox.h"

/*
 * Reads a path (with or without /v1 before it, no query). 0; -ENOENT: the API has no such path.
 * An id that cannot be one is taken for one that nothing has: the id is then "".
 */
int address_parse(const struct generation_table *api, const char *path, struct address *out);

/* Has the API that verb there? */
bool address_can(const struct address *t, enum verb verb);

/* The verbs it has, as the header Allow lists them. */
#define ADDRESS_ALLOW_MAX 64
void address_allow(const struct address *t, char out[ADDRESS_ALLOW_MAX]);

#endif
