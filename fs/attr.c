#include "attr.h"

#include <errno.h>
#include <string.h>

#include "binding.h"
#include "fetch.h"
#include "index.h"
#include "known.h"
#include "resolve.h"
#include "text.h"

#include "banned.h"

#define CONTENT_LINK_TARGET_LENGTH 7
#define BLOCK_BYTES 512
#define IO_BYTES (128 * 1024)

mode_t attr_type(enum node_kind kind)
{
    if (tree_is_dir(kind))
        return S_IFDIR;
    return kind == NODE_CONTENT_LINK || kind == NODE_LINK ? S_IFLNK : S_IFREG;
}

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

static void set_mode(struct fs *fs, struct stat *st, mode_t permissions)
{
    st->st_mode = (st->st_mode & S_IFMT) | (permissions & ~fs->options->umask & 0777);
}

static mode_t text_mode(const struct place *p)
{
    return (text_readable(p) ? 0444 : 0) | (text_writable(p) ? 0222 : 0);
}

static int attr_text(struct fs *fs, struct call *call, struct node *n, struct stat *st,
                     struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    int rc = 0;

    set_mode(fs, st, text_mode(&n->place));
    if (n->place.kind == NODE_FIELD && (n->place.field->flags & F_SECRET))
        st->st_mode &= ~(mode_t)077;
    /* these pages ask much and their size says nothing */
    if (n->place.kind != NODE_STATUS && n->place.kind != NODE_METRICS &&
        n->place.kind != NODE_SHA256SUMS)
        rc = text_of(fs, call, n, &text, err);
    if (rc == 0)
        set_size(st, (int64_t)text.len);
    return rc;
}

static int attr_record_times(struct fs *fs, struct call *call, struct node *n, struct stat *st,
                             struct failure *err)
{
    cleanup_record struct record *r = NULL;
    struct bound b;
    int rc = bind_resource(fs, n, &b);

    if (rc == 0)
        rc = known_record(fs, call, &b.target, &r, err);
    if (rc == 0)
        set_times(st, record_made_ns(r), record_changed_ns(r));
    return rc;
}

/* A size that would cost the content is left out of a look-up: the kernel asks for it when
 * somebody wants to know. */
static int attr_content(struct fs *fs, struct call *call, struct node *n, struct stat *st,
                        bool lookup, int64_t *ttl_ms, struct failure *err)
{
    struct call now = { .nowait = true };
    struct bound b;
    int64_t size;
    int rc = bind_resource(fs, n, &b);

    if (rc == 0)
        rc = known_content_size(fs, lookup ? &now : call, &b.target, &size, err);
    if (rc == -EWOULDBLOCK && lookup) {
        *ttl_ms = 0;
        size = 0;
    } else if (rc < 0) {
        return rc;
    }
    set_mode(fs, st, 0444);
    set_size(st, size);
    return 0;
}

/* Others may have changed what was sent: it is as long as its content is now. */
static int attr_changing(struct fs *fs, struct call *call, struct node *n, struct stat *st,
                         struct failure *err)
{
    struct bound b;
    int64_t size;
    int rc = bind_drop(fs, n->drop, &b);

    if (rc < 0 || resource_takes_json(b.target.res) || !fetch_content_changes(b.target.res))
        return 0;
    rc = known_content_size(fs, call, &b.target, &size, err);
    if (rc == 0)
        set_size(st, size);
    return rc == -EWOULDBLOCK ? rc : 0; /* else what was sent has to do */
}

static int attr_drop(struct fs *fs, struct call *call, struct node *n, struct stat *st,
                     struct failure *err)
{
    struct drop *d = n->drop;
    struct bytes *local;
    struct stat here;

    drops_lock(fs->drops);
    set_times(st, d->mtime_ns, d->mtime_ns);
    set_size(st, d->size);
    st->st_mode = S_IFREG | (d->mode & 07777);
    if (d->folder->memory && d->id)
        st->st_mode &= ~(mode_t)0577; /* it can be written again, and no more */
    local = bytes_ref(d->local);
    drops_unlock(fs->drops);
    if (local && fstat(local->fd, &here) == 0)
        set_size(st, here.st_size);
    bytes_unref(local);
    if (tree_is_spool_file(n->place.kind))
        set_mode(fs, st, 0444);
    return local ? 0 : attr_changing(fs, call, n, st, err);
}

static int attr_dir(struct fs *fs, struct node *n, struct stat *st)
{
    struct folder *f;
    struct call now = { .nowait = true };
    int64_t changed = fs->started_ns;

    set_mode(fs, st, 0777);
    if (n->place.kind == NODE_SUBFOLDER) {
        drops_lock(fs->drops);
        st->st_mode = S_IFDIR | (n->drop->mode & 07777);
        changed = n->drop->mtime_ns;
        drops_unlock(fs->drops);
    }
    if (n->place.kind != NODE_RESOURCE && bind_folder(fs, &now, n, false, &f) == 0) {
        drops_lock(fs->drops);
        if (f->changed_ns)
            changed = f->changed_ns;
        drops_unlock(fs->drops);
    }
    set_times(st, changed, changed);
    return 0;
}

/* A link to a resource has its times, where they cost nothing. */
static void attr_link(struct fs *fs, struct node *n, struct stat *st)
{
    struct call now = { .nowait = true };
    cleanup_record struct record *r = NULL;
    char target[INDEX_TARGET_MAX];
    struct failure ignored;
    struct bound b;

    st->st_mode |= 0777;
    if (index_target(fs, n, target) == 0)
        st->st_size = (off_t)strlen(target);
    if (index_bind(fs, n, &b) == 0 && known_record(fs, &now, &b.target, &r, &ignored) == 0)
        set_times(st, record_made_ns(r), record_changed_ns(r));
}

static int attr_any(struct fs *fs, struct call *call, struct node *n, bool lookup, struct stat *st,
                    int64_t *ttl_ms, struct failure *err)
{
    enum node_kind kind = n->place.kind;
    int rc = 0;

    *st = (struct stat){ .st_mode = attr_type(kind),
                         .st_nlink = 1,
                         .st_uid = fs->options->uid,
                         .st_gid = fs->options->gid,
                         .st_blksize = IO_BYTES };
    st->st_ino = node_stat_ino(fs->nodes, n);
    *ttl_ms = TTL_DYNAMIC_MS;
    set_times(st, fs->started_ns, fs->started_ns);
    if (kind == NODE_DROP || tree_is_spool_file(kind))
        return attr_drop(fs, call, n, st, err);
    if (tree_is_dir(kind))
        rc = attr_dir(fs, n, st);
    if (rc == 0 &&
        (kind == NODE_RESOURCE || kind == NODE_FIELD || kind == NODE_WHOLE || kind == NODE_LINES ||
         kind == NODE_HEARTBEAT || kind == NODE_CONTENT || kind == NODE_CONTENT_LINK))
        rc = attr_record_times(fs, call, n, st, err);
    if (rc == 0 && text_is(kind))
        rc = attr_text(fs, call, n, st, err);
    else if (rc == 0 && kind == NODE_CONTENT)
        rc = attr_content(fs, call, n, st, lookup, ttl_ms, err);
    else if (kind == NODE_CONTENT_LINK)
        st->st_mode |= 0777, st->st_size = CONTENT_LINK_TARGET_LENGTH;
    else if (kind == NODE_LINK)
        attr_link(fs, n, st);
    else if (kind == NODE_LIST)
        set_mode(fs, st, 0444);
    return rc;
}

int attr_of(struct fs *fs, struct call *call, struct node *n, struct stat *st, int64_t *ttl_ms,
            struct failure *err)
{
    return attr_any(fs, call, n, false, st, ttl_ms, err);
}

int attr_for_lookup(struct fs *fs, struct call *call, struct node *n, struct stat *st,
                    int64_t *ttl_ms, struct failure *err)
{
    return attr_any(fs, call, n, true, st, ttl_ms, err);
}
