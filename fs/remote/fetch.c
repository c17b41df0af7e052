#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api_path.h"
#include "arrival.h"
#include "content.h"
#include "flight.h"
#include "meta.h"
#include "remote_context.h"
#include "state.h"

#include "banned.h"

/* What one GET brought, for all who waited for it. */
struct fetched {
    atomic_uint refs;
    struct record *record;
    int fd; /* of its content, -1: none was asked for */
    int64_t size;
};

static void fetched_ref(void *object)
{
    struct fetched *f = object;

    atomic_fetch_add(&f->refs, 1);
}

static void fetched_unref(void *object)
{
    struct fetched *f = object;

    if (atomic_fetch_sub(&f->refs, 1) != 1)
        return;
    if (f->fd >= 0)
        close(f->fd);
    record_unref(f->record);
    free(f);
}

static const struct counted_class fetched_class = { fetched_ref, fetched_unref };

bool fetch_content_changes(const struct resource *res)
{
    const struct field *f = resource_field(res, "content");

    return f && (f->flags & F_IN_PATCH);
}

int fetch_content_id(const struct target *t, const struct record *r, char out[CONTENT_ID_MAX + 1])
{
    int n;

    if (!fetch_content_changes(t->res))
        n = snprintf(out, CONTENT_ID_MAX + 1, "%s", t->id);
    else if (r)
        n = snprintf(out, CONTENT_ID_MAX + 1, "%s@%" PRId64, t->id, record_changed_ns(r));
    else
        return -EINVAL;
    return n > CONTENT_ID_MAX ? -ENAMETOOLONG : 0;
}

struct fetch {
    struct remote *remote;
    struct call *call;
    const struct target *target;
    bool in_memory;
};

static void keep_content(struct fetch *want, struct fetched *f, struct content_writer *w)
{
    char id[CONTENT_ID_MAX + 1];

    f->fd = fcntl(content_writer_fd(w), F_DUPFD_CLOEXEC, 3);
    if (f->size < 0 || fetch_content_id(want->target, f->record, id) < 0) {
        content_abort(w);
        return;
    }
    state_put_size(want->remote->state, id, f->size, NULL);
    content_commit(w, id); /* failure costs a later fetch, no more */
}

static int fetch_into(struct fetch *want, struct fetched *f, struct failure *err)
{
    struct content_writer *w = NULL;
    int rc = 0;

    if (resource_content_max(want->target->res) > 0) {
        rc = content_create(want->remote->content, want->in_memory, &w);
        if (rc < 0 && !want->in_memory)
            rc = content_create(want->remote->content, true,
                                &w); /* no disk, no cache, but an answer */
        if (rc < 0)
            return rc;
    }
    rc = backend_get(want->remote->backend, want->call, want->target, w ? content_writer_fd(w) : -1,
                     &f->record, &f->size, err);
    if (rc < 0)
        content_abort(w);
    else if (w)
        keep_content(want, f, w);
    return rc;
}

static int fetch_work(void *arg, struct flight_result *result, struct failure *err)
{
    struct fetch *want = arg;
    struct fetched *f = calloc(1, sizeof(*f));
    char stale[API_KEY_MAX];
    int rc;

    if (!f)
        return -ENOMEM;
    atomic_init(&f->refs, 1);
    f->fd = -1;
    api_key("stale", want->target, stale);
    meta_invalidate(want->remote->meta, stale);
    rc = fetch_into(want, f, err);
    if (rc == -ENOSPC && !want->in_memory) {
        want->in_memory = true; /* a full disk under the cache costs the cache alone */
        rc = fetch_into(want, f, err);
    }
    if (rc < 0) {
        fetched_unref(f);
        return rc;
    }
    result->object = f;
    result->class = &fetched_class;
    return 0;
}

static int fetch(struct remote *remote, struct call *call, const struct target *t,
                 struct fetched **out, struct failure *err)
{
    struct fetch want = { remote, call, t, false };
    struct flight_result result = { NULL, NULL };
    char key[API_KEY_MAX];
    int rc;

    api_key("get", t, key);
    rc = flight_run(remote->flights, call, remote->clock, key, fetch_work, &want, &result, err);
    if (rc == 0)
        *out = result.object;
    return rc;
}

int fetch_record(struct remote *remote, struct call *call, const struct target *t,
                 struct record **out, struct failure *err)
{
    struct fetched *f;
    int rc = fetch(remote, call, t, &f, err);

    if (rc < 0)
        return rc;
    *out = record_ref(f->record);
    fetched_unref(f);
    return 0;
}

static int from_address(struct remote *remote, struct call *call, const struct target *t,
                        struct record *r, struct content_at *out, struct failure *err)
{
    char id[CONTENT_ID_MAX + 1];
    int rc = fetch_content_id(t, r, id);

    out->fd = -1;
    return rc < 0 ? rc : arrival_open(remote, call, id, r, &out->arrival, &out->size, err);
}

static int from_answer(const struct fetched *f, struct content_at *out, struct failure *err)
{
    int fd;

    if (f->size < 0 || f->fd < 0)
        return fail(err, -EIO, 0, "the answer had no content");
    fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return -errno;
    *out = (struct content_at){ .fd = fd, .size = f->size };
    return 0;
}

int fetch_content(struct remote *remote, struct call *call, const struct target *t,
                  struct record *known, struct content_at *out, struct failure *err)
{
    struct fetched *f;
    int rc =
        known && record_has_url(known) ? from_address(remote, call, t, known, out, err) : -ENOENT;

    if (rc != -ENOENT && rc != -EACCES)
        return rc;
    rc = fetch(remote, call, t, &f, err); /* it may have moved */
    if (rc < 0)
        return rc;
    if (f->size < 0 && record_has_url(f->record))
        rc = from_address(remote, call, t, f->record, out, err);
    else
        rc = from_answer(f, out, err);
    fetched_unref(f);
    return rc;
}
