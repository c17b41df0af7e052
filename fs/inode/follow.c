#include "follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drop_failed.h"
#include "drop_folders.h"
#include "drop_table.h"
#include "drop_target.h"
#include "drops.h"
#include "folder.h"
#include "inodes_context.h"
#include "known.h"
#include "listing.h"
#include "log.h"
#include "name_rules.h"
#include "record.h"
#include "renamed.h"
#include "shared_place.h"
#include "stamp.h"
#include "types.h"

#include "banned.h"

#define BEFORE_MAX 16 /* more are called NAME~12345678 until the next look */

/* One file, held exclusively. */
struct following {
    struct inodes *inodes;
    const struct shared_look *look;
    struct folder *root, *folder; /* where it stands, and what it is called there */
    struct drop *drop;
    const char *name;
    const char *id;
};

static void tell(const struct following *f, const struct folder *to, const char *name)
{
    cleanup_buf struct buf was = BUF_INIT(PATH_TEXT_MAX), is = BUF_INIT(PATH_TEXT_MAX);

    shared_path_text(f->inodes, f->folder, f->name, &was);
    if (to)
        shared_path_text(f->inodes, to, name, &is);
    log_line(f->inodes->log, LOG_LEVEL_INFO, "another machine has moved %s: %s%s", buf_str(&was),
             to ? "it is " : "it is in another list", to ? buf_str(&is) : "");
}

/* Who has that name may have got another one itself, by a row that is still to come: it goes first. In a circle
 * one of them is held, and waits. */
static int let_go_first(struct following *f, struct folder *to, const char *name)
{
    cleanup_drop struct drop *there = drops_find(f->inodes->drops, to, name);
    struct shared_look look = *f->look;
    cleanup_record struct record *r = NULL;
    struct drop_snapshot s;

    if (!there || !look.listing || look.before++ == BEFORE_MAX)
        return -EEXIST;
    s = drop_snapshot(f->inodes->drops, there);
    if (!s.id[0] || listing_find(look.listing, s.id, &r) != 0)
        return -EEXIST;
    return follow_row(f->inodes, &look, f->root, s.id, r);
}

/* Its name in to, which another one may have. 1: it is called so already. */
static int move_to(struct following *f, struct folder *to, const char *name)
{
    bool partial = f->look->listing && !listing_is_complete(f->look->listing);
    struct drops *drops = f->inodes->drops;
    char beside[NAMES_MAX + 1];
    int rc;

    if (to == f->folder && strcmp(name, f->name) == 0)
        return 1;
    rc = drops_move(drops, f->drop, to, name);
    if (rc == -EEXIST && shared_free_name(f->inodes, f->look, to, name))
        rc = drops_move(drops, f->drop, to, name);
    if (rc == -EEXIST && let_go_first(f, to, name) == 0)
        rc = drops_move(drops, f->drop, to, name);
    if (rc == -EEXIST && partial)
        return -EBUSY; /* until all rows have come */
    if (rc == 0) {
        drops_outdate_failed(drops, to, name, f->id);
        tell(f, to, name);
    }
    if (rc != -EEXIST)
        return rc;
    rc = shared_beside(f->inodes, to, name, f->id, beside);
    if (rc < 0 || (to == f->folder && strcmp(beside, f->name) == 0))
        return -EBUSY; /* until the name is free */
    rc = drops_move(drops, f->drop, to, beside);
    if (rc == 0)
        shared_tell_beside(f->inodes, to, name, beside);
    return rc;
}

static int follow_stamp(struct following *f, struct stamp *s)
{
    const char *of = f->root->filter ? f->root->filter : "", *name;
    struct folder *to;
    int rc;

    if (strcmp(s->of, of) != 0 && f->root->filter)
        return 0; /* the list that it is in has been asked, and that says more */
    if (strcmp(s->of, of) != 0) {
        rc = drops_remove(f->inodes->drops, f->drop, false);
        if (rc == 0)
            tell(f, NULL, NULL);
    } else {
        if (!shared_path_ok(f->inodes, f->root, s->path))
            return 0;
        rc = shared_folder(f->inodes, f->root, s->path, false, &to, &name);
        if (rc == 0)
            rc = move_to(f, to, name);
    }
    if (rc == 0)
        shared_forget_name(f->inodes, f->drop, f->name);
    return rc == 1 || rc == -ENOTDIR || rc == -EINVAL || rc == -ENOENT ? 0 : rc;
}

/* Nobody else changes it while it is held; what is owed is owed before it is let go. */
static int follow_held(struct following *f, struct stamp *s)
{
    struct inodes *inodes = f->inodes;
    struct drop_snapshot now = drop_snapshot(inodes->drops, f->drop);
    cleanup_free char *name = NULL;

    if (!now.linked || strcmp(now.id, f->id) != 0)
        return 0;
    if (now.dirty || now.writers || now.has_bytes || now.parked ||
        (inodes->owes_name && inodes->owes_name(inodes->arg, f->id)))
        return -EBUSY;
    f->folder = now.folder;
    name = drop_name(inodes->drops, f->drop);
    if (!name)
        return -ENOMEM;
    f->name = name;
    /* a name for a while was told to nobody */
    return rule_scratch(inodes->scratch, name) ? 0 : follow_stamp(f, s);
}

/* The path in root that it has now is the one that s says. */
static bool is_there(struct inodes *inodes, const struct folder *root, struct drop *d,
                     const struct stamp *s)
{
    cleanup_buf struct buf path = BUF_INIT(PATH_TEXT_MAX);
    bool same;

    drops_lock(inodes->drops);
    same = buf_addf(&path, "%s%s%s", folder_below(d->folder, d->folder->key),
                    *folder_below(d->folder, d->folder->key) ? "/" : "", d->name) == 0 &&
           strcmp(buf_str(&path), s->path) == 0 &&
           strcmp(s->of, root->filter ? root->filter : "") == 0;
    drops_unlock(inodes->drops);
    return same;
}

/* A later answer may say something else: then that counts. 0, -ENOENT nothing. */
static int read_later(struct inodes *inodes, const struct folder *root, const char *id,
                      const struct record *r, struct stamp *s)
{
    struct target t = { .res = root->res, .id = id };
    cleanup_record struct record *known = NULL;
    struct call now = { .nowait = true };
    struct failure ignored;
    int rc = known_record(inodes->remote, &now, &t, &known, &ignored);

    if (rc < 0 || record_changed_ns(known) <= record_changed_ns(r))
        return rc == -ENOENT ? rc : 0;
    rc = stamp_read(known, s);
    return rc == 0 && !s->path[0] ? -ENOENT : rc;
}

int follow_row(struct inodes *inodes, const struct shared_look *look, struct folder *root,
               const char *id, struct record *r)
{
    cleanup_drop struct drop *d = drops_find_id_below(inodes->drops, root, id);
    struct following f = { .inodes = inodes, .look = look, .root = root, .drop = d, .id = id };
    struct call now = { .nowait = true };
    struct stamp s;
    int rc;

    if (!d || d->what != DROP_FILE || stamp_read(r, &s) < 0 || !s.path[0] ||
        is_there(inodes, root, d, &s))
        return 0;
    rc = read_later(inodes, root, id, r, &s);
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    if (drop_lock_exclusive(inodes->drops, d, &now) < 0)
        return -EBUSY;
    rc = follow_held(&f, &s);
    drop_unlock_exclusive(inodes->drops, d);
    return rc;
}

/* --- Who is looked for by a name -------------------------------------------------------------- */

/* Does r say that others call d otherwise? What is put aside for a while was told to nobody. */
static int is_renamed(struct inodes *inodes, struct call *call, struct drop *d,
                      const struct record *r)
{
    struct folder *f = drop_folder(inodes->drops, d);
    cleanup_free char *name = drop_name(inodes->drops, d);
    cleanup_free char *path = name ? drops_path(inodes->drops, f, name) : NULL;

    if (!path || rule_scratch(inodes->scratch, name))
        return 0;
    return renamed_says(inodes->remote, call, f, path, r);
}

/* It has no name here any more: who looks for it gets it by its name in the API. */
static int let_go(struct inodes *inodes, struct drop *d, struct folder *f, const char *name,
                  const char *id)
{
    struct following was = { .inodes = inodes, .folder = f, .drop = d, .name = name };

    if (!drops_remove_sent(inodes->drops, d, id, false))
        return 0;
    tell(&was, NULL, NULL);
    shared_forget_name(inodes, d, name);
    return -ENOENT;
}

static int follow_named(struct inodes *inodes, struct call *call, struct drop *d,
                        const struct target *t, struct record *r)
{
    struct folder *f = drop_folder(inodes->drops, d), *root;
    cleanup_free char *name = drop_name(inodes->drops, d);
    struct shared_look look = { .call = call };
    int rc = name ? 0 : -ENOMEM;

    if (rc == 0 && !t->res->notes_field)
        return let_go(inodes, d, f, name, t->id);
    if (rc == 0)
        rc = shared_root(inodes, call, f, &root);
    if (rc == 0)
        rc = follow_row(inodes, &look, root, t->id, r);
    return rc == 0 && !drop_is_called(inodes->drops, d, f, name) ? -ENOENT : 0;
}

int follow_drop(struct inodes *inodes, struct call *call, struct drop *d, const struct record *r)
{
    cleanup_record struct record *now = NULL;
    struct failure ignored = { 0 };
    struct target_ids b;
    int rc = drop_target(inodes->drops, d, &b) < 0 ? 0 : is_renamed(inodes, call, d, r);

    if (rc <= 0 || (inodes->owes_name && inodes->owes_name(inodes->arg, b.id)))
        return rc == -EWOULDBLOCK ? rc : 0;
    if (call->nowait)
        return -EWOULDBLOCK;
    /* a list may be a moment behind */
    if (known_new_record(inodes->remote, call, &b.target, KNOWN_JUST_NOW_MS, &now, &ignored) < 0 ||
        is_renamed(inodes, call, d, now) <= 0)
        return 0;
    return follow_named(inodes, call, d, &b.target, now);
}
