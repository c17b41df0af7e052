#include "settle.h"

#include <string.h>

#include "drop_rows.h"
#include "drop_sealed.h"
#include "drop_table.h"
#include "drop_target.h"
#include "journal_ask.h"
#include "known.h"
#include "spool.h"
#include "uploads_context.h"

#include "banned.h"

/* Its text is kept by itself already. */
static bool is_json(const struct folder *f)
{
    return f->res && resource_takes_json(f->res);
}

/* Who has emptied a file and closed one of his descriptors may go on with another, as dd does: what was
 * acknowledged before goes when nobody has it open any more. */
static void settle_sealed(struct uploads *uploads, struct drop *d)
{
    struct drop_snapshot s = drop_snapshot(uploads->drops, d);

    if (s.sealed && !s.opened && !s.writers && (s.state == DROP_STAYING || s.state == DROP_CLEAN))
        drop_end_sealed(uploads->drops, d);
}

void settle_drop(struct uploads *uploads, struct drop *d)
{
    cleanup_record struct record *r = NULL;
    cleanup_free char *path = NULL;
    struct call now = { .nowait = true };
    struct drop_snapshot s = drop_snapshot(uploads->drops, d);
    bool settled = s.id[0] && s.has_bytes && !s.dirty && s.opened == 0 &&
                   !journal_doubts(uploads->journal, s.id); /* or the row on disk has them still */
    struct bytes *bytes = settled ? drop_bytes(uploads->drops, d) : NULL;
    struct failure ignored;
    struct target_ids b;

    settle_sealed(uploads, d);
    if (!bytes)
        return;
    path = spool_path(uploads->spool, bytes->number);
    if (path && !is_json(s.folder) && drop_target(uploads->drops, d, &b) == 0 &&
        known_record(uploads->remote, &now, &b.target, &r, &ignored) == 0)
        known_content_adopt(uploads->remote, &b.target, r, path, s.acked.digest);
    drop_forget_bytes(uploads->drops, d);
    bytes_unref(bytes);
    drop_row_save(uploads->drops, d, false);
}

void settle_all(struct uploads *uploads)
{
    struct drop **list;
    size_t n;

    if (!uploads->drops || drops_list_local(uploads->drops, &list, &n) < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        drop_close_all(uploads->drops, list[i]);
        settle_drop(uploads, list[i]);
        drop_unref(list[i]);
    }
    free(list);
}
