#include "drop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "content.h"
#include "drop_store.h"
#include "file.h"
#include "spool.h"

#include "banned.h"

#define LIST_LAG_MS 2000 /* a list may be so much behind */

struct drop_waiter {
    struct drop_waiter *next;
    struct call *call;
};

/* --- Bytes ------------------------------------------------------------------------------------ */

struct bytes *bytes_ref(struct bytes *b)
{
    if (b)
        atomic_fetch_add(&b->refs, 1);
    return b;
}

void bytes_unref(struct bytes *b)
{
    if (!b || atomic_fetch_sub(&b->refs, 1) != 1)
        return;
    close(b->fd);
    if (b->number && !atomic_load(&b->keep))
        spool_remove(b->spool, b->number);
    free(b);
}

int bytes_read(const struct bytes *b, struct buf *out)
{
    struct stat st;
    int rc;

    if (fstat(b->fd, &st) < 0)
        return -errno;
    rc = (size_t)st.st_size > out->max ? -EFBIG : buf_resize(out, (size_t)st.st_size);
    if (rc == 0 && out->len && pread(b->fd, out->data, out->len, 0) != (ssize_t)out->len)
        rc = -EIO;
    return rc;
}

void bytes_discard(struct bytes *b)
{
    if (!b)
        return;
    atomic_store(&b->keep, false);
    if (b->number)
        spool_remove(b->spool, b->number);
    bytes_unref(b);
}

struct bytes *bytes_open(struct spool *spool, uint64_t number, int fd)
{
    struct bytes *b = calloc(1, sizeof(*b));

    if (!b)
        return NULL;
    atomic_init(&b->refs, 1);
    atomic_init(&b->keep, true);
    b->fd = fd;
    b->number = number;
    b->spool = spool;
    return b;
}

/* --- Drops ------------------------------------------------------------------------------------ */

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
    free(d->name);
    free(d->id);
    free(d->error);
    free(d->xattrs);
    free(d->parked);
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
    pthread_mutex_lock(&t->lock);
}

void drops_unlock(struct drops *t)
{
    pthread_mutex_unlock(&t->lock);
}

bool drop_is_fresh_locked(struct drops *t, const struct drop *d)
{
    return d->acked_ms > t->trusted_ms && d->acked_ms >= clock_now_ms(t->clock) - LIST_LAG_MS;
}

void drops_trust_lists(struct drops *t)
{
    drops_lock(t);
    t->trusted_ms = clock_now_ms(t->clock);
    drops_unlock(t);
}

bool drop_has_writers(struct drops *t, struct drop *d)
{
    bool writers;

    drops_lock(t);
    writers = d->writers > 0;
    drops_unlock(t);
    return writers;
}

bool drop_is_readable(struct drops *t, struct drop *d)
{
    bool readable;

    drops_lock(t);
    readable = !d->folder->memory || !d->id;
    drops_unlock(t);
    return readable;
}

struct folder *drop_folder(struct drops *t, struct drop *d)
{
    struct folder *f;

    drops_lock(t);
    f = d->folder;
    drops_unlock(t);
    return f;
}

bool drop_is_linked(struct drops *t, struct drop *d)
{
    bool linked;

    drops_lock(t);
    linked = d->linked;
    drops_unlock(t);
    return linked;
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

struct bytes *drop_bytes(struct drops *t, struct drop *d)
{
    struct bytes *b;

    drops_lock(t);
    b = bytes_ref(d->local);
    drops_unlock(t);
    return b;
}

static void set_bytes(struct drops *t, struct drop *d, struct bytes *b)
{
    struct bytes *old, *gone = NULL;

    drops_lock(t);
    old = d->local;
    d->local = b;
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

int drop_new_bytes(struct drops *t, struct drop *d, struct bytes **out)
{
    struct bytes *b;
    uint64_t number = 0;
    int fd, rc = 0;

    if (!is_of_memory(t, d))
        rc = spool_create(t->spool, &number, &fd);
    else if ((fd = memfd_create("lasfs", MFD_CLOEXEC)) < 0)
        rc = -errno;
    if (rc < 0)
        return rc;
    b = bytes_open(t->spool, number, fd);
    if (!b) {
        close(fd);
        if (number)
            spool_remove(t->spool, number);
        return -ENOMEM;
    }
    set_bytes(t, d, b);
    *out = b;
    return 0;
}

/* What is said to be kept is on disk before it is said. */
static int sync_bytes(struct drops *t, struct drop *d)
{
    struct bytes *b = drop_bytes(t, d);
    int rc = b && b->number ? spool_sync(t->spool, b->fd) : 0;

    bytes_unref(b);
    return rc;
}

int drop_put_text(struct drops *t, struct drop *d, const char *text, size_t len)
{
    struct bytes *b;
    int rc = drop_new_bytes(t, d, &b);

    if (rc == 0)
        rc = file_pwrite_all(b->fd, text, len, 0);
    if (rc == 0)
        rc = sync_bytes(t, d);
    drops_lock(t);
    d->dirty = true;
    d->failed = false;
    d->mtime_ns = clock_realtime_ns(t->clock);
    drops_unlock(t);
    return rc < 0 ? rc : drop_row_save(t, d, true);
}

/* The digest of what was acknowledged, without anything that acknowledged it. */
int drop_put_answer(struct drops *t, struct drop *d, const char *text, size_t len)
{
    uint8_t digest[DIGEST_BYTES];
    int rc = drop_put_text(t, d, text, len);
    struct bytes *b = drop_bytes(t, d);

    if (rc == 0)
        rc = b ? content_digest(b->fd, digest) : -EIO;
    bytes_unref(b);
    if (rc < 0)
        return rc;
    drops_lock(t);
    memcpy(d->digest, digest, sizeof(digest));
    d->has_digest = true;
    d->dirty = false;
    drops_unlock(t);
    return drop_row_save(t, d, true);
}

bool drop_is_answer(struct drops *t, struct drop *d)
{
    uint8_t digest[DIGEST_BYTES], now[DIGEST_BYTES];
    struct bytes *b;
    bool answer;

    drops_lock(t);
    answer = d->has_digest && !d->id && !d->failed && !d->writers;
    memcpy(digest, d->digest, sizeof(digest));
    drops_unlock(t);
    b = answer ? drop_bytes(t, d) : NULL;
    answer = b && content_digest(b->fd, now) == 0 && memcmp(digest, now, sizeof(now)) == 0;
    bytes_unref(b);
    return answer;
}

void drop_forget_bytes(struct drops *t, struct drop *d)
{
    set_bytes(t, d, NULL);
}

static int set_failed(struct drops *t, struct drop *d, const char *why)
{
    int rc = sync_bytes(t, d);
    char *copy = strdup(why);
    char *old;

    drops_lock(t);
    old = d->error;
    d->error = copy;
    d->failed = true;
    d->dirty = false;
    d->broken = 0;
    d->mtime_ns = 0; /* so that rsync tries again */
    if (!d->failed_number)
        d->failed_number = ++t->last_failed;
    drops_unlock(t);
    free(old);
    return drop_row_save(t, d, true) < 0 || rc < 0 ? -EIO : 0;
}

/* As it was before it was written, or not there. */
static int give_up(struct drops *t, struct drop *d)
{
    bool sent;

    drops_lock(t);
    d->dirty = d->failed = false;
    d->broken = 0;
    sent = d->id != NULL;
    drops_unlock(t);
    if (!sent)
        return drops_remove(t, d, false);
    drop_forget_bytes(t, d);
    return 0;
}

int drop_set_failed(struct drops *t, struct drop *d, const char *why)
{
    if (is_of_memory(t, d))
        return give_up(t, d);
    return set_failed(t, d, why);
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
