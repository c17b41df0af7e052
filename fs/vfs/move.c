/* Renaming: fs.h's rename. */
#include <errno.h>
#include <stdio.h>

#include "binding.h"
#include "fs.h"
#include "fs_context.h"
#include "hide.h"
#include "kernel.h"
#include "move.h"
#include "name_rules.h"
#include "node_kinds.h"
#include "refuse.h"
#include "refuse_made.h"
#include "resolve.h"

#include "banned.h"

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
        return move_text(m, f, there, err);
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
    return move_file(m, f->drop, there ? there->drop : NULL, err);
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
