/* .lasfs/errors: read where it is, so that it can be followed while it grows. */
#include <errno.h>
#include <stdlib.h>

#include "errlog.h"
#include "file_kinds.h"
#include "refuse.h"

#include "files_context.h"
#include "node.h"

#include "banned.h"

static int open_errors(struct files *files, struct call *call, struct handle *h,
                       struct failure *err)
{
    (void)call;
    if (h->can_write)
        return refuse_write(&h->node->place, err);
    h->direct_io = true;
    errlog_open_page(files->errlog);
    return 0;
}

static int read_errors(struct files *files, struct call *call, struct handle *h, int64_t off,
                       size_t size, struct chunk *out, struct failure *err)
{
    (void)call;
    (void)h;
    (void)err;
    *out = (struct chunk){ .fd = -1 };
    out->owned = malloc(size ? size : 1);
    if (!out->owned)
        return -ENOMEM;
    out->data = out->owned;
    out->len = errlog_read(files->errlog, off, out->owned, size);
    return 0;
}

static bool release_errors_blocks(struct files *files, struct handle *h)
{
    (void)files;
    (void)h;
    return false;
}

static int release_errors(struct files *files, struct call *call, struct handle *h,
                          struct failure *err)
{
    (void)call;
    (void)h;
    (void)err;
    errlog_close_page(files->errlog);
    return 0;
}

/* Nothing is written here: the others are never called. */
const struct handle_ops errors_ops = {
    .open = open_errors,
    .read = read_errors,
    .release_blocks = release_errors_blocks,
    .release = release_errors,
};
