/*
 * Fields that the table does not have, as files: FIELD, or FIELD.json of what is a structure. What a
 * server calls a field is no path and takes nobody's place: what a name cannot hold is encoded
 * (names.h), and one that would be called as something of the mount's own is in resource.json alone.
 * Pure. scratch: the mount's own patterns (scratch.h), or NULL.
 */
#ifndef LASFS_OTHER_FIELDS_H
#define LASFS_OTHER_FIELDS_H

#include "route.h"

/* What its file is called in the directory of a resource of res. 0, -EINVAL it has none,
 * -ENAMETOOLONG. */
int other_field_file(const struct resource *res, const char *scratch, const char *name,
                     bool structure, char out[ROUTE_NAME_MAX + 1]);

/* The field that a file called so in the directory at would be of: a NODE_FIELD. What it is
 * called in the API to name. 0, -EINVAL: of none. */
int other_field_at(const struct place *at, const char *scratch, const char *file, struct place *out,
                   char name[ROUTE_NAME_MAX + 1]);

/* The same for one that shall be new, by whoever calls a field as the API would: the resource
 * must have a PATCH. */
int other_field_new(const struct place *at, const char *scratch, const char *file,
                    struct place *out);

/* Does a NODE_FIELD stand for such a field? */
bool other_field_is(const struct place *p);

#endif
