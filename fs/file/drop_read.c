/* Where a dropped file's bytes come from: the spool, what a handle has open, or the server. */
#include "drop_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "arrival.h"
#include "asked.h"
#include "binding.h"
#include "chunk.h"
#include "drop.h"
#include "drop_target.h"
#include "fetch.h"
#include "file.h"
#include "files_context.h"
#include "kept.h"
#include "kernel.h"
#include "known.h"
#include "lock.h"
#include "node.h"
#include "read_ahead.h"
#include "recall.h"

#include "banned.h"

/* --- For readers ------------------------------------------------------------------------------ */

static bool is_remembered(struct handle *h, struct bytes **out)
{
    bool is;

    lock_take(&h->lock);
    is = h->looked && h->version == drop_version(h->node->drop);
    if (is)
        *out = bytes_ref(h->to_read);
    lock_give(&h->lock);
    return is;
}

/* Each read asks, and all drops have one lock: the handle remembers what it was, until that has
 * changed. */
static struct bytes *bytes_to_read(struct files *files, struct handle *h)
{
    struct bytes *b, *old;
    unsigned version;

    if (is_remembered(h, &b))
        return b;
    b = drop_bytes_to_read(files->drops, h->node->drop, &version);
    lock_take(&h->lock);
    old = h->to_read;
    h->to_read = bytes_ref(b);
    h->version = version;
    h->looked = true;
    lock_give(&h->lock);
    bytes_unref(old);
    return b;
}

/* What was asked, and is read as what came of it. */
static bool is_answer(struct files *files, struct handle *h)
{
    return drop_folder(files->drops, h->node->drop)->document != NULL;
}

/* Who reads an answer that is not all there waits for the rest of it. */
static int finish_answer(struct files *files, struct call *call, struct handle *h,
                         const struct target_ids *b, struct failure *err)
{
    int64_t size = drop_size(files->drops, h->node->drop);
    int rc = asked_read(files->uploads, call, h->node->drop, b->target.res, b->id, err);

    if (drop_size(files->drops, h->node->drop) != size)
        kernel_attr_changed(files->kernel, h->node->ino);
    return rc;
}

/* The server's bytes, once they are needed: the drop may have been sent after it was opened. */
static int open_content(struct files *files, struct call *call, struct handle *h,
                        struct failure *err)
{
    struct content_at at = { .fd = -1 };
    struct target_ids b;
    int rc = 0;

    if (drop_target(files->drops, h->node->drop, &b) < 0)
        return 0; /* nothing was ever written */
    if (is_answer(files, h) && !call->nowait)
        rc = finish_answer(files, call, h, &b, err);
    if (rc < 0)
        return rc;
    if (h->can_write || resource_takes_json(b.target.res)) { /* who writes needs all of it */
        rc = recall_open(files->uploads, call, &b, &at.fd, &at.size, err);
        if (rc == 0 && at.fd >= 0)
            read_ahead_opened(files->remote, &b.target, at.size);
    } else {
        rc = read_ahead_open(files->remote, call, &b.target, &at, err);
    }
    if (rc < 0)
        return rc;
    lock_take(&h->lock);
    if (h->fd < 0 && !h->arrival) {
        h->fd = steal_fd(&at.fd);
        h->arrival = steal_pointer(&at.arrival);
    }
    lock_give(&h->lock);
    if (at.fd >= 0)
        close(at.fd);
    arrival_leave(at.arrival);
    return 0;
}

/* The server has not got it. Was it replaced while it was asked for? Then, once that is done, look
 * again: at the name (-ESTALE makes the kernel do so), or at what the same file stands for now. */
static int open_replaced(struct files *files, struct call *call, struct handle *h,
                         const struct target_ids *asked, struct failure *err)
{
    struct drop *d = h->node->drop;
    struct target_ids b;
    int rc = drop_lock_shared(files->drops, d, call);

    if (rc < 0)
        return rc;
    drop_unlock_shared(files->drops, d);
    if (!drop_snapshot(files->drops, d).linked) {
        err->text[0] = '\0';
        return -ESTALE;
    }
    if (drop_target(files->drops, d, &b) < 0 || strcmp(b.id, asked->id) == 0)
        return -ENOENT;
    h->bytes = drop_bytes(files->drops, d);
    return h->bytes ? 0 : open_content(files, call, h, err);
}

static int open_to_read(struct files *files, struct call *call, struct handle *h,
                        struct failure *err)
{
    struct target_ids asked;
    int rc;

    if (drop_target(files->drops, h->node->drop, &asked) < 0)
        return 0; /* nothing was ever written */
    rc = open_content(files, call, h, err);
    return rc == -ENOENT ? open_replaced(files, call, h, &asked, err) : rc;
}

/* Who only writes needs what is there when it is removed meanwhile: if it costs nothing. */
static int open_for(struct files *files, struct call *call, struct handle *h, struct failure *err)
{
    struct call now = { .nowait = true };
    struct failure ignored = { 0 };

    if ((h->flags & O_ACCMODE) != O_WRONLY)
        return open_to_read(files, call, h, err);
    open_content(files, &now, h, &ignored);
    return 0;
}

int drop_open_bytes(struct files *files, struct call *call, struct handle *h, struct failure *err)
{
    h->bytes = bytes_to_read(files, h);
    return h->bytes ? 0 : open_for(files, call, h, err);
}

/* False: nothing is open yet. */
static bool opened(struct handle *h, int *fd, struct arrival **arrival)
{
    lock_take(&h->lock);
    *fd = h->fd;
    *arrival = h->arrival;
    lock_give(&h->lock);
    return *fd >= 0 || *arrival;
}

static int read_content(struct files *files, struct call *call, struct handle *h, int64_t off,
                        size_t size, struct chunk *out, struct failure *err)
{
    struct arrival *arrival;
    int fd, rc = 0;

    if (!opened(h, &fd, &arrival)) {
        rc = open_content(files, call, h, err);
        opened(h, &fd, &arrival);
    }
    if (rc < 0)
        return rc;
    if (arrival)
        return chunk_of_arrival(arrival, call, off, size, out, err);
    return fd < 0 ? 0 : chunk_of_fd(fd, off, size, out);
}

/* In place of what is not given back: as long as that, so that tar and rsync find what stat(2)
 * said, and no JSON, so that nobody takes it for the body of a secret. */
static int read_blanks(struct files *files, struct drop *d, int64_t off, size_t size,
                       struct chunk *out)
{
    int64_t left = drop_size(files->drops, d) - off;

    if (left <= 0)
        return 0;
    out->len = (int64_t)size < left ? size : (size_t)left;
    out->data = out->owned = malloc(out->len);
    if (!out->owned)
        return -ENOMEM;
    memset(out->owned, ' ', out->len);
    if ((int64_t)out->len == left)
        out->owned[out->len - 1] = '\n';
    return 0;
}

int drop_read(struct files *files, struct call *call, struct handle *h, int64_t off, size_t size,
              struct chunk *out, struct failure *err)
{
    struct bytes *local;
    int rc;

    *out = (struct chunk){ .fd = -1 };
    if (h->blank)
        return read_blanks(files, h->node->drop, off, size, out);
    local = bytes_to_read(files, h);
    if (!local)
        local = bytes_ref(h->bytes);
    if (!local)
        return read_content(files, call, h, off, size, out, err);
    rc = chunk_of_fd(local->fd, off, size, out);
    out->bytes = local;
    return rc;
}
