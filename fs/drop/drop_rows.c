#include "drop_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drop_links.h"
#include "drop_promise.h"
#include "state.h"

#include "banned.h"

/* The copies that a row needs once the lock is released. */
struct row_copy {
    struct drop_row row;
    char *folder, *name, *id, *error, *xattrs, *parked, *taken;
    char *from;      /* the folder that it was in, if it was moved */
    const char *old; /* its name there */
    bool linked;
    bool name_taken; /* the name that it had: the row there is another's */
};

static void copy_release(struct row_copy *c)
{
    free(c->folder);
    free(c->name);
    free(c->id);
    free(c->error);
    free(c->xattrs);
    free(c->parked);
    free(c->taken);
    free(c->from);
}
#define cleanup_copy CLEANUP(copy_release)

char *drop_failed_key(const char *key)
{
    char *out;

    return asprintf(&out, DROP_FAILED_KEY "%s", key) < 0 ? NULL : out;
}

static enum row_state state_of(const struct drops *t, const struct drop *d)
{
    if (d->what == DROP_SUBFOLDER)
        return ROW_FOLDER;
    if (d->folder->memory)
        return ROW_SENT; /* it has no row before it is */
    if (d->state == DROP_APART)
        return ROW_FAILED;
    if (d->local && d->state == DROP_WAITING)
        return ROW_WAITING; /* until somebody writes: they are whole */
    if (d->sealed && drop_is_blank_locked(t, d))
        return ROW_OPEN; /* that has both */
    if (d->local &&
        drop_state_is_dirty(d->state)) /* on its way it is as little complete as written */
        return d->state == DROP_STAYING && (!d->writers || drop_is_promised_locked(t, d))
                   ? ROW_LOCAL
                   : ROW_OPEN;
    return d->id ? ROW_SENT : ROW_LOCAL;
}

static int64_t told_ns(const struct drops *t, const struct drop *d)
{
    int64_t age_ms = clock_now_ms(t->clock) - d->acked_ms;

    return d->acked_ms ? clock_realtime_ns(t->clock) - age_ms * 1000000 : 0;
}

static char *copy_text(const char *text, bool *ok)
{
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        *ok = false;
    return copy;
}

static bool has_row(const struct drop *d)
{
    return d->linked && (!d->folder->memory || d->id);
}

/* Has another one this name by now, with a row? */
static bool is_taken_locked(const struct drop *d, const struct folder *f, const char *name)
{
    struct drop *there =
        d->state == DROP_APART ? drop_linked_failed(f, name) : drop_linked(f, name);

    return there && there != d && has_row(there);
}

static int copy_row(struct drops *t, struct drop *d, const struct folder *from, const char *old,
                    struct row_copy *out)
{
    bool ok = true;

    *out = (struct row_copy){ .old = old };
    drops_lock(t);
    out->from = copy_text(from ? from->key : NULL, &ok);
    out->linked = has_row(d);
    out->name_taken = is_taken_locked(d, from ? from : d->folder, from ? old : d->name);
    out->folder =
        d->state == DROP_APART ? drop_failed_key(d->folder->key) : copy_text(d->folder->key, &ok);
    ok = ok && out->folder;
    out->name = copy_text(d->name, &ok);
    out->id = copy_text(d->id, &ok);
    out->error = copy_text(d->error, &ok);
    out->xattrs = copy_text(d->xattrs, &ok);
    out->parked = copy_text(d->parked_in == d->folder ? d->parked : NULL, &ok);
    out->taken = copy_text(d->torn ? DROP_ROW_TORN : d->taken, &ok);
    out->row = (struct drop_row){ .kind = d->what,
                                  .state = state_of(t, d),
                                  .size = d->acked.size,
                                  .mtime_ns = d->mtime_ns,
                                  .sent_mtime_ns = d->acked.mtime_ns,
                                  .mode = d->mode,
                                  .spool = d->local ? d->local->number : 0,
                                  .has_sha256 = d->acked.has_digest && !d->folder->memory,
                                  .failed_number = d->failed_number,
                                  .failed_ns = d->failed_ns,
                                  .told_ns = told_ns(t, d) };
    if (out->row.state == ROW_LOCAL && !out->error && drop_is_blank_locked(t, d))
        out->error = copy_text(DROP_ROW_BLANK, &ok);
    if (d->sealed && out->row.state == ROW_OPEN)
        out->row.sealed = d->sealed->number;
    if (out->row.has_sha256)
        memcpy(out->row.sha256, d->acked.digest, sizeof(d->acked.digest));
    drops_unlock(t);
    out->row.folder = out->folder;
    out->row.name = out->name;
    out->row.id = out->id;
    out->row.error = out->error;
    out->row.xattrs = out->xattrs;
    out->row.parked = out->parked;
    out->row.taken = out->taken;
    return ok ? 0 : -ENOMEM;
}

/* Rows go out in the order in which they were copied: nothing old overtakes what is newer. Who
 * wants them on disk waits for them when others may go on. with: so many steps more. */
static int put_rows(struct drops *t, struct drop *d, const struct folder *from, const char *old,
                    size_t (*make)(const struct row_copy *copy, struct state_step steps[2]),
                    const struct state_step *with, size_t n_with, enum state_when when)
{
    cleanup_copy struct row_copy copy;
    struct state_write *write = NULL;
    struct state_step steps[2 + DROP_WITH_MAX];
    size_t n;
    int rc;

    lock_take(&t->row_lock);
    rc = copy_row(t, d, from, old, &copy);
    n = rc == 0 ? make(&copy, steps) : 0;
    for (size_t i = 0; rc == 0 && i < n_with; i++)
        steps[n++] = with[i];
    if (n && when != STATE_LATER)
        rc = state_apply_begin(t->state, steps, n, when == STATE_SOON, &write, NULL);
    else if (n)
        rc = state_apply(t->state, steps, n, STATE_LATER, NULL);
    lock_give(&t->row_lock);
    return write ? state_apply_wait(t->state, write, NULL) : rc;
}

static size_t make_save(const struct row_copy *copy, struct state_step steps[2])
{
    steps[0] = (struct state_step){ .change = STATE_PUT_DROP, .row = &copy->row };
    return copy->linked ? 1 : 0;
}

static size_t make_delete(const struct row_copy *copy, struct state_step steps[2])
{
    steps[0] = (struct state_step){ .change = STATE_DELETE_DROP,
                                    .folder = copy->folder,
                                    .name = copy->name };
    return copy->name_taken ? 0 : 1;
}

/* Removed since, it goes from where it was all the same. */
static size_t make_move(const struct row_copy *copy, struct state_step steps[2])
{
    size_t n = 0;

    if (!copy->name_taken)
        steps[n++] = (struct state_step){ .change = STATE_DELETE_DROP,
                                          .folder = copy->from,
                                          .name = copy->old };
    if (copy->linked)
        steps[n++] = (struct state_step){ .change = STATE_PUT_DROP, .row = &copy->row };
    return n;
}

int drop_row_save(struct drops *t, struct drop *d, bool durable)
{
    return put_rows(t, d, NULL, NULL, make_save, NULL, 0, durable ? STATE_NOW : STATE_LATER);
}

int drop_row_save_with(struct drops *t, struct drop *d, const struct state_step *with, size_t n,
                       enum state_when when)
{
    return put_rows(t, d, NULL, NULL, make_save, with, n, when);
}

int drop_row_delete(struct drops *t, struct drop *d, bool durable)
{
    return put_rows(t, d, NULL, NULL, make_delete, NULL, 0, durable ? STATE_NOW : STATE_LATER);
}

int drop_row_move(struct drops *t, const struct folder *from, const char *old, struct drop *d,
                  const struct state_step *with, size_t n)
{
    return put_rows(t, d, from, old, make_move, with, n, STATE_NOW);
}

int drop_rows_fail(struct drops *t, struct drop *x, struct drop *d)
{
    cleanup_copy struct row_copy kept, shown = { .linked = false };
    struct state_write *write = NULL;
    struct state_step steps[3];
    size_t n = 0;
    int rc;

    lock_take(&t->row_lock);
    rc = copy_row(t, x, NULL, NULL, &kept);
    if (rc == 0 && d)
        rc = copy_row(t, d, NULL, NULL, &shown);
    if (rc == 0) {
        n = make_save(&kept, steps);
        if (d)
            n += shown.linked ? make_save(&shown, steps + n) : make_delete(&shown, steps + n);
    }
    if (n)
        rc = state_apply_begin(t->state, steps, n, false, &write, NULL);
    lock_give(&t->row_lock);
    return write ? state_apply_wait(t->state, write, NULL) : rc;
}
