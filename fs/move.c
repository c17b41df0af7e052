/* Renaming: fs.h's rename. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "binding.h"
#include "core.h"
#include "defaults.h"
#include "deliver.h"
#include "deliver_json.h"
#include "drop_read.h"
#include "drop_store.h"
#include "failed_text.h"
#include "file.h"
#include "hide.h"
#include "known.h"
#include "names.h"
#include "park.h"
#include "remove.h"
#include "resolve.h"
#include "scratch.h"
#include "sidecar.h"
#include "text.h"

#include "banned.h"

/* One rename, both ends. */
struct move {
    struct fs *fs;
    struct call *call;
    struct node *from, *to;
    const char *name, *to_name;
    struct folder *from_folder, *to_folder;
    bool parked; /* what was called to_name is parked elsewhere: its resource is taken back */
};

/* --- Dropped files ---------------------------------------------------------------------------- */

static bool is_sent(struct fs *fs, struct drop *d)
{
    bool sent;

    drops_lock(fs->drops);
    sent = d->id && !d->dirty;
    drops_unlock(fs->drops);
    return sent;
}

static char *id_of(struct fs *fs, struct drop *d)
{
    char *id;

    drops_lock(fs->drops);
    id = d->id ? strdup(d->id) : NULL;
    drops_unlock(fs->drops);
    return id;
}

/* What could not be sent, or is not complete, is not sent by a rename. */
static bool is_given_up(struct fs *fs, struct drop *d)
{
    bool given_up;

    drops_lock(fs->drops);
    given_up = d->failed || d->broken;
    drops_unlock(fs->drops);
    return given_up;
}

/* A file that nothing was ever written to is empty: that must be seen once it has an id. */
static int ensure_bytes(struct fs *fs, struct drop *d)
{
    struct bytes *b = drop_bytes(fs->drops, d);

    if (!b)
        return drop_new_bytes(fs->drops, d, &b);
    bytes_unref(b);
    return 0;
}

/* d takes over what there stands for: its bytes will replace that resource's. 1: it did. */
static int inherit(struct fs *fs, struct drop *d, struct drop *there)
{
    int rc = ensure_bytes(fs, d);

    if (rc < 0)
        return rc;
    drops_lock(fs->drops);
    if (there->id && !d->id) {
        rc = drop_set_id_locked(fs->drops, d, there->id);
        rc = rc < 0 ? rc : 1;
        d->dirty = d->dirty || !d->failed;
        d->size = there->size;
        d->has_digest = there->has_digest;
        memcpy(d->digest, there->digest, sizeof(d->digest));
    }
    drops_unlock(fs->drops);
    return rc;
}

/* Unless it stands for something of its own by now. */
static void disinherit(struct fs *fs, struct drop *d, struct drop *there)
{
    drops_lock(fs->drops);
    if (d->id && there->id && strcmp(d->id, there->id) == 0) {
        drop_set_id_locked(fs->drops, d, NULL);
        d->has_digest = false;
    }
    drops_unlock(fs->drops);
}

/* The resource that there stands for is overwritten by a rename: it goes. */
static int delete_there(struct move *m, struct drop *there, struct failure *err)
{
    struct bound b;

    if (m->fs->options->nodelete || bind_drop(m->fs, there, &b) < 0)
        return 0; /* it stays, under its id */
    return deliver_delete(m->fs, m->call, &b.target, err);
}

/* What must be changed of a resource for it to be in the other folder's list. NULL: it cannot. */
static const struct field *list_field(const struct move *m)
{
    const struct folder *to = m->to_folder;
    const struct field *f = to->filter ? resource_field(to->res, to->filter) : NULL;

    return f && (f->flags & F_IN_PATCH) && to->res == m->from_folder->res ? f : NULL;
}

/* Into another dataset's folder: the filter's field is changed, if the API can change it. */
static int change_folder(struct move *m, struct drop *d, struct failure *err)
{
    const struct folder *to = m->to_folder;
    const struct field *f = list_field(m);
    struct bound b;
    int rc = f ? bind_drop(m->fs, d, &b) : -EXDEV;

    if (rc < 0)
        return rc;
    drops_lock(m->fs->drops);
    d->acked_ms = clock_now_ms(m->fs->clock); /* the other list may lag behind */
    drops_unlock(m->fs->drops);
    return text_patch(m->fs, m->call, &b.target, f, to->filter_value, strlen(to->filter_value),
                      err);
}

/* What the API names after its file gets the file's new name; a temporary one is no name. */
static int change_name(struct move *m, struct drop *d, struct failure *err)
{
    const struct resource *res = m->to_folder->res;
    const struct field *f = res && res->name_field ? resource_field(res, res->name_field) : NULL;
    struct bound b;

    if (!f || !(f->flags & F_IN_PATCH) || strcmp(m->name, m->to_name) == 0 ||
        deliver_is_scratch(m->fs, m->to_name) || bind_drop(m->fs, d, &b) < 0)
        return 0;
    if (resource_takes_json(res))
        return deliver_json_renamed(m->fs, m->call, &b.target, m->name, m->to_name, err);
    return text_patch(m->fs, m->call, &b.target, f, m->to_name, strlen(m->to_name), err);
}

static bool same_list(const struct folder *a, const struct folder *b)
{
    bool same_value = a->filter_value && b->filter_value
                          ? strcmp(a->filter_value, b->filter_value) == 0
                          : a->filter_value == b->filter_value;

    return a == b ||
           (a->res == b->res && a->filter == b->filter && same_value && !a->parent && !b->parent);
}

static int finish(struct move *m, struct drop *d)
{
    int rc = park_rename(m->fs, d, m->to_folder, m->to_name);

    return rc < 0 ? rc : drops_move(m->fs->drops, d, m->to_folder, m->to_name);
}

/* d may take over what there stands for; what is parked keeps its bytes then. 1: it did. */
static int take_over(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    int rc = m->parked ? drop_keep_bytes(m->fs, m->call, there, NULL, err) : 0;

    return rc < 0 ? rc : inherit(m->fs, d, there);
}

/* What becomes of there, once rc says how it went. */
static int settle_there(struct move *m, struct drop *d, struct drop *there, bool inherited, int rc,
                        struct failure *err)
{
    if (rc < 0 && inherited)
        disinherit(m->fs, d, there);
    if (m->parked && rc == 0)
        rc = park_release(m->fs, there);
    else if (m->parked)
        deliver_settle(m->fs, there);
    else if (rc == 0 && !inherited)
        rc = delete_there(m, there, err);
    return rc;
}

/* Bytes that were not sent yet get their real name: this is when they are sent. */
static int move_unsent(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    struct fs *fs = m->fs;
    cleanup_free char *before = id_of(fs, d);
    int inherited, rc;

    if (before && !same_list(m->from_folder, m->to_folder) && !list_field(m))
        return -EXDEV;
    if (m->parked && before)
        there = NULL; /* it is something of its own */
    inherited = there ? take_over(m, d, there, err) : 0;
    rc = inherited < 0 ? inherited : 0;
    if (rc == 0 && !drop_has_writers(fs->drops, d) && !is_given_up(fs, d))
        rc = deliver_drop(fs, m->call, d, m->to_folder, m->to_name, err);
    if (rc == 0 && before && !same_list(m->from_folder, m->to_folder)) {
        cleanup_free char *after = id_of(fs, d);

        if (after && strcmp(before, after) == 0) /* nothing was sent: it moves as it is */
            rc = change_folder(m, d, err);
    }
    if (rc == 0 && before)
        rc = change_name(m, d, err);
    if (there)
        rc = settle_there(m, d, there, inherited > 0, rc, err);
    if (rc == 0)
        rc = finish(m, d);
    if (rc == 0)
        deliver_settle(fs, d);
    return rc;
}

static int move_sent(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    int rc = 0;

    if (!same_list(m->from_folder, m->to_folder))
        rc = change_folder(m, d, err);
    if (rc == 0)
        rc = change_name(m, d, err);
    if (rc == 0 && m->parked)
        rc = park_end(m->fs, there); /* the name is another resource's now */
    else if (rc == 0 && there)
        rc = delete_there(m, there, err);
    return rc < 0 ? rc : finish(m, d);
}

static int move_locked(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    if (!drop_is_linked(m->fs->drops, d))
        return -ENOENT; /* removed while this waited for it */
    if (there && !drop_is_linked(m->fs->drops, there)) {
        there = NULL;
        m->parked = false;
    }
    if (is_sent(m->fs, d) && (sidecar_is(m->to_folder, m->to_name) || defaults_is(m->to_name)))
        return fail(err, -EPERM, 0, "the name of what stands beside documents is no document's");
    if (is_sent(m->fs, d))
        return move_sent(m, d, there, err);
    return move_unsent(m, d, there, err);
}

/* Both ends exclusively, in the order of their addresses. */
static int move_both(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    struct drops *drops = m->fs->drops;
    struct drop *first = there && there < d ? there : d;
    struct drop *second = there ? (first == d ? there : d) : NULL;
    int rc = drop_lock_exclusive(drops, first, m->call);

    if (rc < 0)
        return rc;
    rc = second ? drop_lock_exclusive(drops, second, m->call) : 0;
    if (rc == 0) {
        rc = move_locked(m, d, there, err);
        if (second)
            drop_unlock_exclusive(drops, second);
    }
    drop_unlock_exclusive(drops, first);
    return rc;
}

static int move_drop(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    cleanup_drop struct drop *parked =
        there ? NULL : drops_find_parked(m->fs->drops, m->to_folder, m->to_name);

    m->parked = parked && parked != d;
    return move_both(m, d, m->parked ? parked : there, err);
}

/* --- A temporary file onto a field: its text is sent ------------------------------------------ */

/* -EXDEV: it is a resource's file, of which mv makes a copy. */
static int read_local(struct move *m, struct drop *d, struct buf *text)
{
    struct bytes *b = drop_bytes(m->fs->drops, d);
    int rc = is_sent(m->fs, d) ? -EXDEV : b ? bytes_read(b, text) : 0;

    bytes_unref(b);
    return rc;
}

static int move_onto_text(struct move *m, struct drop *d, const struct found *there,
                          struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct node *n = NULL;
    int rc;

    if (!text_writable(&there->place))
        return fail(err, -EACCES, 0, "it cannot be changed");
    rc = drop_lock_exclusive(m->fs->drops, d, m->call);
    if (rc < 0)
        return rc;
    if (is_given_up(m->fs, d))
        rc = fail(err, -EIO, 0, "the file that was renamed to it is not complete");
    if (rc == 0)
        rc = read_local(m, d, &text);
    if (rc == 0)
        rc = resolve_node(m->fs, m->to, m->to_name, there, 0, &n);
    if (rc == 0)
        rc = failed_text_commit(m->fs, m->call, n, buf_str(&text), text.len, err);
    node_unref(m->fs->nodes, n);
    if (rc == 0)
        rc = drops_remove(m->fs->drops, d, true);
    drop_unlock_exclusive(m->fs->drops, d);
    return rc;
}

/* --- A field onto a temporary name: its text stands there, an editor's backup ----------------- */

static int copy_text(struct move *m, const struct found *f, struct drop *d, struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct node *n = NULL;
    int rc = resolve_node(m->fs, m->from, m->name, f, 0, &n);

    if (rc == 0)
        rc = text_of(m->fs, m->call, n, &text, err);
    node_unref(m->fs->nodes, n);
    if (rc == 0)
        rc = drop_lock_exclusive(m->fs->drops, d, m->call);
    if (rc < 0)
        return rc;
    rc = drop_put_text(m->fs->drops, d, buf_str(&text), text.len);
    drop_unlock_exclusive(m->fs->drops, d);
    return rc;
}

/* The field is hidden until it is written again; else it is back in a moment. */
static int park_text(struct move *m, const struct found *f, const struct found *there,
                     struct failure *err)
{
    cleanup_drop struct drop *d = there ? drop_ref(there->drop) : NULL;
    int rc;

    if (m->from != m->to || !text_writable(&f->place) || !deliver_is_scratch(m->fs, m->to_name))
        return fail(err, -EPERM, 0, "it cannot be renamed");
    rc = d ? 0 : drops_add(m->fs->drops, m->to_folder, m->to_name, DROP_FILE, &d);
    if (rc < 0)
        return rc;
    rc = copy_text(m, f, d, err);
    if (rc < 0 && !there)
        drops_remove(m->fs->drops, d, false);
    return rc < 0 ? rc : hide_name(m->fs, m->from->ino, m->name);
}

/* --- Directories: a resource gets another name ------------------------------------------------ */

/* What the drop of the renamed resource will be called: of a dropped NAME.json it is NAME. 0,
 * -ENAMETOOLONG, -EEXIST something else is called so. */
static int name_after(struct move *m, struct drop *d, char name[ROUTE_NAME_MAX + 1])
{
    bool json = d && d->what == DROP_FILE && resource_takes_json(m->to_folder->res);
    cleanup_drop struct drop *there = NULL;

    if (snprintf(name, ROUTE_NAME_MAX + 1, "%s%s", m->to_name, json ? NAMES_JSON_ENDING : "") >
        ROUTE_NAME_MAX)
        return -ENAMETOOLONG;
    there = drops_find(m->fs->drops, m->to_folder, name);
    return there && there != d ? -EEXIST : 0;
}

static int put_name(struct move *m, struct drop *named, const char *name, const char *id)
{
    struct drop *d;
    int rc;

    if (named)
        return drops_move(m->fs->drops, named, m->to_folder, name);
    rc = drops_add(m->fs->drops, m->to_folder, m->to_name, DROP_DIRECTORY, &d);
    if (rc < 0)
        return rc;
    drops_lock(m->fs->drops);
    rc = drop_set_id_locked(m->fs->drops, d, id);
    drops_unlock(m->fs->drops);
    if (rc == 0)
        rc = drop_row_save(m->fs->drops, d, true);
    drop_unref(d);
    return rc;
}

static int move_resource(struct move *m, const struct found *f, struct failure *err)
{
    const struct resource *res = f->place.res;
    const struct field *field = res->name_field ? resource_field(res, res->name_field) : NULL;
    cleanup_drop struct drop *d = drops_find_id(m->fs->drops, m->from_folder, f->id);
    char name[ROUTE_NAME_MAX + 1];
    struct bound b;
    int rc;

    if (m->from_folder != m->to_folder || !field || !(field->flags & F_IN_PATCH))
        return fail(err, -EPERM, 0, "it cannot be renamed");
    if (route_form(res, m->to_name) == FORM_ID)
        return fail(err, -EPERM, 0, "an id is given by the API");
    rc = name_after(m, d, name);
    if (rc == 0 && d)
        rc = drop_lock_exclusive(m->fs->drops, d, m->call);
    if (rc < 0)
        return rc;
    rc = bind_entry(m->fs, m->from, f->id, &b);
    if (rc == 0)
        rc = text_patch(m->fs, m->call, &b.target, field, m->to_name, strlen(m->to_name), err);
    if (rc == 0)
        rc = put_name(m, d, name, f->id);
    if (d)
        drop_unlock_exclusive(m->fs->drops, d);
    return rc;
}

static int move_subfolder(struct move *m, const struct found *there)
{
    cleanup_drop struct drop *d = drops_find(m->fs->drops, m->from_folder, m->name);

    if (m->from_folder != m->to_folder)
        return -EXDEV;
    if (!d)
        return -ENOENT;
    if (scratch_folder(m->name) || scratch_folder(m->to_name))
        return -EXDEV; /* what is in it would have to be sent, or not */
    if (there) {
        int rc = there->place.kind == NODE_SUBFOLDER
                     ? remove_subfolder(m->fs, m->to_folder, m->to_name)
                     : -ENOTEMPTY;

        if (rc < 0)
            return rc;
    }
    return drops_rename_subfolder(m->fs->drops, d, m->to_name);
}

/* --- All of it -------------------------------------------------------------------------------- */

static int move_found(struct move *m, const struct found *f, const struct found *there,
                      struct failure *err)
{
    if (there && tree_is_dir(there->place.kind) != tree_is_dir(f->place.kind))
        return tree_is_dir(there->place.kind) ? -EISDIR : -ENOTDIR;
    if (f->place.kind == NODE_SUBFOLDER)
        return move_subfolder(m, there);
    if (f->place.kind == NODE_RESOURCE)
        return there ? -ENOTEMPTY : move_resource(m, f, err);
    if (text_is(f->place.kind) && (!there || there->place.kind == NODE_DROP))
        return park_text(m, f, there, err);
    if (f->place.kind != NODE_DROP)
        return fail(err, -EPERM, 0, "it cannot be renamed");
    if (there && text_is(there->place.kind))
        return move_onto_text(m, f->drop, there, err);
    if (there && there->place.kind != NODE_DROP)
        return fail(err, -EPERM, 0, "it cannot be replaced");
    if (m->from_folder->memory != m->to_folder->memory)
        return -EXDEV; /* what must not be on a disk is on none, and the reverse */
    if (!deliver_takes(m->to_folder, m->to_name) && !deliver_is_scratch(m->fs, m->to_name))
        return fail(err, -EPERM, 0, "only temporary files can be made there");
    return move_drop(m, f->drop, there ? there->drop : NULL, err);
}

static int move_all(struct move *m, unsigned flags, struct failure *err)
{
    cleanup_found struct found f = { .drop = NULL };
    cleanup_found struct found there = { .drop = NULL };
    int rc = resolve(m->fs, m->call, m->from, m->name, &f, err);
    int other;

    if (rc < 0)
        return rc;
    if (m->fs->options->ro)
        return fail(err, -EROFS, 0, "the mount is read-only");
    hide_show(m->fs, m->to->ino, m->to_name);
    other = resolve(m->fs, m->call, m->to, m->to_name, &there, err);
    if (other < 0 && other != -ENOENT)
        return other == -ENOTDIR ? -EPERM : other;
    if (other == 0 && (flags & RENAME_NOREPLACE))
        return -EEXIST;
    if (other == 0 && f.drop && f.drop == there.drop)
        return 0;
    rc = bind_folder(m->fs, m->call, m->from, true, &m->from_folder);
    if (rc == 0)
        rc = bind_folder(m->fs, m->call, m->to, true, &m->to_folder);
    if (rc < 0)
        return rc == -ENOTDIR ? -EPERM : rc;
    rc = move_found(m, &f, other == 0 ? &there : NULL, err);
    if (rc < 0)
        return rc;
    /* a file became a field's text, or the reverse; all else is there under its new name */
    if (text_is(f.place.kind) || (other == 0 && text_is(there.place.kind))) {
        struct fs_kernel kernel = core_kernel(m->fs);

        /* until the kernel looks, a field's node is at its new name: two files are never one */
        if (text_is(f.place.kind))
            rc = node_move(m->fs->nodes, m->from, m->name, m->to, m->to_name);
        else
            node_detach(m->fs->nodes, m->from, m->name);
        if (kernel.entry_changed) /* it takes the one for the other now */
            kernel.entry_changed(kernel.arg, m->to->ino, m->to_name);
        return rc;
    }
    return node_move(m->fs->nodes, m->from, m->name, m->to, m->to_name);
}

int fs_rename(struct fs *fs, struct call *call, uint64_t parent, const char *name,
              uint64_t to_parent, const char *to_name, unsigned flags, struct failure *err)
{
    struct move m = { .fs = fs, .call = call, .name = name, .to_name = to_name };
    int rc;

    if (flags & ~(unsigned)RENAME_NOREPLACE)
        return -EINVAL; /* an exchange; who asks for it knows that it may not be there */
    if (!to_name)
        return -ENOMEM;
    m.from = node_get(fs->nodes, parent);
    m.to = node_get(fs->nodes, to_parent);
    rc = m.from && m.to ? move_all(&m, flags, err) : -ESTALE;
    node_unref(fs->nodes, m.to);
    node_unref(fs->nodes, m.from);
    return rc == -EINVAL ? -EPERM : rc; /* EINVAL makes mv try again */
}
