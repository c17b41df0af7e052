/* Dropped files: written to the spool, sent when the last writer closes. */
#include <errno.h>
#include <fcntl.h>

#include "binding.h"
#include "drop_close.h"
#include "drop_read.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drop_write.h"
#include "drop_writer.h"
#include "file_kinds.h"
#include "files_context.h"
#include "node.h"
#include "refuse.h"

#include "banned.h"

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
    writer_renew(files, h);
    if (h->can_write)
        writer_begin(files, h); /* first, so that its row says that it is being written */
    if (!drop_snapshot(files->drops, d).linked)
        rc = -ESTALE; /* it has gone since: what is written now would be nowhere */
    else if (h->flags & O_TRUNC)
        rc = drop_start_empty(files, call, h, err);
    if (rc == 0 && (h->can_write || !h->blank))
        rc = drop_open_bytes(files, call, h, err);
    /* bytes that come later are asked for once a read(2); a page would be asked for twice */
    h->direct_io = (!h->can_write && !h->bytes && h->fd < 0 && !h->arrival) ||
                   drop_folder(files->drops, d)->document;
    if (rc < 0)
        writer_end(files, h);
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

const struct handle_ops drop_ops = {
    .open = open_drop,
    .read = drop_read,
    .write = drop_write,
    .truncate = drop_truncate,
    .flush = drop_flush,
    .fsync = drop_fsync,
    .release_blocks = drop_release_blocks,
    .release = drop_release,
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
