/*
 * Does a value keep to a JSON schema? What is looked at: type, enum, const, required, properties,
 * additionalProperties and items; other words of a schema are not. Pure.
 */
#ifndef SANDBOX_JSON_SCHEMA_H
#define SANDBOX_JSON_SCHEMA_H

#include <jansson.h>

#include "failure.h"

/* 0; -EINVAL with words in err that name the place, which begins with at. */
int json_schema_check(json_t *schema, json_t *v, const char *at, struct failure *err);

#endif
