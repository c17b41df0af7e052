/* Contents that are known (known.h): from the cache, or from the API. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "arrival.h"
#include "content.h"
#include "fetch.h"
#include "known.h"
#include "remote_context.h"
#include "state.h"

#include "banned.h"

int known_content_open(struct remote *remote, struct call *call, const struct target *t,
                       struct content_at *out, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    struct call now = { .nowait = true };
    char id[CONTENT_ID_MAX + 1];
    struct failure ignored;
    int rc = 0;

    if (fetch_content_changes(t->res))
        rc = known_record(remote, call, t, &r, err);
    if (rc < 0)
        return rc;
    out->arrival = NULL;
    rc = fetch_content_id(t, r, id);
    if (rc == 0)
        rc = call->nowait ? content_open_now(remote->content, id, &out->fd, &out->size)
                          : content_open(remote->content, id, &out->fd, &out->size);
    if (rc == 0)
        return 0;
    if (call->nowait)
        return -EWOULDBLOCK;
    if (!r)
        known_record(remote, &now, t, &r, &ignored);
    return fetch_content(remote, call, t, r, out, err);
}

int known_content(struct remote *remote, struct call *call, const struct target *t, int *fd,
                  int64_t *size, struct failure *err)
{
    struct content_at at;
    int rc = known_content_open(remote, call, t, &at, err);

    if (rc < 0)
        return rc;
    if (at.arrival)
        return arrival_finish(at.arrival, call, fd, size, err);
    *fd = at.fd;
    *size = at.size;
    return 0;
}

int known_content_fits(struct remote *remote, struct call *call, const struct resource *res,
                       int64_t size, struct failure *err)
{
    int64_t max;
    bool sure = backend_content_max(remote->backend, res, &max);
    int rc = 0;

    if (!sure && size > max && size <= res->url_max)
        rc = call->nowait ? -EWOULDBLOCK
                          : backend_ask_content_max(remote->backend, call, res, &max, err);
    if (rc < 0 || size <= max)
        return rc;
    return fail(err, -EFBIG, 0, "more than the %lld bytes that the API takes", (long long)max);
}

int known_content_size(struct remote *remote, struct call *call, const struct target *t,
                       int64_t *size, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    char id[CONTENT_ID_MAX + 1];
    const char *ids[] = { id };
    int fd, rc = 0;

    if (fetch_content_changes(t->res))
        rc = known_record(remote, call, t, &r, err);
    if (rc == 0)
        rc = fetch_content_id(t, r, id);
    if (rc < 0)
        return rc;
    if (content_size(remote->content, id, size) == 0)
        return 0;
    if (call->nowait)
        return -EWOULDBLOCK;
    if (state_get_sizes(remote->state, ids, 1, size, NULL) == 0 && *size >= 0)
        return 0;
    rc = known_content(remote, call, t, &fd, size, err);
    if (rc == 0)
        close(fd);
    return rc;
}

void known_content_adopt(struct remote *remote, const struct target *t, const struct record *r,
                         const char *path, const uint8_t *sha256)
{
    char id[CONTENT_ID_MAX + 1];

    /* failure costs a later fetch, no more */
    if (fetch_content_id(t, r, id) == 0)
        content_adopt(remote->content, path, id, sha256);
}
