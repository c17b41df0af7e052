#include "drop_events.h"

#include <stdlib.h>
#include <string.h>

#include "drop_links.h"
#include "drop_promise.h"
#include "drop_table.h"

#include "banned.h"

static void tell(struct drops *t, struct drop *d, enum drop_event event)
{
    drops_lock(t);
    drop_tell_locked(d, event);
    drops_unlock(t);
}

/* --- Writing ---------------------------------------------------------------------------------- */

static bool change(struct drops *t, struct drop *d, enum drop_event event)
{
    bool first;

    drops_lock(t);
    first = d->state != DROP_DIRTY && d->state != DROP_BROKEN;
    drop_tell_locked(d, event);
    d->mtime_ns = clock_realtime_ns(t->clock);
    drops_unlock(t);
    return first;
}

bool drop_written(struct drops *t, struct drop *d)
{
    return change(t, d, DROP_WRITTEN);
}

bool drop_emptied(struct drops *t, struct drop *d)
{
    return change(t, d, DROP_EMPTIED);
}

/* What is promised is written by nobody: what failed never came so far. */
static void tear_locked(const struct drops *t, struct drop *d, int rc)
{
    if (drop_is_promised_locked(t, d))
        return;
    drop_tell_locked(d, DROP_TORN);
    d->broken = rc;
}

void drop_torn(struct drops *t, struct drop *d, int rc)
{
    drops_lock(t);
    tear_locked(t, d, rc);
    drops_unlock(t);
}

void drop_unclosed(struct drops *t, struct drop *d, unsigned generation, int rc)
{
    drops_lock(t);
    if (drop_state_is_dirty(d->state) && d->generation == generation)
        tear_locked(t, d, rc);
    drops_unlock(t);
}

/* --- Sending ---------------------------------------------------------------------------------- */

void drop_stayed(struct drops *t, struct drop *d)
{
    tell(t, d, DROP_STAYED);
}

void drop_queued(struct drops *t, struct drop *d)
{
    tell(t, d, DROP_QUEUED);
}

void drop_said(struct drops *t, struct drop *d)
{
    tell(t, d, DROP_DELIVERED);
}

int drop_acknowledged(struct drops *t, struct drop *d, const char *id, struct acked acked,
                      bool fresh)
{
    int rc;

    drops_lock(t);
    acked.mtime_ns = d->mtime_ns;
    rc = drop_stand_for_locked(t, d, id, &acked);
    d->acked_ms = fresh ? clock_now_ms(t->clock) : 0;
    drop_tell_locked(d, DROP_DELIVERED);
    drops_unlock(t);
    return rc;
}

bool drop_answered(struct drops *t, struct drop *d, const char *id, int64_t size)
{
    bool grown;

    drops_lock(t);
    grown = d->id && strcmp(d->id, id) == 0 && d->acked.size != size;
    if (grown)
        d->acked.size = size;
    drops_unlock(t);
    return grown;
}

void drop_unchanged(struct drops *t, struct drop *d)
{
    drops_lock(t);
    drop_tell_locked(d, DROP_DELIVERED);
    d->acked.mtime_ns = d->mtime_ns;
    drops_unlock(t);
}

/* --- Whose place it takes --------------------------------------------------------------------- */

int drop_named(struct drops *t, struct drop *d, const char *id, bool fresh)
{
    int rc;

    drops_lock(t);
    rc = drop_set_id_locked(t, d, id);
    if (fresh)
        d->acked_ms = clock_now_ms(t->clock);
    drops_unlock(t);
    return rc;
}

void drop_listed_elsewhere(struct drops *t, struct drop *d)
{
    drops_lock(t);
    d->acked_ms = clock_now_ms(t->clock);
    drops_unlock(t);
}

int drop_take_over(struct drops *t, struct drop *d, const struct drop *from)
{
    int rc = 0;

    drops_lock(t);
    if (from->id && d->linked && !d->id) {
        rc = drop_stand_for_locked(t, d, from->id, &from->acked);
        rc = rc < 0 ? rc : 1;
        drop_tell_locked(d, DROP_CLAIMED);
    }
    drops_unlock(t);
    return rc;
}

void drop_give_back(struct drops *t, struct drop *d, const struct drop *from)
{
    drops_lock(t);
    if (d->id && from->id && strcmp(d->id, from->id) == 0) {
        drop_set_id_locked(t, d, NULL);
        d->acked.has_digest = false;
    }
    drops_unlock(t);
}

static int stand_for(struct drops *t, struct drop *d, const char *id, const struct acked *acked,
                     enum drop_event event)
{
    int rc;

    drops_lock(t);
    rc = drop_stand_for_locked(t, d, id, acked);
    drop_tell_locked(d, event);
    drops_unlock(t);
    return rc;
}

int drop_stand_in(struct drops *t, struct drop *d, const char *id, const struct acked *acked)
{
    return stand_for(t, d, id, acked, DROP_CLAIMED);
}

int drop_stand_again(struct drops *t, struct drop *d, const char *id, const struct acked *acked)
{
    return stand_for(t, d, id, acked, DROP_DELIVERED);
}

int drop_lost(struct drops *t, struct drop *d)
{
    return drop_named(t, d, NULL, false);
}

int drop_released(struct drops *t, struct drop *d)
{
    int rc;

    drops_lock(t);
    drop_set_parked_locked(d, NULL, NULL, 0);
    rc = drop_set_id_locked(t, d, NULL);
    d->acked.has_digest = false;
    drop_tell_locked(d, DROP_LEFT);
    drops_unlock(t);
    return rc;
}

void drop_unsaid(struct drops *t, struct drop *d)
{
    drops_lock(t);
    if (d->taken)
        drop_tell_locked(d, DROP_LEFT);
    free(d->taken);
    d->taken = NULL;
    drops_unlock(t);
}
