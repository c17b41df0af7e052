/* Open files: fs.h's functions on them; what a kind of file does differently is in kind_*.c. */
#include <errno.h>
#include <string.h>

#include "chunk.h"
#include "file_kinds.h"
#include "fs.h"
#include "fs_context.h"
#include "lease.h"
#include "node_kinds.h"
#include "process.h"
#include "refuse.h"
#include "remote.h"
#include "report.h"
#include "text.h"
#include "uploads.h"

#include "banned.h"

int fs_open(struct fs *fs, struct call *call, uint64_t ino, int flags, pid_t pid,
            struct handle **out, struct failure *err)
{
    struct node *n = node_get(fs->nodes, ino);
    int rc;

    if (!n)
        return -ESTALE;
    rc = file_open(fs->files, call, n, flags, pid, out, err);
    node_unref(fs->nodes, n);
    return rc;
}

bool handle_direct_io(const struct handle *h)
{
    return h->direct_io;
}

bool handle_keep_cache(const struct handle *h)
{
    return h->keep_cache;
}

bool handle_commits(const struct handle *h)
{
    return h->can_write;
}

void fs_chunk_release(struct chunk *c)
{
    chunk_release(c);
}

int fs_read(struct fs *fs, struct call *call, struct handle *h, int64_t off, size_t size,
            struct chunk *out, struct failure *err)
{
    return file_ops(h->node)->read(fs->files, call, h, off, size, out, err);
}

int64_t fs_write(struct fs *fs, struct call *call, struct handle *h, const char *data, size_t len,
                 int64_t off, pid_t pid, struct failure *err)
{
    handle_note_writer(h, pid);
    return file_ops(h->node)->write(fs->files, call, h, data, len, off, err);
}

int fs_flush(struct fs *fs, struct call *call, struct handle *h, pid_t pid, struct failure *err)
{
    pid_t process;

    if (!h->can_write)
        return 0;
    process = process_of_thread(pid);
    return file_ops(h->node)->flush(fs->files, call, h, process == h->opener, process, err);
}

bool fs_poll(struct fs *fs, struct handle *h, const struct fs_waiter *waiter, bool *taken)
{
    struct leases *leases = remote_leases(fs->remote);
    bool lost = h->lease &&
                (waiter ? lease_wait(leases, h->lease, waiter) : lease_is_lost(leases, h->lease));

    *taken = waiter && h->lease && !lost;
    return lost;
}

int fs_fsync(struct fs *fs, struct call *call, struct handle *h, struct failure *err)
{
    (void)call;
    (void)err;
    return h->can_write ? file_ops(h->node)->fsync(fs->files, h) : 0;
}

bool fs_release_blocks(struct fs *fs, struct handle *h)
{
    const struct handle_ops *ops = file_ops(h->node);

    if (!ops->release || !ops->release_blocks(fs->files, h))
        return false;
    h->releasing = true;
    uploads_begin_release(fs->uploads);
    return true;
}

void fs_release(struct fs *fs, struct call *call, struct handle *h)
{
    const struct handle_ops *ops = file_ops(h->node);
    struct failure err = { 0 };
    int rc = ops->release ? ops->release(fs->files, call, h, &err) : 0;

    if (rc < 0)
        report_failure(fs->inodes, "close", h->node->ino, NULL, rc, &err);
    file_free(fs->files, h);
}

/* --- Attributes ------------------------------------------------------------------------------- */

static int set_size(struct fs *fs, struct call *call, struct node *n, struct handle *h,
                    int64_t size, struct failure *err)
{
    const struct handle_ops *ops = file_ops(n);

    if (!ops)
        return tree_is_dir(n->place.kind) ? -EISDIR : -EINVAL;
    if (fs->options->ro && !kind_is_command(&n->place))
        return refuse_read_only(err);
    return ops->truncate ? ops->truncate(fs->files, call, n, h, size, err)
                         : refuse_write(&n->place, err);
}

int fs_setattr(struct fs *fs, struct call *call, uint64_t ino, struct handle *h, unsigned what,
               const struct stat *to, struct failure *err)
{
    struct node *n = node_get(fs->nodes, ino);
    int rc = 0;

    if (!n)
        return -ESTALE;
    if (what & SET_SIZE)
        rc = set_size(fs, call, n, h, to->st_size, err);
    if (rc == 0 && (n->place.kind == NODE_DROP || n->place.kind == NODE_SUBFOLDER))
        rc = drop_set_attributes(fs->files, n, what, to);
    if (rc == 0 && (n->place.kind == NODE_REFRESH || n->place.kind == NODE_HEARTBEAT) &&
        (what & (SET_MTIME | SET_MTIME_NOW)))
        rc = text_commit(fs->pseudo, call, n, "", 0, err);
    /* for everything else chmod, chown and utimens succeed and change nothing: cp -a and rsync
     * would fail otherwise */
    node_unref(fs->nodes, n);
    return rc;
}
