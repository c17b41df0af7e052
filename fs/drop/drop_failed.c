#include "drop_failed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "drop_links.h"
#include "drop_promise.h"
#include "drop_rows.h"
#include "drop_sealed.h"
#include "drop_table.h"
#include "drops.h"
#include "file.h"
#include "names.h"

#include "banned.h"

/* How half a file is called that takes the place of no whole one. */
#define PART_ENDING ".part"
static void part_name(const char *name, char out[NAMES_MAX + 1])
{
    size_t len = strlen(name);

    if (len > NAMES_MAX - strlen(PART_ENDING))
        len = NAMES_MAX - strlen(PART_ENDING);
    while (len && name[len] && (name[len] & 0xC0) == 0x80) /* within a character */
        len--;
    snprintf(out, NAMES_MAX + 1, "%.*s" PART_ENDING, (int)len, name);
}

/* The one that failed under this name in f; made if there was none. NULL: no memory. */
static struct drop *make_locked(struct folder *f, const char *name)
{
    struct drop *x = drop_linked_failed(f, name);
    int rc;

    if (x)
        return x;
    x = drop_alloc(f, name, DROP_FILE);
    if (!x)
        return NULL;
    x->state = DROP_APART;
    rc = drop_link(x);
    drop_unref(x);
    return rc == 0 ? x : NULL; /* the folder's is the one reference */
}

/* --- Failing ---------------------------------------------------------------------------------- */

/* d is what waits to be sent already, or else what the server has again; the caller gets the folder's reference if it is not there any
 * more, else NULL. */
static struct drop *revert_locked(struct drops *t, struct drop *d)
{
    drop_tell_locked(d, DROP_GIVEN_UP);
    d->generation++;
    d->folder->changed_ns = clock_realtime_ns(t->clock);
    if (drop_reseal_locked(d))
        return NULL;
    if (!d->id)
        return drop_unlink(d);
    d->mtime_ns = d->acked.mtime_ns;
    return NULL;
}

int drop_revert(struct drops *t, struct drop *d)
{
    struct bytes *bytes;
    struct drop *held;
    int rc = 0;

    drops_lock(t);
    bytes = steal_pointer(&d->local);
    held = revert_locked(t, d);
    drops_unlock(t);
    if (held)
        rc = drop_row_delete(t, d, false);
    else if (drop_snapshot(t, d).linked)
        rc = drop_row_save(t, d, false);
    drop_unref(held);
    bytes_discard(bytes);
    return rc;
}

/* Where what failed under this name is kept. What is torn takes no whole one's place. NULL: no memory. */
static struct drop *place_locked(struct folder *f, const char *name, bool torn)
{
    struct drop *x = drop_linked_failed(f, name);
    char part[NAMES_MAX + 1];

    part_name(name, part);
    x = make_locked(f, torn && x && x->local && !x->torn ? part : name);
    if (x)
        x->torn = torn || (!x->local && x->torn); /* it was tried again, and is what it was */
    return x;
}

/* x gets these bytes, and the reference, for the reason; what it had before, the caller's. */
static struct bytes *fill_locked(struct drops *t, struct drop *x, struct bytes *b, char *why,
                                 int64_t at_ns)
{
    struct bytes *before = x->local;

    x->local = b;
    atomic_fetch_add(&x->version, 1);
    free(x->error);
    x->error = why;
    free(x->taken);
    x->taken = NULL;
    x->failed_ns = at_ns;
    if (!x->failed_number)
        x->failed_number = ++t->last_failed;
    return before;
}

/* The same bytes for those who still have it open: another descriptor, and no file of the spool. */
static struct bytes *bytes_for_readers(struct drops *t, const struct bytes *b)
{
    cleanup_fd int fd = b && b->number ? fcntl(b->fd, F_DUPFD_CLOEXEC, 0) : -1;
    struct bytes *copy = fd < 0 ? NULL : bytes_open(t->spool, 0, fd);

    if (copy)
        steal_fd(&fd);
    return copy;
}

/* What changes places when d fails: all of it the caller's afterwards. */
struct failing {
    struct drop *kept;    /* x, or NULL */
    struct drop *held;    /* d, which the folder had */
    struct bytes *before; /* what had failed under that name */
    struct bytes *open;   /* what d's readers go on reading, unless it took them */
};

/* From d to what is kept apart; -ENOENT: there is nothing to keep. */
static int move_bytes(struct drops *t, struct drop *d, bool torn, const char *why, int64_t at_ns,
                      struct failing *f)
{
    cleanup_free char *copy = strdup(why);
    struct drop *x;
    int rc = -ENOENT;

    drops_lock(t);
    if (d->linked && d->local && !d->folder->memory) {
        x = place_locked(d->folder, d->name, torn);
        rc = x ? 0 : -ENOMEM;
        if (x) {
            x->mtime_ns = d->mtime_ns;
            x->mode = d->mode;
            f->before = fill_locked(t, x, steal_pointer(&d->local), steal_pointer(&copy), at_ns);
            f->held = revert_locked(t, d);
            f->kept = drop_ref(x);
            if (!d->linked && d->opened && f->open) {
                d->local = steal_pointer(&f->open);
                drop_tell_locked(d, DROP_FILLED);
            }
        }
    }
    drops_unlock(t);
    return rc;
}

static int set_failed(struct drops *t, struct drop *d, bool torn, const char *why, int64_t at_ns)
{
    struct bytes *b = drop_bytes(t, d);
    struct failing f = { .open = bytes_for_readers(t, b) };
    /* what is said to be kept is on disk before it is said */
    int sync = bytes_sync(b);
    int rc = move_bytes(t, d, torn, why, at_ns, &f);

    bytes_unref(b);
    bytes_unref(f.open);
    if (rc == 0)
        rc = drop_rows_fail(t, f.kept, d);
    else if (rc == -ENOENT)
        rc = drop_revert(t, d); /* what must be on no disk, and what has no bytes, leaves nothing */
    bytes_discard(f.before);    /* once the row names what there is now */
    drop_unref(f.held);
    drop_unref(f.kept);
    return rc < 0 ? rc : sync;
}

int drop_set_failed(struct drops *t, struct drop *d, const char *why, int64_t at_ns)
{
    return set_failed(t, d, false, why, at_ns);
}

int drop_set_torn(struct drops *t, struct drop *d, const char *why, int64_t at_ns)
{
    return set_failed(t, d, true, why, at_ns);
}

/* The bytes, and the reference, are kept apart under name. */
static int add_failed(struct drops *t, struct folder *f, const char *name, struct bytes *b,
                      int64_t mtime_ns, const char *why, int64_t at_ns)
{
    cleanup_free char *copy = strdup(why);
    cleanup_drop struct drop *x = NULL;
    int rc = bytes_sync(b);

    if (rc == 0) {
        drops_lock(t);
        x = drop_ref(place_locked(f, name, false));
        if (x) {
            x->mtime_ns = mtime_ns;
            b = fill_locked(t, x, b, steal_pointer(&copy), at_ns);
        }
        drops_unlock(t);
        rc = x ? drop_rows_fail(t, x, NULL) : -ENOMEM;
    }
    bytes_discard(b);
    return rc;
}

int drops_add_failed(struct drops *t, struct folder *f, const char *name, const char *text,
                     size_t len, const char *why, int64_t at_ns)
{
    struct bytes *b;
    int rc = bytes_new(t->spool, false, &b);

    if (rc < 0)
        return rc;
    rc = file_pwrite_all(b->fd, text, len, 0);
    if (rc == 0)
        return add_failed(t, f, name, b, clock_realtime_ns(t->clock), why, at_ns);
    bytes_discard(b);
    return rc;
}

int drops_copy_failed(struct drops *t, struct drop *d, struct folder *f, const char *name,
                      const char *why, int64_t at_ns)
{
    struct bytes *from = drop_bytes(t, d), *b = NULL;
    int64_t mtime_ns;
    int rc = 0;

    drops_lock(t);
    mtime_ns = d->mtime_ns;
    drops_unlock(t);
    if (from && from->number && !f->memory) {
        rc = bytes_new(t->spool, false, &b);
        if (rc == 0)
            rc = file_copy(from->fd, b->fd, -1);
    }
    bytes_unref(from);
    if (b && rc == 0)
        return add_failed(t, f, name, b, mtime_ns, why, at_ns);
    bytes_discard(b);
    return rc;
}

/* --- Afterwards ------------------------------------------------------------------------------- */

/* 1: it was there, and has gone. */
static int remove_failed(struct drops *t, struct folder *f, const char *name, bool only_torn)
{
    cleanup_drop struct drop *x = drops_find_failed(t, f, name);
    bool goes;
    int rc;

    drops_lock(t);
    goes = x && (!only_torn || x->torn);
    drops_unlock(t);
    rc = goes ? drops_remove(t, x, true) : 0;
    return rc < 0 ? rc : goes;
}

int drops_supersede(struct drops *t, struct folder *f, const char *name)
{
    char part[NAMES_MAX + 1];
    int rc = remove_failed(t, f, name, false), half;

    part_name(name, part);
    half = remove_failed(t, f, part, true);
    return rc < 0 ? rc : half < 0 ? half : 0;
}

bool drops_make_room(struct drops *t, struct folder *f, const char *name)
{
    char part[NAMES_MAX + 1];
    bool gone = remove_failed(t, f, name, true) > 0;

    part_name(name, part);
    return remove_failed(t, f, part, true) > 0 || gone;
}

int drop_take_failed(struct drops *t, struct drop *x, struct drop *d)
{
    struct bytes *before = NULL;
    int rc = 0;

    drops_lock(t);
    if (!x->linked || !x->local)
        rc = -ENOENT;
    else if (d->what != DROP_FILE || d->writers || drop_state_is_dirty(d->state))
        rc = -EBUSY;
    if (rc == 0) {
        if (drop_is_promised_locked(t, d)) {
            drop_seal_locked(d, steal_pointer(&x->local));
        } else {
            before = d->local;
            d->local = steal_pointer(&x->local);
            drop_tell_locked(d, DROP_WRITTEN);
        }
        drop_tell_locked(x, DROP_FREED);
        d->mtime_ns = x->mtime_ns;
        d->mode = x->mode;
    }
    drops_unlock(t);
    bytes_discard(before);
    return rc;
}

void drops_outdate_failed(struct drops *t, struct folder *f, const char *name, const char *id)
{
    cleanup_drop struct drop *x = drops_find_failed(t, f, name);
    char *copy = x ? strdup(id) : NULL;

    if (!copy)
        return;
    drops_lock(t);
    free(x->taken);
    x->taken = copy;
    drops_unlock(t);
    drop_row_save(t, x, false);
}

bool drop_is_outdated(struct drops *t, struct drop *x, struct drop *d)
{
    bool is;

    drops_lock(t);
    is = x->taken && d->id && strcmp(x->taken, d->id) == 0;
    drops_unlock(t);
    return is;
}

int drop_forget_note(struct drops *t, struct drop *x)
{
    char *error;

    drops_lock(t);
    error = steal_pointer(&x->error);
    drops_unlock(t);
    free(error);
    return drop_row_save(t, x, true);
}
