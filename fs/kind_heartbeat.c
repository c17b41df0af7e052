/* heartbeat: each write sends one, and as long as it is open the daemon sends more. */
#include <errno.h>
#include <fcntl.h>

#include "handle.h"
#include "lease.h"

#include "banned.h"

static int open_heartbeat(struct fs *fs, struct call *call, struct handle *h, struct failure *err)
{
    struct bound b;
    int rc;

    (void)call;
    if ((h->flags & O_ACCMODE) != O_WRONLY)
        return fail(err, -EACCES, 0, "it cannot be read");
    if (fs->options->ro)
        return fail(err, -EROFS, 0, "the mount is read-only");
    h->direct_io = true;
    rc = bind_resource(fs, h->node, &b);
    return rc < 0 ? rc : lease_begin(fs->leases, &b, &h->lease);
}

static int read_heartbeat(struct fs *fs, struct call *call, struct handle *h, int64_t off,
                          size_t size, struct chunk *out, struct failure *err)
{
    (void)fs;
    (void)call;
    (void)h;
    (void)off;
    (void)size;
    (void)out;
    (void)err;
    return -EBADF;
}

static int64_t write_heartbeat(struct fs *fs, struct call *call, struct handle *h, const char *data,
                               size_t len, int64_t off, struct failure *err)
{
    struct bound b;
    int rc;

    (void)data;
    (void)off;
    if (lease_is_lost(fs->leases, h->lease))
        return -ESTALE;
    if (call->nowait)
        return -EWOULDBLOCK;
    rc = bind_resource(fs, h->node, &b);
    if (rc == 0)
        rc = lease_beat(fs, call, &b.target, err);
    if (rc == -ESTALE)
        lease_set_lost(fs->leases, h->lease);
    return rc < 0 ? rc : (int64_t)len;
}

static int truncate_heartbeat(struct fs *fs, struct call *call, struct node *n, struct handle *h,
                              int64_t size, struct failure *err)
{
    (void)fs;
    (void)call;
    (void)n;
    (void)h;
    (void)size;
    (void)err;
    return 0;
}

static int flush_heartbeat(struct fs *fs, struct call *call, struct handle *h, bool opener,
                           pid_t pid, struct failure *err)
{
    (void)fs;
    (void)call;
    (void)h;
    (void)opener;
    (void)pid;
    (void)err;
    return 0;
}

static int fsync_heartbeat(struct fs *fs, struct handle *h)
{
    (void)fs;
    (void)h;
    return 0;
}

/* A beat may be on its way. */
static bool release_heartbeat_blocks(struct fs *fs, struct handle *h)
{
    (void)fs;
    (void)h;
    return true;
}

static int release_heartbeat(struct fs *fs, struct call *call, struct handle *h,
                             struct failure *err)
{
    (void)call;
    (void)err;
    lease_end(fs->leases, h->lease);
    h->lease = NULL;
    return 0;
}

const struct handle_ops heartbeat_ops = {
    .open = open_heartbeat,
    .read = read_heartbeat,
    .write = write_heartbeat,
    .truncate = truncate_heartbeat,
    .flush = flush_heartbeat,
    .fsync = fsync_heartbeat,
    .release_blocks = release_heartbeat_blocks,
    .release = release_heartbeat,
};
