#include "known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api_path.h"
#include "fetch.h"
#include "kept.h"
#include "known_lists.h"

#include "banned.h"

#define LIST_PAGES_WORTH 10 /* of a list, before one GET with its content costs less */

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
    struct fs *fs;
    struct call *call;
    const struct target *target;
};

/* The API has no GET for it: its list is searched. */
static int find_in_list(struct fs *fs, struct call *call, const struct target *t,
                        struct record **out, struct failure *err)
{
    cleanup_listing struct listing *l = NULL;
    struct record *old = NULL;
    int rc = known_lists_find(fs, t, &old);

    record_unref(old);
    if (rc == -ESTALE)
        known_lists_forget(fs, t);
    rc = known_listing(fs, t->res, t->parent, NULL, NULL, &l);
    if (rc == 0)
        rc = listing_complete(l, call, err);
    if (rc == 0)
        rc = listing_find(l, t->id, out);
    return rc == -EAGAIN ? -ENOENT : rc;
}

bool known_answer_is_final(const struct resource *res)
{
    return !(res->can & (CAN_GET | CAN_PATCH | CAN_DELETE));
}

static int find_kept(struct fs *fs, const struct target *t, struct record **out)
{
    cleanup_free char *text = NULL;
    int rc = known_answer_is_final(t->res) ? kept_get(fs, KEPT_ANSWER, t->id, &text) : -ENOENT;

    return rc < 0 ? rc : record_parse(t->res, text, strlen(text), out);
}

static int load_record(void *arg, struct meta_load *load, struct meta_loaded *out,
                       struct failure *err)
{
    struct record_load *want = arg;
    struct fs *fs = want->fs;
    struct record *r = NULL;
    int rc;

    (void)load;
    if (want->target->res->can & CAN_GET)
        rc = fetch_record(fs, want->call, want->target, &r, err);
    else if (find_kept(fs, want->target, &r) == 0)
        rc = 0;
    else
        rc = find_in_list(fs, want->call, want->target, &r, err);
    out->ttl_ms = fs->options->meta_ttl_ms;
    if (rc == -ENOENT)
        out->ttl_ms = TTL_NEGATIVE_MS;
    if (rc < 0)
        return rc;
    out->value = r;
    out->class = &record_class;
    out->bytes = record_bytes(r);
    out->ttl_ms = known_ttl(fs, r);
    return 0;
}

static int get_or_load(struct fs *fs, struct call *call, const char *key, const struct target *t,
                       struct record **out, struct failure *err)
{
    struct record_load want = { fs, call, t };
    void *value = NULL;
    int rc = meta_get_or_load(fs->meta, call, key, load_record, &want, &value, err);

    if (rc == 0)
        *out = value;
    if (rc == -ENOENT && err)
        err->text[0] = '\0'; /* that there is none is no failure */
    return rc;
}

/* A GET that is under way may be older than what has happened: nobody joins it any more. */
static void forget_flight(struct fs *fs, const struct target *t)
{
    char key[API_KEY_MAX];

    api_key("get", t, key);
    flights_forget(fs->flights, key);
}

int known_record(struct fs *fs, struct call *call, const struct target *t, struct record **out,
                 struct failure *err)
{
    char key[API_KEY_MAX];
    void *value = NULL;
    int rc;

    api_key("r", t, key);
    rc = meta_get(fs->meta, key, &value, NULL);
    if (rc == 0)
        *out = value;
    if (rc != -EWOULDBLOCK)
        return rc;
    if (known_lists_find(fs, t, out) == 0)
        return 0;
    return get_or_load(fs, call, key, t, out, err);
}

static int find_in_pages(struct fs *fs, struct call *call, struct folder *f, const char *id,
                         struct record **out, struct failure *err)
{
    cleanup_listing struct listing *l = NULL;
    size_t worth;
    int rc = known_folder_listing(fs, f, &l);

    drops_lock(fs->drops);
    worth = (LIST_PAGES_WORTH + (size_t)f->cold) * RESOURCE_PAGE_SIZE;
    drops_unlock(fs->drops);
    while (rc == 0 && (rc = listing_find(l, id, out)) == -EAGAIN && listing_rows(l) < worth) {
        struct record *next = NULL;

        rc = listing_row(l, call, listing_rows(l), &next, err);
        record_unref(next);
        if (rc == 1)
            rc = 0; /* that was the last page */
    }
    if (rc == -EAGAIN) {
        drops_lock(fs->drops);
        f->cold++;
        drops_unlock(fs->drops);
    }
    return rc;
}

int known_record_in_folder(struct fs *fs, struct call *call, struct folder *f,
                           const struct target *t, struct record **out, struct failure *err)
{
    struct call now = { .nowait = true };
    int rc = known_record(fs, &now, t, out, err);

    if (rc != -EWOULDBLOCK || call->nowait)
        return rc;
    if (resource_content_max(t->res) > 0) {
        rc = find_in_pages(fs, call, f, t->id, out, err);
        if (rc != -EAGAIN)
            return rc;
    }
    return known_record(fs, call, t, out, err);
}

int known_new_record(struct fs *fs, struct call *call, const struct target *t, int64_t max_age_ms,
                     struct record **out, struct failure *err)
{
    char key[API_KEY_MAX];
    void *value = NULL;
    int64_t stored_ms;
    int rc;

    api_key("r", t, key);
    rc = meta_get(fs->meta, key, &value, &stored_ms);
    if (rc != -EWOULDBLOCK && clock_now_ms(fs->clock) - stored_ms <= max_age_ms) {
        if (rc == 0)
            *out = value;
        return rc;
    }
    record_unref(value);
    if (call->nowait)
        return -EWOULDBLOCK;
    known_forget_record(fs, t, false);
    return get_or_load(fs, call, key, t, out, err);
}

int known_current_record(struct fs *fs, struct call *call, const struct target *t,
                         struct record **out, struct failure *err)
{
    if (!call->nowait && !(t->res->can & CAN_GET))
        known_lists_forget(fs, t);
    return known_new_record(fs, call, t, 0, out, err);
}

int known_sent_record(struct fs *fs, struct call *call, struct folder *f, const struct target *t,
                      bool fresh, struct record **out, struct failure *err)
{
    int rc = known_record_in_folder(fs, call, f, t, out, err);

    return rc == -ENOENT && fresh ? known_record(fs, call, t, out, err) : rc;
}

int known_field_record(struct fs *fs, struct call *call, const struct target *t,
                       struct record **out, struct failure *err)
{
    char key[API_KEY_MAX], stale[API_KEY_MAX];

    api_key("r", t, key);
    api_key("stale", t, stale);
    if (meta_get(fs->meta, stale, &(void *){ NULL }, NULL) == -ENOENT) {
        if (call->nowait)
            return -EWOULDBLOCK;
        meta_invalidate(fs->meta, stale);
        known_forget_record(fs, t, false);
        return get_or_load(fs, call, key, t, out, err);
    }
    return known_record(fs, call, t, out, err);
}

void known_forget_record(struct fs *fs, const struct target *t, bool lists)
{
    char key[API_KEY_MAX];

    api_key("r", t, key);
    meta_invalidate(fs->meta, key);
    forget_flight(fs, t);
    if (lists)
        known_lists_forget(fs, t);
}

/* --- Contents --------------------------------------------------------------------------------- */

int known_content(struct fs *fs, struct call *call, const struct target *t, int *fd, int64_t *size,
                  struct failure *err)
{
    cleanup_record struct record *r = NULL;
    struct call now = { .nowait = true };
    char id[CONTENT_ID_MAX + 1];
    struct failure ignored;
    int rc = 0;

    if (fetch_content_changes(t->res))
        rc = known_record(fs, call, t, &r, err);
    if (rc < 0)
        return rc;
    if (fetch_content_id(t, r, id) == 0 && content_open(fs->content, id, fd, size) == 0)
        return 0;
    if (call->nowait)
        return -EWOULDBLOCK;
    if (!r)
        known_record(fs, &now, t, &r, &ignored);
    return fetch_content(fs, call, t, r, fd, size, err);
}

int known_content_fits(struct fs *fs, struct call *call, const struct resource *res, int64_t size,
                       struct failure *err)
{
    int64_t max;
    bool sure = backend_content_max(fs->backend, res, &max);
    int rc = 0;

    if (!sure && size > max && size <= res->url_max)
        rc = call->nowait ? -EWOULDBLOCK
                          : backend_ask_content_max(fs->backend, call, res, &max, err);
    if (rc < 0 || size <= max)
        return rc;
    return fail(err, -EFBIG, 0, "more than the %lld bytes that the API takes", (long long)max);
}

int known_content_size(struct fs *fs, struct call *call, const struct target *t, int64_t *size,
                       struct failure *err)
{
    cleanup_record struct record *r = NULL;
    char id[CONTENT_ID_MAX + 1];
    const char *ids[] = { id };
    int fd, rc = 0;

    if (fetch_content_changes(t->res))
        rc = known_record(fs, call, t, &r, err);
    if (rc == 0)
        rc = fetch_content_id(t, r, id);
    if (rc < 0)
        return rc;
    if (content_size(fs->content, id, size) == 0)
        return 0;
    if (call->nowait)
        return -EWOULDBLOCK;
    if (state_get_sizes(fs->state, ids, 1, size, NULL) == 0 && *size >= 0)
        return 0;
    rc = known_content(fs, call, t, &fd, size, err);
    if (rc == 0)
        close(fd);
    return rc;
}

void known_content_adopt(struct fs *fs, const struct target *t, const struct record *r,
                         const char *path, const uint8_t *sha256)
{
    char id[CONTENT_ID_MAX + 1];

    /* failure costs a later fetch, no more */
    if (fetch_content_id(t, r, id) == 0)
        content_adopt(fs->content, path, id, sha256);
}

/* --- What has changed ------------------------------------------------------------------------- */

void known_changed_again(struct fs *fs, const struct target *t)
{
    char key[API_KEY_MAX];

    api_key("stale", t, key);
    meta_put_negative(fs->meta, key, fs->options->meta_ttl_ms);
}

/* A document counts in its dataset: what is known of that is out of date for who reads it. */
static void mark_stale(struct fs *fs, const struct target *t, const struct record *r)
{
    for (const struct filter *f = t->res->filters; f && f->name; f++) {
        cleanup_buf struct buf value = BUF_INIT(RESOURCE_ID_MAX);
        struct target other = { .res = resource_get(f->schema->refers) };

        if (!other.res || !r || record_string(r, f->name, &value) < 0)
            continue;
        other.id = value.data;
        known_changed_again(fs, &other);
    }
}

/* What it was, as far as one remembers it, with a reference, or NULL. */
static struct record *forget_stale(struct fs *fs, const struct target *t)
{
    struct record *before = NULL;
    char key[API_KEY_MAX];
    void *value = NULL;

    api_key("r", t, key);
    if (meta_get(fs->meta, key, &value, NULL) == 0)
        before = value;
    else
        known_lists_find(fs, t, &before);
    mark_stale(fs, t, before);
    forget_flight(fs, t);
    return before;
}

/* A content goes with its changed time: after a change of a field from here it is as long as it
 * was. Who changes the content itself says its length after this. */
static void keep_size(struct fs *fs, const struct target *t, const struct record *before,
                      const struct record *now)
{
    char old[CONTENT_ID_MAX + 1], new[CONTENT_ID_MAX + 1];
    const char *ids[] = { old };
    int64_t size = -1;

    if (!before || !fetch_content_changes(t->res) || fetch_content_id(t, before, old) < 0 ||
        fetch_content_id(t, now, new) < 0)
        return;
    if (state_get_sizes(fs->state, ids, 1, &size, NULL) == 0 && size >= 0)
        state_put_size(fs->state, new, size, NULL);
}

void known_changed(struct fs *fs, const struct target *t, struct record *now)
{
    cleanup_record struct record *before = forget_stale(fs, t);
    char key[API_KEY_MAX];

    keep_size(fs, t, before, now);
    mark_stale(fs, t, now);
    api_key("r", t, key);
    meta_put(fs->meta, key, &record_class, now, record_bytes(now), known_ttl(fs, now));
    known_lists_apply(fs, t, now);
}

void known_removed(struct fs *fs, const struct target *t)
{
    char key[API_KEY_MAX];

    record_unref(forget_stale(fs, t));
    api_key("r", t, key);
    meta_put_negative(fs->meta, key, TTL_NEGATIVE_MS);
    known_lists_apply(fs, t, NULL);
    content_remove(fs->content, t->id);
}

void known_forget_all(struct fs *fs)
{
    meta_clear(fs->meta);
    flights_forget_prefix(fs->flights, "");
    known_lists_clear(fs);
}

void known_release(struct fs *fs)
{
    known_lists_clear(fs);
}
