#include "file_kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arrival.h"
#include "bytes.h"
#include "files_context.h"
#include "hash.h"
#include "lease.h"
#include "lock.h"
#include "node.h"
#include "node_kinds.h"
#include "picture.h"
#include "process.h"
#include "uploads.h"

#include "banned.h"

const struct handle_ops *file_ops(const struct node *n)
{
    if (n->place.kind == NODE_HEARTBEAT)
        return &heartbeat_ops;
    if (n->place.kind == NODE_ERRORS)
        return &errors_ops;
    if (kind_is_text(n->place.kind))
        return &text_ops;
    if (n->place.kind == NODE_DROP || tree_is_spool_file(n->place.kind))
        return &drop_ops;
    if (n->place.kind == NODE_LIST)
        return &list_ops;
    if (n->place.kind == NODE_PICTURE)
        return &picture_ops;
    return n->place.kind == NODE_CONTENT ? &content_ops : NULL;
}

static bool wants_write(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
}

static void track(struct files *files, struct handle *h)
{
    lock_take(&files->lock);
    DL_APPEND(files->handles, h);
    lock_give(&files->lock);
}

static void untrack(struct files *files, struct handle *h)
{
    lock_take(&files->lock);
    DL_DELETE(files->handles, h);
    lock_give(&files->lock);
    if (h->releasing)
        uploads_end_release(files->uploads);
}

static void handle_free(struct files *files, struct handle *h)
{
    if (h->fd >= 0)
        close(h->fd);
    arrival_leave(h->arrival);
    picture_unref(h->picture);
    bytes_unref(h->to_read);
    bytes_unref(h->bytes);
    lease_end(files->leases, h->lease);
    list_reader_free(h->list);
    if (h->can_write && h->text.data)
        explicit_bzero(h->text.data, h->text.cap); /* a secret perhaps */
    buf_release(&h->text);
    lock_destroy(&h->lock);
    node_unref(files->nodes, h->node);
    free(h);
}

int file_open(struct files *files, struct call *call, struct node *n, int flags, pid_t pid,
              struct handle **out, struct failure *err)
{
    const struct handle_ops *ops = file_ops(n);
    struct handle *h;
    int rc;

    if (!ops)
        return tree_is_dir(n->place.kind) ? -EISDIR : -ELOOP;
    h = calloc(1, sizeof(*h));
    if (!h)
        return -ENOMEM;
    lock_init(&h->lock, LOCK_HANDLE);
    buf_init(&h->text, TEXT_MAX_BYTES);
    h->node = node_ref(files->nodes, n);
    h->flags = flags;
    h->fd = -1;
    h->can_write = wants_write(flags);
    h->opener = h->can_write ? process_of_thread(pid) : 0;
    rc = ops->open(files, call, h, err);
    if (rc < 0) {
        handle_free(files, h);
        return rc;
    }
    track(files, h);
    *out = h;
    return 0;
}

void file_free(struct files *files, struct handle *h)
{
    untrack(files, h);
    handle_free(files, h);
}

void handles_free(struct files *files)
{
    while (files->handles)
        file_free(files, files->handles);
}
