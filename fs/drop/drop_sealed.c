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
    int rc = bytes_new(t->spool, out);

    if (rc == 0 && !empty)
        rc = file_copy(from->fd, (*out)->fd, -1);
    if (rc < 0)
        bytes_discard(steal_pointer(out));
    return rc;
}

/* sealed: what was; else what is again. */
static void change_places_locked(struct drop *d, struct bytes *local, struct bytes *sealed,
                                 enum drop_event event)
{
    d->local = local;
    d->sealed = sealed;
    drop_tell_locked(d, event);
}

int drop_unseal(struct drops *t, struct drop *d, bool empty)
{
    struct bytes *before = drop_bytes(t, d), *copy = NULL;
    int rc = before ? copy_bytes(t, before, empty, &copy) : -EIO;

    if (rc == 0) {
        drops_lock(t);
        change_places_locked(d, copy, before, DROP_WRITTEN);
        drops_unlock(t);
        rc = drop_row_save(t, d, true);
    }
    if (rc < 0 && copy) {
        drops_lock(t);
        change_places_locked(d, before, NULL, DROP_QUEUED);
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

bool drop_reseal_locked(struct drop *d)
{
    struct stat st;

    if (!d->sealed)
        return false;
    change_places_locked(d, steal_pointer(&d->sealed), NULL, DROP_FILLED);
    drop_tell_locked(d, DROP_WRITTEN);
    drop_tell_locked(d, DROP_QUEUED);
    d->resealed = true;
    if (fstat(d->local->fd, &st) == 0)
        d->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    return true;
}
