/* Values that a schema allows, made up for the lenient server's resources. */
#ifndef SANDBOX_SAMPLE_H
#define SANDBOX_SAMPLE_H

#include <jansson.h>

#include "resources.h"

/* A new reference, NULL when out of memory or random numbers. */
json_t *sample_of(const struct schema *s);

#endif
