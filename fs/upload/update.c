#include "update.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "adopt.h"
#include "content.h"
#include "drop_events.h"
#include "drop_folders.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drops.h"
#include "folder.h"
#include "journal.h"
#include "known.h"
#include "moving.h"
#include "moving_look.h"
#include "passes.h"
#include "posting.h"
#include "settle.h"
#include "unsure.h"
#include "uploads_context.h"

#include "banned.h"

#define LOOK_AGAIN_MS 1000
#define BUSY_AGAIN_MS 300
#define FIRST_LOOK_MS 100

/* --- Before the PATCH, and after it ----------------------------------------------------------- */

/* Of a rename: what is to move, from where, and what goes with it. */
static int say_mover(const struct moving *m, struct intent_row *row, char **from,
                     char seen[RESOURCE_ID_MAX + 1])
{
    struct drops *drops = m->uploads->drops;

    *from = drops_key(drops, drop_folder(drops, m->drop));
    if (!*from)
        return -ENOMEM;
    row->to_folder = row->folder;
    row->to_name = row->name;
    row->folder = *from;
    row->name = m->name;
    row->old = m->old[0] ? m->old : NULL;
    moving_look_at_name(m->uploads, m->drop, seen);
    row->look = seen;
    return 0;
}

int update_begin(const struct update *u, int64_t *number, struct failure *err)
{
    cleanup_free char *key = drops_key(u->uploads->drops, u->folder), *from = NULL;
    struct intent_row row = { .kind = INTENT_UPDATE,
                              .state = INTENT_SENDING,
                              .resource = (int)u->folder->res->kind,
                              .folder = key,
                              .name = u->name,
                              .id = u->id,
                              .size = u->size,
                              .since_ns = clock_realtime_ns(u->uploads->clock),
                              .has_sha256 = true };
    char seen[RESOURCE_ID_MAX + 1];
    int rc = key ? 0 : -ENOMEM;

    memcpy(row.sha256, u->sha256, sizeof(row.sha256));
    if (rc == 0 && u->moving)
        rc = say_mover(u->moving, &row, &from, seen);
    if (rc < 0)
        return fail(err, rc, 0, "out of memory");
    return journal_begin(u->uploads->journal, &row, NULL, 0, number, err);
}

/* 1: it has these bytes; 0: it has not, or is no more; -errno: it cannot be asked. */
static int has_bytes(struct uploads *uploads, struct call *call, const struct intent_row *row,
                     struct record **out, struct failure *err)
{
    struct target t = { .res = resource_get((enum resource_kind)row->resource), .id = row->id };
    cleanup_record struct record *now = NULL;
    uint8_t digest[DIGEST_BYTES];
    cleanup_fd int fd = -1;
    int64_t size;
    int rc = known_current_record(uploads->remote, call, &t, &now, err);

    if (rc == 0)
        rc = known_content(uploads->remote, call, &t, &fd, &size, err);
    if (rc == 0 && size == row->size)
        rc = content_digest(fd, digest);
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    if (size != row->size || memcmp(digest, row->sha256, sizeof(digest)) != 0)
        return 0;
    *out = steal_pointer(&now);
    return 1;
}

/* The same for as long as it may land. */
static int wait_for_bytes(const struct update *u, const struct intent_row *row, int64_t ms,
                          struct record **out)
{
    struct clock *clock = u->uploads->clock;
    int64_t end = clock_now_ms(clock) + ms, pause = FIRST_LOOK_MS;

    for (;;) {
        struct failure ignored = { 0 };
        int rc = has_bytes(u->uploads, u->call, row, out, &ignored);
        int64_t now = clock_now_ms(clock);

        if (rc != 0 || now >= end)
            return rc;
        if (call_wait(u->call, clock, now + pause < end ? now + pause : end) == -EINTR)
            return -EINTR;
        pause *= 2;
    }
}

int update_failed(const struct update *u, int64_t number, int rc, struct record **out,
                  struct failure *err)
{
    struct intent_news late = { .since_ns = clock_realtime_ns(u->uploads->clock) };
    struct journal *j = u->uploads->journal;
    cleanup_free struct intent_row *row = NULL;
    bool unknown = err->outcome == OUTCOME_UNKNOWN || failure_passes(rc, err);
    int found = 0;

    journal_tell(j, number, unknown ? INTENT_LOST : INTENT_REFUSED, &late, STATE_LATER);
    row = unknown ? journal_copy(j, number) : NULL;
    if (row)
        found = wait_for_bytes(u, row, failure_is_answer(err) ? 0 : u->uploads->unsure_ms, out);
    if (found == 1)
        return 0;
    if (found == 0 && row && failure_is_answer(err))
        journal_tell(j, number, INTENT_REFUSED, NULL, STATE_LATER);
    journal_leave(j, number, LOOK_AGAIN_MS);
    return rc;
}

/* --- What nobody knows ------------------------------------------------------------------------ */

struct landing {
    struct uploads *uploads;
    const struct intent_row *row;
    struct folder *to; /* where the bytes are to be, and the name */
    const char *name;
    struct drop *there; /* what has it, and stands for the resource, held; or NULL */
    struct drop
        *mover; /* what moves there, held; or NULL: nothing, or it is something else by now */
};

static int hold(struct drops *drops, struct drop *d)
{
    struct call now = { .nowait = true };

    return drop_lock_exclusive(drops, d, &now);
}

static void let_go(struct drops *drops, struct drop **d)
{
    if (!*d)
        return;
    drop_unlock_exclusive(drops, *d);
    drop_unref(steal_pointer(d));
}

/* Does it stand for the resource, and is nothing else going to be sent? */
static bool stands_for_it(const struct landing *l, struct drop *d)
{
    struct drop_snapshot s = drop_snapshot(l->uploads->drops, d);

    return s.linked && !s.dirty && !s.writers && strcmp(s.id, l->row->id) == 0;
}

/* Is it still what was sent? */
static bool is_mover(const struct landing *l, struct drop *d)
{
    char seen[RESOURCE_ID_MAX + 1];

    const char *old = l->row->old ? l->row->old : "";

    if (drop_snapshot(l->uploads->drops, d).writers || !l->row->look)
        return false;
    moving_look_at_name(l->uploads, d, seen);
    return seen[0] && (strcmp(seen, l->row->look) == 0 || strcmp(seen, old) == 0 ||
                       strcmp(seen, l->row->id) == 0);
}

/* *out: what is called so in f, held, if is() says so; else NULL. -EWOULDBLOCK. */
static int find(struct landing *l, struct folder *f, const char *name,
                bool (*is)(const struct landing *l, struct drop *d), struct drop **out)
{
    struct drops *drops = l->uploads->drops;
    struct drop *d = drops_find(drops, f, name);
    int rc = d ? hold(drops, d) : 0;

    if (rc < 0) {
        drop_unref(d);
        return rc;
    }
    *out = d;
    if (d && (!drop_is_called(drops, d, f, name) || !is(l, d)))
        let_go(drops, out);
    return 0;
}

static int find_both(struct landing *l)
{
    struct drops *drops = l->uploads->drops;
    const struct intent_row *row = l->row;
    bool moves = row->to_folder && row->to_name;
    struct folder *from;
    int rc = drops_folder(drops, row->folder, &from);

    l->to = from;
    l->name = moves ? row->to_name : row->name;
    if (rc == 0 && moves)
        rc = drops_folder(drops, row->to_folder, &l->to);
    if (rc == 0)
        rc = find(l, l->to, l->name, stands_for_it, &l->there);
    if (rc == 0 && moves && l->there && !(from == l->to && strcmp(row->name, l->name) == 0))
        rc = find(l, from, row->name, is_mover, &l->mover);
    return rc;
}

/* The name stands for these bytes, and with its row the intent is done: that of what moved, if it did. */
static int take_bytes(struct landing *l)
{
    cleanup_intent_change struct intent_change change = { .row = NULL };
    struct acked acked = { .size = l->row->size, .has_digest = true };
    struct intent_news news = { .owes_nothing = !l->mover };
    struct uploads *uploads = l->uploads;
    struct drop *d = l->mover ? l->mover : l->there;
    int rc = journal_change(uploads->journal, l->row->number, INTENT_FOUND, &news, &change);

    if (rc < 0)
        return rc;
    memcpy(acked.digest, l->row->sha256, sizeof(acked.digest));
    rc = drop_acknowledged(uploads->drops, d, l->row->id, acked, true);
    if (rc == 0 && l->mover)
        rc = drops_move_over(uploads->drops, d, l->to, l->name, l->there, &change.step, 1);
    else if (rc == 0)
        rc = drop_row_save_with(uploads->drops, d, &change.step, 1, STATE_NOW);
    if (rc < 0)
        journal_doubt(uploads->journal, l->row->number);
    else if (l->mover)
        settle_drop(uploads, d);
    return rc;
}

/* It has the bytes. */
static int64_t land(struct uploads *uploads, const struct intent_row *row, struct record *now)
{
    struct target t = { .res = resource_get((enum resource_kind)row->resource), .id = row->id };
    struct landing l = { .uploads = uploads, .row = row };
    struct failure why = { 0 };
    int rc = find_both(&l);

    if (rc == 0 && l.there) {
        adopt_failed(uploads, l.mover ? l.mover : l.there, l.to, l.name, row->sha256);
        known_changed(uploads->remote, &t, now);
        known_content_changed(uploads->remote, &t);
        rc = take_bytes(&l);
        failure_set(&why, 0, "its answer was lost: it has the bytes that were sent");
        if (rc == 0)
            posting_report(uploads, "look for it", row, 0, &why);
    } else if (rc == 0 || rc == -EINVAL) { /* its name is another one's by now, or gone */
        rc = journal_tell(uploads->journal, row->number, INTENT_REFUSED, NULL, STATE_NOW);
    }
    let_go(uploads->drops, &l.mover);
    let_go(uploads->drops, &l.there);
    return rc == -EWOULDBLOCK ? BUSY_AGAIN_MS : rc;
}

int64_t update_settle(struct uploads *uploads, struct call *call, const struct intent_row *row,
                      struct failure *why)
{
    const struct resource *res = resource_get((enum resource_kind)row->resource);
    cleanup_record struct record *now = NULL;
    int rc = 0;

    if (res && row->id && row->name && row->folder && resource_id_ok(res, row->id))
        rc = has_bytes(uploads, call, row, &now, why);
    if (rc < 0)
        return rc;
    if (rc == 1)
        return land(uploads, row, now);
    if (unsure_may_land(uploads, row))
        return LOOK_AGAIN_MS;
    return journal_tell(uploads->journal, row->number, INTENT_REFUSED, NULL, STATE_LATER);
}
