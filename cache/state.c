#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "owned.h"
#include "state_db.h"
#include "state_lock.h"
#include "state_queue.h"
#include "state_row.h"

#include "banned.h"

#define NOTICES_MAX_BYTES 4096

struct state {
    int lock_fd; /* set once, as all here */
    struct state_db *db;
    struct state_queue *queue;
    struct buf notices; /* of the start */
};

static int state_start(struct state *st, const char *dir, int64_t wait_ms, struct clock *clock,
                       struct log *log, struct failure *err)
{
    cleanup_fd int dirfd = -1;
    int rc = owned_dir_open("state directory", dir, &dirfd, err);

    if (rc == 0)
        rc = state_lock(dirfd, dir, wait_ms, clock, &st->lock_fd, err);
    if (rc == 0)
        rc = state_db_open(dirfd, dir, &st->db, &st->notices, err);
    if (rc < 0)
        return rc;
    rc = fsync(dirfd) < 0 ? -errno : 0;
    if (rc == 0)
        rc = state_queue_new(st->db, log, &st->queue);
    return rc < 0 ? fail(err, rc, 0, "state directory %s: %s", dir, strerror(-rc)) : 0;
}

int state_open(const char *dir, int64_t wait_ms, struct clock *clock, struct log *log,
               struct state **out, struct failure *err)
{
    struct state *st = calloc(1, sizeof(*st));
    int rc;

    if (!st)
        return fail(err, -ENOMEM, 0, "out of memory");
    st->lock_fd = -1;
    buf_init(&st->notices, NOTICES_MAX_BYTES);
    rc = state_start(st, dir, wait_ms, clock, log, err);
    if (rc < 0) {
        if (st->notices.len) /* what was set aside is not to be searched for */
            log_line(log, LOG_LEVEL_WARNING, "%s", buf_str(&st->notices));
        state_close(st);
        return rc;
    }
    *out = st;
    return 0;
}

void state_close(struct state *st)
{
    if (!st)
        return;
    state_queue_free(st->queue);
    state_db_close(st->db);
    if (st->lock_fd >= 0)
        close(st->lock_fd);
    buf_release(&st->notices);
    free(st);
}

const char *state_notices(const struct state *st)
{
    return buf_str(&st->notices);
}

int state_flush(struct state *st, struct failure *err)
{
    return state_queue_flush(st->queue, err);
}

/* --- Changes ---------------------------------------------------------------------------------- */

struct state_write {
    struct state_job job; /* first: it is the job */
    const struct state_step *steps;
    size_t n;
    struct state_step *copies; /* its own, when nobody waits */
};

static int run_apply(struct state_db *db, struct state_job *job, struct failure *err)
{
    struct state_write *w = (struct state_write *)job;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < w->n; i++)
        rc = state_db_change(db, &w->steps[i], err);
    return rc;
}

static void release_apply(struct state_job *job)
{
    struct state_write *w = (struct state_write *)job;

    free(w->copies);
    free(w);
}

int state_apply(struct state *st, const struct state_step *steps, size_t n, enum state_when when,
                struct failure *err)
{
    struct state_write now = { .job = { .run = run_apply,
                                        .release = release_apply,
                                        .writes = true,
                                        .patient = when == STATE_SOON },
                               .steps = steps,
                               .n = n };
    struct state_write *later;

    if (when != STATE_LATER)
        return state_queue_run(st->queue, &now.job, err);
    now.copies = state_steps_copy(steps, n);
    now.steps = now.copies;
    later = now.copies ? malloc(sizeof(*later)) : NULL;
    if (!later) {
        free(now.copies);
        return fail(err, -ENOMEM, 0, "out of memory");
    }
    *later = now;
    state_queue_later(st->queue, &later->job);
    return 0;
}

int state_apply_begin(struct state *st, const struct state_step *steps, size_t n, bool soon,
                      struct state_write **out, struct failure *err)
{
    struct state_write *w = calloc(1, sizeof(*w));

    if (!w)
        return fail(err, -ENOMEM, 0, "out of memory");
    w->job.run = run_apply;
    w->job.writes = true;
    w->job.patient = soon;
    w->steps = steps;
    w->n = n;
    state_queue_begin(st->queue, &w->job);
    *out = w;
    return 0;
}

int state_apply_wait(struct state *st, struct state_write *w, struct failure *err)
{
    int rc = state_queue_wait(st->queue, &w->job, err);

    free(w);
    return rc;
}

int state_put_drop(struct state *st, const struct drop_row *row, bool durable, struct failure *err)
{
    struct state_step step = { .change = STATE_PUT_DROP, .row = row };

    return state_apply(st, &step, 1, durable ? STATE_NOW : STATE_LATER, err);
}

int state_delete_drop(struct state *st, const char *folder, const char *name, bool durable,
                      struct failure *err)
{
    struct state_step step = { .change = STATE_DELETE_DROP, .folder = folder, .name = name };

    return state_apply(st, &step, 1, durable ? STATE_NOW : STATE_LATER, err);
}

int state_rename_folder(struct state *st, const char *folder, const char *to_folder, bool durable,
                        struct failure *err)
{
    struct state_step step = { .change = STATE_RENAME_FOLDER,
                               .folder = folder,
                               .to_folder = to_folder };

    return state_apply(st, &step, 1, durable ? STATE_NOW : STATE_LATER, err);
}

/* --- Questions -------------------------------------------------------------------------------- */

struct rows_job {
    struct state_job job;
    enum state_question question;
    const char *text;
    enum row_state state;
    struct row_list list;
};

static int run_rows(struct state_db *db, struct state_job *job, struct failure *err)
{
    struct rows_job *r = (struct rows_job *)job;

    row_list_release(&r->list);
    return state_db_rows(db, r->question, r->text, r->state, &r->list, err);
}

static int ask_rows(struct state *st, struct rows_job *r,
                    int (*each)(void *arg, const struct drop_row *row), void *arg,
                    struct failure *err)
{
    int rc;

    r->job.run = run_rows;
    rc = state_queue_run(st->queue, &r->job, err);
    for (size_t i = 0; rc == 0 && i < r->list.n; i++)
        rc = each(arg, r->list.rows[i]);
    row_list_release(&r->list);
    return rc;
}

int state_load_folder(struct state *st, const char *folder,
                      int (*each)(void *arg, const struct drop_row *row), void *arg,
                      struct failure *err)
{
    struct rows_job r = { .question = ROWS_OF_FOLDER, .text = folder };

    return ask_rows(st, &r, each, arg, err);
}

int state_load_below(struct state *st, const char *folder,
                     int (*each)(void *arg, const struct drop_row *row), void *arg,
                     struct failure *err)
{
    struct rows_job r = { .question = ROW_OF_EACH_BELOW, .text = folder };

    return ask_rows(st, &r, each, arg, err);
}

int state_load_in_state(struct state *st, enum row_state state,
                        int (*each)(void *arg, const struct drop_row *row), void *arg,
                        struct failure *err)
{
    struct rows_job r = { .question = ROWS_IN_STATE, .state = state };

    return ask_rows(st, &r, each, arg, err);
}

int state_find_by_id(struct state *st, const char *id,
                     int (*each)(void *arg, const struct drop_row *row), void *arg,
                     struct failure *err)
{
    struct rows_job r = { .question = ROWS_WITH_ID, .text = id };

    return ask_rows(st, &r, each, arg, err);
}

struct intents_job {
    struct state_job job;
    struct intent_list list;
};

static int run_intents(struct state_db *db, struct state_job *job, struct failure *err)
{
    struct intents_job *i = (struct intents_job *)job;

    intent_list_release(&i->list);
    return state_db_intents(db, &i->list, err);
}

int state_load_intents(struct state *st, int (*each)(void *arg, const struct intent_row *row),
                       void *arg, struct failure *err)
{
    struct intents_job job = { .job = { .run = run_intents } };
    int rc = state_queue_run(st->queue, &job.job, err);

    for (size_t i = 0; rc == 0 && i < job.list.n; i++)
        rc = each(arg, job.list.rows[i]);
    intent_list_release(&job.list);
    return rc;
}

int state_load_spooled(struct state *st, int (*each)(void *arg, const struct drop_row *row),
                       void *arg, struct failure *err)
{
    struct rows_job r = { .question = ROWS_WITH_SPOOL };

    return ask_rows(st, &r, each, arg, err);
}

struct digest_job {
    struct state_job job;
    const uint8_t *sha256;
    bool found;
};

static int run_digest(struct state_db *db, struct state_job *job, struct failure *err)
{
    struct digest_job *d = (struct digest_job *)job;

    return state_db_find_digest(db, d->sha256, &d->found, err);
}

int state_has_digest(struct state *st, const uint8_t sha256[STATE_DIGEST_BYTES], bool *found,
                     struct failure *err)
{
    struct digest_job d = { .job = { .run = run_digest }, .sha256 = sha256 };
    int rc = state_queue_run(st->queue, &d.job, err);

    if (rc == 0)
        *found = d.found;
    return rc;
}

struct figures_job {
    struct state_job job;
    int64_t counts[ROW_STATES];
    uint64_t spool;
    int64_t failed_number;
};

static int run_count(struct state_db *db, struct state_job *job, struct failure *err)
{
    return state_db_count(db, ((struct figures_job *)job)->counts, err);
}

static int run_greatest(struct state_db *db, struct state_job *job, struct failure *err)
{
    struct figures_job *f = (struct figures_job *)job;

    return state_db_greatest(db, &f->spool, &f->failed_number, err);
}

int state_count(struct state *st, int64_t counts[ROW_STATES], struct failure *err)
{
    struct figures_job f = { .job = { .run = run_count } };
    int rc = state_queue_run(st->queue, &f.job, err);

    if (rc == 0)
        memcpy(counts, f.counts, sizeof(f.counts));
    return rc;
}

int state_greatest(struct state *st, uint64_t *spool, int64_t *failed_number, struct failure *err)
{
    struct figures_job f = { .job = { .run = run_greatest } };
    int rc = state_queue_run(st->queue, &f.job, err);

    if (rc == 0) {
        *spool = f.spool;
        *failed_number = f.failed_number;
    }
    return rc;
}

/* --- Sizes and values ------------------------------------------------------------------------- */

struct size_job {
    struct state_job job;
    int64_t size;
    char id[];
};

static int run_put_size(struct state_db *db, struct state_job *job, struct failure *err)
{
    struct size_job *s = (struct size_job *)job;

    return state_db_put_size(db, s->id, s->size, err);
}

/* Of a job that is one allocation. */
static void release_flat(struct state_job *job)
{
    free(job);
}

int state_put_size(struct state *st, const char *id, int64_t size, struct failure *err)
{
    size_t bytes = strlen(id) + 1;
    struct size_job *s = calloc(1, sizeof(*s) + bytes);

    if (!s)
        return fail(err, -ENOMEM, 0, "out of memory");
    s->job.run = run_put_size;
    s->job.release = release_flat;
    s->job.writes = true;
    s->size = size;
    memcpy(s->id, id, bytes);
    state_queue_later(st->queue, &s->job);
    return 0;
}

struct sweep_job {
    struct state_job job;
    bool (*is_gone)(void *arg, const char *id);
    void (*release)(void *arg);
    void *arg;
};

static int run_sweep(struct state_db *db, struct state_job *job, struct failure *err)
{
    struct sweep_job *s = (struct sweep_job *)job;

    return state_db_sweep_sizes(db, s->is_gone, s->arg, err);
}

static void release_sweep(struct state_job *job)
{
    struct sweep_job *s = (struct sweep_job *)job;

    s->release(s->arg);
    free(s);
}

int state_sweep_sizes(struct state *st, bool (*is_gone)(void *arg, const char *id),
                      void (*release)(void *arg), void *arg, struct failure *err)
{
    struct sweep_job *s = calloc(1, sizeof(*s));

    if (!s) {
        release(arg);
        return fail(err, -ENOMEM, 0, "out of memory");
    }
    s->job = (struct state_job){ .run = run_sweep, .release = release_sweep, .writes = true };
    s->is_gone = is_gone;
    s->release = release;
    s->arg = arg;
    state_queue_later(st->queue, &s->job);
    return 0;
}

struct sizes_job {
    struct state_job job;
    const char *const *ids;
    size_t n;
    int64_t *sizes;
};

static int run_get_sizes(struct state_db *db, struct state_job *job, struct failure *err)
{
    struct sizes_job *s = (struct sizes_job *)job;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < s->n; i++)
        rc = state_db_get_size(db, s->ids[i], &s->sizes[i], err);
    return rc;
}

int state_get_sizes(struct state *st, const char *const *ids, size_t n, int64_t *sizes,
                    struct failure *err)
{
    struct sizes_job s = { .job = { .run = run_get_sizes }, .ids = ids, .n = n };
    int rc;

    if (n == 0)
        return 0;
    s.sizes = calloc(n, sizeof(s.sizes[0])); /* so that a failure leaves the caller's as they are */
    if (!s.sizes)
        return fail(err, -ENOMEM, 0, "out of memory");
    rc = state_queue_run(st->queue, &s.job, err);
    if (rc == 0)
        memcpy(sizes, s.sizes, n * sizeof(sizes[0]));
    free(s.sizes);
    return rc;
}

struct value_job {
    struct state_job job;
    const char *key;
    const char *value; /* what to put */
    char *found;       /* what was got */
};

static int run_put_value(struct state_db *db, struct state_job *job, struct failure *err)
{
    struct value_job *v = (struct value_job *)job;

    return state_db_put_value(db, v->key, v->value, err);
}

static int run_get_value(struct state_db *db, struct state_job *job, struct failure *err)
{
    struct value_job *v = (struct value_job *)job;

    free(steal_pointer(&v->found));
    return state_db_get_value(db, v->key, &v->found, err);
}

int state_put_value(struct state *st, const char *key, const char *value, bool durable,
                    struct failure *err)
{
    struct value_job now = {
        .job = { .run = run_put_value, .release = release_flat, .writes = true },
        .key = key,
        .value = value
    };
    struct value_job *later;
    char *at;

    if (durable)
        return state_queue_run(st->queue, &now.job, err);
    later = malloc(sizeof(*later) + packed_bytes(key) + packed_bytes(value));
    if (!later)
        return fail(err, -ENOMEM, 0, "out of memory");
    *later = now;
    at = (char *)(later + 1);
    later->key = pack(&at, key);
    later->value = pack(&at, value);
    state_queue_later(st->queue, &later->job);
    return 0;
}

int state_get_value(struct state *st, const char *key, char **value, struct failure *err)
{
    struct value_job v = { .job = { .run = run_get_value }, .key = key };
    int rc = state_queue_run(st->queue, &v.job, err);

    if (rc < 0) {
        free(v.found);
        return rc;
    }
    if (!v.found)
        return -ENOENT;
    *value = v.found;
    return 0;
}
