/* heartbeat: each write sends one, and as long as it is open the daemon sends more. */
#include <errno.h>
#include <fcntl.h>

#include "binding.h"
#include "file_kinds.h"
#include "files_context.h"
#include "lease.h"
#include "refuse.h"

#include "banned.h"

static int open_heartbeat(struct files *files, struct call *call, struct handle *h,
                          struct failure *err)
{
    struct target_ids b;
    int rc;

    (void)call;
    h->direct_io = true;
    if ((h->flags & O_ACCMODE) == O_RDONLY)
        return 0; /* who copies everything does no work */
    if ((h->flags & O_ACCMODE) == O_RDWR)
        return refuse_read_and_write(err);
    if (files->ro)
        return refuse_read_only(err);
    rc = bind_resource(files->inodes, h->node, &b);
    return rc < 0 ? rc : lease_begin(files->leases, &b, &h->lease);
}

/* It is empty. */
static int read_heartbeat(struct files *files, struct call *call, struct handle *h, int64_t off,
                          size_t size, struct chunk *out, struct failure *err)
{
    (void)files;
    (void)call;
    (void)h;
    (void)off;
    (void)size;
    (void)err;
    *out = (struct chunk){ .fd = -1 };
    return 0;
}

static int64_t write_heartbeat(struct files *files, struct call *call, struct handle *h,
                               const char *data, size_t len, int64_t off, struct failure *err)
{
    struct target_ids b;
    int rc;

    (void)data;
    (void)off;
    if (lease_is_lost(files->leases, h->lease))
        return -ESTALE;
    if (call->nowait)
        return -EWOULDBLOCK;
    rc = bind_resource(files->inodes, h->node, &b);
    if (rc == 0)
        rc = lease_beat(files->remote, call, &b.target, err);
    if (rc == -ESTALE)
        lease_set_lost(files->leases, h->lease);
    return rc < 0 ? rc : (int64_t)len;
}

static int truncate_heartbeat(struct files *files, struct call *call, struct node *n,
                              struct handle *h, int64_t size, struct failure *err)
{
    (void)files;
    (void)call;
    (void)n;
    (void)h;
    (void)size;
    (void)err;
    return 0;
}

static int flush_heartbeat(struct files *files, struct call *call, struct handle *h, bool opener,
                           pid_t pid, struct failure *err)
{
    (void)files;
    (void)call;
    (void)h;
    (void)opener;
    (void)pid;
    (void)err;
    return 0;
}

static int fsync_heartbeat(struct files *files, struct handle *h)
{
    (void)files;
    (void)h;
    return 0;
}

/* A beat may be on its way. */
static bool release_heartbeat_blocks(struct files *files, struct handle *h)
{
    (void)files;
    return h->lease != NULL;
}

static int release_heartbeat(struct files *files, struct call *call, struct handle *h,
                             struct failure *err)
{
    (void)call;
    (void)err;
    lease_end(files->leases, h->lease);
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
