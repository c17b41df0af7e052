#include "known_lists.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api_path.h"
#include "folder.h"
#include "hash.h"
#include "listing.h"
#include "lock.h"
#include "meta.h"
#include "record.h"
#include "remote_context.h"
#include "state.h"
#include "types.h"

#include "banned.h"

struct live_listing {
    struct live_listing *next;
    char *key;
    struct listing *listing; /* one reference */
};

/* --- Forgetting lists ----------------------------------------------------------------------- */

static void unlink_live(struct live_listing **link)
{
    struct live_listing *live = *link;

    *link = live->next;
    listing_unref(live->listing);
    free(live->key);
    free(live);
}

/* Which lists are forgotten: of this key, of these resources, or not fresh since. */
struct outdated {
    const char *key;
    const struct target *of;
    int64_t since_ms;
};

static bool is_outdated(const struct outdated *o, const struct live_listing *live)
{
    return (o->key && strcmp(live->key, o->key) == 0) ||
           (o->of && listing_is_of(live->listing, o->of->res, o->of->parent)) ||
           listing_fresh_ms(live->listing) < o->since_ms;
}

static void forget_lists_locked(struct remote *remote, const struct outdated *o)
{
    struct live_listing **link = &remote->listings;

    while (*link) {
        if (is_outdated(o, *link))
            unlink_live(link);
        else
            link = &(*link)->next;
    }
}

static void forget_lists(struct remote *remote, const struct outdated *o)
{
    lock_take(&remote->lists_lock);
    forget_lists_locked(remote, o);
    lock_give(&remote->lists_lock);
}

/* What will change by itself soon is not believed for long. */
int64_t known_ttl(struct remote *remote, const struct record *r)
{
    int64_t ttl = remote->meta_ttl_ms;

    return record_is_passing(r) && ttl > TTL_DYNAMIC_MS ? TTL_DYNAMIC_MS : ttl;
}

/* In a list that was fetched lately. -ESTALE: there it was passing, and may have passed since. */
int known_lists_find(struct remote *remote, const struct target *t, struct record **out)
{
    int64_t now = clock_now_ms(remote->clock);
    int64_t oldest = now - remote->meta_ttl_ms;
    int rc = -ENOENT;

    lock_take(&remote->lists_lock);
    for (struct live_listing *live = remote->listings; live && rc < 0; live = live->next) {
        int64_t fresh_ms = listing_fresh_ms(live->listing);
        struct record *r = NULL;

        if (!listing_is_of(live->listing, t->res, t->parent) || fresh_ms < oldest ||
            listing_find(live->listing, t->id, &r) < 0)
            continue;
        rc = fresh_ms >= now - known_ttl(remote, r) ? 0 : -ESTALE;
        if (rc == 0)
            *out = r;
        else
            record_unref(r);
    }
    lock_give(&remote->lists_lock);
    return rc;
}

/* --- Lists ------------------------------------------------------------------------------------ */

/* Old ones go whenever a new one comes: nothing is asked of them any more. */
static void prune_locked(struct remote *remote, const char *key)
{
    int64_t longest =
        remote->meta_ttl_ms > remote->list_ttl_ms ? remote->meta_ttl_ms : remote->list_ttl_ms;
    struct outdated o = { .key = key, .since_ms = clock_now_ms(remote->clock) - longest };

    forget_lists_locked(remote, &o);
}

static struct live_listing *find_live_locked(struct remote *remote, const char *key)
{
    int64_t oldest = clock_now_ms(remote->clock) - remote->list_ttl_ms;

    for (struct live_listing *live = remote->listings; live; live = live->next)
        if (strcmp(live->key, key) == 0 && listing_fresh_ms(live->listing) >= oldest)
            return live;
    return NULL;
}

static int add_live_locked(struct remote *remote, const char *key, struct listing *l)
{
    struct live_listing *live = calloc(1, sizeof(*live));

    if (!live || !(live->key = strdup(key))) {
        free(live);
        return -ENOMEM;
    }
    prune_locked(remote, key);
    live->listing = listing_ref(l);
    live->next = remote->listings;
    remote->listings = live;
    return 0;
}

/* --- What a whole list tells ------------------------------------------------------------------ */

struct sweep {
    struct listing *listing;
    const struct resource *res;
};

static bool is_gone(void *arg, const char *id)
{
    const struct sweep *s = arg;

    return resource_id_ok(s->res, id) && listing_find(s->listing, id, NULL) == -ENOENT;
}

static void sweep_release(void *arg)
{
    struct sweep *s = arg;

    listing_unref(s->listing);
    free(s);
}

/* The sizes of what others have deleted would stay for good: once in a mount they go. */
static void forget_gone_sizes(void *arg, struct listing *l, const struct resource *res)
{
    uint64_t bit = UINT64_C(1) << res->kind;
    struct remote *remote = arg;
    struct sweep *s;

    if (atomic_fetch_or(&remote->swept, bit) & bit)
        return;
    s = malloc(sizeof(*s));
    if (!s)
        return;
    *s = (struct sweep){ .listing = listing_ref(l), .res = res };
    state_sweep_sizes(remote->state, is_gone, sweep_release, s, NULL);
}

/* What an answer about it alone has told, and is newer. */
static struct record *find_newer(void *arg, const struct target *list, const struct record *row)
{
    char id[RESOURCE_ID_MAX + 1], key[API_KEY_MAX];
    cleanup_record struct record *told = NULL;
    struct remote *remote = arg;
    struct target t = *list;
    void *value = NULL;

    if (record_id(row, id) < 0)
        return NULL;
    t.id = id;
    api_key("r", &t, key);
    if (meta_get(remote->meta, key, &value, NULL) < 0)
        return NULL;
    told = value;
    return record_changed_ns(told) > record_changed_ns(row) ? steal_pointer(&told) : NULL;
}

int known_listing(struct remote *remote, const struct resource *res, const char *parent,
                  const char *filter, const char *value, struct listing **out)
{
    bool all = !parent && !filter && resource_content_max(res) > 0;
    struct listing_config config = { .backend = remote->backend,
                                     .flights = remote->flights,
                                     .pool = remote->pool,
                                     .clock = remote->clock,
                                     .page_size = &remote->page_size,
                                     .completed = all ? forget_gone_sizes : NULL,
                                     .newer = find_newer,
                                     .arg = remote };
    struct target t = { .res = res, .parent = parent };
    struct listing *fresh = NULL;
    struct live_listing *live;
    char key[API_KEY_MAX];
    int rc = 0;

    api_list_key(&t, filter, value, key);
    lock_take(&remote->lists_lock);
    live = find_live_locked(remote, key);
    if (live) {
        *out = listing_ref(live->listing);
    } else {
        rc = listing_new(&config, res, parent, filter, value, &fresh);
        if (rc == 0)
            rc = add_live_locked(remote, key, fresh);
        if (rc == 0)
            *out = fresh;
        else
            listing_unref(fresh);
    }
    lock_give(&remote->lists_lock);
    return rc;
}

int known_folder_listing(struct remote *remote, const struct folder *f, struct listing **out)
{
    return known_listing(remote, f->res, f->parent, f->filter, f->filter_value, out);
}

size_t known_lists_of(struct remote *remote, const struct target *t, struct known_list *out,
                      size_t max)
{
    size_t n = 0;

    lock_take(&remote->lists_lock);
    for (struct live_listing *live = remote->listings; live && n < max; live = live->next)
        if (listing_is_of(live->listing, t->res, t->parent))
            out[n++] = (struct known_list){ listing_ref(live->listing),
                                            hash_text(HASH_TEXT_START, live->key) };
    lock_give(&remote->lists_lock);
    return n;
}

void known_lists_forget(struct remote *remote, const struct target *t)
{
    struct outdated o = { .of = t };

    forget_lists(remote, &o);
}

void known_forget_listing(struct remote *remote, const struct folder *f)
{
    struct target t = { .res = f->res, .parent = f->parent };
    char key[API_KEY_MAX];
    struct outdated o = { .key = key };

    api_list_key(&t, f->filter, f->filter_value, key);
    forget_lists(remote, &o);
}

/* Asked for with its owner before it, it may answer without. */
static bool is_called_so(const struct record *r, const char *id)
{
    char is[RESOURCE_ID_MAX + 1];

    return record_id(r, is) == 0 && strcmp(is, id) == 0;
}

void known_lists_apply(struct remote *remote, const struct target *t, struct record *now)
{
    if (now && t->id && !is_called_so(now, t->id)) {
        known_lists_forget(remote, t); /* which of them have it, nobody here can tell */
        return;
    }
    lock_take(&remote->lists_lock);
    for (struct live_listing **link = &remote->listings; *link;) {
        struct live_listing *live = *link;
        bool of = listing_is_of(live->listing, t->res, t->parent);

        if (of && !now)
            listing_remove(live->listing, t->id);
        if (of && now && listing_apply(live->listing, now) == -ESTALE)
            unlink_live(link);
        else
            link = &live->next;
    }
    lock_give(&remote->lists_lock);
}

void known_lists_clear(struct remote *remote)
{
    lock_take(&remote->lists_lock);
    while (remote->listings)
        unlink_live(&remote->listings);
    lock_give(&remote->lists_lock);
}
