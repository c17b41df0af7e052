#include "drops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "beside.h"
#include "cleanup.h"
#include "drop_links.h"
#include "drop_rekey.h"
#include "drop_rows.h"
#include "drop_sealed.h"
#include "drop_table.h"
#include "folder.h"

#include "banned.h"

/* --- Names that come -------------------------------------------------------------------------- */

void drops_reserve(struct drops *t, struct reserved_name *r)
{
    drops_lock(t);
    r->next = t->reserved;
    t->reserved = r;
    drops_unlock(t);
}

void drops_release(struct drops *t, struct reserved_name *r)
{
    struct reserved_name **at = &t->reserved;

    drops_lock(t);
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    drops_unlock(t);
}

static bool is_reserved_locked(const struct drops *t, const struct folder *f, const char *name)
{
    const struct reserved_name *r = t->reserved;

    while (r && (r->folder != f || strcmp(r->name, name) != 0))
        r = r->next;
    return r != NULL;
}

/* Has f, or a folder that it is in, been removed, as far as their names are in memory? */
static bool is_removed_locked(struct drops *t, const struct folder *f)
{
    cleanup_free char *key = strdup(f->key);
    char *name = key ? key + (folder_below(f, key) - key) : NULL, *slash;

    if (drop_folder_of_key(t, f->key) != f)
        return true; /* another one is called so by now */
    while (name && *name && (slash = strrchr(key, '/'))) {
        const struct folder *above;
        const struct drop *d;

        *slash = '\0';
        above = drop_folder_of_key(t, key);
        d = above && above->loaded ? drop_linked(above, slash + 1) : NULL;
        if (above && above->loaded && (!d || d->what != DROP_SUBFOLDER))
            return true;
        if (slash < name) /* that was the one that has all */
            return false;
    }
    return false;
}

enum add_how { ADD_NOW, ADD_LATE, ADD_FOUND };

static int add(struct drops *t, struct folder *f, const char *name, enum drop_what what,
               enum add_how how, struct drop **out)
{
    bool late = how == ADD_LATE;
    struct drop *d = drop_alloc(f, name, what);
    int rc;

    if (!d)
        return -ENOMEM;
    d->mtime_ns = clock_realtime_ns(t->clock);
    drops_lock(t);
    if (how != ADD_FOUND)
        f->changed_ns = d->mtime_ns;
    if (drop_linked(f, name))
        rc = -EEXIST;
    else if (late && is_removed_locked(t, f))
        rc = -ENOENT;
    else
        rc = late && is_reserved_locked(t, f, name) ? -EWOULDBLOCK : drop_link(d);
    drops_unlock(t);
    if (rc < 0) {
        drop_unref(d);
        return rc;
    }
    *out = d;
    return 0;
}

int drops_add(struct drops *t, struct folder *f, const char *name, enum drop_what what,
              struct drop **out)
{
    return add(t, f, name, what, ADD_NOW, out);
}

int drops_add_late(struct drops *t, struct folder *f, const char *name, struct drop **out)
{
    return add(t, f, name, DROP_FILE, ADD_LATE, out);
}

int drops_add_found_folder(struct drops *t, struct folder *f, const char *name, struct drop **out)
{
    return add(t, f, name, DROP_SUBFOLDER, ADD_FOUND, out);
}

int drops_add_sent(struct drops *t, struct folder *f, const char *name,
                   const struct sent_file *sent, struct drop **out)
{
    struct drop *d = drop_alloc(f, name, DROP_FILE);
    struct owner *o;
    int rc;

    if (!d)
        return -ENOMEM;
    d->mtime_ns = sent->acked.mtime_ns;
    if (sent->mode >= 0)
        d->mode = (mode_t)sent->mode;
    drops_lock(t);
    if (!sent->found)
        f->changed_ns = clock_realtime_ns(t->clock);
    HASH_FIND(hh, t->owners, sent->id, strlen(sent->id), o); /* another look was faster */
    rc = o || drop_linked(f, name) || is_reserved_locked(t, f, name) ? -EEXIST : drop_link(d);
    if (rc == 0) {
        rc = drop_stand_for_locked(t, d, sent->id, &sent->acked);
        if (rc < 0)
            drop_unref(drop_unlink(d));
    }
    drops_unlock(t);
    if (rc < 0) {
        drop_unref(d);
        return rc;
    }
    *out = d;
    return 0;
}

/* What was unlinked: its bytes stay with open handles. The caller discards them, once the row says
 * so too. */
static struct bytes *take_bytes_locked(struct drop *d)
{
    if (d->opened)
        return bytes_ref(d->local);
    drop_tell_locked(d, DROP_FREED);
    return steal_pointer(&d->local);
}

/* What it had here goes, now that nobody finds it any more. */
static void discard_bytes(struct drops *t, struct drop *d)
{
    struct bytes *bytes;

    drops_lock(t);
    bytes = take_bytes_locked(d);
    drops_unlock(t);
    bytes_discard(bytes);
    drop_forget_sealed(t, d);
}

/* Its row could not be deleted: the name is what it was, unless another one has it by now. */
static bool link_again(struct drops *t, struct drop *d)
{
    bool free, again;

    drops_lock(t);
    free = d->state == DROP_APART ? !drop_linked_failed(d->folder, d->name)
                                  : !drop_linked(d->folder, d->name);
    again = free && drop_link(d) == 0;
    if (again)
        drop_unref(d); /* drop_link()'s: the folder's is still there */
    if (again && d->id)
        drop_own(t, d);
    if (again && d->parked)
        d->parked_in->parked++;
    drops_unlock(t);
    return again;
}

/* The lock is held on entry, and released. */
static int remove_locked(struct drops *t, struct drop *d, bool durable)
{
    struct drop *held;
    struct bytes *bytes;
    int rc;

    drop_disown(t, d);
    held = drop_unlink(d);
    d->folder->changed_ns = clock_realtime_ns(t->clock);
    durable = durable && (d->id || d->state == DROP_APART || d->local || d->sealed ||
                          d->what == DROP_SUBFOLDER);
    drops_unlock(t);
    rc = held ? drop_row_delete(t, d, durable) : 0;
    if (rc < 0 && link_again(t, d))
        return rc; /* the folder has the reference again */
    drops_lock(t);
    bytes = take_bytes_locked(d);
    drops_unlock(t);
    bytes_discard(bytes);
    drop_forget_sealed(t, d);
    drop_unref(held);
    return rc;
}

int drops_remove(struct drops *t, struct drop *d, bool durable)
{
    drops_lock(t);
    return remove_locked(t, d, durable);
}

int drops_remove_folder(struct drops *t, struct drop *d, const struct folder *inside)
{
    drops_lock(t);
    if (!inside->drops)
        return remove_locked(t, d, true);
    drops_unlock(t);
    return -ENOTEMPTY;
}

bool drops_remove_sent(struct drops *t, struct drop *d, const char *id, bool durable)
{
    bool same;

    drops_lock(t);
    same = d->linked && d->id && strcmp(d->id, id) == 0;
    if (same && !d->local && !d->writers && !d->exclusive) {
        remove_locked(t, d, durable);
        return true;
    }
    if (same && !d->exclusive) /* who holds it finds out by itself */
        drop_set_id_locked(t, d, NULL);
    drops_unlock(t);
    return false;
}

/* One name of this resource that has no bytes of its own here, with a reference. */
static struct drop *find_owner(struct drops *t, const char *id)
{
    struct owner *o = NULL;
    struct drop *d = NULL;

    drops_lock(t);
    HASH_FIND(hh, t->owners, id, strlen(id), o);
    for (; o && !d; o = o->next)
        if (!o->drop->local)
            d = drop_ref(o->drop);
    drops_unlock(t);
    return d;
}

void drops_remove_id(struct drops *t, const char *id)
{
    struct drop *d;

    while ((d = find_owner(t, id))) {
        drops_remove(t, d, false);
        drop_unref(d);
    }
}

/* The copy of its name becomes d's, the old one the caller's. */
static int move_locked(struct drops *t, struct drop *d, struct folder *f, char *copy)
{
    struct folder *from = d->folder;

    beside_unlink(d);
    HASH_DELETE(hh, from->drops, d);
    d->name = copy;
    d->folder = f;
    atomic_fetch_add(&d->version, 1);
    from->changed_ns = f->changed_ns = clock_realtime_ns(t->clock);
    HASH_ADD_KEYPTR(hh, f->drops, d->name, strlen(d->name), d);
    if (!HASH_ADDED(d)) {
        drop_disown(t, d);
        d->linked = false;
        return -ENOMEM;
    }
    beside_link(d);
    return 0;
}

/* The row could not be written: names are what they were. d has f's reference and its old name again. */
static void move_back(struct drops *t, struct drop *d, struct folder *from, char *old,
                      struct drop *there)
{
    char *name;

    drops_lock(t);
    name = d->name;
    if (d->linked && move_locked(t, d, from, old) == 0) {
        free(name);
        if (there && drop_link(there) == 0 && there->id)
            drop_own(t, there);
    }
    drops_unlock(t);
}

/* late: nobody has reserved the name for it. */
static int move(struct drops *t, struct drop *d, struct folder *f, const char *name,
                const struct drop *over, const struct state_step *with, size_t n, bool late)
{
    struct drop *there, *held = NULL;
    char *copy = strdup(name), *old;
    struct folder *from;
    int rc;

    if (!copy)
        return -ENOMEM;
    drops_lock(t);
    there = drop_linked(f, name);
    if (!d->linked || (there && there != d && there != over) ||
        (late && is_reserved_locked(t, f, name))) {
        rc = d->linked ? -EEXIST : -ENOENT; /* removed while this waited for its turn */
        drops_unlock(t);
        free(copy);
        return rc;
    }
    if (there && there != d) {
        drop_disown(t, there);
        held = drop_unlink(there);
    }
    from = d->folder;
    old = d->name;
    rc = move_locked(t, d, f, copy);
    drops_unlock(t);
    if (rc < 0) {
        drop_unref(d); /* the folder's */
        free(old);
    } else {
        rc = drop_row_move(t, from, old, d, with, n);
        if (rc < 0)
            move_back(t, d, from, old, held);
        else
            free(old);
    }
    if (held && rc == 0)
        discard_bytes(t, held);
    drop_unref(held);
    return rc;
}

int drops_move_over(struct drops *t, struct drop *d, struct folder *f, const char *name,
                    const struct drop *there, const struct state_step *with, size_t n)
{
    return move(t, d, f, name, there, with, n, false);
}

int drops_move(struct drops *t, struct drop *d, struct folder *f, const char *name)
{
    return move(t, d, f, name, NULL, NULL, 0, true);
}

/* Its row says so already. */
static int rename_in_memory(struct drops *t, struct drop *d, struct folder *f, const char *name)
{
    struct drop *held = NULL, *there;
    char *copy = strdup(name), *old;
    int rc;

    if (!copy)
        return -ENOMEM;
    drops_lock(t);
    if (!d->linked) {
        drops_unlock(t);
        free(copy);
        return -ENOENT;
    }
    there = drop_linked(f, name);
    if (there && there != d) /* what is in that is in d by now */
        held = drop_unlink(there);
    old = d->name;
    rc = move_locked(t, d, f, copy);
    drops_unlock(t);
    if (rc < 0)
        drop_unref(d); /* the folder's */
    free(old);
    drop_unref(held);
    return rc;
}

int drops_rename_subfolder(struct drops *t, struct drop *d, const char *to_name)
{
    struct folder *f;
    int rc = drops_rekey(t, d, to_name, &f);

    return rc < 0 ? rc : rename_in_memory(t, d, f, to_name);
}

int drops_check_subfolder(struct drops *t, struct drop *d, const char *to_name)
{
    return drops_check_rekey(t, d, to_name);
}
