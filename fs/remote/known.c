#include "known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api_path.h"
#include "arrival.h"
#include "content.h"
#include "fetch.h"
#include "flight.h"
#include "kept.h"
#include "known_lists.h"
#include "list_filter.h"
#include "list_pace.h"
#include "list_search.h"
#include "listing.h"
#include "meta.h"
#include "state.h"

#include "folder.h"
#include "lock.h"
#include "remote_context.h"
#include "types.h"

#include "banned.h"

#define NO_SUCH_METHOD 405
#define CHANGING_MS (10 * 60 * 1000) /* longer than any request */

/* --- Records ---------------------------------------------------------------------------------- */

static void record_ref_object(void *r)
{
    record_ref(r);
}

static void record_unref_object(void *r)
{
    record_unref(r);
}

static const struct counted_class record_class = { record_ref_object, record_unref_object };

struct record_load {
    struct remote *remote;
    struct call *call;
    const struct target *target;
    bool now; /* as it is now: a list may lag behind */
};

/* The API has no GET for it: its list is searched. */
static int find_in_list(struct remote *remote, struct call *call, const struct target *t,
                        struct record **out, struct failure *err)
{
    cleanup_listing struct listing *l = NULL;
    struct record *old = NULL;
    int rc = known_lists_find(remote, t, &old);

    record_unref(old);
    if (rc == -ESTALE)
        known_lists_forget(remote, t);
    rc = known_listing(remote, t->res, t->parent, NULL, NULL, &l);
    if (rc == 0)
        rc = listing_complete(l, call, err);
    if (rc == 0)
        rc = listing_find(l, t->id, out);
    return rc == -EAGAIN ? -ENOENT : rc;
}

bool known_answer_is_final(const struct resource *res)
{
    return !(resource_can(res) & (CAN_GET | CAN_PATCH | CAN_DELETE));
}

/* What will not be as it was kept, later, is asked for. */
static int find_kept(struct remote *remote, const struct target *t, struct record **out)
{
    cleanup_record struct record *r = NULL;
    cleanup_free char *text = NULL;
    int rc = known_answer_is_final(t->res) ? kept_get(remote, KEPT_ANSWER, t->id, &text) : -ENOENT;

    if (rc == 0)
        rc = record_parse(t->res, text, strlen(text), &r);
    if (rc == 0 && record_is_passing(r))
        rc = -ENOENT;
    if (rc == 0)
        *out = steal_pointer(&r);
    return rc;
}

static bool has_get(struct remote *remote, const struct resource *res)
{
    return backend_can(remote->backend, res, CAN_GET);
}

/* What has a GET today had none once: when that does not find what is in the list, there is none. */
static int get_or_find(struct remote *remote, struct call *call, const struct target *t,
                       struct record **out, struct failure *err)
{
    bool sure = resource_can(t->res) & CAN_GET;
    struct failure why = { 0 };
    int rc = has_get(remote, t->res) ? fetch_record(remote, call, t, out, &why) : -ENOENT;

    if (rc == 0)
        return 0;
    if (!sure && (rc == -ENOENT || rc == -EACCES || why.status == NO_SUCH_METHOD)) {
        if (why.status)
            known_lists_forget(remote, t); /* a list of before says nothing against it */
        rc = find_in_list(remote, call, t, out, err);
        if (rc == 0 && why.status)
            backend_lacks(remote->backend, t->res, CAN_GET);
        return rc;
    }
    if (err)
        *err = why;
    return rc;
}

static int load_record(void *arg, struct meta_loaded *out, struct failure *err)
{
    struct record_load *want = arg;
    struct remote *remote = want->remote;
    struct record *r = NULL;
    int rc;

    rc = find_kept(remote, want->target, &r);
    if (rc < 0 && !want->now)
        rc = list_search_by_id(remote, want->call, want->target, &r);
    if (rc < 0)
        rc = get_or_find(remote, want->call, want->target, &r, err);
    out->ttl_ms = remote->meta_ttl_ms;
    if (rc == -ENOENT)
        out->ttl_ms = TTL_NEGATIVE_MS;
    if (rc < 0)
        return rc;
    out->value = r;
    out->class = &record_class;
    out->bytes = record_bytes(r);
    out->ttl_ms = known_ttl(remote, r);
    return 0;
}

static int get_or_load(struct remote *remote, struct call *call, const char *key,
                       const struct target *t, bool now, struct record **out, struct failure *err)
{
    struct record_load want = { remote, call, t, now };
    void *value = NULL;
    int rc = meta_get_or_load(remote->meta, call, key, load_record, &want, &value, err);

    if (rc == 0)
        *out = value;
    if (rc == -ENOENT && err)
        err->text[0] = '\0'; /* that there is none is no failure */
    return rc;
}

/* A GET that is under way may be older than what has happened: nobody joins it any more. */
static void forget_flight(struct remote *remote, const struct target *t)
{
    char key[API_KEY_MAX];

    api_key("get", t, key);
    flights_forget(remote->flights, key);
}

bool known_today(const struct remote *remote)
{
    return backend_speaks_today(remote->backend);
}

bool known_older(const struct remote *remote)
{
    return !known_today(remote) && backend_generations(remote->backend, RES_NONE);
}

bool known_gone(struct remote *remote, const struct target *t)
{
    char key[API_KEY_MAX];
    void *value = NULL;
    int rc;

    api_key("r", t, key);
    rc = meta_get(remote->meta, key, &value, NULL);
    record_unref(value);
    return rc == -ENOENT;
}

int known_told(struct remote *remote, const struct target *t, struct record **out)
{
    char key[API_KEY_MAX];
    void *value = NULL;
    int rc;

    api_key("r", t, key);
    rc = meta_get(remote->meta, key, &value, NULL);
    if (rc == 0)
        *out = value;
    return rc;
}

int known_record(struct remote *remote, struct call *call, const struct target *t,
                 struct record **out, struct failure *err)
{
    char key[API_KEY_MAX];
    int rc = known_told(remote, t, out);

    if (rc != -EWOULDBLOCK)
        return rc;
    api_key("r", t, key);
    if (known_lists_find(remote, t, out) == 0 ||
        (!call->nowait && list_search_cached(remote, call, t, out) == 0))
        return 0;
    return get_or_load(remote, call, key, t, false, out, err);
}

int known_row(struct remote *remote, const struct target *t, struct listing *l, struct record *row,
              struct record **out)
{
    int rc = known_told(remote, t, out);

    if (rc != -EWOULDBLOCK ||
        listing_fresh_ms(l) < clock_now_ms(remote->clock) - known_ttl(remote, row))
        return rc;
    *out = record_ref(row);
    return 0;
}

int known_record_in_folder(struct remote *remote, struct call *call, const struct folder *f,
                           const struct target *t, struct record **out, struct failure *err)
{
    struct call now = { .nowait = true };
    int rc = known_record(remote, &now, t, out, err);

    if (rc != -EWOULDBLOCK || call->nowait)
        return rc;
    if (resource_content_max(t->res) > 0) {
        rc = list_search(remote, call, f, t->id, out, err);
        if (rc != -EAGAIN)
            return rc;
    }
    return known_record(remote, call, t, out, err);
}

/* The server has not said otherwise: what was known is known as long as it would have been. */
static void put_back(struct remote *remote, const char *key, struct record *old, int64_t stored_ms)
{
    int64_t left_ms = known_ttl(remote, old) - (clock_now_ms(remote->clock) - stored_ms);

    if (left_ms > 0)
        meta_put(remote->meta, key, &record_class, old, record_bytes(old), left_ms);
}

int known_new_record(struct remote *remote, struct call *call, const struct target *t,
                     int64_t max_age_ms, struct record **out, struct failure *err)
{
    cleanup_record struct record *old = NULL;
    char key[API_KEY_MAX];
    void *value = NULL;
    int64_t stored_ms;
    int rc;

    api_key("r", t, key);
    rc = meta_get(remote->meta, key, &value, &stored_ms);
    old = value;
    if (rc != -EWOULDBLOCK && clock_now_ms(remote->clock) - stored_ms <= max_age_ms) {
        if (rc == 0)
            *out = steal_pointer(&old);
        return rc;
    }
    if (call->nowait)
        return -EWOULDBLOCK;
    known_forget_record(remote, t, false);
    rc = get_or_load(remote, call, key, t, true, out, err);
    if (rc < 0 && rc != -ENOENT && old)
        put_back(remote, key, old, stored_ms);
    return rc;
}

int known_current_record(struct remote *remote, struct call *call, const struct target *t,
                         struct record **out, struct failure *err)
{
    if (!call->nowait && !has_get(remote, t->res))
        known_lists_forget(remote, t);
    return known_new_record(remote, call, t, 0, out, err);
}

int known_sent_record(struct remote *remote, struct call *call, const struct folder *f,
                      const struct target *t, bool fresh, struct record **out, struct failure *err)
{
    cleanup_record struct record *listed = NULL;
    char key[API_KEY_MAX];
    int rc = fresh ? known_told(remote, t, out) : -EWOULDBLOCK;

    if (rc != -EWOULDBLOCK)
        return rc;
    rc = known_record_in_folder(remote, call, f, t, &listed, err);
    if (rc == 0 && !(fresh && list_filter_denies(f->filter, f->filter_value, listed)))
        *out = steal_pointer(&listed);
    else if (fresh && (rc == 0 || rc == -ENOENT)) {
        api_key("r", t, key);
        rc = get_or_load(remote, call, key, t, true, out, err);
    }
    return rc;
}

int known_sent_record_now(struct remote *remote, struct call *call, const struct folder *f,
                          const struct target *t, bool fresh, struct record **out,
                          struct failure *err)
{
    known_forget_record(remote, t, list_pace_look(remote, f));
    return known_sent_record(remote, call, f, t, fresh, out, err);
}

int known_field_record(struct remote *remote, struct call *call, const struct target *t,
                       struct record **out, struct failure *err)
{
    char key[API_KEY_MAX], stale[API_KEY_MAX];

    api_key("r", t, key);
    api_key("stale", t, stale);
    if (meta_get(remote->meta, stale, &(void *){ NULL }, NULL) == -ENOENT) {
        if (call->nowait)
            return -EWOULDBLOCK;
        meta_invalidate(remote->meta, stale);
        known_forget_record(remote, t, false);
        return get_or_load(remote, call, key, t, true, out, err);
    }
    return known_record(remote, call, t, out, err);
}

void known_forget_record(struct remote *remote, const struct target *t, bool lists)
{
    char key[API_KEY_MAX];

    api_key("r", t, key);
    meta_invalidate(remote->meta, key);
    forget_flight(remote, t);
    if (lists)
        known_lists_forget(remote, t);
}

/* --- What has changed ------------------------------------------------------------------------- */

void known_changed_again(struct remote *remote, const struct target *t)
{
    char key[API_KEY_MAX];

    api_key("stale", t, key);
    meta_put_negative(remote->meta, key, remote->meta_ttl_ms);
}

/* A document counts in its dataset: what is known of that is out of date for who reads it. */
static void mark_stale(struct remote *remote, const struct target *t, const struct record *r)
{
    for (const struct filter *f = t->res->filters; f && f->name; f++) {
        cleanup_buf struct buf value = BUF_INIT(RESOURCE_ID_MAX);
        struct target other = { .res = resource_get(f->schema->refers) };

        if (!other.res || other.res == t->res || !r || record_string(r, f->name, &value) < 0)
            continue;
        other.id = value.data;
        known_changed_again(remote, &other);
    }
}

/* What it was, as far as one remembers it, with a reference, or NULL; gone: it was removed. */
static struct record *forget_stale(struct remote *remote, const struct target *t, bool *gone)
{
    struct record *before = NULL;
    char key[API_KEY_MAX];
    void *value = NULL;
    int rc;

    api_key("r", t, key);
    rc = meta_get(remote->meta, key, &value, NULL);
    *gone = rc == -ENOENT;
    if (rc == 0)
        before = value;
    else
        known_lists_find(remote, t, &before);
    mark_stale(remote, t, before);
    forget_flight(remote, t);
    return before;
}

void known_content_changes(struct remote *remote, const struct target *t)
{
    char key[API_KEY_MAX];

    api_key("changing", t, key);
    meta_put_negative(remote->meta, key, CHANGING_MS);
}

void known_content_changed(struct remote *remote, const struct target *t)
{
    char key[API_KEY_MAX];

    api_key("changing", t, key);
    meta_invalidate(remote->meta, key);
}

static bool is_changing(struct remote *remote, const struct target *t)
{
    char key[API_KEY_MAX];

    api_key("changing", t, key);
    return meta_get(remote->meta, key, &(void *){ NULL }, NULL) == -ENOENT;
}

/* A content goes with its changed time: after a change of a field from here it is as long as it
 * was. Who changes the content itself says its length after this. */
static void keep_size(struct remote *remote, const struct target *t, const struct record *before,
                      const struct record *now)
{
    char old[CONTENT_ID_MAX + 1], new[CONTENT_ID_MAX + 1];
    const char *ids[] = { old };
    int64_t size = -1;

    if (!before || !fetch_content_changes(t->res) || is_changing(remote, t) ||
        fetch_content_id(t, before, old) < 0 || fetch_content_id(t, now, new) < 0)
        return;
    if (state_get_sizes(remote->state, ids, 1, &size, NULL) == 0 && size >= 0)
        state_put_size(remote->state, new, size, NULL);
}

/* now is what the memory says, unless a later answer was faster, or a clock goes wrong: false. */
static bool remember(struct remote *remote, const struct target *t, struct record *now,
                     struct record **before)
{
    char key[API_KEY_MAX];
    bool gone;

    *before = forget_stale(remote, t, &gone);
    mark_stale(remote, t, now);
    if (gone || (*before && record_changed_ns(*before) > record_changed_ns(now))) {
        known_forget_record(remote, t, true);
        return false;
    }
    api_key("r", t, key);
    meta_put(remote->meta, key, &record_class, now, record_bytes(now), known_ttl(remote, now));
    known_lists_apply(remote, t, now);
    return true;
}

void known_changed(struct remote *remote, const struct target *t, struct record *now)
{
    cleanup_record struct record *before = NULL;
    bool newest;

    lock_take(&remote->known_lock);
    newest = remember(remote, t, now, &before);
    lock_give(&remote->known_lock);
    if (newest)
        keep_size(remote, t, before, now);
}

void known_removed(struct remote *remote, const struct target *t)
{
    char key[API_KEY_MAX];
    struct record *before;
    bool gone;

    api_key("r", t, key);
    lock_take(&remote->known_lock);
    before = forget_stale(remote, t, &gone);
    meta_put_negative(remote->meta, key, TTL_REMOVED_MS);
    known_lists_apply(remote, t, NULL);
    lock_give(&remote->known_lock);
    record_unref(before);
    content_remove(remote->content, t->id);
    state_put_size(remote->state, t->id, -1, NULL);
}

void known_unsure(struct remote *remote, const struct target *t, const struct failure *why)
{
    if (why->outcome == OUTCOME_UNKNOWN)
        known_lists_forget(remote, t);
}

void known_forget_all(struct remote *remote)
{
    meta_clear(remote->meta);
    flights_forget_all(remote->flights);
    arrivals_forget(remote);
    known_lists_clear(remote);
}

void known_release(struct remote *remote)
{
    list_paces_release(remote);
    known_lists_clear(remote);
}
