/* Paths of the API as keys of what is known. Pure. */
#ifndef LASFS_API_PATH_H
#define LASFS_API_PATH_H

#include "backend.h"

#define API_KEY_MAX 1024

/* KIND/transitions/T/executions/E. Ids are at most RESOURCE_ID_MAX, so it fits. */
void api_key(const char *kind, const struct target *t, char out[API_KEY_MAX]);

/* l/documents?datasetId=D; filter may be NULL. */
void api_list_key(const struct target *t, const char *filter, const char *value,
                  char out[API_KEY_MAX]);

#endif
