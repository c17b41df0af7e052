#include "remote.h"

#include <errno.h>
#include <stdlib.h>

#include "arrival.h"
#include "clock.h"
#include "content.h"
#include "flight.h"
#include "known.h"
#include "lease.h"
#include "lock.h"
#include "once.h"
#include "read_ahead.h"
#include "remote_context.h"
#include "space.h"

#include "banned.h"

int remote_new(const struct remote_config *config, struct remote **out)
{
    struct remote *remote = calloc(1, sizeof(*remote));
    int rc;

    if (!remote)
        return -ENOMEM;
    *remote = (struct remote){
        .backend = config->backend,
        .clock = config->clock,
        .pool = config->pool,
        .state = config->state,
        .content = config->content,
        .errlog = config->errlog,
        .meta_ttl_ms = config->meta_ttl_ms,
        .list_ttl_ms = config->list_ttl_ms,
        .ahead_max = config->ahead_max,
        .page_size = RESOURCE_PAGE_LARGE,
        .ro = config->ro,
        .nodelete = config->nodelete,
        .known_lock = LOCK_INIT(LOCK_KNOWN),
        .lists_lock = LOCK_INIT(LOCK_LISTS),
        .arrivals_lock = LOCK_INIT(LOCK_ARRIVALS),
        .once_lock = LOCK_INIT(LOCK_ONCE),
    };
    rc = meta_new(remote->clock, config->cache_bytes, &remote->meta);
    if (rc == 0)
        rc = flights_new(&remote->flights);
    if (rc == 0)
        rc = space_new(&remote->space);
    if (rc == 0)
        rc = leases_new(remote, &remote->leases);
    if (rc < 0) {
        remote_free(remote);
        return rc;
    }
    *out = remote;
    return 0;
}

void remote_stop(struct remote *remote)
{
    if (!remote)
        return;
    read_ahead_stop(remote);
    arrivals_stop(remote);
    leases_stop(remote->leases);
    space_stop(remote->space);
}

void remote_free(struct remote *remote)
{
    if (!remote)
        return;
    remote_stop(remote);
    arrivals_release(remote);
    leases_free(remote->leases);
    space_free(remote->space);
    once_release(remote);
    known_release(remote);
    flights_free(remote->flights);
    meta_free(remote->meta);
    lock_destroy(&remote->once_lock);
    lock_destroy(&remote->arrivals_lock);
    lock_destroy(&remote->lists_lock);
    lock_destroy(&remote->known_lock);
    free(remote);
}

struct leases *remote_leases(struct remote *remote)
{
    return remote->leases;
}

void remote_get_reads(struct remote *remote, struct remote_reads *out)
{
    int64_t now = clock_now_ms(remote->clock);
    struct content_stats content;

    content_get_stats(remote->content, &content);
    *out = (struct remote_reads){ .hits = atomic_load(&remote->hits),
                                  .misses = atomic_load(&remote->misses),
                                  .hits_lately = lately_sum(&remote->hits_lately, now),
                                  .misses_lately = lately_sum(&remote->misses_lately, now),
                                  .ahead = atomic_load(&remote->aheads_came),
                                  .ahead_used = content.ahead_used,
                                  .ahead_vain = content.ahead_vain };
}

void remote_get_stats(struct remote *remote, struct meta_stats *out)
{
    meta_get_stats(remote->meta, out);
}
