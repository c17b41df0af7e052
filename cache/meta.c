#include "meta.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "flight.h"
#include "hash.h"
#include "lock.h"

#include "banned.h"

#define MALLOC_AND_BUCKET_BYTES 32 /* of an entry, beside itself */

struct meta_entry {
    UT_hash_handle hh;
    struct meta_entry *newer, *older; /* by use */
    struct meta_entry *next_gone;
    const struct counted_class *class;
    void *value;  /* NULL: it is known that there is none */
    size_t bytes; /* all that it costs */
    int64_t stored_at_ms, expires_ms;
    char key[];
};

struct meta {
    struct lock lock;
    struct clock *clock;       /* set once */
    struct flights *flights;   /* set once */
    struct meta_entry *by_key; /* guarded by lock, as all below */
    struct meta_entry *newest, *oldest;
    struct changes changes;
    size_t loads; /* under way: as long, changes are remembered */
    struct meta_stats stats;
};

/* What is to be remembered. */
struct meta_item {
    const char *key;
    const struct counted_class *class;
    void *value;
    size_t bytes;
    int64_t ttl_ms;
};

int meta_new(struct clock *clock, size_t max_bytes, struct meta **out)
{
    struct meta *m = calloc(1, sizeof(*m));
    int rc;

    if (!m)
        return -ENOMEM;
    rc = flights_new(&m->flights);
    if (rc < 0) {
        free(m);
        return rc;
    }
    lock_init(&m->lock, LOCK_META);
    m->clock = clock;
    m->stats.max_bytes = max_bytes;
    *out = m;
    return 0;
}

static void use_remove(struct meta *m, struct meta_entry *e)
{
    if (e->newer)
        e->newer->older = e->older;
    else
        m->newest = e->older;
    if (e->older)
        e->older->newer = e->newer;
    else
        m->oldest = e->newer;
}

static void use_add(struct meta *m, struct meta_entry *e)
{
    e->newer = NULL;
    e->older = m->newest;
    if (m->newest)
        m->newest->newer = e;
    else
        m->oldest = e;
    m->newest = e;
}

/* Takes e out and puts it onto *gone, for entries_free() without the lock. */
static void entry_remove(struct meta *m, struct meta_entry *e, struct meta_entry **gone)
{
    HASH_DEL(m->by_key, e);
    use_remove(m, e);
    m->stats.bytes -= e->bytes;
    m->stats.entries--;
    e->next_gone = *gone;
    *gone = e;
}

static void entries_free(struct meta_entry *gone)
{
    while (gone) {
        struct meta_entry *next = gone->next_gone;

        if (gone->value)
            gone->class->unref(gone->value);
        free(gone);
        gone = next;
    }
}

static struct meta_entry *entry_find(struct meta *m, const char *key)
{
    struct meta_entry *e;

    HASH_FIND_STR(m->by_key, key, e);
    return e;
}

static void make_room(struct meta *m, struct meta_entry **gone)
{
    while (m->stats.bytes > m->stats.max_bytes) {
        entry_remove(m, m->oldest, gone);
        m->stats.evictions++;
    }
}

void meta_free(struct meta *m)
{
    if (!m)
        return;
    meta_clear(m);
    changes_release(&m->changes);
    flights_free(m->flights);
    lock_destroy(&m->lock);
    free(m);
}

/* meta_get without a word in the figures. */
static int look_up(struct meta *m, const char *key, struct flight_result *found,
                   int64_t *stored_at_ms)
{
    int64_t now = clock_now_ms(m->clock);
    struct meta_entry *gone = NULL;
    int rc = -EWOULDBLOCK;
    struct meta_entry *e;

    lock_take(&m->lock);
    e = entry_find(m, key);
    if (e && now >= e->expires_ms) {
        entry_remove(m, e, &gone);
    } else if (e) {
        use_remove(m, e);
        use_add(m, e);
        rc = e->value ? 0 : -ENOENT;
        if (e->value) {
            e->class->ref(e->value);
            *found = (struct flight_result){ e->value, e->class };
        }
        if (stored_at_ms)
            *stored_at_ms = e->stored_at_ms;
    }
    lock_give(&m->lock);
    entries_free(gone);
    return rc;
}

int meta_get(struct meta *m, const char *key, void **value, int64_t *stored_at_ms)
{
    struct flight_result found;
    int rc = look_up(m, key, &found, stored_at_ms);

    lock_take(&m->lock);
    if (rc == -EWOULDBLOCK)
        m->stats.misses++;
    else
        m->stats.hits++;
    lock_give(&m->lock);
    if (rc == 0)
        *value = found.object;
    return rc;
}

/* The entry of an item, with a reference of its own; NULL out of memory. */
static struct meta_entry *entry_new(struct meta *m, const struct meta_item *item)
{
    size_t len = strlen(item->key);
    struct meta_entry *e = calloc(1, sizeof(*e) + len + 1);

    if (!e)
        return NULL;
    memcpy(e->key, item->key, len + 1);
    e->class = item->class;
    e->value = item->value;
    e->bytes = sizeof(*e) + len + 1 + MALLOC_AND_BUCKET_BYTES + item->bytes;
    e->stored_at_ms = clock_now_ms(m->clock);
    e->expires_ms =
        item->ttl_ms > INT64_MAX - e->stored_at_ms ? INT64_MAX : e->stored_at_ms + item->ttl_ms;
    if (e->value)
        e->class->ref(e->value);
    return e;
}

static bool worth_keeping(const struct meta *m, const struct meta_item *item)
{
    size_t overhead = sizeof(struct meta_entry) + strlen(item->key) + 1 + MALLOC_AND_BUCKET_BYTES;

    return item->ttl_ms > 0 && overhead <= m->stats.max_bytes &&
           item->bytes <= m->stats.max_bytes - overhead;
}

/* Puts e (NULL: nothing) in the place of what is at key. 0 or -ENOMEM: then nothing is there. */
static int replace(struct meta *m, const char *key, struct meta_entry *e, struct meta_entry **gone)
{
    struct meta_entry *old = entry_find(m, key);

    if (old)
        entry_remove(m, old, gone);
    if (!e)
        return 0;
    HASH_ADD_KEYPTR(hh, m->by_key, e->key, strlen(e->key), e);
    if (!HASH_ADDED(e)) {
        e->next_gone = *gone;
        *gone = e;
        return -ENOMEM;
    }
    use_add(m, e);
    m->stats.bytes += e->bytes;
    m->stats.entries++;
    make_room(m, gone);
    return 0;
}

/* loaded_since NULL: the caller's own word, which overtakes what is under way; else it is kept
 * unless key was put or invalidated since that moment. */
static int put(struct meta *m, const uint64_t *loaded_since, const struct meta_item *item)
{
    bool keep = worth_keeping(m, item);
    struct meta_entry *e = keep ? entry_new(m, item) : NULL;
    struct meta_entry *gone = NULL;
    int rc;

    lock_take(&m->lock);
    if (loaded_since && changes_since(&m->changes, item->key, *loaded_since)) {
        m->stats.overtaken++;
        gone = e;
        rc = 0;
    } else {
        if (!loaded_since && m->loads)
            changes_add(&m->changes, item->key);
        rc = replace(m, item->key, e, &gone);
        if (keep && !e)
            rc = -ENOMEM;
    }
    lock_give(&m->lock);
    entries_free(gone);
    if (!loaded_since)
        flights_forget(m->flights, item->key);
    return rc;
}

int meta_put(struct meta *m, const char *key, const struct counted_class *class, void *value,
             size_t bytes, int64_t ttl_ms)
{
    return put(m, NULL, &(struct meta_item){ key, class, value, bytes, ttl_ms });
}

int meta_put_negative(struct meta *m, const char *key, int64_t ttl_ms)
{
    return put(m, NULL, &(struct meta_item){ .key = key, .ttl_ms = ttl_ms });
}

void meta_invalidate(struct meta *m, const char *key)
{
    struct meta_entry *gone = NULL;

    lock_take(&m->lock);
    if (m->loads)
        changes_add(&m->changes, key);
    replace(m, key, NULL, &gone);
    lock_give(&m->lock);
    entries_free(gone);
    flights_forget(m->flights, key);
}

void meta_clear(struct meta *m)
{
    struct meta_entry *gone = NULL;

    lock_take(&m->lock);
    if (m->loads)
        changes_add_all(&m->changes);
    while (m->oldest)
        entry_remove(m, m->oldest, &gone);
    lock_give(&m->lock);
    entries_free(gone);
    flights_forget_all(m->flights);
}

/* The moment from which on nothing may change, to be remembered. */
static uint64_t load_start(struct meta *m)
{
    uint64_t moment;

    lock_take(&m->lock);
    moment = changes_moment(&m->changes);
    m->loads++;
    lock_give(&m->lock);
    return moment;
}

static void load_stop(struct meta *m)
{
    lock_take(&m->lock);
    if (--m->loads == 0)
        changes_forget(&m->changes);
    lock_give(&m->lock);
}

/* What a flight needs to know. */
struct want {
    struct meta *m;
    const char *key;
    int (*loader)(void *arg, struct meta_loaded *out, struct failure *err);
    void *arg;
};

static int load_work(void *arg, struct flight_result *result, struct failure *err)
{
    struct want *want = arg;
    struct meta_loaded loaded = { .value = NULL };
    uint64_t moment;
    /* another flight may have landed between the miss and this one */
    int rc = look_up(want->m, want->key, result, NULL);

    if (rc != -EWOULDBLOCK)
        return rc;
    moment = load_start(want->m);
    rc = want->loader(want->arg, &loaded, err);
    /* not remembering is no failure: there may be no memory for it */
    if (rc == 0)
        put(want->m, &moment,
            &(struct meta_item){ want->key, loaded.class, loaded.value, loaded.bytes,
                                 loaded.ttl_ms });
    else if (rc == -ENOENT)
        put(want->m, &moment, &(struct meta_item){ .key = want->key, .ttl_ms = loaded.ttl_ms });
    load_stop(want->m);
    *result = (struct flight_result){ loaded.value, loaded.class };
    return rc;
}

int meta_get_or_load(struct meta *m, struct call *call, const char *key,
                     int (*loader)(void *arg, struct meta_loaded *out, struct failure *err),
                     void *arg, void **value, struct failure *err)
{
    struct flight_result result = { .object = NULL };
    struct want want = { m, key, loader, arg };
    int rc = meta_get(m, key, value, NULL);

    if (rc != -EWOULDBLOCK || call->nowait)
        return rc;
    rc = flight_run(m->flights, call, m->clock, key, load_work, &want, &result, err);
    if (rc == 0)
        *value = result.object;
    return rc;
}

void meta_get_stats(struct meta *m, struct meta_stats *out)
{
    lock_take(&m->lock);
    *out = m->stats;
    lock_give(&m->lock);
}
