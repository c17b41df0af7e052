/* Renaming: fs.h's rename. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "deliver.h"
#include "deliver_json.h"
#include "drop_events.h"
#include "drop_folders.h"
#include "drop_put.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drop_target.h"
#include "drops.h"
#include "failed_text.h"
#include "file.h"
#include "folder.h"
#include "fs.h"
#include "fs_context.h"
#include "hide.h"
#include "kernel.h"
#include "known.h"
#include "moving.h"
#include "name_rules.h"
#include "names.h"
#include "node_kinds.h"
#include "park.h"
#include "recall.h"
#include "refuse.h"
#include "refuse_made.h"
#include "remove.h"
#include "replace_rename.h"
#include "resolve.h"
#include "restamp.h"
#include "scratch.h"
#include "settle.h"
#include "sidecar.h"
#include "text.h"
#include "upload_patch.h"
#include "uploads.h"

#include "banned.h"

/* One rename, both ends. */
struct move {
    struct fs *fs;
    struct call *call;
    struct node *from, *to;
    const char *name, *to_name;
    struct folder *from_folder, *to_folder;
    bool noreplace; /* somebody who gets EEXIST then asks again, or knows what to do */
    struct moving moving;
    bool parked; /* what was called to_name is parked elsewhere: its resource is taken back */
    bool late;   /* something has got to_name since that was looked for: all of it once more */
};

/* --- Dropped files ---------------------------------------------------------------------------- */

static bool is_sent(struct fs *fs, struct drop *d)
{
    struct drop_snapshot s = drop_snapshot(fs->drops, d);

    return s.id[0] && !s.dirty;
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

    return rc < 0 ? rc : drop_take_over(fs->drops, d, there);
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
    struct target_ids b;
    int rc = f ? drop_target(m->fs->drops, d, &b) : -EXDEV;

    if (rc == 0)
        rc = moving_begin(&m->moving, &b.target, err);
    if (rc < 0)
        return rc;
    rc = upload_field(m->fs->uploads, m->call, &b.target, f, to->filter_value,
                      strlen(to->filter_value), err);
    rc = moving_patched(&m->moving, &b.target, rc, err);
    if (rc == 0)
        drop_listed_elsewhere(m->fs->drops, d);
    return rc;
}

/* What the API names after its file gets the file's new name; a temporary one is no name. */
static int change_name(struct move *m, struct drop *d, struct failure *err)
{
    const struct resource *res = m->to_folder->res;
    const struct field *f = res && res->name_field ? resource_field(res, res->name_field) : NULL;
    struct target_ids b;

    if (!f || !(f->flags & F_IN_PATCH) || strcmp(m->name, m->to_name) == 0 ||
        rule_scratch(m->fs->options->scratch, m->to_name) || drop_target(m->fs->drops, d, &b) < 0)
        return 0;
    if (resource_takes_json(res))
        return deliver_json_renamed(m->fs->uploads, m->call, &b.target, m->name, m->to_name, err);
    return upload_field(m->fs->uploads, m->call, &b.target, f, m->to_name, strlen(m->to_name), err);
}

static int finish(struct move *m, struct drop *d, struct failure *err)
{
    int rc = park_rename(m->fs, d, m->to_folder, m->to_name);

    if (rc == 0)
        rc = moving_finish(&m->moving);
    if (rc == -EEXIST)
        rc = fail(err, -EBUSY, 0, "somebody has made another one of that name meanwhile");
    if (rc == 0)
        uploads_name_left(m->fs->uploads, m->from_folder, m->name);
    return rc;
}

/* d may take over what there stands for; what is parked keeps its bytes then. 1: it did. */
static int take_over(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    int rc = m->parked ? recall_bytes(m->fs->uploads, m->call, there, -1, err) : 0;

    return rc < 0 ? rc : inherit(m->fs, d, there);
}

/* What becomes of there, once rc says how it went. */
static int settle_there(struct move *m, struct drop *d, struct drop *there, bool inherited, int rc,
                        struct failure *err)
{
    if (rc < 0 && inherited)
        drop_give_back(m->fs->drops, d, there);
    if (m->parked && rc == 0)
        rc = park_release(m->fs, there);
    else if (m->parked)
        settle_drop(m->fs->uploads, there);
    else if (rc == 0 && !inherited)
        rc = replace_by_rename(&m->moving, there, err);
    return rc < 0 ? rc : 0;
}

/* Bytes that were not sent yet get their real name: this is when they are sent. */
static int move_unsent(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    struct fs *fs = m->fs;
    struct drop_snapshot before = drop_snapshot(fs->drops, d), s;
    bool other_list = !folder_same_list(m->from_folder, m->to_folder);
    int inherited, rc;

    if (before.id[0] && other_list && !list_field(m))
        return -EXDEV;
    if (m->parked && before.id[0])
        there = NULL; /* it is something of its own */
    inherited = there ? take_over(m, d, there, err) : 0;
    rc = inherited < 0 ? inherited : 0;
    s = drop_snapshot(fs->drops, d);
    m->moving.at_once = !before.id[0];
    if (rc == 0 && !s.writers && !s.broken) /* what is not complete is not sent by a rename */
        rc = deliver_as(&m->moving, err);
    s = drop_snapshot(fs->drops, d);
    if (rc == 0 && before.id[0] && other_list && strcmp(before.id, s.id) == 0)
        rc = change_folder(m, d, err); /* nothing was sent: it moves as it is */
    if (rc == 0 && before.id[0])
        rc = change_name(m, d, err);
    if (rc == 0 && before.id[0])
        restamp_late(fs->uploads, d);
    if (there)
        rc = settle_there(m, d, there, inherited > 0, rc, err);
    if (rc == 0)
        rc = finish(m, d, err);
    if (rc == 0)
        settle_drop(fs->uploads, d);
    return rc;
}

/* What is made from JSON has its new name before the other one goes, or the old one again. */
static int replace_json(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    struct move back = *m;
    struct failure ignored = { 0 };
    int rc = change_name(m, d, err);

    if (rc < 0)
        return rc;
    rc = replace_by_rename(&m->moving, there, err);
    back.name = m->to_name;
    back.to_name = m->name;
    if (rc < 0)
        change_name(&back, d, &ignored);
    return rc;
}

/* d takes the place of there (NULL: of nobody) at the server. 0, or what replace_by_rename() gives. */
static int change_sent(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    bool other_list = !folder_same_list(m->from_folder, m->to_folder);
    int replaced = 0, rc = other_list && !list_field(m) ? -EXDEV : 0;

    if (rc == 0 && there && resource_takes_json(m->to_folder->res))
        return replace_json(m, d, there, err);
    if (rc == 0 && there)
        rc = replaced = replace_by_rename(&m->moving, there, err);
    if (rc == 0 && other_list)
        rc = change_folder(m, d, err);
    else if (rc >= 0 && other_list)
        drop_listed_elsewhere(m->fs->drops, d);
    if (rc >= 0 && replaced != REPLACED_BY_BYTES)
        rc = change_name(m, d, err);
    return rc < 0 ? rc : replaced;
}

static int move_sent(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    struct restamps owed = { .n = 0 };
    int replaced = change_sent(m, d, m->parked ? NULL : there, err);
    int rc = replaced < 0 ? replaced : 0;

    if (rc == 0 && m->parked)
        rc = park_end(m->fs, there); /* the name is another resource's now */
    if (rc == 0)
        rc = restamp_begin(m->fs->uploads, &d, 1, &owed);
    rc = rc < 0 ? rc : finish(m, d, err);
    restamp_end(m->fs->uploads, &owed);
    if (rc == 0)
        sidecar_moved(m->fs->uploads, m->call, d, m->to_folder, m->to_name);
    if (replaced == REPLACED_BY_BYTES)
        settle_drop(m->fs->uploads, d);
    return rc;
}

/* What to_name stands for may have gone, or be called otherwise, since this looked. */
static bool is_there_still(const struct move *m, const struct drop *there)
{
    cleanup_drop struct drop *parked =
        m->parked ? drops_find_parked(m->fs->drops, m->to_folder, m->to_name) : NULL;

    return m->parked ? parked == there
                     : drop_is_called(m->fs->drops, there, m->to_folder, m->to_name);
}

static int move_locked(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    if (!drop_is_called(m->fs->drops, d, m->from_folder, m->name))
        return -ENOENT; /* removed, or renamed, while this waited for it */
    if (there && !is_there_still(m, there)) {
        there = NULL;
        m->parked = false;
    }
    m->moving.there = m->parked ? NULL : there;
    if (is_sent(m->fs, d) && (rule_sidecar(m->to_folder, m->to_name) || rule_defaults(m->to_name)))
        return fail(err, -EPERM, 0,
                    "the name of what stands beside documents is no document's: "
                    "give it another one");
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
        if (rc < 0)
            moving_leave(&m->moving);
        if (second)
            drop_unlock_exclusive(drops, second);
    }
    drop_unlock_exclusive(drops, first);
    return rc;
}

/* The name is reserved: what was called so when it was looked for is called so still. */
static int move_reserved(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    cleanup_drop struct drop *parked =
        there ? NULL : drops_find_parked(m->fs->drops, m->to_folder, m->to_name);
    cleanup_drop struct drop *now = drops_find(m->fs->drops, m->to_folder, m->to_name);

    if (now != there && !m->late) {
        m->late = true;
        return -EAGAIN;
    }
    m->parked = parked && parked != d;
    m->moving = (struct moving){ .uploads = m->fs->uploads,
                                 .call = m->call,
                                 .drop = d,
                                 .name = m->name,
                                 .to = m->to_folder,
                                 .to_name = m->to_name };
    return move_both(m, d, m->parked ? parked : there, err);
}

static int move_drop(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    struct reserved_name reserved = { .folder = m->to_folder, .name = m->to_name };
    int rc;

    drops_reserve(m->fs->drops, &reserved);
    rc = move_reserved(m, d, there, err);
    drops_release(m->fs->drops, &reserved);
    return rc;
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

static int move_onto_text(struct move *m, struct drop *d, const struct lookup_result *there,
                          struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct node *n = NULL;
    int rc;

    if (!kind_is_writable(&there->place))
        return refuse_write(&there->place, err);
    rc = drop_lock_exclusive(m->fs->drops, d, m->call);
    if (rc < 0)
        return rc;
    if (!drop_snapshot(m->fs->drops, d).linked)
        rc = -ENOENT;
    else if (drop_snapshot(m->fs->drops, d).broken)
        rc = fail(err, -EIO, 0, "the file that was renamed to it is not complete");
    if (rc == 0)
        rc = read_local(m, d, &text);
    if (rc == -EFBIG)
        rc = refuse_size(err);
    if (rc == 0)
        rc = resolve_node(m->fs->inodes, m->to, m->to_name, there, 0, &n);
    if (rc == 0)
        rc = failed_text_commit(m->fs->pseudo, m->call, n, buf_str(&text), text.len, err);
    node_unref(m->fs->nodes, n);
    if (rc == 0)
        rc = drops_remove(m->fs->drops, d, true);
    drop_unlock_exclusive(m->fs->drops, d);
    return rc;
}

/* --- A field onto a temporary name: its text stands there, an editor's backup ----------------- */

static int copy_text(struct move *m, const struct lookup_result *f, struct drop *d,
                     struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct node *n = NULL;
    int rc = resolve_node(m->fs->inodes, m->from, m->name, f, 0, &n);

    if (rc == 0)
        rc = text_of(m->fs->pseudo, m->call, n, &text, err);
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
static int park_text(struct move *m, const struct lookup_result *f,
                     const struct lookup_result *there, struct failure *err)
{
    cleanup_drop struct drop *d = there ? drop_ref(there->drop) : NULL;
    int rc;

    if (m->from != m->to || !kind_is_writable(&f->place) ||
        !rule_scratch(m->fs->options->scratch, m->to_name))
        return refuse_rename(&f->place, err);
    rc = d ? 0 : drops_add(m->fs->drops, m->to_folder, m->to_name, DROP_FILE, &d);
    if (rc < 0)
        return rc;
    rc = copy_text(m, f, d, err);
    if (rc < 0 && !there)
        drops_remove(m->fs->drops, d, false);
    return rc < 0 ? rc : hide_name(m->fs->inodes, m->from->ino, m->name);
}

/* --- Directories: a resource gets another name ------------------------------------------------ */

/* What the drop of the renamed resource will be called: of a dropped NAME.json it is NAME. 0,
 * -ENAMETOOLONG, -EEXIST something else is called so. */
static int name_after(struct move *m, struct drop *d, char name[ROUTE_NAME_MAX + 1],
                      struct failure *err)
{
    bool json = d && d->what == DROP_FILE && resource_takes_json(m->to_folder->res);
    cleanup_drop struct drop *there = NULL;

    if (snprintf(name, ROUTE_NAME_MAX + 1, "%s%s", m->to_name, json ? NAMES_JSON_ENDING : "") >
        ROUTE_NAME_MAX)
        return refuse_long_name(err);
    there = drops_find(m->fs->drops, m->to_folder, name);
    if (!there || there == d)
        return 0;
    return m->noreplace ? -EEXIST
                        : fail(err, -EEXIST, 0, "there is a file %s: remove it first", name);
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
    rc = drop_named(m->fs->drops, d, id, false);
    if (rc == 0)
        rc = drop_row_save(m->fs->drops, d, true);
    drop_unref(d);
    return rc;
}

static int move_resource(struct move *m, const struct lookup_result *f, struct failure *err)
{
    const struct resource *res = f->place.res;
    const struct field *field = res->name_field ? resource_field(res, res->name_field) : NULL;
    cleanup_drop struct drop *d = drops_find_id(m->fs->drops, m->from_folder, f->id);
    char name[ROUTE_NAME_MAX + 1];
    struct target_ids b;
    int rc;

    if (m->from_folder != m->to_folder || !field || !(field->flags & F_IN_PATCH))
        return refuse_rename(&f->place, err);
    if (route_form(res, m->to_name) == FORM_ID)
        return refuse_id(err);
    rc = name_after(m, d, name, err);
    if (rc == 0 && d)
        rc = drop_lock_exclusive(m->fs->drops, d, m->call);
    if (rc < 0)
        return rc;
    rc = bind_entry(m->fs->inodes, m->from, f->id, &b);
    if (rc == 0)
        rc = upload_field(m->fs->uploads, m->call, &b.target, field, m->to_name, strlen(m->to_name),
                          err);
    if (rc == 0)
        rc = put_name(m, d, name, f->id);
    if (d)
        drop_unlock_exclusive(m->fs->drops, d);
    return rc;
}

/* All that is in it is called otherwise then. */
static int rename_subfolder(struct move *m, struct drop *d)
{
    cleanup_free char *key = drops_child_key(m->fs->drops, m->from_folder, m->name);
    cleanup_free char *to_key = drops_child_key(m->fs->drops, m->from_folder, m->to_name);
    struct restamps owed = { .n = 0 };
    struct drop **list;
    size_t n;
    int rc = key && to_key ? drops_list_below(m->fs->drops, key, &list, &n) : -ENOMEM;

    if (rc < 0)
        return rc;
    rc = restamp_begin(m->fs->uploads, list, n, &owed);
    for (size_t i = 0; i < n; i++)
        drop_unref(list[i]);
    free(list);
    if (rc == 0)
        rc = drops_rename_subfolder(m->fs->drops, d, m->to_name);
    restamp_end(m->fs->uploads, &owed);
    if (rc == 0)
        uploads_folder_renamed(m->fs->uploads, key, to_key);
    return rc;
}

static int move_subfolder(struct move *m, const struct lookup_result *there, struct failure *err)
{
    cleanup_drop struct drop *d = drops_find(m->fs->drops, m->from_folder, m->name);
    enum name_form form;
    const char *more = m->fs->options->scratch;
    int rc;

    if (m->from_folder != m->to_folder)
        return -EXDEV;
    if (!d)
        return -ENOENT;
    form = route_form(m->to_folder->res, m->to_name);
    if (form == FORM_ID || form == FORM_LATER_ID)
        return refuse_id(err);
    if (!m->to_folder->staging && scratch_folder(m->name, more) != scratch_folder(m->to_name, more))
        return -EXDEV; /* what is in it would have to be sent, or not */
    if (there) {
        rc = there->place.kind == NODE_SUBFOLDER ? remove_subfolder(m->fs, m->to_folder, m->to_name)
                                                 : -ENOTEMPTY;
        if (rc < 0)
            return rc;
    }
    rc = rename_subfolder(m, d);
    return rc == -ENOTEMPTY ? fail(err, rc, 0,
                                   "of a folder that was called so before there are files in "
                                   ".lasfs/failed: retry or remove them first")
                            : rc;
}

/* --- All of it -------------------------------------------------------------------------------- */

/* Would the file be called as a resource is? */
static bool is_given_by_api(const struct move *m)
{
    return m->to->place.kind == NODE_COLLECTION &&
           route_form(m->to->place.res, m->to_name) == FORM_ID;
}

static int move_found(struct move *m, const struct lookup_result *f,
                      const struct lookup_result *there, struct failure *err)
{
    if (there && tree_is_dir(there->place.kind) != tree_is_dir(f->place.kind))
        return tree_is_dir(there->place.kind) ? -EISDIR : -ENOTDIR;
    if (f->place.kind == NODE_SUBFOLDER)
        return move_subfolder(m, there, err);
    if (f->place.kind == NODE_RESOURCE)
        return there ? fail(err, -ENOTEMPTY, 0,
                            "what is called so stays: remove it first, or give another name")
                     : move_resource(m, f, err);
    if (kind_is_text(f->place.kind) && (!there || there->place.kind == NODE_DROP))
        return park_text(m, f, there, err);
    if (f->place.kind != NODE_DROP)
        return refuse_rename(&f->place, err);
    if (!there && is_given_by_api(m))
        return refuse_id(err);
    if (there && kind_is_text(there->place.kind))
        return move_onto_text(m, f->drop, there, err);
    if (there && there->place.kind != NODE_DROP)
        return fail(err, -EPERM, 0, "what is called so cannot be replaced: give it another name");
    if (m->from_folder->memory != m->to_folder->memory)
        return -EXDEV; /* what must not be on a disk is on none, and the reverse */
    if (!rule_delivers(m->to_folder, m->to_name) &&
        !rule_scratch(m->fs->options->scratch, m->to_name))
        return refuse_file(m->fs->inodes, m->to, m->to_name, err);
    return move_drop(m, f->drop, there ? there->drop : NULL, err);
}

/* Both ends must be where names can be given. */
static int bind_ends(struct move *m, const struct lookup_result *f, struct failure *err)
{
    int rc = bind_folder(m->fs->inodes, m->call, m->from, true, &m->from_folder);

    if (rc == -ENOTDIR)
        return refuse_rename(&f->place, err);
    if (rc == 0)
        rc = bind_folder(m->fs->inodes, m->call, m->to, true, &m->to_folder);
    if (rc != -ENOTDIR)
        return rc;
    return tree_is_dir(f->place.kind) ? refuse_folder(m->fs->inodes, m->to, m->to_name, err)
                                      : refuse_file(m->fs->inodes, m->to, m->to_name, err);
}

static int move_all(struct move *m, struct failure *err)
{
    cleanup_lookup_result struct lookup_result f = { .drop = NULL };
    cleanup_lookup_result struct lookup_result there = { .drop = NULL };
    int rc = resolve(m->fs->inodes, m->call, m->from, m->name, &f, err);
    int other;

    if (rc < 0)
        return rc;
    if (m->fs->options->ro)
        return refuse_read_only(err);
    hide_show(m->fs->inodes, m->to->ino, m->to_name);
    other = resolve(m->fs->inodes, m->call, m->to, m->to_name, &there, err);
    if (other < 0 && other != -ENOENT)
        return other == -ENOTDIR ? -EPERM : other;
    if (other == 0 && m->noreplace)
        return -EEXIST;
    if (other == 0 && f.drop && f.drop == there.drop)
        return 0;
    rc = bind_ends(m, &f, err);
    if (rc < 0)
        return rc;
    if (other == -ENOENT && f.place.kind == NODE_DROP)
        other = resolve_new_field(m->fs->inodes, m->to, m->to_name, &there) == 0 ? 0 : -ENOENT;
    rc = move_found(m, &f, other == 0 ? &there : NULL, err);
    if (rc < 0)
        return rc;
    /* a file became a field's text, or the reverse; all else is there under its new name */
    if (kind_is_text(f.place.kind) || (other == 0 && kind_is_text(there.place.kind))) {
        /* until the kernel looks, a field's node is at its new name: two files are never one */
        if (kind_is_text(f.place.kind))
            rc = node_move(m->fs->nodes, m->from, m->name, m->to, m->to_name);
        else
            node_detach(m->fs->nodes, m->from, m->name);
        /* it takes the one for the other now */
        kernel_entry_changed(m->fs->kernel, m->to->ino, m->to_name);
        return rc;
    }
    rc = node_move(m->fs->nodes, m->from, m->name, m->to, m->to_name);
    if (f.place.kind == NODE_RESOURCE) /* believed as an id is, perhaps */
        kernel_entry_changed(m->fs->kernel, m->to->ino, m->to_name);
    return rc;
}

int fs_rename(struct fs *fs, struct call *call, uint64_t parent, const char *name,
              uint64_t to_parent, const char *to_name, unsigned flags, struct failure *err)
{
    struct move m = { .fs = fs, .call = call, .name = name, .to_name = to_name };
    int rc;

    if (flags & ~(unsigned)RENAME_NOREPLACE)
        return fail(err, -EINVAL, 0,
                    "names cannot be exchanged in one step here: use three renames");
    if (!to_name)
        return -ENOMEM;
    m.noreplace = flags & RENAME_NOREPLACE;
    m.from = node_get(fs->nodes, parent);
    m.to = node_get(fs->nodes, to_parent);
    rc = m.from && m.to ? move_all(&m, err) : -ESTALE;
    if (rc == -EAGAIN && m.late)
        rc = move_all(&m, err);
    node_unref(fs->nodes, m.to);
    node_unref(fs->nodes, m.from);
    return rc == -EINVAL ? -EPERM : rc; /* EINVAL makes mv try again */
}
