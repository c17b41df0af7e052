/* Open files: fs.h's functions on them; what a kind of file does differently is in kind_*.c. */
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hash.h"
#include "lease.h"
#include "process.h"
#include "text.h"

#include "banned.h"

static const struct handle_ops *ops_of(const struct node *n)
{
    if (n->place.kind == NODE_HEARTBEAT)
        return &heartbeat_ops;
    if (text_is(n->place.kind))
        return &text_ops;
    if (n->place.kind == NODE_DROP || tree_is_spool_file(n->place.kind))
        return &drop_ops;
    if (n->place.kind == NODE_LIST)
        return &list_ops;
    return n->place.kind == NODE_CONTENT ? &content_ops : NULL;
}

static bool wants_write(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
}

static void track(struct fs *fs, struct handle *h)
{
    pthread_mutex_lock(&fs->lock);
    DL_APPEND(fs->handles, h);
    pthread_mutex_unlock(&fs->lock);
}

static void untrack(struct fs *fs, struct handle *h)
{
    pthread_mutex_lock(&fs->lock);
    DL_DELETE(fs->handles, h);
    if (h->releasing)
        fs->releasing--;
    pthread_mutex_unlock(&fs->lock);
}

static void handle_free(struct fs *fs, struct handle *h)
{
    if (h->fd >= 0)
        close(h->fd);
    bytes_unref(h->bytes);
    lease_end(fs->leases, h->lease);
    list_reader_free(h->list);
    if (h->can_write && h->text.data)
        explicit_bzero(h->text.data, h->text.cap); /* a secret perhaps */
    buf_release(&h->text);
    pthread_mutex_destroy(&h->lock);
    node_unref(fs->nodes, h->node);
    free(h);
}

int handle_open(struct fs *fs, struct call *call, struct node *n, int flags, pid_t pid,
                struct handle **out, struct failure *err)
{
    const struct handle_ops *ops = ops_of(n);
    struct handle *h;
    int rc;

    if (!ops)
        return tree_is_dir(n->place.kind) ? -EISDIR : -ELOOP;
    h = calloc(1, sizeof(*h));
    if (!h)
        return -ENOMEM;
    pthread_mutex_init(&h->lock, NULL);
    buf_init(&h->text, TEXT_MAX_BYTES);
    h->node = node_ref(fs->nodes, n);
    h->flags = flags;
    h->fd = -1;
    h->can_write = wants_write(flags);
    h->opener = process_of_thread(pid);
    rc = ops->open(fs, call, h, err);
    if (rc < 0) {
        handle_free(fs, h);
        return rc;
    }
    track(fs, h);
    *out = h;
    return 0;
}

void handles_free(struct fs *fs)
{
    while (fs->handles) {
        struct handle *h = fs->handles;

        untrack(fs, h);
        handle_free(fs, h);
    }
}

int fs_open(struct fs *fs, struct call *call, uint64_t ino, int flags, pid_t pid,
            struct handle **out, struct failure *err)
{
    struct node *n = node_get(fs->nodes, ino);
    int rc;

    if (!n)
        return -ESTALE;
    rc = handle_open(fs, call, n, flags, pid, out, err);
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

void handle_stat(struct handle *h, struct stat *st)
{
    /* what grows by itself is as long as it is now */
    if (!text_is(h->node->place.kind) || h->node->place.kind == NODE_LINES)
        return;
    pthread_mutex_lock(&h->lock);
    st->st_size = (off_t)h->text.len;
    pthread_mutex_unlock(&h->lock);
}

int chunk_of_fd(int fd, int64_t off, size_t size, struct chunk *out)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    *out = (struct chunk){ .fd = fd, .off = off };
    if (off < st.st_size)
        out->len = size < (size_t)(st.st_size - off) ? size : (size_t)(st.st_size - off);
    return 0;
}

void chunk_release(struct chunk *c)
{
    free(c->owned);
    bytes_unref(c->bytes);
}

int fs_read(struct fs *fs, struct call *call, struct handle *h, int64_t off, size_t size,
            struct chunk *out, struct failure *err)
{
    return ops_of(h->node)->read(fs, call, h, off, size, out, err);
}

/* /proc is asked once for each that writes; the kernel's own stores, pid 0, are nobody's. */
static void note_writer(struct handle *h, pid_t pid)
{
    bool known;
    pid_t writer;

    pthread_mutex_lock(&h->lock);
    known = h->writer_thread == pid;
    pthread_mutex_unlock(&h->lock);
    if (known || pid <= 0)
        return;
    writer = process_of_thread(pid);
    pthread_mutex_lock(&h->lock);
    h->writer_thread = pid;
    h->writer = writer;
    pthread_mutex_unlock(&h->lock);
}

bool handle_writer_killed(struct handle *h, bool opener, pid_t pid)
{
    bool wrote;

    pthread_mutex_lock(&h->lock);
    wrote = h->writer == pid;
    pthread_mutex_unlock(&h->lock);
    return (opener || wrote) && process_was_killed(pid);
}

int64_t fs_write(struct fs *fs, struct call *call, struct handle *h, const char *data, size_t len,
                 int64_t off, pid_t pid, struct failure *err)
{
    note_writer(h, pid);
    return ops_of(h->node)->write(fs, call, h, data, len, off, err);
}

int fs_flush(struct fs *fs, struct call *call, struct handle *h, pid_t pid, struct failure *err)
{
    pid_t process;

    if (!h->can_write)
        return 0;
    process = process_of_thread(pid);
    return ops_of(h->node)->flush(fs, call, h, process == h->opener, process, err);
}

bool fs_poll(struct fs *fs, struct handle *h, const struct fs_waiter *waiter, bool *taken)
{
    bool lost = h->lease && (waiter ? lease_wait(fs->leases, h->lease, waiter)
                                    : lease_is_lost(fs->leases, h->lease));

    *taken = waiter && h->lease && !lost;
    return lost;
}

int fs_fsync(struct fs *fs, struct call *call, struct handle *h, struct failure *err)
{
    (void)call;
    (void)err;
    return h->can_write ? ops_of(h->node)->fsync(fs, h) : 0;
}

bool fs_release_blocks(struct fs *fs, struct handle *h)
{
    const struct handle_ops *ops = ops_of(h->node);

    if (!ops->release || !ops->release_blocks(fs, h))
        return false;
    pthread_mutex_lock(&fs->lock);
    h->releasing = true;
    fs->releasing++;
    pthread_mutex_unlock(&fs->lock);
    return true;
}

void fs_release(struct fs *fs, struct call *call, struct handle *h)
{
    const struct handle_ops *ops = ops_of(h->node);
    struct failure err = { 0 };
    int rc = ops->release ? ops->release(fs, call, h, &err) : 0;

    if (rc < 0)
        fs_report(fs, "close", h->node->ino, NULL, rc, &err);
    untrack(fs, h);
    handle_free(fs, h);
}

/* --- Attributes ------------------------------------------------------------------------------- */

static int set_size(struct fs *fs, struct call *call, struct node *n, struct handle *h,
                    int64_t size, struct failure *err)
{
    const struct handle_ops *ops = ops_of(n);

    if (!ops)
        return tree_is_dir(n->place.kind) ? -EISDIR : -EINVAL;
    if (fs->options->ro && !text_is_command(&n->place))
        return -EROFS;
    return ops->truncate ? ops->truncate(fs, call, n, h, size, err)
                         : fail(err, -EACCES, 0, "it cannot be changed");
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
        rc = drop_set_attributes(fs, n, what, to);
    if (rc == 0 && (n->place.kind == NODE_REFRESH || n->place.kind == NODE_HEARTBEAT) &&
        (what & (SET_MTIME | SET_MTIME_NOW)))
        rc = text_commit(fs, call, n, "", 0, err);
    /* for everything else chmod, chown and utimens succeed and change nothing: cp -a and rsync
     * would fail otherwise */
    node_unref(fs->nodes, n);
    return rc;
}
