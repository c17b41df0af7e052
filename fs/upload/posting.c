#include "posting.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "doomed.h"
#include "drop_folders.h"
#include "errlog.h"
#include "known.h"
#include "passes.h"
#include "remote_delete.h"
#include "types.h"
#include "unsure.h"
#include "uploads_context.h"

#include "drop.h"

#include "banned.h"

#define LOOK_MAX_BYTES (8 * 1024 * 1024)
#define LOOK_AGAIN_MS 2000
#define BUSY_AGAIN_MS 300

/* Where it is about, for the error log. */
static void path_of(const struct intent_row *row, char out[PATH_TEXT_MAX])
{
    if (row->folder && row->name)
        snprintf(out, PATH_TEXT_MAX, "/%s/%s", row->folder, row->name);
    else
        snprintf(out, PATH_TEXT_MAX, "%s", row->old ? row->old : row->id ? row->id : "");
}

void posting_report(struct uploads *uploads, const char *operation, const struct intent_row *row,
                    int rc, const struct failure *why)
{
    char path[PATH_TEXT_MAX];

    path_of(row, path);
    errlog_add(uploads->errlog, operation, path, rc, why);
}

/* --- A POST ----------------------------------------------------------------------------------- */

/* Who works at it for the journal says so to the journal by himself. */
static void leave(struct posting *p, int64_t in_ms)
{
    if (!p->queued)
        journal_leave(p->uploads->journal, p->number, in_ms);
}

/* An earlier one for that name, in *row and held; 0 there is none. */
static int take_earlier(struct posting *p, const char *key, struct intent_row **row,
                        struct failure *err)
{
    struct clock *clock = clock_real();
    int64_t end = clock_now_ms(clock) + p->uploads->unsure_ms;

    for (;;) {
        int64_t now = clock_now_ms(clock);
        int rc = journal_take(p->uploads->journal, INTENT_CREATE, key, p->name, row);

        if (rc != -EBUSY)
            return rc == -ENOENT ? 0 : rc;
        if (now >= end + BUSY_AGAIN_MS)
            return fail(err, -EAGAIN, 0, "an earlier one is still being looked for");
        if (call_wait(p->call, clock, now + BUSY_AGAIN_MS) == -EINTR)
            return -EINTR;
    }
}

/* Its bytes are the same, and nobody knows whether it was carried out. 1: it was. */
static int look_earlier(struct posting *p, const struct intent_row *row, struct record **out,
                        struct failure *err)
{
    int64_t left_ms = row->since_ms + p->uploads->unsure_ms - clock_now_ms(p->uploads->clock);
    char words[FAILURE_TEXT_MAX];
    int rc = unsure_wait(p->uploads, p->call, row, left_ms, out, words, err);

    if (rc == UNSURE_FOUND)
        return 1;
    if (rc == UNSURE_SEVERAL)
        fail(err, -EIO, 0, "it is there more than once: %s", words);
    if (rc == UNSURE_NONE)
        return 0;
    failure_unknown(err);
    return rc < 0 ? rc : -EIO;
}

static int settle_earlier(struct posting *p, struct intent_row *row, struct record **out,
                          struct failure *err)
{
    struct journal *j = p->uploads->journal;
    bool same = row->state == INTENT_UNSURE && row->has_sha256 && row->size == p->size &&
                memcmp(row->sha256, p->sha256, sizeof(row->sha256)) == 0;
    int rc = same ? look_earlier(p, row, out, err) : 0;

    if (rc == 1) {
        p->number = row->number;
        p->old = row->old; /* what it was to replace */
        return 1;
    }
    if (rc == 0 && same)
        journal_tell(j, row->number, INTENT_ABSENT, NULL, STATE_LATER);
    journal_leave(j, row->number, LOOK_AGAIN_MS);
    return rc;
}

int posting_begin(struct posting *p, const struct body *body, struct record **out,
                  struct failure *err)
{
    cleanup_buf struct buf look = BUF_INIT(LOOK_MAX_BYTES);
    cleanup_free char *key = drops_key(p->uploads->drops, p->folder);
    cleanup_free struct intent_row *earlier = NULL;
    struct intent_row row = { .kind = INTENT_CREATE, .state = INTENT_SENDING };
    int rc = key ? body_write(body, &look) : -ENOMEM;

    if (rc == 0 && !p->number)
        rc = take_earlier(p, key, &earlier, err);
    if (rc == 0 && earlier)
        rc = settle_earlier(p, earlier, out, err);
    if (rc != 0)
        return rc;
    row.resource = (int)p->folder->res->kind;
    row.folder = key;
    row.name = p->name;
    row.old = p->old;
    row.look = buf_str(&look);
    row.size = p->size;
    row.since_ns = clock_realtime_ns(p->uploads->clock);
    row.server_ns = backend_now_ns(p->uploads->backend);
    row.has_sha256 = true;
    memcpy(row.sha256, p->sha256, sizeof(row.sha256));
    if (p->number) {
        struct intent_news news = { .folder = row.folder,
                                    .name = row.name,
                                    .old = row.old,
                                    .owes_nothing = !row.old, /* whatever an earlier try did */
                                    .look = row.look,
                                    .sha256 = row.sha256,
                                    .size = row.size,
                                    .since_ns = row.since_ns,
                                    .server_ns = row.server_ns };

        return journal_tell(p->uploads->journal, p->number, INTENT_SENT, &news,
                            p->queued ? STATE_SOON : STATE_NOW);
    }
    return journal_begin(p->uploads->journal, &row, NULL, 0, &p->number, err);
}

int posting_again(struct posting *p, const struct body *body, struct failure *err)
{
    cleanup_buf struct buf look = BUF_INIT(LOOK_MAX_BYTES);
    struct intent_news news = { 0 };
    int rc = body_write(body, &look);

    news.look = buf_str(&look);
    if (rc == 0)
        rc = journal_tell(p->uploads->journal, p->number, INTENT_SENT, &news,
                          p->queued ? STATE_SOON : STATE_NOW);
    return rc < 0 ? fail(err, rc, 0, "it cannot be recorded: %s", strerror(-rc)) : 0;
}

/* Nobody knows whether it was carried out. */
static int look_for_it(struct posting *p, int rc, struct record **out, struct failure *err)
{
    cleanup_free struct intent_row *row = journal_copy(p->uploads->journal, p->number);
    int64_t wait_ms = failure_is_answer(err) ? 0 : p->uploads->unsure_ms;
    struct journal *j = p->uploads->journal;
    char words[FAILURE_TEXT_MAX];
    struct failure why = { 0 };

    if (p->queued && wait_ms)
        return rc; /* nobody waits: the journal looks for it */
    switch (row ? unsure_wait(p->uploads, p->call, row, wait_ms, out, words, &why) : -ENOMEM) {
    case UNSURE_FOUND:
        return 0;
    case UNSURE_NONE:
        failure_known(err);
        journal_tell(j, p->number, INTENT_ABSENT, NULL, STATE_LATER);
        leave(p, 0);
        if (!p->queued)
            p->number = 0; /* that one is done */
        return wait_ms ? POSTING_AGAIN : rc;
    case UNSURE_SEVERAL:
        failure_set(err, err->status, "it may be one of these, which nobody here has made: %s",
                    words);
        failure_unknown(err);
        journal_tell(j, p->number, INTENT_UNDECIDABLE, NULL, STATE_LATER);
        break;
    default: /* it cannot be asked now */
        break;
    }
    leave(p, LOOK_AGAIN_MS);
    return rc;
}

int posting_failed(struct posting *p, int rc, struct record **out, struct failure *err)
{
    struct journal *j = p->uploads->journal;

    if (err->outcome != OUTCOME_UNKNOWN) {
        bool again = failure_passes(rc, err);

        journal_tell(j, p->number, again ? INTENT_POSTPONED : INTENT_REFUSED, NULL, STATE_LATER);
        leave(p, 0);
        return rc;
    }
    journal_tell(j, p->number, INTENT_LOST, NULL, STATE_LATER);
    return look_for_it(p, rc, out, err);
}

int posting_answered(struct posting *p, const char *id, struct intent_change *out)
{
    struct intent_news news = { .id = id };

    return journal_change(p->uploads->journal, p->number, INTENT_ANSWERED, &news, out);
}

/* --- What has to go --------------------------------------------------------------------------- */

/* 0: it has gone; 1: it stays for good, and that was said; -errno: later. */
int delete_owed(struct uploads *uploads, struct call *call, const struct target *t,
                const struct intent_row *row, struct record **was, struct failure *why)
{
    int rc = remote_delete(uploads->remote, call, t, was, why);

    if (rc < 0 && failure_passes(rc, why))
        return rc;
    drops_spare(uploads->drops, t->id);
    if (rc == 0)
        return 0;
    posting_report(uploads,
                   row->kind == INTENT_DELETE && row->name ? "delete" : "delete the replaced", row,
                   rc, why);
    return 1;
}

static void pay(struct uploads *uploads, struct call *call, int64_t number,
                const struct target *old, const struct intent_row *row)
{
    struct failure why = { 0 };
    int rc;

    if (!uploads->nodelete)
        drops_doom(uploads->drops, old->id);
    rc = uploads->nodelete ? 0 : delete_owed(uploads, call, old, row, NULL, &why);
    if (rc >= 0) /* what was said is not said again by the next mount */
        journal_tell(uploads->journal, number, INTENT_DELETED, NULL,
                     rc > 0 ? STATE_NOW : STATE_LATER);
}

void posting_pay(struct posting *p, const struct target *old)
{
    struct intent_row row = { .old = old->id };

    if (!p->number)
        return;
    if (old->id)
        pay(p->uploads, p->call, p->number, old, &row);
    leave(p, LOOK_AGAIN_MS);
}

void posting_spare(struct posting *p)
{
    if (!p->number)
        return;
    journal_tell(p->uploads->journal, p->number, INTENT_DELETED, NULL, STATE_NOW);
    leave(p, LOOK_AGAIN_MS);
}

int owe_delete(struct uploads *uploads, struct call *call, const struct target *t,
               const struct state_step *with, size_t n, struct failure *err)
{
    struct intent_row row = { .kind = INTENT_DELETE,
                              .state = INTENT_OWING,
                              .resource = (int)t->res->kind,
                              .old = t->id,
                              .since_ns = clock_realtime_ns(uploads->clock) };
    int64_t number;
    int rc = journal_begin(uploads->journal, &row, with, n, &number, err);

    if (rc == 0) {
        pay(uploads, call, number, t, &row);
        journal_leave(uploads->journal, number, LOOK_AGAIN_MS);
    }
    return rc;
}
