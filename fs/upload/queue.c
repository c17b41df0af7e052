#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "drop_events.h"
#include "drop_folders.h"
#include "drop_rows.h"
#include "drop_sealed.h"
#include "drop_table.h"
#include "drops.h"
#include "folder.h"
#include "hash.h"
#include "journal.h"
#include "journal_ask.h"
#include "lock.h"
#include "moving.h"
#include "state.h"
#include "uploads_context.h"

#include "banned.h"

struct queued {
    struct drop *drop; /* with a reference */
    int64_t number;    /* of its intent */
    uint64_t upload;
    UT_hash_handle hh;        /* by drop */
    UT_hash_handle by_number; /* by number */
};

struct queue {
    struct lock lock;
    struct queued *by_drop; /* guarded by lock, as the next */
    struct queued *by_number;
};

/* --- The table -------------------------------------------------------------------------------- */

int queue_new(struct queue **out)
{
    struct queue *q = calloc(1, sizeof(*q));

    if (!q)
        return -ENOMEM;
    lock_init(&q->lock, LOCK_QUEUE);
    *out = q;
    return 0;
}

/* The caller has the reference to its drop, and the memory. */
static void take_out_locked(struct queue *q, struct queued *one)
{
    HASH_DELETE(by_number, q->by_number, one);
    HASH_DELETE(hh, q->by_drop, one);
}

void queue_free(struct queue *q)
{
    struct queued *one, *next;

    if (!q)
        return;
    HASH_ITER(hh, q->by_drop, one, next) {
        take_out_locked(q, one);
        drop_unref(one->drop);
        free(one);
    }
    lock_destroy(&q->lock);
    free(q);
}

/* What d has in the queue; number 0: nothing. */
static struct queued find(struct uploads *uploads, const struct drop *d)
{
    struct queued *one = NULL, copy = { .number = 0 };

    lock_take(&uploads->queue->lock);
    HASH_FIND_PTR(uploads->queue->by_drop, &d, one);
    if (one)
        copy = *one;
    lock_give(&uploads->queue->lock);
    return copy;
}

struct drop *queue_find(struct uploads *uploads, int64_t number)
{
    struct queued *one = NULL;
    struct drop *d;

    lock_take(&uploads->queue->lock);
    HASH_FIND(by_number, uploads->queue->by_number, &number, sizeof(number), one);
    d = one ? drop_ref(one->drop) : NULL;
    lock_give(&uploads->queue->lock);
    return d;
}

static int put(struct uploads *uploads, struct drop *d, int64_t number, uint64_t upload)
{
    struct queue *q = uploads->queue;
    struct queued *one = calloc(1, sizeof(*one));
    bool added;

    if (!one)
        return -ENOMEM;
    one->drop = drop_ref(d);
    one->number = number;
    one->upload = upload;
    lock_take(&q->lock);
    HASH_ADD_PTR(q->by_drop, drop, one);
    added = HASH_ADDED(one);
    if (added) {
        HASH_ADD(by_number, q->by_number, number, sizeof(one->number), one);
        added = one->by_number.tbl != NULL;
        if (!added)
            HASH_DELETE(hh, q->by_drop, one);
    }
    lock_give(&q->lock);
    if (!added) {
        drop_unref(one->drop);
        free(one);
    }
    return added ? 0 : -ENOMEM;
}

void queue_forget(struct uploads *uploads, const struct drop *d)
{
    struct queue *q = uploads->queue;
    struct queued *one = NULL;

    lock_take(&q->lock);
    HASH_FIND_PTR(q->by_drop, &d, one);
    if (one)
        take_out_locked(q, one);
    lock_give(&q->lock);
    if (one)
        drop_unref(one->drop);
    free(one);
}

/* --- In, and out before it is sent ------------------------------------------------------------ */

/* What is submitted, and as what. */
struct submission {
    struct uploads *uploads;
    struct drop *drop;
    struct folder *folder;
    const char *name;
    struct moving *moving; /* it is called so from then on; or NULL */
};

/* The drop's row, and its name if it moves, in one transaction with the intent. */
static int save(const struct submission *s, const struct intent_change *change)
{
    cleanup_intent_change struct intent_change debt = { .row = NULL };
    struct state_step steps[DROP_WITH_MAX] = { change->step };
    int rc;

    if (!s->moving)
        return drop_row_save_with(s->uploads->drops, s->drop, steps, 1, STATE_NOW);
    rc = moving_debt(s->moving, &debt);
    if (rc < 0)
        return rc;
    steps[1] = debt.step;
    rc = drops_move_over(s->uploads->drops, s->drop, s->folder, s->name, s->moving->there, steps,
                         rc == 0 ? 2 : 1);
    if (rc < 0 && s->moving->debt) {
        journal_forget(s->uploads->journal, s->moving->debt);
        s->moving->debt = 0;
    }
    return rc;
}

/* The same bytes are queued already, perhaps on their way: they get another name. */
static int rename_queued(const struct submission *s, const struct queued *one, const char *key)
{
    cleanup_free struct intent_row *before = journal_copy(s->uploads->journal, one->number);
    cleanup_intent_change struct intent_change change = { .row = NULL }, back = { .row = NULL };
    struct intent_news news = { .folder = key, .name = s->name };
    int rc = before ? journal_note(s->uploads->journal, one->number, &news, &change) : -ENOENT;

    if (rc == 0)
        rc = save(s, &change);
    if (rc < 0 && before) {
        news = (struct intent_news){ .folder = before->folder, .name = before->name };
        journal_note(s->uploads->journal, one->number, &news, &back);
    }
    return rc;
}

/* A new one, and the drop's row, in one transaction. */
static int submit_new(const struct submission *s, const struct intent_row *row)
{
    struct uploads *uploads = s->uploads;
    struct drop *d = s->drop;
    cleanup_intent_change struct intent_change change = { .row = NULL };
    int64_t number;
    int rc = journal_add(uploads->journal, row, &number, &change);

    if (rc < 0)
        return rc;
    rc = put(uploads, d, number, row->upload);
    if (rc == 0)
        rc = save(s, &change);
    if (rc < 0) {
        queue_forget(uploads, d);
        journal_forget(uploads->journal, number);
        return rc;
    }
    journal_leave(uploads->journal, number, uploads->settle_ms);
    return 0;
}

static void set_upload(struct uploads *uploads, struct drop *d, uint64_t upload)
{
    struct queued *one = NULL;

    lock_take(&uploads->queue->lock);
    HASH_FIND_PTR(uploads->queue->by_drop, &d, one);
    if (one)
        one->upload = upload;
    lock_give(&uploads->queue->lock);
}

/* Nothing of what was queued has gone out: it gets other bytes. -EBUSY, -ENOENT: it may have, or has. */
static int replace_waiting(const struct submission *s, const struct queued *one,
                           const struct intent_row *row)
{
    struct uploads *uploads = s->uploads;
    cleanup_free struct intent_row *before = journal_copy(uploads->journal, one->number);
    cleanup_intent_change struct intent_change change = { .row = NULL }, back = { .row = NULL };
    struct intent_news news = {
        .folder = row->folder,
        .name = row->name,
        .sha256 = row->sha256,
        .upload = row->upload,
        .size = row->size,
    };
    int rc = before ? journal_replace(uploads->journal, one->number, &news, &change) : -ENOENT;

    if (rc < 0)
        return rc;
    rc = save(s, &change);
    if (rc < 0) {
        news = (struct intent_news){ .folder = before->folder,
                                     .name = before->name,
                                     .sha256 = before->has_sha256 ? before->sha256 : NULL,
                                     .upload = before->upload,
                                     .size = before->size };
        journal_note(uploads->journal, one->number, &news, &back);
        return rc;
    }
    set_upload(uploads, s->drop, row->upload);
    journal_put_off(uploads->journal, one->number, uploads->settle_ms); /* a worker may hold it */
    return 0;
}

/* What may be there already is looked for, and goes. */
static int submit_after(const struct submission *s, const struct queued *one,
                        const struct intent_row *row)
{
    cleanup_intent_change struct intent_change change = { .row = NULL };
    struct uploads *uploads = s->uploads;
    int rc;

    queue_forget(uploads, s->drop);
    rc = submit_new(s, row);
    if (rc < 0) {
        put(uploads, s->drop, one->number, one->upload);
        return rc;
    }
    if (journal_withdraw(uploads->journal, one->number, &change) == 0)
        state_apply(uploads->state, &change.step, 1, STATE_NOW, NULL);
    return 0;
}

/* What may have been made of it already: would it be what is to be made now? */
static bool is_the_same(const struct submission *s, int64_t number)
{
    struct drops *drops = s->uploads->drops;
    cleanup_free struct intent_row *before = journal_copy(s->uploads->journal, number);
    struct drop_snapshot now = drop_snapshot(drops, s->drop);
    struct folder *was;

    if (!before || before->state == INTENT_WAITING)
        return true;
    return drops_folder(drops, before->folder, &was) == 0 && folder_same_list(was, s->folder) &&
           strcmp(now.id, before->old ? before->old : "") == 0;
}

static int submit(const struct submission *s, const struct intent_row *row)
{
    struct queued there = find(s->uploads, s->drop);
    int rc;

    if (!there.number)
        return submit_new(s, row);
    if (there.upload == row->upload)
        return is_the_same(s, there.number) ? rename_queued(s, &there, row->folder)
                                            : submit_after(s, &there, row);
    rc = replace_waiting(s, &there, row);
    return rc == -EBUSY || rc == -ENOENT ? submit_after(s, &there, row) : rc;
}

int queue_submit(struct uploads *uploads, struct drop *d, struct folder *f, const char *name,
                 struct moving *moving, const struct bytes *bytes, const uint8_t *sha256,
                 struct failure *err)
{
    const struct submission s = {
        .uploads = uploads, .drop = d, .folder = f, .name = name, .moving = moving
    };
    struct intent_row row = { .kind = INTENT_CREATE,
                              .state = INTENT_WAITING,
                              .resource = (int)f->res->kind,
                              .name = name,
                              .upload = bytes->number,
                              .has_sha256 = true,
                              .since_ns = clock_realtime_ns(uploads->clock) };
    cleanup_free char *key = drops_key(uploads->drops, f);
    bool waited = drop_snapshot(uploads->drops, d).state == DROP_WAITING;
    int rc = bytes_sync(bytes);
    struct stat st;

    if (rc == 0 && fstat(bytes->fd, &st) == 0)
        row.size = st.st_size;
    if (rc == 0 && !key)
        rc = -ENOMEM;
    if (rc < 0)
        return fail(err, rc, 0, "it cannot be kept on this machine: %s", strerror(-rc));
    row.folder = key;
    memcpy(row.sha256, sha256, sizeof(row.sha256));
    drop_queued(uploads->drops, d);
    rc = submit(&s, &row);
    if (rc == 0)
        return 0;
    if (!waited)
        drop_written(uploads->drops, d);
    if (rc == -EEXIST)
        return fail(err, -EBUSY, 0, "somebody has made another one of that name meanwhile");
    return fail(err, rc, 0, "it cannot be kept on this machine: %s", strerror(-rc));
}

/* --- What earlier mounts have left ------------------------------------------------------------ */

struct by_upload {
    uint64_t upload;
    int64_t number;
};

static int is_of_upload(void *arg, const struct intent_row *row)
{
    struct by_upload *b = arg;

    if (row->upload == b->upload && row->number > b->number)
        b->number = row->number;
    return 0;
}

/* Its intent; a new one where there is none. */
static int load_drop(struct uploads *uploads, struct drop *d, const struct drop_row *row)
{
    struct folder *f = drop_folder(uploads->drops, d);
    struct by_upload b = { .upload = row->spool };

    journal_each(uploads->journal, is_of_upload, &b);
    if (b.number)
        return put(uploads, d, b.number, row->spool);
    if (!f->res)
        return 0;
    return submit_new(&(struct submission){ .uploads = uploads, .drop = d },
                      &(struct intent_row){ .kind = INTENT_CREATE,
                                            .state = INTENT_WAITING,
                                            .resource = (int)f->res->kind,
                                            .folder = row->folder,
                                            .name = row->name,
                                            .upload = row->spool,
                                            .since_ns = clock_realtime_ns(uploads->clock) });
}

static int load_row(void *arg, const struct drop_row *row)
{
    struct uploads *uploads = arg;
    struct folder *f;
    struct drop *d;
    int rc = drops_folder(uploads->drops, row->folder, &f);

    if (rc < 0)
        return rc == -EINVAL ? 0 : rc; /* a folder of another version's: left alone */
    d = drops_find(uploads->drops, f, row->name);
    rc = d && drop_snapshot(uploads->drops, d).state == DROP_WAITING ? load_drop(uploads, d, row)
                                                                     : 0;
    drop_unref(d);
    return rc;
}

int queue_load(struct uploads *uploads)
{
    return state_load_in_state(uploads->state, ROW_WAITING, load_row, uploads, NULL);
}

size_t queue_count(struct uploads *uploads, int64_t *bytes)
{
    struct queue *q = uploads->queue;
    struct queued *one, *next;
    struct drop **drops;
    size_t n = 0, wanted = 0;

    *bytes = 0;
    lock_take(&q->lock);
    drops = calloc(HASH_COUNT(q->by_drop) + 1, sizeof(struct drop *));
    if (drops)
        HASH_ITER(hh, q->by_drop, one, next)
            drops[n++] = drop_ref(one->drop);
    lock_give(&q->lock);
    for (size_t i = 0; i < n; i++) {
        if (drop_snapshot(uploads->drops, drops[i]).linked) {
            wanted++;
            *bytes += drop_size(uploads->drops, drops[i]);
        }
        drop_unref(drops[i]);
    }
    free(drops);
    return wanted;
}
