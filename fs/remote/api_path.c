#include "api_path.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

void api_key(const char *kind, const struct target *t, char out[API_KEY_MAX])
{
    const struct resource *above = resource_get(t->res->parent);

    snprintf(out, API_KEY_MAX, "%s/%s%s%s%s%s%s%s", kind, above ? above->name : "",
             above ? "/" : "", above && t->parent ? t->parent : "", above ? "/" : "", t->res->name,
             t->id ? "/" : "", t->id ? t->id : "");
}

void api_list_key(const struct target *t, const char *filter, const char *value,
                  char out[API_KEY_MAX])
{
    size_t len;

    api_key("l", t, out);
    len = strlen(out);
    if (filter)
        snprintf(out + len, API_KEY_MAX - len, "?%s=%s", filter, value ? value : "");
}
