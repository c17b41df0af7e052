/*
 * What we remember of the API in memory: key -> a counted object (a parsed resource, a page of
 * a list) or the negative answer that there is none. Entries end after their ttl_ms, and the
 * least recently used go first when there are more bytes than max_bytes; both cost O(1). Any
 * thread; only meta_get_or_load() blocks, and only for the loader.
 *
 * Nothing that was overtaken is remembered: what a load brings is stored only when its key was
 * neither put nor invalidated since the load began, so one's own writes are never hidden by an
 * answer that is older. Those who waited for it get it all the same.
 */
#ifndef LASFS_META_H
#define LASFS_META_H

#include <stddef.h>
#include <stdint.h>

#include "call.h"
#include "clock.h"
#include "counted.h"
#include "failure.h"

struct meta;

/* 0, -ENOMEM. The clock must outlive it. */
int meta_new(struct clock *clock, size_t max_bytes, struct meta **out);
/* When no other thread uses it any more. NULL is fine. */
void meta_free(struct meta *m);

/*
 * Looks key up. Never blocks.
 * value         one reference, on 0 only
 * stored_at_ms  when it was put, in the clock's time, on 0 and -ENOENT; may be NULL
 * 0, -ENOENT it is remembered that there is none, -EWOULDBLOCK nothing is remembered.
 */
int meta_get(struct meta *m, const char *key, void **value, int64_t *stored_at_ms);

/*
 * Remembers value, taking a reference of its own, in the place of what is there. bytes: the
 * object's size; the key and the entry are added. Not remembered: ttl_ms <= 0, or when it is
 * larger than the whole cache (the old entry goes nevertheless, as it is out of date).
 * 0, -ENOMEM (the old entry is gone).
 */
int meta_put(struct meta *m, const char *key, const struct counted_class *class, void *value,
             size_t bytes, int64_t ttl_ms);

/* Remembers that there is none. 0, -ENOMEM. */
int meta_put_negative(struct meta *m, const char *key, int64_t ttl_ms);

/* Forgets one, or all; loads under way that are concerned will not be stored, and who asks next
 * begins a new one. */
void meta_invalidate(struct meta *m, const char *key);
void meta_clear(struct meta *m);

/* --- Loading ---------------------------------------------------------------------------------- */

struct meta_loaded {
    void *value; /* one reference, given to the cache */
    const struct counted_class *class;
    size_t bytes;
    int64_t ttl_ms; /* 0, as it comes: do not remember. Counts for -ENOENT too */
};

/*
 * meta_get, and on a miss loader(arg) in this thread with no lock held, one flight for all who
 * ask for key at the same time. The loader returns 0 and fills *out; -ENOENT, remembered for
 * out->ttl_ms; or another failure, which is everybody's who waits and is not remembered. It must
 * not load its own key.
 *
 * A caller that is cancelled takes only itself away: another one who waits loads next.
 * What is larger than the cache, or finds no memory to be remembered, is returned all the same.
 *
 * value  one reference, on 0 only
 * err    on a failure of the loader only (untouched when -ENOENT is remembered); may be NULL
 * 0, -ENOENT, what the loader returned, -EINTR, -ENOMEM, -EWOULDBLOCK (the call is nowait and
 * it is not remembered).
 */
int meta_get_or_load(struct meta *m, struct call *call, const char *key,
                     int (*loader)(void *arg, struct meta_loaded *out, struct failure *err),
                     void *arg, void **value, struct failure *err);

/* --- Figures ---------------------------------------------------------------------------------- */

struct meta_stats {
    uint64_t hits, misses, evictions; /* hits: negative ones too */
    uint64_t overtaken;               /* loaded and not stored */
    size_t bytes, entries, max_bytes;
};
void meta_get_stats(struct meta *m, struct meta_stats *out);

#endif
