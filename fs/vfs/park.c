#include "park.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drop_events.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "fs_context.h"
#include "name_rules.h"
#include "recall.h"
#include "settings.h"
#include "settle.h"

#include "banned.h"

#define ELSEWHERE_MS 2000 /* what is in the trash for longer is no backup of who takes its name */

/* Its folder is where a program collects what it will move, as macOS does to save safely. */
static int park_elsewhere(struct fs *fs, struct drop *d, const struct folder *to)
{
    if (!to->staging || d->folder->staging || !d->id || rule_scratch(fs->options->scratch, d->name))
        return drop_set_parked_locked(d, NULL, NULL, 0);
    return drop_set_parked_locked(d, d->folder, d->name, clock_now_ms(fs->clock) + ELSEWHERE_MS);
}

int park_rename(struct fs *fs, struct drop *d, struct folder *to, const char *to_name)
{
    bool scratch = rule_scratch(fs->options->scratch, to_name);
    int rc = 0;

    drops_lock(fs->drops);
    if (d->folder != to)
        rc = park_elsewhere(fs, d, to);
    else if (!scratch && !to->staging)
        rc = drop_set_parked_locked(d, NULL, NULL, 0);
    else if (d->id && !d->parked && !to->staging && !rule_scratch(fs->options->scratch, d->name))
        rc = drop_set_parked_locked(d, to, d->name, CLOCK_FOREVER);
    drops_unlock(fs->drops);
    return rc;
}

int park_end(struct fs *fs, struct drop *p)
{
    drops_lock(fs->drops);
    drop_set_parked_locked(p, NULL, NULL, 0);
    drops_unlock(fs->drops);
    return drop_row_save(fs->drops, p, false);
}

int park_keep(struct fs *fs, struct drop *p)
{
    struct bytes *b = drop_bytes(fs->drops, p);
    int rc = bytes_sync(b);

    bytes_unref(b);
    return rc;
}

int park_release(struct fs *fs, struct drop *p)
{
    int rc = drop_released(fs->drops, p);

    return rc < 0 ? rc : drop_row_save(fs->drops, p, true);
}

static int take_from(struct fs *fs, struct call *call, struct drop *p, struct drop *d,
                     struct failure *err)
{
    struct bytes *empty;
    int rc = recall_bytes(fs->uploads, call, p, -1, err);

    if (rc == 0)
        rc = park_keep(fs, p);
    if (rc == 0)
        rc = drop_new_bytes(fs->drops, d, &empty);
    if (rc == 0 && drop_snapshot(fs->drops, p).parked) /* else somebody was faster */
        rc = drop_take_over(fs->drops, d, p);
    if (rc <= 0)
        return rc;
    rc = drop_row_save(fs->drops, d, false);
    return rc < 0 ? rc : park_release(fs, p);
}

int park_take(struct fs *fs, struct call *call, struct drop *d, struct folder *f, const char *name,
              struct failure *err)
{
    cleanup_drop struct drop *p = drops_find_parked(fs->drops, f, name);
    int rc;

    if (!p)
        return 0;
    rc = drop_lock_exclusive(fs->drops, p, call);
    if (rc < 0)
        return rc;
    rc = take_from(fs, call, p, d, err);
    settle_drop(fs->uploads, p);
    drop_unlock_exclusive(fs->drops, p);
    return rc;
}
