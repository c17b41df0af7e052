#include "drop_sealed.h"

#include <errno.h>
#include <sys/stat.h>

#include "clock.h"
#include "drop_rows.h"
#include "drop_shared.h"
#include "file.h"

#include "banned.h"

static int copy_bytes(struct drops *t, const struct bytes *from, bool empty, struct bytes **out)
{
    int rc = bytes_new(t->spool, false, out);

    if (rc == 0 && !empty)
        rc = file_copy(from->fd, (*out)->fd, -1);
    if (rc < 0)
        bytes_discard(steal_pointer(out));
    return rc;
}

/* From DIRTY. */
static void tell_sealed_locked(struct drop *d)
{
    drop_tell_locked(d, d->sealed_as == DROP_WAITING   ? DROP_QUEUED
                        : d->sealed_as == DROP_STAYING ? DROP_STAYED
                                                       : DROP_DELIVERED);
}

/* The file has the time that its name has: it is that again if nothing comes of the copy. */
static void keep_time_locked(const struct drop *d)
{
    const struct timespec times[] = { { .tv_nsec = UTIME_OMIT },
                                      { .tv_sec = (time_t)(d->mtime_ns / 1000000000),
                                        .tv_nsec = (long)(d->mtime_ns % 1000000000) } };

    (void)futimens(d->local->fd, times);
}

void drop_seal_locked(struct drop *d, struct bytes *copy)
{
    keep_time_locked(d);
    d->sealed = d->local;
    d->sealed_as = d->state;
    d->local = copy;
    drop_tell_locked(d, DROP_WRITTEN);
}

int drop_unseal(struct drops *t, struct drop *d, bool empty)
{
    struct bytes *before = drop_bytes(t, d), *copy = NULL;
    int rc = before ? copy_bytes(t, before, empty, &copy) : -EIO;
    bool resealed = false;

    if (rc == 0) {
        drops_lock(t);
        resealed = d->resealed;
        drop_seal_locked(d, copy);
        drops_unlock(t);
        rc = drop_row_save(t, d, true);
    }
    if (rc < 0 && copy) {
        drops_lock(t);
        d->local = steal_pointer(&d->sealed);
        drop_tell_locked(d, DROP_EMPTIED); /* who was torn meanwhile has torn the copy */
        tell_sealed_locked(d);
        d->resealed = resealed;
        drops_unlock(t);
        bytes_discard(copy);
    }
    bytes_unref(before); /* drop_bytes()' */
    return rc;
}

void drop_forget_sealed(struct drops *t, struct drop *d)
{
    struct bytes *sealed;

    drops_lock(t);
    sealed = steal_pointer(&d->sealed);
    drops_unlock(t);
    bytes_discard(sealed);
}

int drop_end_sealed(struct drops *t, struct drop *d)
{
    struct bytes *sealed;
    int rc;

    drops_lock(t);
    sealed = steal_pointer(&d->sealed);
    drops_unlock(t);
    rc = drop_row_save(t, d, true);
    if (rc < 0) {
        drops_lock(t);
        d->sealed = sealed;
        drops_unlock(t);
        return rc;
    }
    bytes_discard(sealed);
    return 0;
}

bool drop_reseal_locked(struct drop *d)
{
    struct stat st;

    if (!d->sealed)
        return false;
    d->local = steal_pointer(&d->sealed);
    drop_tell_locked(d, DROP_FILLED);
    drop_tell_locked(d, DROP_WRITTEN);
    tell_sealed_locked(d);
    d->resealed = true;
    if (fstat(d->local->fd, &st) == 0)
        d->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    return true;
}
