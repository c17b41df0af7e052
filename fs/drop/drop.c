#include "drop.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drop_shared.h"

#include "banned.h"

#define LIST_LAG_MS 2000 /* a list may be so much behind */

struct drop_waiter {
    struct drop_waiter *next;
    struct call *call;
};

struct drop *drop_ref(struct drop *d)
{
    if (d)
        atomic_fetch_add(&d->refs, 1);
    return d;
}

void drop_unref(struct drop *d)
{
    if (!d || atomic_fetch_sub(&d->refs, 1) != 1)
        return;
    bytes_unref(d->local);
    bytes_unref(d->sealed);
    free(d->name);
    free(d->id);
    free(d->error);
    free(d->xattrs);
    free(d->parked);
    free(d->taken);
    free(d);
}

struct drop *drop_alloc(struct folder *f, const char *name, enum drop_what what)
{
    struct drop *d = calloc(1, sizeof(*d));

    if (!d)
        return NULL;
    d->name = strdup(name);
    if (!d->name) {
        free(d);
        return NULL;
    }
    atomic_init(&d->refs, 1);
    d->what = what;
    d->folder = f;
    d->mode = what == DROP_FILE ? 0666 : 0777;
    return d;
}

void drops_lock(struct drops *t)
{
    lock_take(&t->lock);
}

void drops_unlock(struct drops *t)
{
    lock_give(&t->lock);
}

/* --- What it is ------------------------------------------------------------------------------- */

bool drop_is_newer(const struct drop_snapshot *s, int64_t list_ms)
{
    return s->told_ms >= list_ms - LIST_LAG_MS;
}

void drops_trust_lists(struct drops *t)
{
    drops_lock(t);
    t->trusted_ms = clock_now_ms(t->clock);
    drops_unlock(t);
}

void drop_set_mtime_locked(struct drop *d, int64_t mtime_ns)
{
    d->mtime_ns = mtime_ns;
    if (!drop_state_is_dirty(d->state))
        d->acked.mtime_ns = mtime_ns;
}

bool drop_is_readable(struct drops *t, struct drop *d)
{
    bool readable;

    drops_lock(t);
    readable = !d->folder->memory || !d->id;
    drops_unlock(t);
    return readable;
}

int64_t drop_size(struct drops *t, struct drop *d)
{
    struct stat here;
    int64_t size;

    drops_lock(t);
    size = d->local && fstat(d->local->fd, &here) == 0 ? here.st_size : d->acked.size;
    drops_unlock(t);
    return size;
}

char *drop_name(struct drops *t, struct drop *d)
{
    char *name;

    drops_lock(t);
    name = strdup(d->name);
    drops_unlock(t);
    return name;
}

struct folder *drop_folder(struct drops *t, struct drop *d)
{
    struct folder *f;

    drops_lock(t);
    f = d->folder;
    drops_unlock(t);
    return f;
}

bool drop_is_untaken(const char *taken)
{
    return !taken || taken[0] == DROP_TAKEN_MOVED;
}

struct drop_snapshot drop_snapshot(struct drops *t, struct drop *d)
{
    struct drop_snapshot s;

    drops_lock(t);
    s = (struct drop_snapshot){
        .what = d->what,
        .folder = d->folder,
        .linked = d->linked,
        .parked = d->parked != NULL,
        .acked = d->acked,
        .told_ms = d->acked_ms > t->trusted_ms ? d->acked_ms : INT64_MIN,
        .mtime_ns = d->mtime_ns,
        .has_bytes = d->local != NULL,
        .state = d->state,
        .dirty = drop_state_is_dirty(d->state),
        .sealed = d->sealed != NULL,
        .resealed = d->resealed,
        .untaken = drop_is_untaken(d->taken),
        .broken = d->broken,
        .generation = d->generation,
        .opened = d->opened,
        .writers = d->writers,
        .exclusive = d->exclusive,
    };
    if (d->id)
        snprintf(s.id, sizeof(s.id), "%s", d->id);
    drops_unlock(t);
    s.fresh = drop_is_newer(&s, clock_now_ms(t->clock));
    return s;
}

/* --- Who may do what -------------------------------------------------------------------------- */

static void wake_locked(struct drop *d)
{
    for (struct drop_waiter *w = d->waiters; w; w = w->next)
        call_wake(w->call);
}

/* Parks once; the lock is held on entry and exit. */
static int park_locked(struct drops *t, struct drop *d, struct call *call)
{
    struct drop_waiter self = { d->waiters, call }, **link;
    int rc;

    if (call->nowait)
        return -EWOULDBLOCK;
    d->waiters = &self;
    drops_unlock(t);
    rc = call_wait(call, t->clock, CLOCK_FOREVER);
    drops_lock(t);
    for (link = &d->waiters; *link != &self; link = &(*link)->next)
        ;
    *link = self.next;
    return rc;
}

int drop_lock_exclusive(struct drops *t, struct drop *d, struct call *call)
{
    int rc = 0;

    drops_lock(t);
    while (rc == 0 && (d->exclusive || d->shared))
        rc = park_locked(t, d, call);
    if (rc == 0)
        d->exclusive = true;
    drops_unlock(t);
    return rc;
}

void drop_unlock_exclusive(struct drops *t, struct drop *d)
{
    drops_lock(t);
    d->exclusive = false;
    wake_locked(d);
    drops_unlock(t);
}

int drop_lock_shared(struct drops *t, struct drop *d, struct call *call)
{
    int rc = 0;

    drops_lock(t);
    while (rc == 0 && d->exclusive)
        rc = park_locked(t, d, call);
    if (rc == 0)
        d->shared++;
    drops_unlock(t);
    return rc;
}

void drop_unlock_shared(struct drops *t, struct drop *d)
{
    drops_lock(t);
    if (--d->shared == 0)
        wake_locked(d);
    drops_unlock(t);
}

/* --- Local bytes ------------------------------------------------------------------------------ */

void drop_tell_locked(struct drop *d, enum drop_event event)
{
    int next = drop_next(d->state, event);

    assert(next >= 0);
    if (next < 0)
        return;
    d->state = (enum drop_state)next;
    if (event == DROP_WRITTEN || event == DROP_EMPTIED)
        d->resealed = false;
    atomic_fetch_add(&d->version, 1);
    if (d->state != DROP_BROKEN)
        d->broken = 0;
}

struct bytes *drop_bytes(struct drops *t, struct drop *d)
{
    struct bytes *b;

    drops_lock(t);
    b = bytes_ref(d->local);
    drops_unlock(t);
    return b;
}

struct bytes *drop_bytes_to_read(struct drops *t, struct drop *d, unsigned *version)
{
    struct bytes *b = NULL;

    drops_lock(t);
    if (!d->folder->document || !d->id || drop_state_is_dirty(d->state))
        b = bytes_ref(d->local);
    *version = drop_version(d);
    drops_unlock(t);
    return b;
}

static void set_bytes(struct drops *t, struct drop *d, struct bytes *b)
{
    struct bytes *old, *gone = NULL;

    drops_lock(t);
    old = d->local;
    d->local = b;
    drop_tell_locked(d, b ? DROP_FILLED : DROP_FREED);
    if (!d->linked)
        gone = bytes_ref(b);
    drops_unlock(t);
    bytes_discard(gone);
    if (old)
        atomic_store(&old->keep, false);
    bytes_unref(old);
}

static bool is_of_memory(struct drops *t, const struct drop *d)
{
    bool memory;

    drops_lock(t);
    memory = d->folder->memory;
    drops_unlock(t);
    return memory;
}

static int memory_bytes(struct bytes **out)
{
    int fd = memfd_create("lasfs", MFD_CLOEXEC);

    if (fd < 0)
        return -errno;
    *out = bytes_open(NULL, 0, fd);
    if (!*out)
        close(fd);
    return *out ? 0 : -ENOMEM;
}

static int make_bytes(struct drops *t, const struct drop *d, bool nowait, struct bytes **out)
{
    return is_of_memory(t, d) ? memory_bytes(out) : bytes_new(t->spool, nowait, out);
}

int drop_make_bytes(struct drops *t, const struct drop *d, struct bytes **out)
{
    return make_bytes(t, d, false, out);
}

int drop_new_bytes(struct drops *t, struct drop *d, struct bytes **out)
{
    int rc = drop_make_bytes(t, d, out);

    if (rc == 0)
        set_bytes(t, d, *out);
    return rc;
}

int drop_begin_bytes(struct drops *t, struct drop *d)
{
    struct bytes *b;
    bool new;
    int rc;

    drops_lock(t);
    new = !d->id && !d->local && !d->sealed && d->linked;
    drops_unlock(t);
    rc = new ? make_bytes(t, d, true, &b) : -EWOULDBLOCK;
    if (rc == 0)
        set_bytes(t, d, b);
    return rc;
}

void drop_forget_bytes(struct drops *t, struct drop *d)
{
    set_bytes(t, d, NULL);
}

/* --- Open handles ----------------------------------------------------------------------------- */

void drop_open(struct drops *t, struct drop *d)
{
    drops_lock(t);
    d->opened++;
    drops_unlock(t);
}

void drop_close(struct drops *t, struct drop *d)
{
    bool gone;

    drops_lock(t);
    gone = --d->opened == 0 && !d->linked;
    drops_unlock(t);
    if (gone)
        drop_forget_bytes(t, d);
}

void drop_close_all(struct drops *t, struct drop *d)
{
    drops_lock(t);
    d->opened = 0;
    drops_unlock(t);
}

bool drop_begin_writing(struct drops *t, struct drop *d, bool *active)
{
    bool first = false;

    drops_lock(t);
    if (!*active) {
        *active = true;
        first = d->writers++ == 0 && drop_state_is_dirty(d->state);
    }
    drops_unlock(t);
    return first;
}

void drop_end_writing(struct drops *t, struct drop *d, bool *active)
{
    drops_lock(t);
    if (*active) {
        *active = false;
        d->writers--;
    }
    drops_unlock(t);
}
