/* content: the bytes of a document or asset, read from the cache's file, or from what has come of it. */
#include <errno.h>

#include "binding.h"
#include "chunk.h"
#include "fetch.h"
#include "file_kinds.h"
#include "known.h"
#include "read_ahead.h"
#include "refuse.h"

#include "files_context.h"
#include "node.h"

#include "banned.h"

static int open_content(struct files *files, struct call *call, struct handle *h,
                        struct failure *err)
{
    struct content_at at = { .fd = -1 };
    struct target_ids b;
    int rc;

    if (h->can_write)
        return refuse_write(&h->node->place, err);
    rc = bind_resource(files->inodes, h->node, &b);
    if (rc == 0)
        rc = read_ahead_open(files->remote, call, &b.target, &at, err);
    if (rc < 0)
        return rc;
    h->fd = at.fd;
    h->arrival = at.arrival;
    /* a try that fails leaves pages, of which the next one knows nothing */
    h->keep_cache = !fetch_content_changes(b.target.res) && !at.arrival;
    return 0;
}

static int read_content(struct files *files, struct call *call, struct handle *h, int64_t off,
                        size_t size, struct chunk *out, struct failure *err)
{
    (void)files;
    if (h->arrival)
        return chunk_of_arrival(h->arrival, call, off, size, out, err);
    return chunk_of_fd(h->fd, off, size, out);
}

/* Nothing is written here: the others are never called. */
const struct handle_ops content_ops = {
    .open = open_content,
    .read = read_content,
};
