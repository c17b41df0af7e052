#include "park.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "deliver.h"
#include "drop_read.h"
#include "drop_store.h"

#include "banned.h"

int park_rename(struct fs *fs, struct drop *d, struct folder *to, const char *to_name)
{
    bool scratch = deliver_is_scratch(fs, to_name);
    int rc = 0;

    drops_lock(fs->drops);
    if (!scratch || d->folder != to)
        rc = drop_set_parked_locked(d, NULL);
    else if (d->id && !d->parked && !deliver_is_scratch(fs, d->name))
        rc = drop_set_parked_locked(d, d->name);
    drops_unlock(fs->drops);
    return rc;
}

int park_end(struct fs *fs, struct drop *p)
{
    drops_lock(fs->drops);
    drop_set_parked_locked(p, NULL);
    drops_unlock(fs->drops);
    return drop_row_save(fs->drops, p, false);
}

int park_release(struct fs *fs, struct drop *p)
{
    int rc;

    drops_lock(fs->drops);
    drop_set_parked_locked(p, NULL);
    rc = drop_set_id_locked(fs->drops, p, NULL);
    p->has_digest = false;
    p->dirty = true;
    drops_unlock(fs->drops);
    return rc < 0 ? rc : drop_row_save(fs->drops, p, false);
}

/* 1: d has it. Somebody may have been faster: then d is something of its own. */
static int hand_over(struct fs *fs, struct drop *p, struct drop *d)
{
    int rc = 0;

    drops_lock(fs->drops);
    if (p->id && p->parked && d->linked && !d->id) {
        rc = drop_set_id_locked(fs->drops, d, p->id);
        rc = rc < 0 ? rc : 1;
        d->size = p->size;
        d->has_digest = p->has_digest;
        memcpy(d->digest, p->digest, sizeof(d->digest));
        d->dirty = true;
    }
    drops_unlock(fs->drops);
    return rc;
}

static int take_from(struct fs *fs, struct call *call, struct drop *p, struct drop *d,
                     struct failure *err)
{
    struct bytes *empty;
    int rc = drop_keep_bytes(fs, call, p, NULL, err);

    if (rc == 0)
        rc = drop_new_bytes(fs->drops, d, &empty);
    if (rc == 0)
        rc = hand_over(fs, p, d);
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
    deliver_settle(fs, p);
    drop_unlock_exclusive(fs->drops, p);
    return rc;
}
