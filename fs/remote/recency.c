#include "recency.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api_path.h"
#include "meta.h"
#include "record.h"
#include "remote_context.h"
#include "types.h"

#include "banned.h"

struct want {
    struct remote *remote;
    struct call *call;
    const struct target *target;
    const char *days;
};

static void ref_object(void *r)
{
    record_ref(r);
}

static void unref_object(void *r)
{
    record_unref(r);
}

static const struct counted_class recency_class = { ref_object, unref_object };

static int load(void *arg, struct meta_loaded *out, struct failure *err)
{
    const struct want *w = arg;
    struct record *r = NULL;
    int rc = backend_get_recent(w->remote->backend, w->call, w->target, w->days, &r, err);

    out->ttl_ms = rc == -ENOENT ? TTL_NEGATIVE_MS : w->remote->meta_ttl_ms;
    if (rc < 0)
        return rc;
    out->value = r;
    out->class = &recency_class;
    out->bytes = record_bytes(r);
    return 0;
}

int recency_text(struct remote *remote, struct call *call, const struct target *t, const char *days,
                 struct buf *out, struct failure *err)
{
    const struct field *field = resource_field(t->res, t->res->recent->field);
    struct want w = { remote, call, t, days };
    cleanup_record struct record *r = NULL;
    char key[API_KEY_MAX];
    void *value = NULL;
    size_t len;
    int rc;

    api_key("days", t, key);
    len = strlen(key);
    if (snprintf(key + len, sizeof(key) - len, "?%s", days) >= (int)(sizeof(key) - len))
        return -ENAMETOOLONG;
    rc = meta_get_or_load(remote->meta, call, key, load, &w, &value, err);
    if (rc < 0)
        return rc;
    r = value;
    rc = record_field_text(r, field, out);
    return rc == 0 && !out->len ? -ENOENT : rc; /* null, by one that counts nothing */
}
