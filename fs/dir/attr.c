#include "attr.h"

#include <errno.h>
#include <string.h>

#include "binding.h"
#include "dirs_context.h"
#include "drop_target.h"
#include "errlog.h"
#include "fetch.h"
#include "known.h"
#include "links.h"
#include "node.h"
#include "node_kinds.h"
#include "picture.h"
#include "resolve.h"
#include "text.h"

#include "banned.h"

#define CONTENT_LINK_TARGET_LENGTH 7
#define BLOCK_BYTES 512
#define IO_BYTES (128 * 1024)

static void set_times(struct stat *st, int64_t made_ns, int64_t changed_ns)
{
    st->st_mtim.tv_sec = (time_t)(changed_ns / 1000000000);
    st->st_mtim.tv_nsec = (long)(changed_ns % 1000000000);
    st->st_atim = st->st_mtim;
    st->st_ctim.tv_sec = (time_t)(made_ns / 1000000000);
    st->st_ctim.tv_nsec = (long)(made_ns % 1000000000);
}

static void set_size(struct stat *st, int64_t size)
{
    st->st_size = size;
    st->st_blocks = (size + BLOCK_BYTES - 1) / BLOCK_BYTES;
}

static void set_mode(struct dirs *dirs, struct stat *st, mode_t permissions)
{
    st->st_mode = (st->st_mode & S_IFMT) | (permissions & ~dirs->umask & 0777);
}

/* What is not given back can be opened all the same, and is empty. Where the kernel goes by the mode
 * (default_permissions) the mode must let its owner do that. */
static bool shows_unreadable(struct dirs *dirs)
{
    return dirs->allow_other;
}

static mode_t text_mode(struct dirs *dirs, const struct place *p, bool known)
{
    bool readable = known || kind_is_readable(p);

    return (readable ? 0444 : shows_unreadable(dirs) ? 0400 : 0) | (kind_is_writable(p) ? 0222 : 0);
}

static int attr_text(struct dirs *dirs, struct call *call, struct node *n, struct stat *st,
                     struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    int rc = 0;

    /* these pages ask much and their size says nothing */
    if (n->place.kind != NODE_STATUS && n->place.kind != NODE_METRICS &&
        !tree_is_delivered(n->place.kind))
        rc = text_of(dirs->pseudo, call, n, &text, err);
    if (rc < 0)
        return rc;
    set_size(st, (int64_t)text.len);
    set_mode(dirs, st, text_mode(dirs, &n->place, text.len > 0));
    if (n->place.kind == NODE_FIELD && (n->place.field->flags & F_SECRET))
        st->st_mode &= ~(mode_t)077;
    return 0;
}

/* It is as old as the failure; one that an older version kept does not say. */
static int attr_note(struct dirs *dirs, struct call *call, struct node *n, struct stat *st,
                     struct failure *err)
{
    int64_t at;

    drops_lock(dirs->drops);
    at = n->drop->failed_ns;
    drops_unlock(dirs->drops);
    if (at)
        set_times(st, at, at);
    return attr_text(dirs, call, n, st, err);
}

/* It grows by itself, and who follows it asks each second how long it is. */
static void attr_errors(struct dirs *dirs, struct stat *st, int64_t *ttl_ms)
{
    int64_t last = errlog_last_ns(dirs->errlog);

    set_mode(dirs, st, 0444);
    set_size(st, errlog_size(dirs->errlog));
    if (last)
        set_times(st, last, last);
    *ttl_ms = 0;
}

/* Of a list that is being read: what is known of a resource without looking for it. */
struct list_row {
    struct listing *listing;
    struct record *record;
};

static int attr_record_times(struct dirs *dirs, struct call *call, struct node *n,
                             const struct list_row *row, struct stat *st, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    struct target_ids b;
    int rc = bind_resource(dirs->inodes, n, &b);

    if (rc == 0)
        rc = row ? known_row(dirs->remote, &b.target, row->listing, row->record, &r)
                 : known_record(dirs->remote, call, &b.target, &r, err);
    if (rc == 0)
        set_times(st, record_made_ns(r), record_changed_ns(r));
    return rc;
}

/* A size that would cost the content is left out of a look-up: the kernel asks for it when
 * somebody wants to know. */
static int attr_content(struct dirs *dirs, struct call *call, struct node *n, struct stat *st,
                        bool lookup, int64_t *ttl_ms, struct failure *err)
{
    struct call now = { .nowait = true };
    struct target_ids b;
    int64_t size = 0;
    int rc = bind_resource(dirs->inodes, n, &b);

    if (rc == 0)
        rc = known_content_size(dirs->remote, lookup ? &now : call, &b.target, &size, err);
    if (rc == -EWOULDBLOCK && lookup)
        *ttl_ms = 0;
    else if (rc < 0)
        return rc;
    set_mode(dirs, st, 0444);
    set_size(st, size);
    return 0;
}

/* Others may have changed what was sent: it is as long as its content is now. */
static int attr_changing(struct dirs *dirs, struct call *call, struct node *n, struct stat *st,
                         struct failure *err)
{
    struct target_ids b;
    int64_t size;
    int rc = drop_target(dirs->drops, n->drop, &b);

    if (rc < 0 || resource_takes_json(b.target.res) || !fetch_content_changes(b.target.res))
        return 0;
    rc = known_content_size(dirs->remote, call, &b.target, &size, err);
    if (rc == 0)
        set_size(st, size);
    return rc == -EWOULDBLOCK ? rc : 0; /* else what was sent has to do */
}

static int attr_drop(struct dirs *dirs, struct call *call, struct node *n, struct stat *st,
                     struct failure *err)
{
    struct drop *d = n->drop;
    struct bytes *local;
    struct stat here;

    drops_lock(dirs->drops);
    set_times(st, d->mtime_ns, d->mtime_ns);
    set_size(st, d->acked.size);
    st->st_mode = S_IFREG | (d->mode & 07777);
    if (!d->linked && n->place.kind == NODE_DROP)
        st->st_nlink = 0; /* who has it open is told that it was removed */
    if (d->folder->memory && d->id)
        st->st_mode &= shows_unreadable(dirs) ? ~(mode_t)0177 : ~(mode_t)0577; /* to be written */
    local = bytes_ref(d->local);
    drops_unlock(dirs->drops);
    if (local && fstat(local->fd, &here) == 0)
        set_size(st, here.st_size);
    bytes_unref(local);
    if (tree_is_spool_file(n->place.kind))
        set_mode(dirs, st, 0444);
    return local ? 0 : attr_changing(dirs, call, n, st, err);
}

/* Only who names it asks for it, and the server alone can say how long it is, or that there is none. */
static int attr_picture(struct dirs *dirs, struct call *call, struct node *n, struct stat *st,
                        struct failure *err)
{
    cleanup_picture struct picture *p = NULL;
    struct target_ids b;
    size_t len;
    int rc = bind_resource(dirs->inodes, n, &b);

    if (rc == 0)
        rc = picture_get(dirs->remote, call, &b.target, n->id, &p, err);
    if (rc < 0)
        return rc;
    picture_bytes(p, &len);
    set_mode(dirs, st, 0444);
    set_size(st, (int64_t)len);
    return 0;
}

static int attr_dir(struct dirs *dirs, struct node *n, struct stat *st)
{
    struct folder *f;
    struct call now = { .nowait = true };
    int64_t changed = dirs->started_ns;

    set_mode(dirs, st, 0777);
    if (n->place.kind == NODE_SUBFOLDER) {
        drops_lock(dirs->drops);
        st->st_mode = S_IFDIR | (n->drop->mode & 07777);
        changed = n->drop->mtime_ns;
        drops_unlock(dirs->drops);
    }
    if (n->place.kind != NODE_RESOURCE && bind_folder(dirs->inodes, &now, n, false, &f) == 0) {
        drops_lock(dirs->drops);
        if (f->changed_ns)
            changed = f->changed_ns;
        drops_unlock(dirs->drops);
    }
    set_times(st, changed, changed);
    return 0;
}

/* A link to a resource has its times, where they cost nothing. */
static void attr_link(struct dirs *dirs, struct node *n, struct stat *st)
{
    struct call now = { .nowait = true };
    cleanup_record struct record *r = NULL;
    char target[FS_LINK_MAX];
    struct failure ignored;
    struct target_ids b;

    st->st_mode |= 0777;
    if (link_target(dirs->inodes, n, target) == 0)
        st->st_size = (off_t)strlen(target);
    if (link_bind(dirs->inodes, n, &b) == 0 &&
        known_record(dirs->remote, &now, &b.target, &r, &ignored) == 0)
        set_times(st, record_made_ns(r), record_changed_ns(r));
}

static int attr_any(struct dirs *dirs, struct call *call, struct node *n, bool lookup,
                    const struct list_row *row, struct stat *st, int64_t *ttl_ms,
                    struct failure *err)
{
    enum node_kind kind = n->place.kind;
    int rc = 0;

    *st = (struct stat){ .st_mode = kind_mode(kind),
                         .st_nlink = 1,
                         .st_uid = dirs->uid,
                         .st_gid = dirs->gid,
                         .st_blksize = IO_BYTES };
    st->st_ino = node_stat_ino(dirs->nodes, n);
    *ttl_ms = TTL_DYNAMIC_MS;
    set_times(st, dirs->started_ns, dirs->started_ns);
    if (kind == NODE_DROP || tree_is_spool_file(kind))
        return attr_drop(dirs, call, n, st, err);
    if (tree_is_dir(kind))
        rc = attr_dir(dirs, n, st);
    if (rc == 0 && (kind == NODE_RESOURCE || kind == NODE_FIELD || kind == NODE_WHOLE ||
                    kind == NODE_LINES || kind == NODE_HEARTBEAT || kind == NODE_CONTENT ||
                    kind == NODE_CONTENT_LINK || kind == NODE_PICTURE || kind == NODE_RECENT))
        rc = attr_record_times(dirs, call, n, row, st, err);
    if (kind == NODE_ERRORS)
        attr_errors(dirs, st, ttl_ms);
    else if (kind == NODE_ERROR_NOTE)
        rc = attr_note(dirs, call, n, st, err);
    else if (rc == 0 && kind_is_text(kind))
        rc = attr_text(dirs, call, n, st, err);
    else if (rc == 0 && kind == NODE_CONTENT)
        rc = attr_content(dirs, call, n, st, lookup, ttl_ms, err);
    else if (rc == 0 && kind == NODE_PICTURE)
        rc = attr_picture(dirs, call, n, st, err);
    else if (kind == NODE_CONTENT_LINK)
        st->st_mode |= 0777, st->st_size = CONTENT_LINK_TARGET_LENGTH;
    else if (kind == NODE_LINK)
        attr_link(dirs, n, st);
    else if (kind == NODE_LIST)
        set_mode(dirs, st, 0444);
    return rc;
}

/* The whole id, or the first digits of it. */
static bool is_of_id(const char *name, const char *id)
{
    const char *digits = strrchr(id, ':');

    return strcmp(name, id) == 0 ||
           (digits && route_is_short_id(name) && strncmp(digits + 1, name, strlen(name)) == 0);
}

int64_t attr_name_ttl(const struct node *n, const char *name, int64_t ttl_ms)
{
    bool changes = n->drop || n->place.kind == NODE_ERROR_NOTE;

    if (n->place.kind == NODE_RESOURCE || n->place.kind == NODE_LINK)
        changes = !is_of_id(name, n->id);
    /* an asset's directory that is renamed gives its dropped file the name */
    if (n->place.kind == NODE_RESOURCE && n->place.res->make_from == MAKE_BYTES)
        changes = true;
    if (changes)
        return 0;
    /* directories that only the tree's table knows do not change */
    if (n->place.row && tree_is_dir(n->place.kind) && n->place.row->under == NODE_ROOT)
        return TTL_STATIC_MS;
    return ttl_ms;
}

int attr_of(struct dirs *dirs, struct call *call, struct node *n, struct stat *st, int64_t *ttl_ms,
            struct failure *err)
{
    return attr_any(dirs, call, n, false, NULL, st, ttl_ms, err);
}

int attr_for_lookup(struct dirs *dirs, struct call *call, struct node *n, struct stat *st,
                    int64_t *ttl_ms, struct failure *err)
{
    return attr_any(dirs, call, n, true, NULL, st, ttl_ms, err);
}

int attr_of_entry(struct dirs *dirs, struct node *n, struct listing *l, struct record *r,
                  struct stat *st, int64_t *ttl_ms)
{
    struct call now = { .nowait = true };
    struct list_row row = { l, r };
    struct failure ignored;

    return attr_any(dirs, &now, n, false, r ? &row : NULL, st, ttl_ms, &ignored);
}
