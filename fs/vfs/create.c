/* Making files and directories: fs.h's functions for it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "attr.h"
#include "binding.h"
#include "drop_events.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drop_target.h"
#include "drops.h"
#include "file_kinds.h"
#include "fs.h"
#include "fs_context.h"
#include "hide.h"
#include "known.h"
#include "known_lists.h"
#include "make.h"
#include "name_rules.h"
#include "names.h"
#include "node_kinds.h"
#include "park.h"
#include "process.h"
#include "refuse.h"
#include "refuse_made.h"
#include "removal.h"
#include "resolve.h"
#include "scratch.h"

#include "banned.h"

/* The node of what was just made, as the kernel is told of it. */
static int entry_of(struct fs *fs, struct call *call, struct node *parent, const char *name,
                    const struct lookup_result *found, struct node **n, struct entry *out,
                    struct failure *err)
{
    int rc = resolve_node(fs->inodes, parent, name, found, 1, n);

    if (rc < 0)
        return rc;
    rc = attr_of(fs->dirs, call, *n, &out->st, &out->attr_ttl_ms, err);
    out->ttl_ms = attr_name_ttl(*n, name, out->attr_ttl_ms);
    out->ino = (*n)->ino;
    if (rc < 0) {
        node_forget(fs->nodes, (*n)->ino, 1);
        node_unref(fs->nodes, *n);
    }
    return rc;
}

/* --- Files ------------------------------------------------------------------------------------ */

/* May a file of this name be made here? What cannot become a resource must be a scratch file. */
static int check_file(struct fs *fs, struct node *parent, const struct place *place,
                      const struct folder *f, const char *name, struct failure *err)
{
    if (fs->options->ro)
        return scratch_is_aside(name) ? -EROFS : refuse_read_only(err);
    if (place->form == FORM_ID)
        return refuse_id(err);
    if (rule_delivers(f, name) || rule_scratch(fs->options->scratch, name))
        return 0;
    return refuse_file(fs->inodes, parent, name, err);
}

/* A file that rm -r has hidden is written again: it is there again, with new text. */
static int create_hidden(struct fs *fs, struct call *call, struct node *parent, const char *name,
                         const struct place *place, struct lookup_result *found,
                         struct failure *err)
{
    if (call->nowait)
        return -EWOULDBLOCK;
    if (!hide_is_hidden(fs->inodes, parent->ino, name) || tree_is_dir(place->kind))
        return parent->place.kind == NODE_RESOURCE ? refuse_taken(name, err)
                                                   : refuse_file(fs->inodes, parent, name, err);
    hide_show(fs->inodes, parent->ino, name);
    *found = (struct lookup_result){ .place = *place };
    return 0;
}

/* A field that the resource does not have (yet, or for who has removed it): the API judges whether
 * it takes it. -ENOENT: it is none. */
static int create_field(struct fs *fs, struct call *call, struct node *parent, const char *name,
                        struct lookup_result *found, struct failure *err)
{
    int rc = -ENOENT;

    if (parent->place.kind == NODE_RESOURCE && hide_is_hidden(fs->inodes, parent->ino, name)) {
        if (call->nowait)
            return -EWOULDBLOCK;
        hide_show(fs->inodes, parent->ino, name);
        rc = resolve(fs->inodes, call, parent, name, found, err);
    }
    if (rc == -ENOENT && resolve_new_field(fs->inodes, parent, name, found) == 0)
        rc = 0;
    return rc == 0 && fs->options->ro ? refuse_read_only(err) : rc;
}

static void give_mode(struct fs *fs, struct drop *d, mode_t mode)
{
    drops_lock(fs->drops);
    d->mode = mode & 07777;
    drops_unlock(fs->drops);
}

static int create_drop(struct fs *fs, struct call *call, struct node *parent, const char *name,
                       mode_t mode, const struct place *place, struct lookup_result *found,
                       struct failure *err)
{
    cleanup_drop struct drop *d = NULL;
    struct folder *f;
    int rc = bind_folder(fs->inodes, call, parent, true, &f);

    if (rc == 0)
        rc = check_file(fs, parent, place, f, name, err);
    if (rc == 0 && call->nowait)
        return -EWOULDBLOCK;
    if (rc == 0)
        rc = drops_add(fs->drops, f, name, DROP_FILE, &d);
    if (rc < 0)
        return rc;
    give_mode(fs, d, mode);
    rc = drop_row_save(fs->drops, d, false);
    if (rc == 0)
        rc = park_take(fs, call, d, f, name, err);
    if (rc == 0)
        rc = resolve_drop(fs->inodes, &parent->place, d, found);
    if (rc < 0)
        drops_remove(fs->drops, d, false);
    return rc;
}

/* An empty file that was never opened leaves nothing behind. */
static void undo_create(struct fs *fs, const struct lookup_result *found)
{
    struct drop *d = found->drop;
    struct drop_snapshot s;

    if (!d)
        return;
    s = drop_snapshot(fs->drops, d);
    if (!s.id[0] && !s.has_bytes && !s.writers)
        drops_remove(fs->drops, d, false);
}

static int create_in(struct fs *fs, struct call *call, struct node *parent, const char *name,
                     mode_t mode, int flags, pid_t pid, struct entry *out, struct handle **h,
                     struct failure *err)
{
    cleanup_lookup_result struct lookup_result found = { .drop = NULL };
    struct place place;
    struct node *n;
    int rc = route_step(&parent->place, name, &place);

    if (rc < 0)
        return rc == -ENOENT ? refuse_file(fs->inodes, parent, name, err) : rc;
    rc = place.kind == NODE_ENTRY ? create_field(fs, call, parent, name, &found, err)
                                  : create_hidden(fs, call, parent, name, &place, &found, err);
    if (rc == -ENOENT && place.kind == NODE_ENTRY)
        rc = create_drop(fs, call, parent, name, mode, &place, &found, err);
    if (rc == -EEXIST && !(flags & O_EXCL))
        rc = resolve(fs->inodes, call, parent, name, &found,
                     err); /* somebody was faster: open theirs */
    if (rc < 0)
        return rc;
    rc = entry_of(fs, call, parent, name, &found, &n, out, err);
    if (rc < 0) {
        undo_create(fs, &found);
        return rc;
    }
    rc = file_open(fs->files, call, n, flags | (kind_is_text(n->place.kind) ? O_TRUNC : 0), pid, h,
                   err);
    if (rc < 0) {
        node_forget(fs->nodes, n->ino, 1);
        undo_create(fs, &found);
    } else if (found.drop && (flags & O_EXCL)) {
        removal_claim(fs->uploads, drop_folder(fs->drops, found.drop), name, process_of_thread(pid),
                      found.drop);
    }
    node_unref(fs->nodes, n);
    return rc;
}

int fs_create(struct fs *fs, struct call *call, uint64_t parent, const char *name, mode_t mode,
              int flags, pid_t pid, struct entry *out, struct handle **h, struct failure *err)
{
    struct node *p = node_get(fs->nodes, parent);
    int rc;

    if (!p)
        return -ESTALE;
    rc = create_in(fs, call, p, name, mode, flags, pid, out, h, err);
    node_unref(fs->nodes, p);
    return rc;
}

/* --- Directories ------------------------------------------------------------------------------ */

static int make_named(struct fs *fs, struct call *call, const struct folder *f, const char *name,
                      struct record **out, struct failure *err)
{
    cleanup_body struct body *body = NULL;
    int rc = body_new(f->res, BODY_POST, &body);

    if (rc == 0 && f->res->make_from != MAKE_CLAIM)
        rc = body_set_string(body, f->res->name_field, name, err);
    return rc < 0 ? rc : make_resource(fs->uploads, call, f, body, out, err);
}

/* A fresh look that there is none of that name: what is remembered may be old. */
static int check_name_free(struct fs *fs, struct call *call, struct folder *f, const char *name,
                           struct failure *err)
{
    char id[RESOURCE_ID_MAX + 1];
    int rc;

    known_forget_listing(fs->remote, f);
    rc = known_id_in_folder(fs->remote, call, f, name, id, err);
    if (rc == 0 && drops_hide_name(fs->drops, f, name, id))
        return 0;
    if (rc == 0 || rc == -ENOTUNIQ) {
        err->text[0] = '\0';
        return -EEXIST;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int name_resource(struct fs *fs, struct drop *d, const char *id)
{
    int rc = drop_named(fs->drops, d, id, true);

    return rc < 0 ? rc : drop_row_save(fs->drops, d, true);
}

static int mkdir_resource(struct fs *fs, struct call *call, struct folder *f, const char *name,
                          struct drop *d, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    char id[RESOURCE_ID_MAX + 1];
    int rc = names_check(name);

    if (rc < 0)
        return fail(err, -EILSEQ, 0, "its name is not UTF-8, as a name of the API must be");
    if (f->res->name_field)
        rc = check_name_free(fs, call, f, name, err);
    if (rc == 0)
        rc = make_named(fs, call, f, name, &r, err);
    if (rc == 0)
        rc = record_id(r, id);
    return rc < 0 ? rc : name_resource(fs, d, id);
}

static int mkdir_what(struct fs *fs, struct node *parent, const struct folder *f, const char *name,
                      enum drop_what *what, struct failure *err)
{
    if (!backend_can(fs->backend, f->res, CAN_POST)) /* an older server */
        return refuse_folder(fs->inodes, parent, name, err);
    if (f->res->make_from == MAKE_NAME || f->res->make_from == MAKE_EMAIL ||
        f->res->make_from == MAKE_CLAIM)
        *what = DROP_DIRECTORY;
    else if (f->res->make_from == MAKE_DOCUMENT)
        *what = DROP_SUBFOLDER;
    else
        return refuse_folder(fs->inodes, parent, name, err);
    return 0;
}

/* A folder within is told from a resource's own directory by its name alone. */
static int check_dir_name(const struct folder *f, const char *name, struct failure *err)
{
    enum name_form form = route_form(f->res, name);

    if (form == FORM_ID || (form == FORM_LATER_ID && f->res->make_from == MAKE_DOCUMENT))
        return refuse_id(err);
    return 0;
}

static int mkdir_in(struct fs *fs, struct call *call, struct node *parent, const char *name,
                    mode_t mode, struct entry *out, struct failure *err)
{
    cleanup_lookup_result struct lookup_result found = { .drop = NULL };
    cleanup_drop struct drop *d = NULL;
    enum drop_what what = DROP_DIRECTORY;
    struct folder *f;
    struct node *n;
    int rc = bind_folder(fs->inodes, call, parent, true, &f);

    if (rc < 0 || !f->res)
        return rc < 0 && rc != -ENOTDIR ? rc : refuse_folder(fs->inodes, parent, name, err);
    rc = check_dir_name(f, name, err);
    if (rc < 0)
        return rc;
    if (fs->options->ro)
        return scratch_is_aside(name) ? -EROFS : refuse_read_only(err);
    if (scratch_is_repository(name))
        return refuse_folder(fs->inodes, parent, name, err);
    rc = mkdir_what(fs, parent, f, name, &what, err);
    if (rc == 0)
        rc = drops_add(fs->drops, f, name, what, &d); /* from here on the name is ours */
    if (rc < 0)
        return rc;
    give_mode(fs, d, mode);
    if (what == DROP_DIRECTORY)
        rc = mkdir_resource(fs, call, f, name, d, err);
    else
        rc = drop_row_save(fs->drops, d, true);
    if (rc < 0) {
        drops_remove(fs->drops, d, true);
        return rc;
    }
    rc = resolve_drop(fs->inodes, &parent->place, d, &found);
    if (rc == 0)
        rc = entry_of(fs, call, parent, name, &found, &n, out, err);
    if (rc == 0)
        node_unref(fs->nodes, n);
    return rc;
}

/* What is no entry of a collection: hidden by rm -r, it is there again; else it is no name to give. */
static int mkdir_known(struct fs *fs, struct node *parent, const char *name, struct failure *err)
{
    bool hidden = hide_is_hidden(fs->inodes, parent->ino, name);

    hide_show(fs->inodes, parent->ino, name);
    if (hidden)
        return -EEXIST;
    return parent->place.kind == NODE_RESOURCE ? refuse_taken(name, err)
                                               : refuse_folder(fs->inodes, parent, name, err);
}

int fs_mkdir(struct fs *fs, struct call *call, uint64_t parent, const char *name, mode_t mode,
             struct entry *out, struct failure *err)
{
    struct node *p = node_get(fs->nodes, parent);
    struct place place;
    int rc;

    if (!p)
        return -ESTALE;
    rc = route_step(&p->place, name, &place);
    if (rc == -ENOENT)
        rc = refuse_folder(fs->inodes, p, name, err);
    else if (rc == 0 && place.kind != NODE_ENTRY)
        rc = mkdir_known(fs, p, name, err);
    else if (rc == 0)
        rc = mkdir_in(fs, call, p, name, mode, out, err);
    node_unref(fs->nodes, p);
    return rc;
}

/* --- What the API has nothing for ------------------------------------------------------------- */

/* OpenSSH's server renames by link(2) and unlink(2), and by rename(2) where there are no links. */
static bool renames_by_linking(pid_t pid)
{
    return process_is_called(pid, "sftp-server") || process_is_called(pid, "sshd") ||
           process_is_called(pid, "sshd-session");
}

/* So do programs that have written a temporary file. */
static bool is_scratch_node(struct fs *fs, uint64_t ino)
{
    struct node *n = node_get(fs->nodes, ino);
    cleanup_free char *name = n ? node_name(fs->nodes, n) : NULL;
    bool scratch = name && rule_scratch(fs->options->scratch, name);

    node_unref(fs->nodes, n);
    return scratch;
}

int fs_link(struct fs *fs, uint64_t ino, const char *name, pid_t pid, struct failure *err)
{
    if (scratch_is_aside(name) || is_scratch_node(fs, ino) || renames_by_linking(pid))
        return -EPERM;
    return fail(err, -EPERM, 0, "there are no hard links here: copy the file, or rename it");
}

int fs_symlink(const char *name, struct failure *err)
{
    if (scratch_is_aside(name))
        return -EPERM;
    return fail(err, -EPERM, 0,
                "there are no symbolic links here: copy what it leads to (cp -L, rsync -L)");
}

int fs_special(const char *name, struct failure *err)
{
    if (scratch_is_aside(name))
        return -EPERM;
    return fail(err, -EPERM, 0,
                "there are no pipes, sockets or devices here: make it in a local folder");
}
