/* Renaming a dropped file: its bytes, its resource and what is called so until now. */
#include "move.h"

#include <errno.h>
#include <string.h>

#include "deliver.h"
#include "deliver_json.h"
#include "drop_events.h"
#include "drop_table.h"
#include "drop_target.h"
#include "drops.h"
#include "folder.h"
#include "fs_context.h"
#include "inbox.h"
#include "moving.h"
#include "name_rules.h"
#include "park.h"
#include "recall.h"
#include "replace_rename.h"
#include "restamp.h"
#include "settings.h"
#include "settle.h"
#include "sidecar.h"
#include "upload_patch.h"
#include "uploads.h"

#include "banned.h"

bool move_is_sent(struct fs *fs, struct drop *d)
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
        rc = moving_begin(&m->moving, &b.target, NULL, err);
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

    if (rc == 0 && m->parked)
        rc = park_keep(m->fs, there);
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
    cleanup_free char *owner = sidecar_owner(fs->uploads, d);
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
    if (rc < 0)
        sidecar_stays(fs->uploads, d, owner);
    else
        settle_drop(fs->uploads, d);
    return rc;
}

/* d takes the place of there (NULL: of nobody) at the server. 0, or what replace_by_rename() gives. */
static int change_sent(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    bool other_list = !folder_same_list(m->from_folder, m->to_folder);
    int replaced = 0, rc = other_list && !list_field(m) ? -EXDEV : 0;

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

/* The name stays what it was: so it is called again at the server. */
static void change_name_back(struct move *m, struct drop *d)
{
    struct failure ignored = { 0 };
    struct move back = *m;

    back.name = m->to_name;
    back.to_name = m->name;
    change_name(&back, d, &ignored);
}

static int move_sent(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    struct restamps owed = { .n = 0 };
    int replaced = change_sent(m, d, m->parked ? NULL : there, err);
    bool begun = m->moving.number != 0; /* the journal moves it, once it can */
    int rc = replaced < 0 ? replaced : 0;

    if (rc == 0 && m->parked)
        rc = park_end(m->fs, there); /* the name is another resource's now */
    if (rc == 0)
        rc = restamp_begin(m->fs->uploads, &d, 1, &owed);
    rc = rc < 0 ? rc : finish(m, d, err);
    restamp_end(m->fs->uploads, &owed);
    if (rc < 0 && replaced == 0 && !begun)
        change_name_back(m, d);
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
    if (move_is_sent(m->fs, d) &&
        (rule_sidecar(m->to_folder, m->to_name) || rule_defaults(m->to_name)))
        return fail(err, -EPERM, 0,
                    "the name of what stands beside documents is no document's: "
                    "give it another one");
    if (move_is_sent(m->fs, d))
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

int move_file(struct move *m, struct drop *d, struct drop *there, struct failure *err)
{
    struct reserved_name reserved = { .folder = m->to_folder, .name = m->to_name };
    bool sent = move_is_sent(m->fs, d);
    int rc;

    drops_reserve(m->fs->drops, &reserved);
    rc = move_reserved(m, d, there, err);
    drops_release(m->fs->drops, &reserved);
    if (rc == 0 && !sent) /* its bytes went out, as at a close() */
        inbox_wait(m->fs->uploads, m->call, d);
    return rc;
}
