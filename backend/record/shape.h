/*
 * What a program may write in a body that the API does not take as it is: a value in the place
 * of the object around it, names in the place of ids. For body.c, which knows jansson's types.
 */
#ifndef LASFS_SHAPE_H
#define LASFS_SHAPE_H

#include <jansson.h>

#include "failure.h"
#include "id_finder.h"
#include "resources.h"

/*
 * Puts a POST's object that is only a part of what the table's bare says into its place, and
 * beside it what can have one value only: {"States": ...} becomes {"specification":
 * {"definition": {"States": ...}, "language": "ASL", ...}}. An object that has what it needs
 * stays as it is. *object is replaced; nobody else may be using it. 0, -ENOMEM.
 */
int shape_bare(const struct resource *res, json_t **object);

/*
 * Puts ids in the place of names, wherever by the schema an id belongs in *v, at any depth. *v
 * and what is in it must be nobody else's. 0, -ENOMEM, what finder gives.
 */
int shape_ids(const struct schema *s, json_t **v, const struct id_finder *finder,
              struct failure *err);

#endif
