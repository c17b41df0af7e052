/* Files whose text is made up: a snapshot at open, sent whole when it is closed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "failed_text.h"
#include "file_kinds.h"
#include "hide.h"
#include "node_kinds.h"
#include "refuse.h"
#include "text.h"

#include "files_context.h"
#include "lock.h"
#include "node.h"

#include "banned.h"

static int open_text(struct files *files, struct call *call, struct handle *h, struct failure *err)
{
    const struct place *p = &h->node->place;
    int rc = 0;

    if (h->can_write && !kind_is_writable(p))
        return refuse_write(p, err);
    if (h->can_write && files->ro && !kind_is_command(p))
        return refuse_read_only(err);
    h->direct_io = true;
    if (!(h->flags & O_TRUNC))
        rc = text_of(files->pseudo, call, h->node, &h->text, err);
    /* who means to change a part of it must not take it for empty */
    if (rc == 0 && (h->flags & O_ACCMODE) == O_RDWR && !kind_is_readable(p) && !h->text.len)
        return refuse_read_and_write(err);
    if (h->flags & O_TRUNC)
        h->dirty = h->only_opened = true; /* truncation alone is something new, at release */
    return rc;
}

/* What grows by itself is read on where it ended before, as tail -f does. */
static int read_on(struct files *files, struct call *call, struct handle *h, int64_t off,
                   struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    bool more;
    int rc;

    lock_take(&h->lock);
    more = off >= (int64_t)h->text.len;
    lock_give(&h->lock);
    rc = more ? text_of(files->pseudo, call, h->node, &text, err) : 0;
    if (rc < 0 || !more)
        return rc;
    lock_take(&h->lock);
    if (text.len > h->text.len)
        rc = buf_add(&h->text, text.data + h->text.len, text.len - h->text.len);
    lock_give(&h->lock);
    return rc;
}

static int read_text(struct files *files, struct call *call, struct handle *h, int64_t off,
                     size_t size, struct chunk *out, struct failure *err)
{
    int rc = h->node->place.kind == NODE_LINES ? read_on(files, call, h, off, err) : 0;

    if (rc < 0)
        return rc;
    *out = (struct chunk){ .fd = -1 };
    lock_take(&h->lock);
    if (off < (int64_t)h->text.len) {
        size_t left = h->text.len - (size_t)off;

        out->len = size < left ? size : left;
        out->owned = malloc(out->len);
        if (out->owned)
            memcpy(out->owned, h->text.data + off, out->len);
        else
            rc = -ENOMEM;
    }
    lock_give(&h->lock);
    out->data = out->owned;
    return rc;
}

static int too_large(int64_t max, struct failure *err)
{
    return fail(err, -EFBIG, 0, "more than the %lld bytes that it may have", (long long)max);
}

static int put(struct handle *h, const char *data, size_t len, int64_t off, struct failure *err)
{
    int64_t max = kind_max_bytes(&h->node->place);
    int rc = 0;

    lock_take(&h->lock);
    if (off == OFF_END)
        off = (int64_t)h->text.len;
    if (off > max || (int64_t)len > max - off)
        rc = too_large(max, err);
    if (rc == 0 && (size_t)off + len > h->text.len)
        rc = buf_resize(&h->text, (size_t)off + len);
    if (rc == 0) {
        memcpy(h->text.data + off, data, len);
        h->dirty = true;
    } else {
        h->broken = rc;
    }
    h->only_opened = false;
    lock_give(&h->lock);
    return rc;
}

static int64_t write_text(struct files *files, struct call *call, struct handle *h,
                          const char *data, size_t len, int64_t off, struct failure *err)
{
    int rc;

    if (kind_is_at_once(&h->node->place)) {
        if (call->nowait)
            return -EWOULDBLOCK;
        rc = text_commit(files->pseudo, call, h->node, data, len, err);
        lock_take(&h->lock);
        h->dirty = false;
        lock_give(&h->lock);
    } else {
        rc = put(h, data, len, off, err);
    }
    return rc < 0 ? rc : (int64_t)len;
}

/* Sends what is new. The text is taken so that no lock is held on the way. */
static int commit(struct files *files, struct call *call, struct handle *h, struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    bool dirty;
    int rc, broken;

    lock_take(&h->lock);
    dirty = h->dirty;
    broken = h->broken;
    rc = dirty && !broken ? buf_add(&text, buf_str(&h->text), h->text.len) : 0;
    if (dirty && !call->nowait)
        h->dirty = false;
    lock_give(&h->lock);
    if (!dirty || rc < 0)
        return rc;
    if (call->nowait)
        return -EWOULDBLOCK;
    if (broken)
        return fail(err, broken, 0, "it is not complete and was not sent");
    rc = failed_text_commit(files->pseudo, call, h->node, buf_str(&text), text.len, err);
    if (text.data)
        explicit_bzero(text.data, text.cap);
    return rc;
}

static int truncate_text(struct files *files, struct call *call, struct node *n, struct handle *h,
                         int64_t size, struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    int rc;

    if (!kind_is_writable(&n->place))
        return refuse_write(&n->place, err);
    if (size > kind_max_bytes(&n->place))
        return too_large(kind_max_bytes(&n->place), err);
    if (h) {
        lock_take(&h->lock);
        if (size == 0)
            h->broken = 0;
        if ((size_t)size != h->text.len) {
            h->dirty = true;
            h->only_opened = false;
        }
        rc = buf_resize(&h->text, (size_t)size);
        lock_give(&h->lock);
        return rc;
    }
    if (kind_is_at_once(&n->place) && size == 0)
        return 0; /* a shell's > before its write: a command is what is written */
    rc = text_of(files->pseudo, call, n, &text, err);
    if (rc == 0 && (size_t)size != text.len)
        rc = buf_resize(&text, (size_t)size);
    else if (rc == 0)
        return 0;
    return rc < 0 ? rc : text_commit(files->pseudo, call, n, buf_str(&text), text.len, err);
}

/* A shell's `echo x > f` flushes once before it writes: truncation alone waits for release. */
static int flush_text(struct files *files, struct call *call, struct handle *h, bool opener,
                      pid_t pid, struct failure *err)
{
    bool killed = handle_writer_killed(h, opener, pid);
    bool only_opened;

    lock_take(&h->lock);
    if (h->dirty && killed)
        h->broken = -EINTR;
    only_opened = h->only_opened;
    lock_give(&h->lock);
    if (!opener || only_opened || kind_is_at_once(&h->node->place))
        return 0;
    return commit(files, call, h, err);
}

static int fsync_text(struct files *files, struct handle *h)
{
    (void)files;
    (void)h;
    return 0;
}

static bool release_text_blocks(struct files *files, struct handle *h)
{
    bool dirty;

    (void)files;
    lock_take(&h->lock);
    dirty = h->dirty;
    lock_give(&h->lock);
    return dirty && !kind_is_at_once(&h->node->place);
}

static int release_text(struct files *files, struct call *call, struct handle *h,
                        struct failure *err)
{
    return !h->can_write || kind_is_at_once(&h->node->place) ? 0 : commit(files, call, h, err);
}

const struct handle_ops text_ops = {
    .open = open_text,
    .read = read_text,
    .write = write_text,
    .truncate = truncate_text,
    .flush = flush_text,
    .fsync = fsync_text,
    .release_blocks = release_text_blocks,
    .release = release_text,
};
