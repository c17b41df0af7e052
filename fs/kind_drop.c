/* Dropped files: written to the spool, sent when the last writer closes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "binding.h"
#include "deliver.h"
#include "drop_read.h"
#include "drop_store.h"
#include "file.h"
#include "known.h"
#include "text.h"

#include "banned.h"

#define LOCAL_MAX_BYTES (64 * 1024 * 1024)

/* May d have size bytes? 0, -EFBIG; what known_content_fits() gives. */
static int check_size(struct fs *fs, struct call *call, struct drop *d, int64_t size,
                      struct failure *err)
{
    const struct resource *res = drop_folder(fs->drops, d)->res;
    int64_t max = res && resource_takes_json(res) ? TEXT_MAX_BYTES : LOCAL_MAX_BYTES;

    if (res && resource_content_max(res) > 0)
        return known_content_fits(fs, call, res, size, err);
    if (size <= max)
        return 0;
    return fail(err, -EFBIG, 0, "more than the %lld bytes that are taken here", (long long)max);
}

/* --- Writers ---------------------------------------------------------------------------------- */

/* A handle counts as a writer from its opening, or a write, to its opener's next close. */
static void activate(struct fs *fs, struct handle *h)
{
    struct drop *d = h->node->drop;
    bool now_open = false;

    drops_lock(fs->drops);
    if (!h->active) {
        h->active = true;
        now_open = d->writers++ == 0 && d->dirty;
    }
    drops_unlock(fs->drops);
    if (now_open)
        drop_row_save(fs->drops, d, false);
}

static void deactivate(struct fs *fs, struct handle *h)
{
    drops_lock(fs->drops);
    if (h->active) {
        h->active = false;
        h->node->drop->writers--;
    }
    drops_unlock(fs->drops);
}

/* --- Bytes ------------------------------------------------------------------------------------ */

/* Something new is in the bytes, or will be. What had failed before is superseded by it. */
static void touch(struct fs *fs, struct drop *d)
{
    bool first;

    drops_lock(fs->drops);
    first = !d->dirty;
    d->dirty = true;
    d->failed = false;
    d->mtime_ns = clock_realtime_ns(fs->clock);
    drops_unlock(fs->drops);
    if (first)
        drop_row_save(fs->drops, d, false);
}

/* A part is missing: what comes after it makes it no more complete. */
static void set_broken(struct fs *fs, struct drop *d, int rc)
{
    drops_lock(fs->drops);
    d->broken = rc;
    d->dirty = true;
    d->failed = false;
    drops_unlock(fs->drops);
}

static void note_write(struct fs *fs, struct handle *h, int rc)
{
    if (rc == 0) {
        activate(fs, h);
        touch(fs, h->node->drop);
    } else if (rc != -EWOULDBLOCK && rc != -EINTR) {
        set_broken(fs, h->node->drop, rc); /* and not just to be asked again */
    }
}

/* With local bytes there, for h or (NULL) by path, held shared; the bytes with a reference. */
static int begin_change(struct fs *fs, struct call *call, struct drop *d, struct handle *h,
                        struct bytes **out, struct failure *err)
{
    for (;;) {
        int rc = drop_lock_shared(fs->drops, d, call);

        if (rc < 0)
            return rc;
        *out = drop_bytes(fs->drops, d);
        if (*out)
            return 0;
        drop_unlock_shared(fs->drops, d);
        if (call->nowait)
            return -EWOULDBLOCK;
        rc = drop_lock_exclusive(fs->drops, d, call);
        if (rc < 0)
            return rc;
        rc = drop_keep_bytes(fs, call, d, h, err);
        drop_unlock_exclusive(fs->drops, d);
        if (rc < 0)
            return rc;
    }
}

/* O_TRUNC, and a new file: empty bytes. */
static int start_empty(struct fs *fs, struct call *call, struct drop *d, struct failure *err)
{
    struct bytes *b;
    int rc;

    if (call->nowait)
        return -EWOULDBLOCK;
    rc = drop_lock_exclusive(fs->drops, d, call);
    if (rc < 0)
        return rc;
    b = drop_bytes(fs->drops, d);
    if (b)
        rc = ftruncate(b->fd, 0) < 0 ? -errno : 0;
    bytes_unref(b);
    if (!b)
        rc = drop_new_bytes(fs->drops, d, &b);
    if (rc == 0) {
        drops_lock(fs->drops);
        d->broken = 0;
        drops_unlock(fs->drops);
        touch(fs, d);
    }
    drop_unlock_exclusive(fs->drops, d);
    return rc < 0 ? drop_not_kept(rc, err) : 0;
}

/* --- Operations ------------------------------------------------------------------------------- */

static int open_counted(struct fs *fs, struct call *call, struct handle *h, struct failure *err)
{
    struct drop *d = h->node->drop;
    int rc = 0;

    /* the kernel trusted a name that has gone: with ESTALE it looks again */
    if (!drop_is_linked(fs->drops, d))
        return -ESTALE;
    if (h->can_write && tree_is_spool_file(h->node->place.kind))
        return -EACCES;
    if (h->can_write && fs->options->ro)
        return fail(err, -EROFS, 0, "the mount is read-only");
    if ((h->flags & O_ACCMODE) != O_WRONLY && !drop_is_readable(fs->drops, d))
        return fail(err, -EACCES, 0, "a secret is not given back");
    if (h->can_write)
        activate(fs, h); /* first, so that its row says that it is being written */
    if (h->flags & O_TRUNC)
        rc = start_empty(fs, call, d, err);
    if (rc == 0)
        rc = drop_open_bytes(fs, call, h, err);
    /* bytes that come later are asked for once a read(2); a page would be asked for twice */
    h->direct_io = (!h->can_write && !h->bytes && h->fd < 0) || drop_folder(fs->drops, d)->document;
    if (rc < 0)
        deactivate(fs, h);
    return rc;
}

static int open_drop(struct fs *fs, struct call *call, struct handle *h, struct failure *err)
{
    int rc;

    drop_open(fs->drops, h->node->drop);
    rc = open_counted(fs, call, h, err);
    if (rc < 0)
        drop_close(fs->drops, h->node->drop);
    return rc;
}

/* Where len bytes at off end. */
static int64_t end_of(const struct bytes *b, size_t len, int64_t off)
{
    struct stat st;

    if (off == OFF_END) {
        if (fstat(b->fd, &st) < 0)
            return -errno;
        off = st.st_size;
    }
    return off > INT64_MAX - (int64_t)len ? INT64_MAX : off + (int64_t)len;
}

static int append(struct bytes *b, const char *data, size_t len)
{
    struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = len };
    ssize_t n = pwritev2(b->fd, &iov, 1, 0, RWF_APPEND);

    if (n < 0)
        return -errno;
    return n < (ssize_t)len ? -ENOSPC : 0; /* with a part taken there is no errno */
}

static int put(struct bytes *b, const char *data, size_t len, int64_t off, struct failure *err)
{
    int rc = off == OFF_END ? append(b, data, len) : file_pwrite_all(b->fd, data, len, off);

    return rc < 0 ? drop_not_kept(rc, err) : 0;
}

static int64_t write_drop(struct fs *fs, struct call *call, struct handle *h, const char *data,
                          size_t len, int64_t off, struct failure *err)
{
    struct drop *d = h->node->drop;
    struct bytes *b;
    int64_t end;
    int rc = begin_change(fs, call, d, h, &b, err);

    if (rc < 0) {
        note_write(fs, h, rc);
        return rc;
    }
    end = end_of(b, len, off);
    rc = end < 0 ? (int)end : check_size(fs, call, d, end, err);
    if (rc == 0)
        rc = put(b, data, len, off, err);
    bytes_unref(b);
    note_write(fs, h, rc);
    drop_unlock_shared(fs->drops, d);
    return rc < 0 ? rc : (int64_t)len;
}

static int commit_unless_written(struct fs *fs, struct call *call, struct drop *d,
                                 struct failure *err)
{
    int rc = drop_lock_exclusive(fs->drops, d, call);

    if (rc < 0)
        return rc;
    if (!drop_has_writers(fs->drops, d))
        rc = deliver_commit(fs, call, d, err);
    drop_unlock_exclusive(fs->drops, d);
    return rc;
}

/* truncate(2) sends at once. When that fails, the size has changed here and not for the kernel. */
static int commit_truncated(struct fs *fs, struct call *call, struct node *n, struct failure *err)
{
    struct fs_kernel kernel = core_kernel(fs);
    int rc = commit_unless_written(fs, call, n->drop, err);

    if (rc < 0 && kernel.attr_changed)
        kernel.attr_changed(kernel.arg, n->ino);
    return rc;
}

static int truncate_drop(struct fs *fs, struct call *call, struct node *n, struct handle *h,
                         int64_t size, struct failure *err)
{
    struct drop *d = n->drop;
    struct bytes *b;
    int rc;

    if (tree_is_spool_file(n->place.kind))
        return -EACCES;
    if (!h && !drop_is_linked(fs->drops, d))
        return -ESTALE;
    rc = check_size(fs, call, d, size, err);
    if (rc == 0)
        rc = begin_change(fs, call, d, h, &b, err);
    if (rc < 0)
        return rc;
    rc = ftruncate(b->fd, size) < 0 ? drop_not_kept(-errno, err) : 0;
    bytes_unref(b);
    if (rc == 0) {
        if (h)
            activate(fs, h);
        drops_lock(fs->drops);
        if (size == 0)
            d->broken = 0;
        drops_unlock(fs->drops);
        touch(fs, d);
    }
    drop_unlock_shared(fs->drops, d);
    return rc < 0 || h ? rc : commit_truncated(fs, call, n, err);
}

/* What close() reported as an error is not sent later, by release: the program will try again. */
static int commit_closed(struct fs *fs, struct call *call, struct handle *h, struct failure *err)
{
    struct drop *d = h->node->drop;
    int rc = commit_unless_written(fs, call, d, err);

    if (rc < 0) {
        drops_lock(fs->drops);
        if (d->dirty && !d->failed)
            d->broken = h->told = rc;
        drops_unlock(fs->drops);
    }
    return rc;
}

static int broken_of(struct fs *fs, struct drop *d, bool *dirty)
{
    int broken;

    drops_lock(fs->drops);
    broken = d->broken;
    *dirty = d->dirty;
    drops_unlock(fs->drops);
    return broken;
}

static int flush_drop(struct fs *fs, struct call *call, struct handle *h, bool opener, pid_t pid,
                      struct failure *err)
{
    struct drop *d = h->node->drop;
    bool dirty;
    int broken;

    broken_of(fs, d, &dirty);
    if (dirty && handle_writer_killed(h, opener, pid))
        set_broken(fs, d, -EINTR);
    if (!opener)
        return 0; /* a child's descriptor: its opener's close, or release, commits */
    broken = broken_of(fs, d, &dirty);
    if (broken) {
        drops_lock(fs->drops);
        h->told = broken;
        drops_unlock(fs->drops);
        return fail(err, broken, 0, "it is not complete and was not sent");
    }
    if (dirty && call->nowait)
        return -EWOULDBLOCK;
    deactivate(fs, h);
    return dirty ? commit_closed(fs, call, h, err) : 0;
}

static int fsync_drop(struct fs *fs, struct handle *h)
{
    struct drop *d = h->node->drop;
    struct bytes *b = drop_bytes(fs->drops, d);
    int rc = b ? spool_sync(fs->spool, b->fd) : 0;

    bytes_unref(b);
    return rc < 0 ? rc : drop_row_save(fs->drops, d, true);
}

static bool release_drop_blocks(struct fs *fs, struct handle *h)
{
    struct bytes *b = drop_bytes(fs->drops, h->node->drop);

    bytes_unref(b);
    return h->can_write || b; /* its bytes go to the cache at least */
}

/* What close() has told is not told again. */
static int fail_broken(struct fs *fs, struct handle *h, int broken, struct failure *err)
{
    struct drop *d = h->node->drop;
    bool told;
    const char *what =
        broken == -EINTR ? "the program that was writing it was killed" : strerrordesc_np(-broken);

    failure_set(err, 0, "it is not complete and was not sent: %s", what);
    drop_set_failed(fs->drops, d, err->text);
    drops_lock(fs->drops);
    told = h->told == broken;
    drops_unlock(fs->drops);
    return told ? 0 : broken;
}

/* Not one byte could be written: it is as it was before. */
static bool forget_untouched(struct fs *fs, struct drop *d)
{
    bool untouched;

    drops_lock(fs->drops);
    untouched = !d->local;
    if (untouched) {
        d->dirty = false;
        d->broken = 0;
    }
    drops_unlock(fs->drops);
    return untouched;
}

static int commit_released(struct fs *fs, struct call *call, struct handle *h, struct failure *err)
{
    struct drop *d = h->node->drop;
    bool dirty;
    int broken = broken_of(fs, d, &dirty);

    if (drop_has_writers(fs->drops, d))
        return 0;
    if (dirty && broken && forget_untouched(fs, d))
        return 0; /* write(2) and close(2) have said so */
    if (dirty && broken)
        return fail_broken(fs, h, broken, err);
    return deliver_commit(fs, call, d, err);
}

/* The last one to leave settles: who still reads is not left with bytes that were replaced. */
static int release_reader(struct fs *fs, struct drop *d)
{
    struct call now = { .nowait = true };

    drop_close(fs->drops, d);
    if (drop_lock_exclusive(fs->drops, d, &now) == 0) {
        deliver_settle(fs, d);
        drop_unlock_exclusive(fs->drops, d);
    }
    return 0;
}

static int release_drop(struct fs *fs, struct call *call, struct handle *h, struct failure *err)
{
    struct drop *d = h->node->drop;
    int rc;

    if (!h->can_write)
        return release_reader(fs, d);
    deactivate(fs, h);
    rc = drop_lock_exclusive(fs->drops, d, call);
    if (rc < 0) {
        drop_close(fs->drops, d);
        return rc;
    }
    rc = commit_released(fs, call, h, err);
    drop_close(fs->drops, d);
    deliver_settle(fs, d);
    drop_unlock_exclusive(fs->drops, d);
    return rc;
}

const struct handle_ops drop_ops = {
    .open = open_drop,
    .read = drop_read,
    .write = write_drop,
    .truncate = truncate_drop,
    .flush = flush_drop,
    .fsync = fsync_drop,
    .release_blocks = release_drop_blocks,
    .release = release_drop,
};

/* What was put into a subfolder before its time was set does not count any more. */
static void forget_changes(struct fs *fs, struct node *n)
{
    struct call now = { .nowait = true };
    struct folder *f;

    if (n->place.kind != NODE_SUBFOLDER || bind_folder(fs, &now, n, false, &f) < 0)
        return;
    drops_lock(fs->drops);
    f->changed_ns = 0;
    drops_unlock(fs->drops);
}

int drop_set_attributes(struct fs *fs, struct node *n, unsigned what, const struct stat *to)
{
    struct drop *d = n->drop;

    if (!(what & (SET_MODE | SET_MTIME | SET_MTIME_NOW)))
        return 0;
    drops_lock(fs->drops);
    if (what & SET_MODE)
        d->mode = to->st_mode & 07777;
    if (what & SET_MTIME_NOW)
        d->mtime_ns = clock_realtime_ns(fs->clock);
    else if (what & SET_MTIME)
        d->mtime_ns = (int64_t)to->st_mtim.tv_sec * 1000000000 + to->st_mtim.tv_nsec;
    drops_unlock(fs->drops);
    if (what & (SET_MTIME | SET_MTIME_NOW))
        forget_changes(fs, n);
    return drop_row_save(fs->drops, d, false);
}
