#include "wire.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "resources.h"

#include "banned.h"

enum where { NOWHERE, AT_LIST, AT_ONE };

static bool is_id(const struct resource *res, const char *text, size_t len)
{
    const char *slash = memmem(text, len, ID_SLASH, strlen(ID_SLASH));
    char id[RESOURCE_ID_MAX + 1];
    size_t owner = slash ? (size_t)(slash - text) : 0;
    size_t own = slash ? owner + strlen(ID_SLASH) : 0;
    int n;

    if (len - own + owner + (slash != NULL) > RESOURCE_ID_MAX)
        return false;
    n = snprintf(id, sizeof(id), "%.*s%s%.*s", (int)owner, text, slash ? "/" : "", (int)(len - own),
                 text + own);
    return resource_id_answered(res, id, (size_t)n);
}

static bool is_last_id(const char *pattern)
{
    return strncmp(pattern, "/{", 2) == 0 && !strchr(pattern + 1, '/');
}

/* What a path of len bytes is by the pattern of res: "a/{b}/c/{d}". */
static enum where where_is(const struct resource *res, const char *path, size_t len)
{
    const char *at = res->path, *end = path + len;

    for (;;) {
        const char *slash = memchr(path, '/', (size_t)(end - path));
        size_t has = (size_t)((slash ? slash : end) - path), wants = strcspn(at, "/");

        if (*at == '{' ? !is_id(res, path, has) : has != wants || memcmp(path, at, has) != 0)
            return NOWHERE;
        path += has;
        at += wants;
        if (path == end)
            return !*at ? AT_ONE : is_last_id(at) ? AT_LIST : NOWHERE;
        if (!*at)
            return NOWHERE;
        path++;
        at++;
    }
}

static bool named(const char *pair, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(pair, name, len) == 0;
}

/* A filter of the table with a value, and nothing but such and where the page begins. */
static bool is_filtered(const struct resource *res, const char *query)
{
    bool filtered = false;

    for (;;) {
        size_t len = strcspn(query, "&"), name = strcspn(query, "=&");
        bool page = named(query, name, "maxResults") || named(query, name, "nextToken");
        bool filter = false;

        for (const struct filter *f = res->filters; f && f->name && !filter; f++)
            filter = named(query, name, f->name);
        if ((!page && !filter) || name + 1 >= len)
            return false;
        filtered = filtered || filter;
        query += len;
        if (!*query)
            return filtered;
        query++;
    }
}

static bool may_go(unsigned can_one, unsigned can_list, const char *path)
{
    size_t len = strcspn(path, "?");
    const char *query = path[len] ? path + len + 1 : NULL;

    for (int kind = RES_NONE + 1; kind < RES_COUNT; kind++) {
        const struct resource *res = resource_get((enum resource_kind)kind);
        enum where where = where_is(res, path, len);

        if (where == AT_ONE && resource_can(res) & can_one)
            return !query;
        if (where == AT_LIST && resource_can(res) & can_list)
            return query && is_filtered(res, query);
    }
    return false;
}

static bool is_plain(const char *url)
{
    for (; *url; url++)
        if (*url <= ' ' || *url >= 0x7f || *url == '#' || *url == '\\')
            return false;
    return true;
}

int wire_check(const char *method, const char *url, const char *api, struct failure *err)
{
    static const struct {
        const char *method;
        bool any;
        unsigned one, list;
    } rows[] = {
        { "GET", .any = true },        { "HEAD", .any = true },
        { "POST", .any = true },       { "PUT", .any = true },
        { "PATCH", .one = CAN_PATCH }, { "DELETE", .one = CAN_DELETE, .list = CAN_DELETE_MANY },
    };
    size_t len = api ? strlen(api) : 0;
    char shown[ID_SHOWN_MAX];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].method, method) != 0)
            continue;
        if (rows[i].any)
            return 0;
        if (api && is_plain(url) && strncmp(url, api, len) == 0 && url[len] == '/' &&
            may_go(rows[i].one, rows[i].list, url + len + 1))
            return 0;
    }
    id_show(url, strlen(url), shown);
    return fail(err, -EPERM, 0, "a %s of \"%s\" is never sent", method, shown);
}
