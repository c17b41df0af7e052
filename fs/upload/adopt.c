#include "adopt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"
#include "drop_events.h"
#include "drop_failed.h"
#include "drop_folders.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drops.h"
#include "errlog.h"
#include "folder.h"
#include "inbox.h"
#include "journal.h"
#include "known.h"
#include "passes.h"
#include "queue.h"
#include "remote_delete.h"
#include "restamp.h"
#include "settle.h"
#include "sidecar.h"
#include "types.h"
#include "unsure.h"
#include "uploads_context.h"

#include "banned.h"

#define BUSY_AGAIN_MS 300

struct adoption {
    struct uploads *uploads;
    struct call *call;
    const struct intent_row *row;
    struct record *found;
    char id[RESOURCE_ID_MAX + 1];
    struct folder *folder; /* what has the name is in, and the name, once it is found */
    char *name;
    struct drop *drop; /* held exclusively */
    bool queued;       /* it is what waits in the queue */
    bool made;         /* nothing was called so */
    bool owes_nothing; /* what it replaces has another name by now, which others gave it */
};

/* A name that was made for nothing. */
static void forget_made(struct adoption *a)
{
    struct drop_snapshot s = drop_snapshot(a->uploads->drops, a->drop);

    if (a->made && s.linked && !s.id[0] && !s.has_bytes && !s.opened)
        drops_remove(a->uploads->drops, a->drop, false);
}

static void adoption_release(struct adoption *a)
{
    if (a->drop)
        forget_made(a);
    if (a->drop)
        drop_unlock_exclusive(a->uploads->drops, a->drop);
    drop_unref(a->drop);
    free(a->name);
}
#define cleanup_adoption CLEANUP(adoption_release)

static void report(struct adoption *a, const char *text)
{
    cleanup_buf struct buf path = BUF_INIT(PATH_TEXT_MAX);
    struct failure why = { 0 };

    buf_addf(&path, "/%s/%s", a->row->folder, a->row->name ? a->row->name : a->id);
    failure_set(&why, 0, "%s", text);
    errlog_add(a->uploads->errlog, "look for it", buf_str(&path), 0, &why);
}

/* Nobody waits for it any more. */
static int64_t give_back(struct adoption *a, struct failure *why)
{
    struct target t = { .res = resource_get((enum resource_kind)a->row->resource), .id = a->id };
    int rc = 0;

    if (!a->uploads->nodelete && !a->uploads->ro)
        rc = remote_delete(a->uploads->remote, a->call, &t, NULL, why);
    if (rc < 0 && failure_passes(rc, why))
        return rc;
    if (rc < 0)
        report(a, "what a try before has made stays under its id");
    return journal_tell(a->uploads->journal, a->row->number, INTENT_REFUSED, NULL, STATE_NOW);
}

/* Is the name still what the POST was sent for? */
static bool is_newer(struct adoption *a)
{
    struct drop_snapshot s = drop_snapshot(a->uploads->drops, a->drop);

    if (a->row->upload) /* unless it was removed, or has been written since */
        return !a->queued || !s.linked || s.state != DROP_WAITING;
    if (s.dirty || s.writers || s.parked || s.what != DROP_FILE)
        return true;
    return s.id[0] && (!a->row->old || strcmp(s.id, a->row->old) != 0);
}

/* A backup here that is parked keeps it for this name, and for nothing else. */
static bool is_parked(struct adoption *a)
{
    cleanup_drop struct drop *p = drops_find_parked(a->uploads->drops, a->folder, a->name);

    return p && strcmp(drop_snapshot(a->uploads->drops, p).id, a->row->old) == 0;
}

static bool is_renamed(struct adoption *a)
{
    struct drop_snapshot s = drop_snapshot(a->uploads->drops, a->drop);

    return a->row->old && strcmp(s.id, a->row->old) != 0 &&
           drops_has_id(a->uploads->drops, a->row->old) && !is_parked(a);
}

void adopt_failed(struct uploads *uploads, struct drop *d, struct folder *f, const char *name,
                  const uint8_t *sha256)
{
    cleanup_drop struct drop *x = drops_find_failed(uploads->drops, f, name);
    struct bytes *b = x ? drop_bytes(uploads->drops, x) : NULL;
    uint8_t digest[DIGEST_BYTES];

    if (b && content_digest(b->fd, digest) == 0 && memcmp(digest, sha256, sizeof(digest)) == 0) {
        if (!drop_snapshot(uploads->drops, d).has_bytes) {
            drops_lock(uploads->drops);
            d->mtime_ns = x->mtime_ns;
            d->mode = x->mode;
            drops_unlock(uploads->drops);
        }
        drops_supersede(uploads->drops, f, name);
    }
    bytes_unref(b);
}

/* The name's row and the intent, in one transaction. */
static int record_found(struct adoption *a)
{
    cleanup_intent_change struct intent_change change = { .row = NULL };
    struct intent_news news = { .id = a->id, .owes_nothing = a->owes_nothing };
    int rc = journal_change(a->uploads->journal, a->row->number, INTENT_FOUND, &news, &change);

    return rc < 0 ? rc : drop_row_save_with(a->uploads->drops, a->drop, &change.step, 1, STATE_NOW);
}

static void leave_queue(struct adoption *a)
{
    queue_forget(a->uploads, a->drop);
    settle_drop(a->uploads, a->drop);
}

static int64_t take_name(struct adoption *a)
{
    struct target t = { .res = a->folder->res, .parent = a->folder->parent, .id = a->id };
    struct acked acked = { .size = a->row->size, .has_digest = true };
    int rc;

    a->owes_nothing = is_renamed(a);
    adopt_failed(a->uploads, a->drop, a->folder, a->name, a->row->sha256);
    memcpy(acked.digest, a->row->sha256, sizeof(acked.digest));
    rc = drop_acknowledged(a->uploads->drops, a->drop, a->id, acked, true);
    known_changed(a->uploads->remote, &t, a->found);
    if (rc == 0)
        rc = record_found(a);
    if (a->row->old && !a->owes_nothing)
        sidecar_replaced(a->uploads, a->folder, a->name, a->row->old, a->id);
    if (a->queued)
        leave_queue(a);
    else
        report(a, "its answer was lost: it is there, and has its name");
    restamp_late(a->uploads, a->drop); /* it may have been called otherwise when it was sent */
    sidecar_follow(a->uploads, a->call, a->drop, a->folder, a->name);
    if (a->folder->model)
        inbox_owe(a->uploads, a->folder, a->name, a->id);
    return rc;
}

/* The name is known to stand for it, which could not be recorded. */
static int64_t record_it(struct adoption *a)
{
    int rc = record_found(a);

    if (rc < 0)
        journal_doubt(a->uploads->journal, a->row->number);
    else if (a->queued)
        leave_queue(a);
    else
        settle_drop(a->uploads, a->drop);
    return rc;
}

static int64_t settle_name(struct adoption *a, struct failure *why)
{
    cleanup_free struct intent_row *now = journal_copy(a->uploads->journal, a->row->number);
    struct drop_snapshot s = drop_snapshot(a->uploads->drops, a->drop);

    if (strcmp(s.id, a->id) == 0)
        return record_it(a);
    if (now && !now->name) /* it was given up a moment ago */
        return give_back(a, why);
    if (a->queued && s.sealed)
        return fail(why, -EBUSY, 0, "it is being written again");
    return is_newer(a) ? give_back(a, why) : take_name(a);
}

/* What was queued is where it is now, whatever it was called when it was sent. */
static int set_place(struct adoption *a)
{
    if (a->queued)
        a->folder = drop_folder(a->uploads->drops, a->drop);
    a->name = a->queued ? drop_name(a->uploads->drops, a->drop) : strdup(a->row->name);
    return a->name ? 0 : -ENOMEM;
}

/* The name, held exclusively. -EWOULDBLOCK: somebody else has it; -ENOENT: what waited was removed, or
 * something else is to be sent. */
static int find_name(struct adoption *a)
{
    struct call now = { .nowait = true };
    struct drops *drops = a->uploads->drops;
    struct drop *d = a->row->upload ? queue_find(a->uploads, a->row->number) : NULL;
    int rc;

    a->queued = d != NULL;
    if (!a->row->name || (a->row->upload && !d))
        return -ENOENT;
    if (!d)
        d = drops_find(drops, a->folder, a->row->name);
    a->made = !d;
    rc = d ? 0 : drops_add_late(drops, a->folder, a->row->name, &d);
    if (rc == 0)
        rc = drop_lock_exclusive(drops, d, &now);
    if (rc < 0) {
        drop_unref(d);
        return rc;
    }
    a->drop = d;
    return set_place(a);
}

int64_t adopt(struct uploads *uploads, struct call *call, const struct intent_row *row,
              struct record *found, struct failure *why)
{
    cleanup_adoption struct adoption a = {
        .uploads = uploads, .call = call, .row = row, .found = found
    };
    int rc = record_id(found, a.id);

    if (rc == 0)
        rc = drops_folder(uploads->drops, row->folder, &a.folder);
    if (rc == 0 && !drops_is_reachable(uploads->drops, a.folder)) {
        if (unsure_may_land(uploads, row))
            return BUSY_AGAIN_MS; /* it is being renamed, perhaps */
        rc = -ENOENT;             /* it was removed */
    }
    if (rc == 0)
        rc = find_name(&a);
    if (rc == -ENOENT)
        return give_back(&a, why);
    if (rc == -EWOULDBLOCK || rc == -EEXIST)
        return BUSY_AGAIN_MS;
    if (rc == -EINVAL) /* a folder that is no more: it stays under its id */
        return journal_tell(uploads->journal, row->number, INTENT_FOUND, NULL, STATE_NOW);
    return rc < 0 ? rc : settle_name(&a, why);
}
