#include "drop_writer.h"

#include <errno.h>

#include "drop_rows.h"
#include "drop_table.h"
#include "files_context.h"
#include "node.h"

#include "banned.h"

void writer_begin(struct files *files, struct handle *h)
{
    struct drop *d = h->node->drop;

    if (drop_begin_writing(files->drops, d, &h->active))
        drop_row_save(files->drops, d, false);
}

void writer_end(struct files *files, struct handle *h)
{
    drop_end_writing(files->drops, h->node->drop, &h->active);
}

int writer_unwritten(struct files *files, struct handle *h, int rc)
{
    drops_lock(files->drops);
    h->unwritten = rc ? rc : h->unwritten;
    rc = h->unwritten;
    drops_unlock(files->drops);
    return rc;
}

void writer_begin_anew(struct files *files, struct handle *h)
{
    drops_lock(files->drops);
    h->unwritten = 0;
    drops_unlock(files->drops);
}

bool writer_is_current(struct files *files, struct drop *d, const struct handle *h)
{
    return !h || h->generation == drop_snapshot(files->drops, d).generation;
}

int writer_check_current(struct files *files, struct drop *d, const struct handle *h,
                         struct failure *err)
{
    return writer_is_current(files, d, h)
               ? 0
               : fail(err, -EIO, 0, "it could not be delivered; what there was is in failed");
}

void writer_renew(struct files *files, struct handle *h)
{
    struct drop *d = h->node->drop;

    drops_lock(files->drops);
    h->generation = d->generation;
    drops_unlock(files->drops);
}
