/* .page-0.jpg, .thumbnail.jpg: what the address of a document's bytes makes of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "file_kinds.h"
#include "picture.h"
#include "refuse.h"

#include "files_context.h"
#include "node.h"

#include "banned.h"

static int open_picture(struct files *files, struct call *call, struct handle *h,
                        struct failure *err)
{
    struct target_ids b;
    int rc;

    if (h->can_write)
        return refuse_write(&h->node->place, err);
    rc = bind_resource(files->inodes, h->node, &b);
    if (rc == 0)
        rc = picture_get(files->remote, call, &b.target, h->node->id, &h->picture, err);
    return rc;
}

static int read_picture(struct files *files, struct call *call, struct handle *h, int64_t off,
                        size_t size, struct chunk *out, struct failure *err)
{
    size_t len;
    const char *data = picture_bytes(h->picture, &len);

    (void)files;
    (void)call;
    (void)err;
    *out = (struct chunk){ .fd = -1 };
    if (off >= (int64_t)len)
        return 0;
    out->len = size < len - (size_t)off ? size : len - (size_t)off;
    out->owned = malloc(out->len);
    if (!out->owned)
        return -ENOMEM;
    memcpy(out->owned, data + off, out->len);
    out->data = out->owned;
    return 0;
}

/* Nothing is written here: the others are never called. */
const struct handle_ops picture_ops = {
    .open = open_picture,
    .read = read_picture,
};
