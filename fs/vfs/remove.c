/* Removing: fs.h's unlink and rmdir. */
#include "remove.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "doomed.h"
#include "drop_failed.h"
#include "drop_folders.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drop_target.h"
#include "drops.h"
#include "file.h"
#include "fs.h"
#include "fs_context.h"
#include "heir.h"
#include "hide.h"
#include "known.h"
#include "listing.h"
#include "meant.h"
#include "name_rules.h"
#include "process.h"
#include "purge.h"
#include "refuse.h"
#include "remote_delete.h"
#include "removal.h"
#include "resolve.h"
#include "uploads.h"
#include "waiting.h"

#include "banned.h"

#define FIRST_MS 1000
#define WHILE_MS 10000

/* --- Resources -------------------------------------------------------------------------------- */

/* How many of a page are to stay: of the others it is told that they go. */
static size_t count_staying(struct fs *fs, const struct target *children, const struct page *p)
{
    struct target t = *children;
    char id[RESOURCE_ID_MAX + 1];
    size_t n = 0;

    t.id = id;
    for (size_t i = 0; i < p->n; i++)
        n += record_id(p->rows[i], id) < 0 ||
             (!drops_is_doomed(fs->drops, id) && !known_gone(fs->remote, &t));
    return n;
}

/* Its children in the API still hold it: a list that the tree filters by it has a row. *owed: some of
 * them are still to be deleted. */
static int check_empty(struct fs *fs, struct call *call, const struct target *t, size_t *owed,
                       struct failure *err)
{
    const struct tree_row *row;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && (row = tree_child(NODE_RESOURCE, t->res->kind, i)); i++) {
        struct target children = { .res = resource_get(row->res) };
        struct query query[] = { { row->filter, t->id }, { NULL, NULL } };
        struct page *page = NULL;

        if (!row->filter)
            continue;
        rc =
            backend_list(fs->backend, call, &children, query, NULL, RESOURCE_PAGE_SIZE, &page, err);
        if (rc == 0)
            *owed += page->n;
        if (rc == 0 && count_staying(fs, &children, page) > 0)
            rc = fail(err, -ENOTEMPTY, 0, "there are %s in it: remove them first, or use rm -r",
                      row->name);
        page_free(page);
    }
    return rc;
}

/*
 * The API counts asynchronously: a dataset whose documents were deleted a moment ago may still
 * be said not to be empty. When it really is empty, or will be, ask again for a while: 1 s, x 1.25,
 * 10 s in all since the last one was to be deleted.
 */
static int delete_when_empty(struct fs *fs, struct call *call, const struct target *t,
                             struct failure *err)
{
    int64_t end = clock_now_ms(fs->clock) + WHILE_MS;
    int64_t pause = FIRST_MS;
    size_t left = SIZE_MAX;

    for (;;) {
        int rc = remote_delete(fs->remote, call, t, NULL, err);
        int64_t now = clock_now_ms(fs->clock);
        size_t owed = 0;

        if (rc != -ENOTEMPTY || now + pause > end)
            return rc;
        rc = check_empty(fs, call, t, &owed, err);
        if (rc < 0)
            return rc;
        if (owed && owed < left) { /* they become fewer */
            end = clock_now_ms(fs->clock) + WHILE_MS;
            pause = FIRST_MS;
        }
        left = owed;
        uploads_pay(fs->uploads);
        rc = call_wait(call, fs->clock, now + pause);
        if (rc == -EINTR)
            return rc;
        pause += pause / 4;
    }
}

static int delete_resource(struct fs *fs, struct call *call, const struct target *t,
                           struct record **was, struct failure *err)
{
    if (!(t->res->flags & R_MUST_BE_EMPTY))
        return remote_delete(fs->remote, call, t, was, err);
    return delete_when_empty(fs, call, t, err);
}

/* --- Files ------------------------------------------------------------------------------------ */

/* DELETE of what d stands for, unless it is another folder's, or called otherwise, by now. */
static int delete_sent(struct fs *fs, struct call *call, struct drop *d, struct record **was,
                       struct failure *err)
{
    struct target_ids b;
    int rc;

    if (drop_target(fs->drops, d, &b) < 0 || !(resource_can(b.target.res) & CAN_DELETE))
        return 0;
    rc = removal_is_elsewhere(fs->uploads, call, drop_folder(fs->drops, d), &b.target,
                              drop_snapshot(fs->drops, d).fresh, err);
    if (rc == 0)
        rc = meant_look(fs->uploads, call, d, NULL, NULL, err);
    if (rc == 0)
        rc = delete_resource(fs, call, &b.target, was, err);
    return rc < 0 ? rc : 0;
}

/* With writeback what was sent goes later. waits: its row has gone with that. */
static int delete_drop(struct fs *fs, struct call *call, struct drop *d, const char *name,
                       pid_t process, bool *waits, struct failure *err)
{
    struct folder *f = drop_folder(fs->drops, d);
    cleanup_record struct record *was = NULL;
    int rc;

    *waits = removal_may_wait(fs->uploads, d);
    if (*waits)
        return removal_begin(fs->uploads, d, name, process, err);
    rc = delete_sent(fs, call, d, &was, err);
    if (rc == 0 && was && f->res->make_from == MAKE_DOCUMENT)
        heir_leave(fs->uploads, &(struct heir_left){
                                    .folder = f, .name = name, .process = process, .was = was });
    return rc;
}

static int unlink_drop(struct fs *fs, struct call *call, struct drop *d, const char *name,
                       pid_t pid, struct failure *err)
{
    struct folder *f = drop_folder(fs->drops, d);
    int rc = drop_lock_exclusive(fs->drops, d, call);
    bool waits = false, waited = drop_snapshot(fs->drops, d).state == DROP_WAITING;

    if (rc < 0)
        return rc;
    if (fs->options->ro)
        rc = refuse_read_only(err);
    else if (!drop_is_called(fs->drops, d, f, name))
        rc = -ENOENT; /* somebody was faster, or it is called otherwise by now */
    else
        rc = delete_drop(fs, call, d, name, process_of_thread(pid), &waits, err);
    if (rc == 0)
        rc = resolve_gone(fs->inodes, d, !waits);
    if (rc == 0 && waited)
        heir_pass_on(fs->uploads, d, process_of_thread(pid));
    if (rc == 0)
        uploads_name_left(fs->uploads, f, name);
    if (rc == 0)
        uploads_look_again(fs->uploads); /* for the only other document of a sidecar's stem */
    drop_unlock_exclusive(fs->drops, d);
    return rc;
}

/* What could not be delivered is given up. What the server has stays. */
static int give_up(struct fs *fs, struct call *call, struct drop *x)
{
    int rc = drop_lock_exclusive(fs->drops, x, call);

    if (rc < 0)
        return rc;
    /* else it was given up, superseded or delivered meanwhile */
    rc = drop_snapshot(fs->drops, x).linked ? drops_remove(fs->drops, x, true) : -ENOENT;
    drop_unlock_exclusive(fs->drops, x);
    return rc;
}

static int unlink_found(struct fs *fs, struct call *call, struct node *parent, const char *name,
                        const struct lookup_result *f, pid_t pid, struct failure *err)
{
    switch ((int)f->place.kind) {
    case NODE_DROP:
        return unlink_drop(fs, call, f->drop, name, pid, err);
    case NODE_FAILED_FILE:
        return give_up(fs, call, f->drop);
    case NODE_FIELD:
    case NODE_WHOLE:
    case NODE_LINES:
    case NODE_HEARTBEAT:
    case NODE_CONTENT:
    case NODE_CONTENT_LINK:
        return hide_name(fs->inodes, parent->ino, name);
    case NODE_ERROR_NOTE:
        return drop_forget_note(fs->drops, f->drop);
    default:
        return tree_is_dir(f->place.kind) ? -EISDIR : refuse_removal(&f->place, err);
    }
}

int fs_unlink(struct fs *fs, struct call *call, uint64_t parent, const char *name, pid_t pid,
              struct failure *err)
{
    struct node *p = node_get(fs->nodes, parent);
    cleanup_lookup_result struct lookup_result f = { .drop = NULL };
    int rc;

    if (!p)
        return -ESTALE;
    rc = resolve(fs->inodes, call, p, name, &f, err);
    if (rc == 0)
        rc = unlink_found(fs, call, p, name, &f, pid, err);
    if (rc == 0)
        node_detach(fs->nodes, p, name);
    node_unref(fs->nodes, p);
    return rc;
}

/* --- Directories ------------------------------------------------------------------------------ */

/* All that was put below it; the caller frees the array and releases each. */
static int list_below(struct fs *fs, const struct target *t, struct drop ***list, size_t *n)
{
    cleanup_buf struct buf key = BUF_INIT(4 * RESOURCE_ID_MAX);
    int rc = folder_resource_key(t, &key);

    return rc < 0 ? rc : drops_list_below(fs->drops, key.data, list, n);
}

/* What was put below it and not sent would be out of reach: it must go first. */
static int check_nothing_unsent(struct fs *fs, const struct target *t, struct failure *err)
{
    struct drop **list;
    bool unsent = false;
    size_t n;
    int rc = list_below(fs, t, &list, &n);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        drops_lock(fs->drops);
        unsent =
            unsent || (!rule_defaults(list[i]->name) &&
                       (!list[i]->id || (list[i]->local && drop_state_is_dirty(list[i]->state))));
        drops_unlock(fs->drops);
        drop_unref(list[i]);
    }
    free(list);
    return unsent ? fail(err, -ENOTEMPTY, 0,
                         "there are folders in it, or files that were not sent: remove them first")
                  : 0;
}

/* What was put there meanwhile is not lost with its folder. */
static void forget_one(struct fs *fs, struct drop *d)
{
    struct call now = { .nowait = true };
    cleanup_free char *id = NULL;
    bool with_folder;

    drops_lock(fs->drops);
    with_folder = d->what != DROP_FILE || rule_defaults(d->name);
    id = d->id ? strdup(d->id) : NULL;
    drops_unlock(fs->drops);
    if (with_folder)
        drops_remove(fs->drops, d, false);
    else if ((!id || !resolve_gone_elsewhere(fs->inodes, d, id, false)) &&
             drop_lock_exclusive(fs->drops, d, &now) == 0) { /* else who sends it will say it */
        if (!drop_snapshot(fs->drops, d).writers)            /* and so will their close() */
            drop_set_failed(fs->drops, d, "what it was put into is gone",
                            clock_realtime_ns(fs->clock));
        drop_unlock_exclusive(fs->drops, d);
    }
}

/* It is gone: so is what was below it. */
static void forget_below(struct fs *fs, const struct target *t)
{
    struct drop **list;
    size_t n;

    if (list_below(fs, t, &list, &n) < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        forget_one(fs, list[i]);
        drop_unref(list[i]);
    }
    free(list);
}

/* What the API cannot delete loses the name that it was given here, and is out of sight a while. */
static int forget_name(struct fs *fs, struct call *call, struct node *parent, const char *name,
                       const char *id)
{
    cleanup_drop struct drop *d = NULL;
    struct folder *f;
    int rc = bind_folder(fs->inodes, call, parent, true, &f);

    if (rc < 0)
        return rc;
    d = drops_find_id(fs->drops, f, id);
    if (!d || fs->options->ro)
        return hide_name(fs->inodes, parent->ino, name);
    resolve_gone_elsewhere(fs->inodes, d, id, true);
    return hide_name(fs->inodes, parent->ino, id);
}

static int rmdir_resource(struct fs *fs, struct call *call, struct node *parent, const char *name,
                          const struct lookup_result *f, struct failure *err)
{
    struct drop *d = NULL;
    struct folder *folder;
    struct target_ids b;
    int rc;

    if (!(resource_can(f->place.res) & CAN_DELETE)) {
        if (parent->place.row && parent->place.row->under != NODE_ROOT)
            return forget_name(fs, call, parent, name, f->id); /* it goes with its parent */
        return fail(err, -EPERM, 0, "the API deletes no %s", f->place.res->name);
    }
    rc = bind_entry(fs->inodes, parent, f->id, &b);
    if (rc == 0)
        rc = bind_folder(fs->inodes, call, parent, true, &folder);
    if (rc == 0)
        rc = check_nothing_unsent(fs, &b.target, err);
    if (rc == 0)
        rc = delete_resource(fs, call, &b.target, NULL, err);
    if (rc == 0)
        forget_below(fs, &b.target);
    if (rc == 0)
        d = drops_find_id(fs->drops, folder, f->id);
    if (d)
        resolve_gone_elsewhere(fs->inodes, d, f->id, true);
    drop_unref(d);
    return rc;
}

/* Of a folder that is to go; what is listed must go before. Releases the list. */
static int remove_defaults(struct fs *fs, struct drop **list, size_t n)
{
    int rc;

    drops_lock(fs->drops);
    rc = n > 1 || (n && !rule_defaults(list[0]->name)) ? -ENOTEMPTY : 0;
    drops_unlock(fs->drops);
    if (rc == 0 && n)
        rc = drops_remove(fs->drops, list[0], false);
    for (size_t i = 0; i < n; i++)
        drop_unref(list[i]);
    free(list);
    return rc;
}

int remove_subfolder(struct fs *fs, struct folder *f, const char *name)
{
    cleanup_drop struct drop *d = drops_find(fs->drops, f, name);
    cleanup_free char *key = drops_child_key(fs->drops, f, name);
    struct folder *inside;
    struct drop **list;
    size_t n;
    int rc = key ? drops_folder(fs->drops, key, &inside) : -ENOMEM;

    if (rc < 0 || !d)
        return rc < 0 ? rc : -ENOENT;
    rc = drops_list(fs->drops, inside, &list, &n);
    if (rc == 0)
        rc = remove_defaults(fs, list, n);
    return rc < 0 ? rc : drops_remove_folder(fs->drops, d, inside);
}

static int rmdir_subfolder(struct fs *fs, struct call *call, struct node *parent, const char *name,
                           struct failure *err)
{
    struct folder *f;
    int rc = bind_folder(fs->inodes, call, parent, true, &f);

    if (rc == 0 && fs->options->ro)
        rc = refuse_read_only(err);
    return rc < 0 ? rc : remove_subfolder(fs, f, name);
}

/* All documents of a consent. */
static int rmdir_consent(struct fs *fs, struct call *call, const char *id, struct failure *err)
{
    const struct tree_row *row = tree_child(NODE_CONSENT, RES_NONE, 0);

    return purge_list(fs->uploads, call, resource_get(row->res), row->filter, id, INT64_MAX, err);
}

static int rmdir_found(struct fs *fs, struct call *call, struct node *parent, const char *name,
                       const struct lookup_result *f, struct failure *err)
{
    switch ((int)f->place.kind) {
    case NODE_RESOURCE:
        return rmdir_resource(fs, call, parent, name, f, err);
    case NODE_SUBFOLDER:
        return rmdir_subfolder(fs, call, parent, name, err);
    case NODE_CONSENT:
        return rmdir_consent(fs, call, f->id, err);
    case NODE_COLLECTION:
        /* what stands under a resource goes with it */
        if (f->place.row->under != NODE_ROOT)
            return hide_name(fs->inodes, parent->ino, name);
        return refuse_removal(&f->place, err);
    default:
        return tree_is_dir(f->place.kind) ? refuse_removal(&f->place, err) : -ENOTDIR;
    }
}

int fs_rmdir(struct fs *fs, struct call *call, uint64_t parent, const char *name,
             struct failure *err)
{
    struct node *p = node_get(fs->nodes, parent);
    cleanup_lookup_result struct lookup_result f = { .drop = NULL };
    struct node *n;
    int rc;

    if (!p)
        return -ESTALE;
    rc = resolve(fs->inodes, call, p, name, &f, err);
    if (rc == 0)
        rc = rmdir_found(fs, call, p, name, &f, err);
    if (rc == 0) {
        n = node_find(fs->nodes, p, name);
        if (n)
            hide_forget(fs->inodes, n->ino);
        node_unref(fs->nodes, n);
        node_detach(fs->nodes, p, name);
    }
    node_unref(fs->nodes, p);
    return rc;
}
