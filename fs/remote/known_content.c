/* Contents that are known (known.h): from the cache, or from the API. */
#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "api_path.h"
#include "arrival.h"
#include "content.h"
#include "fetch.h"
#include "flight.h"
#include "known.h"
#include "remote_context.h"
#include "state.h"

#include "banned.h"

static int open_cached(struct remote *remote, const struct call *call, const char *id,
                       struct content_at *out)
{
    return call->nowait ? content_open_now(remote->content, id, &out->fd, &out->size)
                        : content_open(remote->content, id, &out->fd, &out->size);
}

/* Somebody opens one: what is read ahead is nobody's yet. */
static void note_read(struct remote *remote, const struct call *call, bool hit)
{
    if (atomic_load(&call->class) <= CALL_BACKGROUND)
        return;
    atomic_fetch_add(hit ? &remote->hits : &remote->misses, 1);
    lately_add(hit ? &remote->hits_lately : &remote->misses_lately, clock_now_ms(remote->clock), 1);
}

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
        rc = open_cached(remote, call, id, out);
    if (rc == 0) {
        note_read(remote, call, true);
        return 0;
    }
    if (call->nowait)
        return -EWOULDBLOCK;
    note_read(remote, call, false);
    if (!r)
        known_record(remote, &now, t, &r, &ignored);
    rc = fetch_content(remote, call, t, r, out, err);
    if (rc == -EALREADY) { /* it has come between the two looks */
        out->arrival = NULL;
        rc = open_cached(remote, call, id, out);
    } else if (rc == 0 && !out->arrival && atomic_load(&call->class) > CALL_BACKGROUND) {
        content_came_for(remote->content, id);
    }
    return rc;
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

static bool is_size_known(struct remote *remote, const char *id, int64_t *size)
{
    int64_t known = -1;

    if (content_size(remote->content, id, size) == 0)
        return true;
    if (state_get_sizes(remote->state, &id, 1, &known, NULL) < 0 || known < 0)
        return false;
    *size = known;
    return true;
}

struct head {
    struct remote *remote;
    struct call *call;
    struct record *record;
    const char *id;
};

static int ask_head(void *arg, struct flight_result *result, struct failure *err)
{
    struct head *want = arg;
    int64_t size;
    int rc;

    (void)result;
    if (is_size_known(want->remote, want->id, &size))
        return 0; /* one flew that landed just now */
    rc = backend_get_raw_size(want->remote->backend, want->call, want->record, &size, err);
    if (rc == 0)
        state_put_size(want->remote->state, want->id, size, NULL);
    return rc;
}

/* Of what stands at an address of its own its head tells: one for all who ask at once. -EOPNOTSUPP:
 * it does not. */
static int size_by_head(struct remote *remote, struct call *call, const struct target *t,
                        struct record *r, const char *id, int64_t *size, struct failure *err)
{
    struct head want = { remote, call, r, id };
    char key[API_KEY_MAX];
    int rc;

    if (!record_has_url(r) || atomic_load(&remote->no_heads))
        return -EOPNOTSUPP;
    api_key("head", t, key);
    rc = flight_run(remote->flights, call, remote->clock, key, ask_head, &want, NULL, err);
    return rc < 0 || is_size_known(remote, id, size) ? rc : -EOPNOTSUPP;
}

static int size_by_content(struct remote *remote, struct call *call, const struct target *t,
                           struct record *r, bool refused, int64_t *size, struct failure *err)
{
    int fd, rc = known_content(remote, call, t, &fd, size, err);

    if (rc < 0)
        return rc;
    close(fd);
    if (refused && record_has_url(r))
        atomic_store(&remote->no_heads,
                     true); /* what gives its bytes, and no word of them before */
    return 0;
}

int known_content_size(struct remote *remote, struct call *call, const struct target *t,
                       int64_t *size, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    char id[CONTENT_ID_MAX + 1];
    int rc = 0;

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
    if (is_size_known(remote, id, size))
        return 0;
    rc = r ? 0 : known_record(remote, call, t, &r, err);
    if (rc < 0 ||
        is_size_known(remote, id, size)) /* a GET of it may have brought the content too */
        return rc;
    rc = size_by_head(remote, call, t, r, id, size, err);
    if (rc != -EOPNOTSUPP && rc != -EIO) /* who fails at a HEAD may do well at a GET */
        return rc;
    return size_by_content(remote, call, t, r, rc == -EOPNOTSUPP, size, err);
}

void known_content_adopt(struct remote *remote, const struct target *t, const struct record *r,
                         const char *path, const uint8_t *sha256)
{
    char id[CONTENT_ID_MAX + 1];

    /* failure costs a later fetch, no more */
    if (fetch_content_id(t, r, id) == 0)
        content_adopt(remote->content, path, id, sha256);
}
