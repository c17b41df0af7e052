/* Dropped files: written to the spool, sent when the last writer closes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "binding.h"
#include "deliver.h"
#include "drop_events.h"
#include "drop_failed.h"
#include "drop_promise.h"
#include "drop_read.h"
#include "drop_rows.h"
#include "drop_sealed.h"
#include "drop_table.h"
#include "drops.h"
#include "file.h"
#include "file_kinds.h"
#include "inbox.h"
#include "known.h"
#include "name_rules.h"
#include "node_kinds.h"
#include "recall.h"
#include "refuse.h"
#include "settle.h"
#include "spool.h"

#include "files_context.h"
#include "kernel.h"
#include "node.h"

#include "banned.h"

#define LOCAL_MAX_BYTES (64 * 1024 * 1024)

/* What stays here takes what the disk takes: one large file under a temporary name would end the
 * rsync of a whole folder. Its rename says that it is too large. */
static bool has_scratch_name(struct files *files, struct drop *d)
{
    bool scratch;

    drops_lock(files->drops);
    scratch = d->folder->staging || rule_scratch(files->scratch, d->name);
    drops_unlock(files->drops);
    return scratch;
}

/* May d have size bytes? 0, -EFBIG; what known_content_fits() gives. */
static int check_size(struct files *files, struct call *call, struct drop *d, int64_t size,
                      struct failure *err)
{
    const struct resource *res = drop_folder(files->drops, d)->res;
    int64_t max = res && resource_takes_json(res) ? TEXT_MAX_BYTES : LOCAL_MAX_BYTES;

    if (res && resource_content_max(res) > 0)
        max = resource_content_max(res);
    if (size <= max || (res && has_scratch_name(files, d)))
        return 0;
    if (res && resource_content_max(res) > 0)
        return known_content_fits(files->remote, call, res, size, err);
    return fail(err, -EFBIG, 0, "more than the %lld bytes that are taken here", (long long)max);
}

/* --- Writers ---------------------------------------------------------------------------------- */

/* A handle counts as a writer from its opening, or a write, to its opener's next close. */
static void activate(struct files *files, struct handle *h)
{
    struct drop *d = h->node->drop;

    if (drop_begin_writing(files->drops, d, &h->active))
        drop_row_save(files->drops, d, false);
}

static void deactivate(struct files *files, struct handle *h)
{
    drop_end_writing(files->drops, h->node->drop, &h->active);
}

/* --- Bytes ------------------------------------------------------------------------------------ */

/* Something new is in the bytes, or will be; empty: they begin anew. */
static void touch(struct files *files, struct drop *d, bool empty)
{
    if (empty ? drop_emptied(files->drops, d) : drop_written(files->drops, d))
        drop_row_save(files->drops, d, false);
}

/* A part is missing: what comes after it makes it no more complete. */
static void set_broken(struct files *files, struct drop *d, int rc)
{
    drop_torn(files->drops, d, rc);
}

/* What has failed before; rc: and now. */
static int unwritten(struct files *files, struct handle *h, int rc)
{
    drops_lock(files->drops);
    h->unwritten = rc ? rc : h->unwritten;
    rc = h->unwritten;
    drops_unlock(files->drops);
    return rc;
}

static void begin_anew(struct files *files, struct handle *h)
{
    drops_lock(files->drops);
    h->unwritten = 0;
    drops_unlock(files->drops);
}

/* What is promised a write that did not begin does not tear: the next one would, which has the copy. */
static void note_refused(struct files *files, struct handle *h, int rc)
{
    if (rc == -EWOULDBLOCK || rc == -EINTR)
        return; /* just to be asked again */
    set_broken(files, h->node->drop, unwritten(files, h, rc));
}

/* Of one that failed a part may be there: by that it is no file that was whole before. */
static void note_write(struct files *files, struct handle *h, int rc)
{
    activate(files, h);
    touch(files, h->node->drop, false);
    rc = unwritten(files, h, rc);
    if (rc < 0)
        set_broken(files, h->node->drop, rc);
}

/* Else what h wrote could not be delivered: its name is what the server has by now, and not h's. */
static bool is_current(struct files *files, struct drop *d, const struct handle *h)
{
    return !h || h->generation == drop_snapshot(files->drops, d).generation;
}

static int check_generation(struct files *files, struct drop *d, const struct handle *h,
                            struct failure *err)
{
    return is_current(files, d, h)
               ? 0
               : fail(err, -EIO, 0, "it could not be delivered; what there was is in failed");
}

/* Somebody is going to write d again, with its bytes or none: what was promised stays, and is what it was if
 * nothing comes of what is written now. d is held exclusively. */
static int reopen(struct files *files, struct drop *d, bool empty)
{
    return drop_is_promised(files->drops, d) ? drop_unseal(files->drops, d, empty) : 0;
}

/* The first bytes of a new file, by who must not wait: most have a file of the spool that was made with another's.
 * Whatever is in its way, who may wait looks again and says why. */
static bool begin_now(struct files *files, struct call *call, struct drop *d, struct handle *h)
{
    bool begun;

    if (drop_lock_exclusive(files->drops, d, call) < 0)
        return false;
    begun = (!h || handle_open_fd(h) < 0) && is_current(files, d, h) &&
            drop_begin_bytes(files->drops, d) == 0;
    drop_unlock_exclusive(files->drops, d);
    return begun;
}

/* With local bytes there, for h or (NULL) by path, held shared; the bytes with a reference. */
static int begin_change(struct files *files, struct call *call, struct drop *d, struct handle *h,
                        struct bytes **out, struct failure *err)
{
    for (;;) {
        int rc = drop_lock_shared(files->drops, d, call);
        bool promised;

        if (rc < 0)
            return rc;
        rc = check_generation(files, d, h, err);
        promised = rc == 0 && drop_is_promised(files->drops, d);
        *out = rc == 0 && !promised ? drop_bytes(files->drops, d) : NULL;
        if (*out)
            return 0;
        drop_unlock_shared(files->drops, d);
        if (rc < 0)
            return rc;
        if (call->nowait && begin_now(files, call, d, h))
            continue;
        if (call->nowait)
            return -EWOULDBLOCK;
        rc = drop_lock_exclusive(files->drops, d, call);
        if (rc < 0)
            return rc;
        rc = check_generation(files, d, h, err);
        if (rc == 0)
            rc = reopen(files, d, false);
        if (rc == 0)
            rc = recall_bytes(files->uploads, call, d, h ? handle_open_fd(h) : -1, err);
        drop_unlock_exclusive(files->drops, d);
        if (rc < 0)
            return rc;
    }
}

/* What h writes belongs to what d is now. */
static void set_generation(struct files *files, struct handle *h)
{
    struct drop *d = h->node->drop;

    drops_lock(files->drops);
    h->generation = d->generation;
    drops_unlock(files->drops);
}

static int make_empty(struct files *files, struct drop *d)
{
    int rc = reopen(files, d, true);
    struct bytes *b = rc == 0 ? drop_bytes(files->drops, d) : NULL, *fresh;

    if (rc == 0)
        rc = b ? ftruncate(b->fd, 0) < 0 ? -errno : 0 : drop_new_bytes(files->drops, d, &fresh);
    bytes_unref(b);
    if (rc < 0)
        return rc;
    touch(files, d, true);
    return 0;
}

/* O_TRUNC, and a new file: empty bytes. What was on its way until now may have failed, and its
 * name have gone: with ESTALE the kernel looks again. */
static int start_empty(struct files *files, struct call *call, struct handle *h,
                       struct failure *err)
{
    struct drop *d = h->node->drop;
    bool gone;
    int rc;

    if (call->nowait)
        return -EWOULDBLOCK;
    rc = drop_lock_exclusive(files->drops, d, call);
    if (rc < 0)
        return rc;
    set_generation(files, h);
    gone = !drop_snapshot(files->drops, d).linked;
    rc = gone ? -ESTALE : make_empty(files, d);
    drop_unlock_exclusive(files->drops, d);
    return rc < 0 && !gone ? recall_refused(rc, err) : rc;
}

/* --- Operations ------------------------------------------------------------------------------- */

static int open_counted(struct files *files, struct call *call, struct handle *h,
                        struct failure *err)
{
    struct drop *d = h->node->drop;
    int rc = 0;

    /* the kernel trusted a name that has gone: with ESTALE it looks again */
    if (!drop_snapshot(files->drops, d).linked)
        return -ESTALE;
    if (h->can_write && tree_is_spool_file(h->node->place.kind))
        return refuse_write(&h->node->place, err);
    if (h->can_write && files->ro)
        return refuse_read_only(err);
    h->blank = !drop_is_readable(files->drops, d);
    if (h->blank && (h->flags & O_ACCMODE) == O_RDWR)
        return refuse_read_and_write(err);
    set_generation(files, h);
    if (h->can_write)
        activate(files, h); /* first, so that its row says that it is being written */
    if (!drop_snapshot(files->drops, d).linked)
        rc = -ESTALE; /* it has gone since: what is written now would be nowhere */
    else if (h->flags & O_TRUNC)
        rc = start_empty(files, call, h, err);
    if (rc == 0 && (h->can_write || !h->blank))
        rc = drop_open_bytes(files, call, h, err);
    /* bytes that come later are asked for once a read(2); a page would be asked for twice */
    h->direct_io = (!h->can_write && !h->bytes && h->fd < 0 && !h->arrival) ||
                   drop_folder(files->drops, d)->document;
    if (rc < 0)
        deactivate(files, h);
    return rc;
}

static int open_drop(struct files *files, struct call *call, struct handle *h, struct failure *err)
{
    int rc;

    drop_open(files->drops, h->node->drop);
    rc = open_counted(files, call, h, err);
    if (rc < 0)
        drop_close(files->drops, h->node->drop);
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

    return rc < 0 ? recall_refused(rc, err) : 0;
}

static bool make_room(struct files *files, struct drop *d)
{
    cleanup_free char *name = drop_name(files->drops, d);

    return name && drops_make_room(files->drops, drop_folder(files->drops, d), name);
}

static int64_t write_drop(struct files *files, struct call *call, struct handle *h,
                          const char *data, size_t len, int64_t off, struct failure *err)
{
    struct drop *d = h->node->drop;
    struct bytes *b;
    int64_t end;
    bool begun;
    int rc = begin_change(files, call, d, h, &b, err);

    if (rc < 0) {
        if (is_current(files, d, h))
            note_refused(files, h, rc);
        return rc;
    }
    end = end_of(b, len, off);
    rc = end < 0 ? (int)end : check_size(files, call, d, end, err);
    begun = rc == 0;
    if (begun)
        rc = put(b, data, len, off, err);
    if (rc == -ENOSPC && make_room(files, d))
        rc = put(b, data, len, off, err);
    bytes_unref(b);
    if (begun)
        note_write(files, h, rc);
    else
        note_refused(files, h, rc);
    drop_unlock_shared(files->drops, d);
    return rc < 0 ? rc : (int64_t)len;
}

/* h: whose close it is, or NULL. Another's release may have been first, and have failed. */
static int commit_unless_written(struct files *files, struct call *call, struct drop *d,
                                 const struct handle *h, struct failure *err)
{
    int rc = drop_lock_exclusive(files->drops, d, call);

    if (rc < 0)
        return rc;
    rc = check_generation(files, d, h, err);
    if (rc == 0 && !drop_snapshot(files->drops, d).writers)
        rc = deliver_commit(files->uploads, call, d, err);
    if (rc == 0 && !h)
        settle_drop(files->uploads, d);
    drop_unlock_exclusive(files->drops, d);
    if (rc == 0)
        inbox_wait(files->uploads, call, d); /* d is anybody's meanwhile */
    return rc;
}

/* truncate(2) sends at once. */
static int commit_truncated(struct files *files, struct call *call, struct node *n,
                            struct failure *err)
{
    int rc = commit_unless_written(files, call, n->drop, NULL, err);

    if (rc < 0)
        kernel_attr_changed(files->kernel, n->ino);
    return rc;
}

static int truncate_drop(struct files *files, struct call *call, struct node *n, struct handle *h,
                         int64_t size, struct failure *err)
{
    struct drop *d = n->drop;
    struct bytes *b;
    int rc;

    if (tree_is_spool_file(n->place.kind))
        return refuse_write(&n->place, err);
    if (!h && !drop_snapshot(files->drops, d).linked)
        return -ESTALE;
    rc = check_size(files, call, d, size, err);
    if (rc == 0)
        rc = begin_change(files, call, d, h, &b, err);
    if (rc < 0)
        return rc;
    rc = ftruncate(b->fd, size) < 0 ? recall_refused(-errno, err) : 0;
    bytes_unref(b);
    if (rc == 0) {
        if (h)
            activate(files, h);
        if (h && size == 0)
            begin_anew(files, h);
        touch(files, d, size == 0);
    }
    drop_unlock_shared(files->drops, d);
    return rc < 0 || h ? rc : commit_truncated(files, call, n, err);
}

/* What close() reported as an error is not sent later, by release: the program will try again. */
static int commit_closed(struct files *files, struct call *call, struct handle *h,
                         struct failure *err)
{
    struct drop *d = h->node->drop;
    int rc = commit_unless_written(files, call, d, h, err);

    if (rc < 0) {
        drops_lock(files->drops);
        h->told = rc;
        drops_unlock(files->drops);
        drop_unclosed(files->drops, d, h->generation, rc);
        kernel_attr_changed(files->kernel, h->node->ino);
    }
    return rc;
}

/* It is not complete: kept apart, and the name is what the server has. d is held exclusively. */
static void give_up_broken(struct files *files, struct drop *d, int broken, struct failure *err)
{
    const char *what =
        broken == -EINTR ? "the program that was writing it was killed" : strerrordesc_np(-broken);

    failure_set(err, 0, "it is not complete and was not sent: %s", what);
    err->at_ns = clock_realtime_ns(files->clock);
    drop_set_torn(files->drops, d, err->text, err->at_ns);
}

/* Nobody writes it any more, and its close() says that it is not complete. */
static int close_broken(struct files *files, struct call *call, struct handle *h, int broken,
                        struct failure *err)
{
    struct drop *d = h->node->drop;

    drops_lock(files->drops);
    h->told = broken;
    drops_unlock(files->drops);
    deactivate(files, h);
    if (drop_lock_exclusive(files->drops, d, call) < 0) /* it is interrupted: release does it */
        return fail(err, broken, 0, "it is not complete and was not sent");
    if (!drop_snapshot(files->drops, d).writers)
        give_up_broken(files, d, broken, err);
    drop_unlock_exclusive(files->drops, d);
    kernel_attr_changed(files->kernel, h->node->ino);
    return err->text[0] ? broken : fail(err, broken, 0, "it is not complete and was not sent");
}

static int flush_drop(struct files *files, struct call *call, struct handle *h, bool opener,
                      pid_t pid, struct failure *err)
{
    struct drop *d = h->node->drop;
    struct drop_snapshot s;

    if (!is_current(files, d,
                    h)) { /* what was not delivered has been said, and what came after it */
        if (opener)
            deactivate(files, h);
        return 0;
    }
    if (drop_snapshot(files->drops, d).dirty && handle_writer_killed(h, opener, pid))
        set_broken(files, d, -EINTR);
    if (!opener)
        return 0; /* a child's descriptor: its opener's close, or release, commits */
    s = drop_snapshot(files->drops, d);
    if (s.dirty && call->nowait)
        return -EWOULDBLOCK;
    if (s.broken)
        return close_broken(files, call, h, s.broken, err);
    deactivate(files, h);
    return s.dirty ? commit_closed(files, call, h, err) : 0;
}

static int fsync_drop(struct files *files, struct handle *h)
{
    struct drop *d = h->node->drop;
    struct bytes *b = drop_bytes(files->drops, d);
    int rc = bytes_sync(b);

    bytes_unref(b);
    if (rc == 0 && !is_current(files, d, h))
        return -EIO; /* close() has said why */
    return rc < 0 ? rc : drop_row_save(files->drops, d, true);
}

static bool release_drop_blocks(struct files *files, struct handle *h)
{
    struct bytes *b = drop_bytes(files->drops, h->node->drop);

    bytes_unref(b);
    return h->can_write || b; /* its bytes go to the cache at least */
}

static int commit_released(struct files *files, struct call *call, struct handle *h,
                           struct failure *err)
{
    struct drop *d = h->node->drop;
    struct drop_snapshot s = drop_snapshot(files->drops, d);
    bool told;
    int rc;

    if (s.writers)
        return 0;
    if (s.dirty && s.broken) {
        drops_lock(files->drops);
        told = h->told == s.broken;
        drops_unlock(files->drops);
        give_up_broken(files, d, s.broken, err);
        rc = told ? 0 : s.broken; /* what close() has told is not told again */
    } else {
        rc = deliver_commit(files->uploads, call, d, err);
    }
    if (rc < 0)
        kernel_attr_changed(files->kernel, h->node->ino);
    return rc;
}

/* The last one to leave settles: who still reads is not left with bytes that were replaced. */
static int release_reader(struct files *files, struct drop *d)
{
    struct call now = { .nowait = true };

    drop_close(files->drops, d);
    if (drop_lock_exclusive(files->drops, d, &now) == 0) {
        settle_drop(files->uploads, d);
        drop_unlock_exclusive(files->drops, d);
    }
    return 0;
}

static int release_drop(struct files *files, struct call *call, struct handle *h,
                        struct failure *err)
{
    struct drop *d = h->node->drop;
    int rc;

    if (!h->can_write)
        return release_reader(files, d);
    deactivate(files, h);
    rc = drop_lock_exclusive(files->drops, d, call);
    if (rc < 0) {
        drop_close(files->drops, d);
        return rc;
    }
    rc = commit_released(files, call, h, err);
    drop_close(files->drops, d);
    settle_drop(files->uploads, d);
    drop_unlock_exclusive(files->drops, d);
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
static void forget_changes(struct files *files, struct node *n)
{
    struct call now = { .nowait = true };
    struct folder *f;

    if (n->place.kind != NODE_SUBFOLDER || bind_folder(files->inodes, &now, n, false, &f) < 0)
        return;
    drops_lock(files->drops);
    f->changed_ns = 0;
    drops_unlock(files->drops);
}

int drop_set_attributes(struct files *files, struct node *n, unsigned what, const struct stat *to)
{
    struct drop *d = n->drop;
    int64_t mtime_ns;

    if (!(what & (SET_MODE | SET_MTIME | SET_MTIME_NOW)))
        return 0;
    drops_lock(files->drops);
    mtime_ns = d->mtime_ns;
    if (what & SET_MODE)
        d->mode = to->st_mode & 07777;
    if (what & SET_MTIME_NOW)
        mtime_ns = clock_realtime_ns(files->clock);
    else if (what & SET_MTIME)
        mtime_ns = (int64_t)to->st_mtim.tv_sec * 1000000000 + to->st_mtim.tv_nsec;
    drop_set_mtime_locked(d, mtime_ns);
    drops_unlock(files->drops);
    if (what & (SET_MTIME | SET_MTIME_NOW))
        forget_changes(files, n);
    return drop_row_save(files->drops, d, false);
}
