#include "uploads.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "deliver_content.h"
#include "doomed.h"
#include "drop_folders.h"
#include "failure.h"
#include "filetype.h"
#include "flight.h"
#include "heir.h"
#include "intents.h"
#include "journal.h"
#include "journal_ask.h"
#include "journal_work.h"
#include "lock.h"
#include "meant.h"
#include "queue.h"
#include "removal.h"
#include "sidecar.h"
#include "uploads_context.h"
#include "waiting.h"

#include "banned.h"

static int begin(struct uploads *uploads, unsigned workers, struct failure *err)
{
    const struct journal_config journal = { .state = uploads->state,
                                            .clock = uploads->clock,
                                            .pool = uploads->pool,
                                            .workers = workers,
                                            .work = intents_work,
                                            .arg = uploads };
    int rc = queue_new(&uploads->queue);

    if (rc == 0)
        rc = flights_new(&uploads->asking);
    if (rc == 0)
        rc = journal_new(&journal, &uploads->journal, err);

    if (rc == 0 && !uploads->nodelete)
        rc = removal_load(uploads);
    if (rc == 0)
        rc = waiting_new(uploads, sidecar_waits, &uploads->waiting);
    if (rc < 0)
        return rc;
    rc = filetype_new(&uploads->filetype);
    if (rc < 0)
        return fail(err, rc, 0, "the database of file types cannot be read");
    rc = deliver_content_resume(uploads, err);
    if (rc == 0)
        rc = waiting_load(uploads->waiting);
    if (rc == 0)
        rc = queue_load(uploads);
    if (rc == 0 && !uploads->ro)
        rc = journal_start(uploads->journal);
    return rc;
}

int uploads_new(const struct uploads_config *config, struct uploads **out, struct failure *err)
{
    struct uploads *uploads = calloc(1, sizeof(*uploads));
    int rc;

    if (!uploads)
        return -ENOMEM;
    *uploads = (struct uploads){
        .remote = config->remote,
        .drops = config->drops,
        .backend = config->backend,
        .clock = config->clock,
        .errlog = config->errlog,
        .pool = config->pool,
        .state = config->state,
        .spool = config->spool,
        .scratch = config->scratch,
        .other = config->other,
        .complete = config->complete,
        .dedupe = config->dedupe,
        .ro = config->ro,
        .nodelete = config->nodelete,
        .writeback = config->writeback,
        .settle_ms = config->settle_ms,
        .unsure_ms = config->unsure_ms,
        .timeout_ms = config->timeout_ms,
        .renamed = config->renamed,
        .arg = config->arg,
        .heirs_lock = LOCK_INIT(LOCK_HEIRS),
    };
    rc = begin(uploads, config->workers, err);
    if (rc < 0) {
        uploads_free(uploads);
        return rc;
    }
    *out = uploads;
    return 0;
}

bool uploads_drain(struct uploads *uploads, struct call *call, int64_t timeout_ms)
{
    int64_t end = clock_now_ms(uploads->clock) + timeout_ms;

    if (uploads->ro)
        return true;
    if (!journal_drain(uploads->journal, call, timeout_ms))
        return false;
    /* the labels of what has just been sent are a part of it */
    return waiting_drain(uploads->waiting, call, end - clock_now_ms(uploads->clock));
}

void uploads_stop(struct uploads *uploads)
{
    if (!uploads)
        return;
    waiting_stop(uploads->waiting);
    journal_stop(uploads->journal);
}

void uploads_free(struct uploads *uploads)
{
    if (!uploads)
        return;
    waiting_free(uploads->waiting);
    journal_free(uploads->journal);
    queue_free(uploads->queue);
    heir_release(uploads);
    filetype_free(uploads->filetype);
    flights_free(uploads->asking);
    lock_destroy(&uploads->heirs_lock);
    free(uploads);
}

void uploads_pay(struct uploads *uploads)
{
    journal_pay(uploads->journal);
}

void uploads_look_again(struct uploads *uploads)
{
    waiting_look(uploads->waiting);
}

void uploads_begin_release(struct uploads *uploads)
{
    atomic_fetch_add(&uploads->releasing, 1);
}

void uploads_end_release(struct uploads *uploads)
{
    atomic_fetch_sub(&uploads->releasing, 1);
}

bool uploads_are_releasing(struct uploads *uploads)
{
    return atomic_load(&uploads->releasing) > 0;
}

void uploads_name_left(struct uploads *uploads, const struct folder *f, const char *name)
{
    cleanup_free char *key = drops_key(uploads->drops, f);
    struct intent_change change;

    while (key && journal_forsake(uploads->journal, key, name, &change) == 0) {
        state_apply(uploads->state, &change.step, 1, STATE_NOW, NULL);
        intent_change_release(&change);
    }
}

void uploads_folder_renamed(struct uploads *uploads, const char *key, const char *to_key)
{
    journal_rename_folder(uploads->journal, key, to_key);
}

static int has_key(void *arg, const struct intent_row *row)
{
    return row->kind == INTENT_CREATE && row->state <= INTENT_UNSURE && row->look &&
           strstr(row->look, arg) != NULL;
}

bool uploads_are_sending(struct uploads *uploads, const char *key)
{
    return journal_each(uploads->journal, has_key, (void *)(uintptr_t)key) != 0;
}

bool uploads_owe_name(struct uploads *uploads, const char *id)
{
    return meant_owes_name(uploads, id);
}

void uploads_get_stats(struct uploads *uploads, struct uploads_stats *out)
{
    struct journal_stats j;
    int64_t queued_bytes;
    size_t queued = queue_count(uploads, &queued_bytes);

    journal_get_stats(uploads->journal, &j);
    *out = (struct uploads_stats){ .purged = atomic_load(&uploads->purged),
                                   .waiting = waiting_count(uploads->waiting),
                                   .queued = queued,
                                   .queued_bytes = queued_bytes,
                                   .unsure = j.in_state[INTENT_UNSURE],
                                   .owed = j.in_state[INTENT_OWING],
                                   .names_owed = j.names,
                                   .oldest_ns = j.oldest_ns,
                                   .retries = j.retries,
                                   .found = j.ended[INTENT_FOUND],
                                   .absent = j.ended[INTENT_ABSENT],
                                   .undecidable = j.ended[INTENT_UNDECIDABLE] };
    memcpy(out->last_why, j.last_why, sizeof(out->last_why));
}
