#include "endpoint_times.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

struct meter *endpoint_meter(struct endpoint_times *e, const struct resource *res,
                             enum endpoint_verb verb)
{
    return &e->meters[(unsigned)res->kind * ENDPOINT_VERBS + verb];
}

static bool has_ids(const char *path)
{
    return path[0] && path[strlen(path) - 1] == '}';
}

/* "models/{modelId}" is in "models"; what ends otherwise is a collection by itself. */
static int collection_length(const char *path)
{
    return (int)(has_ids(path) ? strrchr(path, '{') - path - 1 : (ptrdiff_t)strlen(path));
}

bool endpoint_name(unsigned n, const char **method, char path[ENDPOINT_PATH_MAX])
{
    static const char *const methods[ENDPOINT_VERBS] = {
        [ENDPOINT_LIST] = "GET",      [ENDPOINT_DELETE_MANY] = "DELETE",
        [ENDPOINT_POST] = "POST",     [ENDPOINT_GET] = "GET",
        [ENDPOINT_PATCH] = "PATCH",   [ENDPOINT_DELETE] = "DELETE",
        [ENDPOINT_GET_BYTES] = "GET", [ENDPOINT_HEAD_BYTES] = "HEAD",
        [ENDPOINT_PUT_BYTES] = "PUT",
    };
    const struct resource *res = resource_get((enum resource_kind)(n / ENDPOINT_VERBS));
    enum endpoint_verb verb = n % ENDPOINT_VERBS;

    if (!res || !res->path || (verb >= ENDPOINT_GET_BYTES && !res->url_field))
        return false;
    if (verb >= ENDPOINT_GET && verb <= ENDPOINT_DELETE && !has_ids(res->path))
        return false;
    *method = methods[verb];
    if (verb >= ENDPOINT_GET_BYTES)
        snprintf(path, ENDPOINT_PATH_MAX, "{%s}", res->url_field);
    else if (verb >= ENDPOINT_GET)
        snprintf(path, ENDPOINT_PATH_MAX, "%s", res->path);
    else
        snprintf(path, ENDPOINT_PATH_MAX, "%.*s", collection_length(res->path), res->path);
    return true;
}
