/* What the files of this room share. */
#ifndef LASFS_REMOTE_CONTEXT_H
#define LASFS_REMOTE_CONTEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lock.h"
#include "meter.h"
#include "walk.h"

struct ahead;
struct arrival;
struct list_pace;
struct live_listing;
struct once;

struct remote {
    struct backend *backend; /* set once, as all to leases */
    struct clock *clock;
    struct pool *pool;
    struct state *state;
    struct content_cache *content;
    struct errlog *errlog;
    int64_t meta_ttl_ms, list_ttl_ms;
    bool ro, nodelete;
    struct meta *meta;
    struct flights *flights;
    struct space *space;
    struct leases *leases;
    struct lock known_lock; /* one answer after the other changes what is known; before the
                                 * others */
    struct lock lists_lock;
    struct live_listing *listings; /* guarded by lists_lock, as the next two */
    struct list_pace *paces;       /* by key */
    struct walks walks;
    struct ahead *aheads; /* that are under way; guarded by lists_lock, as all to ahead_ended */
    unsigned n_aheads, ahead_threads;
    bool ahead_ended;
    unsigned ahead_max;              /* set once: so many at once; 0: none */
    atomic_int_least64_t ahead_size; /* of what was opened last: the next are taken to be so long */
    atomic_uint page_size;           /* of page_fetch() */
    atomic_uint_least64_t swept; /* the kinds whose sizes have been compared with a whole list */
    struct lock arrivals_lock;
    struct arrival *arrivals;   /* that are on their way; guarded by arrivals_lock, as the next */
    struct pool *arrivals_pool; /* NULL: there was none yet */
    atomic_bool no_heads;       /* an address gives its bytes, but not by HEAD how many */
    atomic_bool
        no_pictures;     /* an address gives its bytes where it is asked for a picture of them */
    atomic_int md5_form; /* enum md5_form: what digests of contents are, as bytes have shown */
    atomic_uint_least64_t hits, misses, aheads_came; /* remote_get_reads() */
    struct lately hits_lately, misses_lately;
    struct lock once_lock;
    struct once *once; /* guarded by once_lock */
};

#endif
