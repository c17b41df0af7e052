#include "queue_send.h"

#include <errno.h>
#include <string.h>

#include "deliver.h"
#include "drop_failed.h"
#include "errlog.h"
#include "folder.h"
#include "heir.h"
#include "journal.h"
#include "journal_ask.h"
#include "moving_look.h"
#include "passes.h"
#include "queue.h"
#include "settle.h"
#include "types.h"
#include "uploads_context.h"

#include "drop.h"
#include "drop_sealed.h"

#include "banned.h"

#define BUSY_AGAIN_MS 300

static void report(struct uploads *uploads, struct drop *d, int rc, const struct failure *why)
{
    cleanup_buf struct buf path = BUF_INIT(PATH_TEXT_MAX);

    drops_lock(uploads->drops);
    buf_addf(&path, "/%s/%s", d->folder->key, d->name);
    drops_unlock(uploads->drops);
    errlog_add(uploads->errlog, "send", buf_str(&path), rc, why);
}

/* d is held exclusively. */
static void give_up(struct uploads *uploads, struct drop *d, int64_t number, int rc,
                    struct failure *why)
{
    why->at_ns = clock_realtime_ns(uploads->clock);
    report(uploads, d, rc, why);
    drop_set_failed(uploads->drops, d, why->text[0] ? why->text : strerror(-rc), why->at_ns);
    queue_forget(uploads, d);
    journal_tell(uploads->journal, number, INTENT_REFUSED, NULL, STATE_LATER);
}

void queue_fail(struct uploads *uploads, const struct intent_row *row, int rc, struct failure *why)
{
    cleanup_drop struct drop *d = queue_find(uploads, row->number);
    struct call call;

    if (!d || call_init(&call) < 0)
        return;
    if (drop_lock_exclusive(uploads->drops, d, &call) == 0) {
        if (drop_snapshot(uploads->drops, d).state == DROP_WAITING)
            give_up(uploads, d, row->number, rc, why);
        drop_unlock_exclusive(uploads->drops, d);
    }
    call_release(&call);
}

/* It is sent, or nobody wants it any more. */
static void end(struct uploads *uploads, struct drop *d, int64_t number)
{
    queue_forget(uploads, d);
    drop_forget_sealed(uploads->drops, d);
    settle_drop(uploads, d);
    journal_tell(uploads->journal, number, INTENT_REFUSED, NULL,
                 STATE_LATER); /* unless it is done */
}

static bool is_doubted(struct uploads *uploads, int64_t number)
{
    cleanup_free struct intent_row *now = journal_copy(uploads->journal, number);

    return now && now->state == INTENT_UNSURE;
}

/* What waits is written again, and nobody knows yet what comes of that. */
static bool is_written_again(const struct drop_snapshot *s)
{
    return s->linked && s->sealed &&
           (s->opened || s->writers || s->state == DROP_DIRTY || s->state == DROP_BROKEN);
}

/* Held exclusively. */
static int64_t send_locked(struct uploads *uploads, struct call *call, struct drop *d,
                           const struct intent_row *row, struct failure *why)
{
    struct drop_snapshot s = drop_snapshot(uploads->drops, d);
    int rc;

    if (is_written_again(&s))
        return fail(why, -EBUSY, 0, "it is being written again");
    if (!s.linked || s.state != DROP_WAITING) {
        end(uploads, d, row->number);
        return 0;
    }
    if ((s.id[0] && journal_moves(uploads->journal, s.id)) || moving_is_over(uploads, d))
        return BUSY_AGAIN_MS; /* what takes its place is where it will be */
    if (heir_is_awaited(uploads, d))
        return fail(why, -EAGAIN, 0, "what it takes the place of is still being deleted");
    if (s.writers && !journal_is_hurried(uploads->journal))
        return BUSY_AGAIN_MS; /* somebody has it open, and may go on */
    rc = deliver_queued(uploads, call, d, row, why);
    s = drop_snapshot(uploads->drops, d);
    if (rc == 0 && s.state != DROP_WAITING) {
        if (is_doubted(uploads, row->number))
            return BUSY_AGAIN_MS; /* it was sent, and could not be recorded: the journal sees to it */
        end(uploads, d, row->number);
        return 0;
    }
    if (rc < 0 && why->outcome != OUTCOME_UNKNOWN && !failure_passes(rc, why)) {
        give_up(uploads, d, row->number, rc, why);
        return 0;
    }
    return rc < 0 && why->outcome != OUTCOME_UNKNOWN ? rc : BUSY_AGAIN_MS;
}

int64_t queue_send(struct uploads *uploads, struct call *call, const struct intent_row *row,
                   struct failure *why)
{
    cleanup_drop struct drop *d = queue_find(uploads, row->number);
    int64_t again;
    int rc;

    if (!d)
        return journal_tell(uploads->journal, row->number, INTENT_REFUSED, NULL, STATE_LATER);
    rc = drop_lock_exclusive(uploads->drops, d, call);
    if (rc < 0)
        return rc;
    again = send_locked(uploads, call, d, row, why);
    drop_unlock_exclusive(uploads->drops, d);
    return again;
}
