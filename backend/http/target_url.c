#include "target_url.h"

#include <errno.h>
#include <string.h>

#include <curl/curl.h>

#include "banned.h"

static const char *next_id(const struct target *t, unsigned nth)
{
    bool has_parent = t->res->parent != RES_NONE;

    if (nth == 0 && has_parent)
        return t->parent;
    return nth == (has_parent ? 1 : 0) ? t->id : NULL;
}

/* A '/' in an id is none of the path's. */
static int add_id(struct buf *out, const char *id)
{
    const char *own = id_own(id);
    int rc = own > id ? buf_addf(out, "%.*s%s", (int)(own - id - 1), id, ID_SLASH) : 0;

    return rc < 0 ? rc : buf_adds(out, own);
}

/* "a/{b}/c/{d}" with the ids in the braces' places; a collection ends before its own. */
int target_path(const char *base, const struct target *t, struct buf *out)
{
    unsigned places = t->res->parent != RES_NONE ? 2 : 1;
    const char *at = t->res->path;
    int rc = buf_addf(out, "%s/", base);

    for (unsigned nth = 0; rc == 0 && *at; nth++) {
        size_t text = strcspn(at, "{");
        const char *id = at[text] ? next_id(t, nth) : NULL;

        if (at[text] && !id) {
            if (nth + 1 != places)
                return -EINVAL;
            return buf_add(out, at, text - 1); /* without its slash */
        }
        if (id && !resource_id_answered(t->res, id, strlen(id)))
            return -EINVAL;
        rc = buf_add(out, at, text);
        if (rc == 0 && id)
            rc = add_id(out, id);
        at += text;
        at += *at ? strcspn(at, "}") + 1 : 0;
    }
    return rc;
}

static int add_pair(struct buf *out, char mark, const char *name, const char *value)
{
    char *escaped = curl_easy_escape(NULL, value, (int)strlen(value));
    int rc = escaped ? buf_addf(out, "%c%s=%s", mark, name, escaped) : -ENOMEM;

    curl_free(escaped);
    return rc;
}

/* What is no word of the API's in a filter is an id, or looks as the table says. */
static bool value_ok(const struct resource *res, const struct query *q)
{
    const struct filter *f = resource_filter(res, q->name);

    return !f || f->schema->enums || id_ok(q->value) ||
           (f->schema->pattern && schema_pattern_ok(f->schema->pattern, q->value));
}

int target_query(const struct resource *res, const struct query *query, const char *token,
                 unsigned max_results, struct buf *out)
{
    int rc = buf_addf(out, "?maxResults=%u", max_results);

    for (; query && query->name && rc == 0; query++)
        rc = value_ok(res, query) ? add_pair(out, '&', query->name, query->value) : -EINVAL;
    if (rc == 0 && token)
        rc = add_pair(out, '&', "nextToken", token);
    return rc;
}

bool target_is_filtered(const struct resource *res, const struct query *query)
{
    bool filtered = false;

    for (; query && query->name; query++) {
        if (!resource_filter(res, query->name) || !query->value || !query->value[0] ||
            !value_ok(res, query))
            return false;
        filtered = true;
    }
    return filtered;
}
