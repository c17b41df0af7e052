/* How long the API's answers took, by endpoint: a meter for each verb of each resource. */
#ifndef LASFS_ENDPOINT_TIMES_H
#define LASFS_ENDPOINT_TIMES_H

#include "meter.h"
#include "resources.h"

enum endpoint_verb {
    ENDPOINT_LIST,
    ENDPOINT_DELETE_MANY,
    ENDPOINT_POST,
    ENDPOINT_GET,
    ENDPOINT_PATCH,
    ENDPOINT_DELETE,
    ENDPOINT_GET_BYTES, /* at an address of their own, as the next two */
    ENDPOINT_HEAD_BYTES,
    ENDPOINT_PUT_BYTES,
    ENDPOINT_VERBS,
};

#define ENDPOINTS (RES_COUNT * ENDPOINT_VERBS)

/* All zero to begin with. */
struct endpoint_times {
    struct meter meters[ENDPOINTS];
};

struct meter *endpoint_meter(struct endpoint_times *e, const struct resource *res,
                             enum endpoint_verb verb);

#define ENDPOINT_PATH_MAX 160

/* What the n-th is called: "GET", and "models/{modelId}" or, of bytes, "{fileUrl}". false: there is none. */
bool endpoint_name(unsigned n, const char **method, char path[ENDPOINT_PATH_MAX]);

#endif
