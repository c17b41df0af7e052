/* Making files and directories: fs.h's functions for it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "attr.h"
#include "binding.h"
#include "core.h"
#include "deliver.h"
#include "drop_store.h"
#include "handle.h"
#include "hide.h"
#include "known.h"
#include "make.h"
#include "names.h"
#include "park.h"
#include "resolve.h"
#include "scratch.h"
#include "text.h"

#include "banned.h"

/* The node of what was just made, as the kernel is told of it. */
static int entry_of(struct fs *fs, struct call *call, struct node *parent, const char *name,
                    const struct found *found, struct node **n, struct entry *out,
                    struct failure *err)
{
    int rc = resolve_node(fs, parent, name, found, 1, n);

    if (rc < 0)
        return rc;
    rc = attr_of(fs, call, *n, &out->st, &out->ttl_ms, err);
    out->attr_ttl_ms = out->ttl_ms;
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
        return fail(err, -EROFS, 0, "the mount is read-only");
    if (place->form == FORM_ID)
        return fail(err, -EPERM, 0, "an id is given by the API");
    if (deliver_takes(f, name) || deliver_is_scratch(fs, name))
        return 0;
    if (f->res && resource_takes_json(f->res))
        return fail(err, -EPERM, 0, "a file in %s must be called NAME.json", f->res->name);
    if (parent->place.kind == NODE_RESOURCE)
        return fail(err, -EPERM, 0, "only temporary files can be made in a resource's directory");
    return fail(err, -EPERM, 0, "no file can be made in %s", parent->place.res->name);
}

/* A file that rm -r has hidden is written again: it is there again, with new text. */
static int create_hidden(struct fs *fs, struct call *call, struct node *parent, const char *name,
                         const struct place *place, struct found *found)
{
    if (call->nowait)
        return -EWOULDBLOCK;
    if (!hide_is_hidden(fs, parent->ino, name) || tree_is_dir(place->kind))
        return -EPERM;
    hide_show(fs, parent->ino, name);
    *found = (struct found){ .place = *place };
    return 0;
}

static void give_mode(struct fs *fs, struct drop *d, mode_t mode)
{
    drops_lock(fs->drops);
    d->mode = mode & 07777;
    drops_unlock(fs->drops);
}

static int create_drop(struct fs *fs, struct call *call, struct node *parent, const char *name,
                       mode_t mode, const struct place *place, struct found *found,
                       struct failure *err)
{
    cleanup_drop struct drop *d = NULL;
    struct folder *f;
    int rc = bind_folder(fs, call, parent, true, &f);

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
        rc = resolve_drop(fs, &parent->place, d, found);
    if (rc < 0)
        drops_remove(fs->drops, d, false);
    return rc;
}

/* An empty file that was never opened leaves nothing behind. */
static void undo_create(struct fs *fs, const struct found *found)
{
    struct drop *d = found->drop;
    bool untouched;

    if (!d)
        return;
    drops_lock(fs->drops);
    untouched = !d->id && !d->local && !d->writers;
    drops_unlock(fs->drops);
    if (untouched)
        drops_remove(fs->drops, d, false);
}

static int create_in(struct fs *fs, struct call *call, struct node *parent, const char *name,
                     mode_t mode, int flags, pid_t pid, struct entry *out, struct handle **h,
                     struct failure *err)
{
    cleanup_found struct found found = { .drop = NULL };
    struct place place;
    struct node *n;
    int rc = route_step(&parent->place, name, &place);

    if (rc < 0)
        return rc == -ENOENT ? -EPERM : rc;
    if (place.kind == NODE_ENTRY)
        rc = create_drop(fs, call, parent, name, mode, &place, &found, err);
    else
        rc = create_hidden(fs, call, parent, name, &place, &found);
    if (rc == -EEXIST && !(flags & O_EXCL))
        rc = resolve(fs, call, parent, name, &found, err); /* somebody was faster: open theirs */
    if (rc < 0)
        return rc;
    rc = entry_of(fs, call, parent, name, &found, &n, out, err);
    if (rc < 0) {
        undo_create(fs, &found);
        return rc;
    }
    rc = handle_open(fs, call, n, flags | (text_is(n->place.kind) ? O_TRUNC : 0), pid, h, err);
    if (rc < 0) {
        node_forget(fs->nodes, n->ino, 1);
        undo_create(fs, &found);
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
    return rc < 0 ? rc : make_resource(fs, call, f, body, out, err);
}

/* A fresh look that there is none of that name: what is remembered may be old. */
static int check_name_free(struct fs *fs, struct call *call, const struct folder *f,
                           const char *name, struct failure *err)
{
    char id[RESOURCE_ID_MAX + 1];
    int rc;

    known_forget_listing(fs, f);
    rc = known_id_in_folder(fs, call, f, name, id, err);
    if (rc == 0 || rc == -ENOTUNIQ) {
        err->text[0] = '\0';
        return -EEXIST;
    }
    return rc == -ENOENT ? 0 : rc;
}

static int name_resource(struct fs *fs, struct drop *d, const char *id)
{
    int rc;

    drops_lock(fs->drops);
    rc = drop_set_id_locked(fs->drops, d, id);
    d->acked_ms = clock_now_ms(fs->clock);
    drops_unlock(fs->drops);
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

static int mkdir_what(const struct folder *f, enum drop_what *what, struct failure *err)
{
    if (f->res->make_from == MAKE_NAME || f->res->make_from == MAKE_EMAIL ||
        f->res->make_from == MAKE_CLAIM)
        *what = DROP_DIRECTORY;
    else if (f->res->make_from == MAKE_DOCUMENT)
        *what = DROP_SUBFOLDER;
    else
        return fail(err, -EPERM, 0, "no directory can be made in %s", f->res->name);
    return 0;
}

static int mkdir_in(struct fs *fs, struct call *call, struct node *parent, const char *name,
                    mode_t mode, struct entry *out, struct failure *err)
{
    cleanup_found struct found found = { .drop = NULL };
    cleanup_drop struct drop *d = NULL;
    enum drop_what what = DROP_DIRECTORY;
    struct folder *f;
    struct node *n;
    int rc = bind_folder(fs, call, parent, true, &f);

    if (rc < 0 || !f->res || route_form(f->res, name) == FORM_ID)
        return rc < 0 && rc != -ENOTDIR ? rc : -EPERM;
    if (fs->options->ro)
        return fail(err, -EROFS, 0, "the mount is read-only");
    if (scratch_is_repository(name))
        return fail(err, -EPERM, 0, "a repository has no place here");
    rc = mkdir_what(f, &what, err);
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
    rc = resolve_drop(fs, &parent->place, d, &found);
    if (rc == 0)
        rc = entry_of(fs, call, parent, name, &found, &n, out, err);
    if (rc == 0)
        node_unref(fs->nodes, n);
    return rc;
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
    if (rc == 0 && place.kind != NODE_ENTRY)
        hide_show(fs, p->ino, name);
    if (rc == 0 && place.kind != NODE_ENTRY)
        rc = place.kind == NODE_LINK ? -EPERM : -EEXIST;
    if (rc == -ENOENT)
        rc = -EPERM;
    if (rc == 0)
        rc = mkdir_in(fs, call, p, name, mode, out, err);
    node_unref(fs->nodes, p);
    return rc;
}
