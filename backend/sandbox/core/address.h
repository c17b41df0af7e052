/* Paths of the API: which resource of the table, which ids. Pure. */
#ifndef SANDBOX_ADDRESS_H
#define SANDBOX_ADDRESS_H

#include "sandbox.h"

/*
 * Reads a path as it came (with or without /v1 before it, no query): what is escaped in it is so behind
 * the split, as an id may have a '/'. 0; -ENOENT: the API has no such path.
 * An id that cannot be one is taken for one that nothing has: the id is then "".
 */
int address_parse(const struct generation_table *api, const char *path, struct address *out);

/* The id of one of res, of this server's own organization, without that one's before it; any other as it is. */
const char *address_own(const struct sandbox *sb, const struct resource *res, const char *id);

/* Has the API that verb there? */
bool address_can(const struct address *t, enum verb verb);

/* The verbs it has, as the header Allow lists them. */
#define ADDRESS_ALLOW_MAX 64
void address_allow(const struct address *t, char out[ADDRESS_ALLOW_MAX]);

#endif
