#include "drop_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "spool.h"

#include "banned.h"

/* The copies that a row needs once the lock is released. */
struct row_copy {
    struct drop_row row;
    char *folder, *name, *id, *error, *xattrs, *parked;
    char *from;      /* the folder that it was in, if it was moved */
    const char *old; /* its name there */
    bool linked;
    bool taken; /* the name that it had: the row there is another's */
};

static void copy_release(struct row_copy *c)
{
    free(c->folder);
    free(c->name);
    free(c->id);
    free(c->error);
    free(c->xattrs);
    free(c->parked);
    free(c->from);
}
#define cleanup_copy CLEANUP(copy_release)

static enum drop_state state_of(const struct drop *d)
{
    if (d->what == DROP_SUBFOLDER)
        return DROP_FOLDER;
    if (d->folder->memory)
        return DROP_SENT; /* it has no row before it is */
    if (d->failed)
        return DROP_FAILED;
    if (d->local && d->dirty)
        return d->writers ? DROP_OPEN : DROP_LOCAL;
    return d->id ? DROP_SENT : DROP_LOCAL;
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
    struct drop *there = NULL;

    HASH_FIND(hh, f->drops, name, strlen(name), there);
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
    out->taken = is_taken_locked(d, from ? from : d->folder, from ? old : d->name);
    out->folder = copy_text(d->folder->key, &ok);
    out->name = copy_text(d->name, &ok);
    out->id = copy_text(d->id, &ok);
    out->error = copy_text(d->failed ? d->error : NULL, &ok);
    out->xattrs = copy_text(d->xattrs, &ok);
    out->parked = copy_text(d->parked, &ok);
    out->row = (struct drop_row){ .kind = d->what,
                                  .state = state_of(d),
                                  .size = d->size,
                                  .mtime_ns = d->mtime_ns,
                                  .mode = d->mode,
                                  .spool = d->local ? d->local->number : 0,
                                  .has_sha256 = d->has_digest && !d->folder->memory,
                                  .failed_number = d->failed ? d->failed_number : 0 };
    if (out->row.has_sha256)
        memcpy(out->row.sha256, d->digest, sizeof(d->digest));
    drops_unlock(t);
    out->row.folder = out->folder;
    out->row.name = out->name;
    out->row.id = out->id;
    out->row.error = out->error;
    out->row.xattrs = out->xattrs;
    out->row.parked = out->parked;
    return ok ? 0 : -ENOMEM;
}

/* Rows go out in the order in which they were copied: nothing old overtakes what is newer. Who
 * wants them on disk waits for them when others may go on. */
static int put_rows(struct drops *t, struct drop *d, const struct folder *from, const char *old,
                    size_t (*make)(const struct row_copy *copy, struct state_step steps[2]),
                    bool durable)
{
    cleanup_copy struct row_copy copy;
    struct state_write *write = NULL;
    struct state_step steps[2];
    size_t n;
    int rc;

    pthread_mutex_lock(&t->row_lock);
    rc = copy_row(t, d, from, old, &copy);
    n = rc == 0 ? make(&copy, steps) : 0;
    if (n && durable)
        rc = state_apply_begin(t->state, steps, n, &write, NULL);
    else if (n)
        rc = state_apply(t->state, steps, n, false, NULL);
    pthread_mutex_unlock(&t->row_lock);
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
    return copy->taken ? 0 : 1;
}

/* Removed since, it goes from where it was all the same. */
static size_t make_move(const struct row_copy *copy, struct state_step steps[2])
{
    size_t n = 0;

    if (!copy->taken)
        steps[n++] = (struct state_step){ .change = STATE_DELETE_DROP,
                                          .folder = copy->from,
                                          .name = copy->old };
    if (copy->linked)
        steps[n++] = (struct state_step){ .change = STATE_PUT_DROP, .row = &copy->row };
    return n;
}

int drop_row_save(struct drops *t, struct drop *d, bool durable)
{
    return put_rows(t, d, NULL, NULL, make_save, durable);
}

int drop_row_delete(struct drops *t, struct drop *d, bool durable)
{
    return put_rows(t, d, NULL, NULL, make_delete, durable);
}

int drop_row_move(struct drops *t, const struct folder *from, const char *old, struct drop *d)
{
    return put_rows(t, d, from, old, make_move, true);
}

/* --- Reading ---------------------------------------------------------------------------------- */

struct loading {
    struct drops *t;
    struct folder *f;
};

static struct bytes *open_bytes(struct drops *t, uint64_t number)
{
    struct bytes *b;
    int fd;

    if (!number || spool_open(t->spool, number, O_RDWR, &fd) < 0)
        return NULL;
    b = bytes_open(t->spool, number, fd);
    if (!b)
        close(fd);
    return b;
}

static struct drop *from_row(struct drops *t, struct folder *f, const struct drop_row *row)
{
    struct drop *d = drop_alloc(f, row->name, (enum drop_what)row->kind);

    if (!d)
        return NULL;
    d->size = row->size;
    d->mtime_ns = row->mtime_ns;
    d->mode = row->mode & 07777;
    d->has_digest = row->has_sha256;
    memcpy(d->digest, row->sha256, sizeof(d->digest));
    if (row->state == DROP_SENT && row->spool)
        spool_remove(t->spool, row->spool); /* the server has it: the end came before it went */
    else
        d->local = open_bytes(t, row->spool);
    d->dirty = d->local && row->state != DROP_FAILED;
    d->failed = row->state == DROP_FAILED;
    d->failed_number = row->failed_number;
    d->error = row->error ? strdup(row->error) : NULL;
    d->xattrs = row->xattrs ? strdup(row->xattrs) : NULL;
    return d;
}

static int load_row(void *arg, const struct drop_row *row)
{
    struct loading *l = arg;
    struct drop *d = from_row(l->t, l->f, row);
    int rc = -ENOMEM;

    if (!d)
        return -ENOMEM;
    drops_lock(l->t);
    if (!l->f->loaded) {
        rc = drop_link_locked(d);
        if (rc == 0 && row->id)
            rc = drop_set_id_locked(l->t, d, row->id);
        if (rc == 0)
            rc = drop_set_parked_locked(d, row->parked);
    } else {
        rc = 0; /* another thread was first */
    }
    drops_unlock(l->t);
    drop_unref(d);
    return rc;
}

int drops_load_folder(struct drops *t, struct folder *f)
{
    struct loading l = { t, f };
    int rc = 0;

    pthread_mutex_lock(&t->load_lock);
    if (!f->loaded)
        rc = state_load_folder(t->state, f->key, load_row, &l, NULL);
    if (rc == 0) {
        drops_lock(t);
        f->loaded = true;
        drops_unlock(t);
    }
    pthread_mutex_unlock(&t->load_lock);
    return rc;
}

/* --- The start -------------------------------------------------------------------------------- */

/* Half a file is not a file: what was open when the last mount ended is not sent. */
static int fail_open_row(void *arg, const struct drop_row *row)
{
    struct drops *t = arg;
    struct folder *f;
    struct drop *d;
    int rc = drops_folder(t, row->folder, &f);

    if (rc < 0)
        return rc == -ENOMEM ? rc : 0; /* a folder of another version's: left alone */
    d = drops_find(t, f, row->name);
    if (!d)
        return 0;
    rc = drop_set_failed(t, d, "it was being written when the mount ended, and may be incomplete");
    drop_unref(d);
    return rc;
}

static int load_failed_row(void *arg, const struct drop_row *row)
{
    struct folder *f;
    int rc = drops_folder(arg, row->folder, &f);

    return rc == -ENOMEM ? rc : 0;
}

int drops_new(struct state *state, struct spool *spool, struct clock *clock, struct drops **out,
              struct failure *err)
{
    struct drops *t = calloc(1, sizeof(*t));
    uint64_t greatest;
    int rc;

    if (!t)
        return -ENOMEM;
    pthread_mutex_init(&t->lock, NULL);
    pthread_mutex_init(&t->load_lock, NULL);
    pthread_mutex_init(&t->row_lock, NULL);
    t->state = state;
    t->spool = spool;
    t->clock = clock;
    rc = state_greatest(state, &greatest, &t->last_failed, err);
    if (rc == 0) {
        spool_skip(spool, greatest);
        rc = state_load_in_state(state, DROP_OPEN, fail_open_row, t, err);
    }
    if (rc == 0)
        rc = state_load_in_state(state, DROP_FAILED, load_failed_row, t, err);
    if (rc < 0) {
        drops_free(t);
        return rc;
    }
    *out = t;
    return 0;
}
