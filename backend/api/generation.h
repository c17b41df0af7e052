/*
 * The table of the API as one of its generations has it. For who speaks for a server: the sandbox,
 * and the test that compares the table with what is described.
 */
#ifndef LASFS_GENERATION_H
#define LASFS_GENERATION_H

#include "resources.h"

enum generation { API_2021, API_2024 };

struct generation_table;

/* 0, -ENOMEM. The rows live as long as the table. */
int generation_new(enum generation generation, struct generation_table **out);
void generation_free(struct generation_table *t); /* NULL is fine */

enum generation generation_of(const struct generation_table *t);

/* As resource_get() and resource_by_name(); NULL: that generation has no such thing. */
const struct resource *generation_resource(const struct generation_table *t,
                                           enum resource_kind kind);
const struct resource *generation_by_name(const struct generation_table *t,
                                          enum resource_kind parent, const char *name);

#endif
