/* content: the bytes of a document or asset, read from the cache's file. */
#include <errno.h>

#include "binding.h"
#include "fetch.h"
#include "handle.h"
#include "known.h"

#include "banned.h"

static int open_content(struct fs *fs, struct call *call, struct handle *h, struct failure *err)
{
    struct bound b;
    int64_t size;
    int rc;

    if (h->can_write)
        return fail(err, -EACCES, 0, "it cannot be changed");
    rc = bind_resource(fs, h->node, &b);
    if (rc == 0)
        rc = known_content(fs, call, &b.target, &h->fd, &size, err);
    if (rc == 0)
        h->keep_cache = !fetch_content_changes(b.target.res);
    return rc;
}

static int read_content(struct fs *fs, struct call *call, struct handle *h, int64_t off,
                        size_t size, struct chunk *out, struct failure *err)
{
    (void)fs;
    (void)call;
    (void)err;
    return chunk_of_fd(h->fd, off, size, out);
}

/* Nothing is written here: the others are never called. */
const struct handle_ops content_ops = {
    .open = open_content,
    .read = read_content,
};
