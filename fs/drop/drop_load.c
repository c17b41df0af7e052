#include "drop_load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "drop_links.h"
#include "drop_table.h"
#include "name_rules.h"
#include "spool.h"
#include "state.h"

#include "banned.h"

/* *out: NULL where there is no such file. What cannot be opened is there all the same: its row must stay. */
static int open_bytes(struct drops *t, uint64_t number, struct bytes **out)
{
    cleanup_free char *path = NULL;
    cleanup_fd int fd = -1;
    int rc = number ? spool_open(t->spool, number, O_RDWR, &fd) : -ENOENT;

    *out = NULL;
    if (rc == -ENOENT)
        return 0;
    if (rc == 0) {
        *out = bytes_open(t->spool, number, fd);
        rc = *out ? 0 : -ENOMEM;
    }
    if (rc == 0) {
        steal_fd(&fd);
        return 0;
    }
    path = spool_path(t->spool, number);
    return fail(&t->unopened, rc, 0, "%s: %s%s", path ? path : "a file of the spool", strerror(-rc),
                rc == -EPERM ? ": it has to be this user's alone (mode 0600)" : "");
}

/* The file that the row names, and the one that was sealed. */
static int open_files(struct drops *t, struct drop *d, const struct drop_row *row)
{
    int rc = 0;

    if (row->state == ROW_SENT && row->spool)
        spool_remove(t->spool, row->spool); /* the server has it: the end came before it went */
    else
        rc = open_bytes(t, row->spool, &d->local);
    return rc == 0 && row->state == ROW_OPEN ? open_bytes(t, row->sealed, &d->sealed) : rc;
}

/* What is still to come, by a clock that was set back meanwhile, is now. */
static int64_t told_ms(struct drops *t, int64_t told_ns)
{
    int64_t now_ns = clock_realtime_ns(t->clock), age_ms = 0;

    if (told_ns <= 0)
        return 0;
    if (told_ns < now_ns)
        age_ms = (now_ns - told_ns) / 1000000;
    return clock_now_ms(t->clock) - age_ms;
}

int drop_of_row(struct drops *t, struct folder *f, const struct drop_row *row, struct drop **out)
{
    struct drop *d = drop_alloc(f, row->name, (enum drop_what)row->kind);
    int rc = d ? open_files(t, d, row) : -ENOMEM;

    if (rc < 0) {
        drop_unref(d);
        return rc;
    }
    d->acked_ms = told_ms(t, row->told_ns);
    d->acked.size = row->size;
    d->mtime_ns = row->mtime_ns;
    d->acked.mtime_ns =
        row->state == ROW_SENT && !row->sent_mtime_ns ? row->mtime_ns : row->sent_mtime_ns;
    d->mode = row->mode & 07777;
    d->acked.has_digest = row->has_sha256;
    memcpy(d->acked.digest, row->sha256, sizeof(d->acked.digest));
    d->sealed_as = row->taken                                  ? DROP_CLEAN
                   : rule_stays_here(t->scratch, f, row->name) ? DROP_STAYING
                                                               : DROP_WAITING;
    if (d->local) /* and unless it was taken, it was not sent */
        d->state = row->state == ROW_WAITING ? DROP_WAITING
                   : row->taken              ? DROP_CLEAN
                                             : DROP_STAYING;
    d->xattrs = row->xattrs ? strdup(row->xattrs) : NULL;
    d->taken = row->taken ? strdup(row->taken) : NULL;
    *out = d;
    return 0;
}

struct loading {
    struct drops *t;
    struct folder *f;
};

static int load_row(void *arg, const struct drop_row *row)
{
    struct loading *l = arg;
    bool id_fits = !row->id || resource_id_ok(NULL, row->id);
    struct drop *d;
    int rc = drop_of_row(l->t, l->f, row, &d);

    if (rc < 0)
        return rc;
    if (!id_fits && !d->local) { /* it stands for nothing that could be asked for or deleted */
        drop_unref(d);
        return 0;
    }
    drops_lock(l->t);
    if (!l->f->loaded) {
        rc = drop_link(d);
        if (rc == 0 && row->id && id_fits)
            rc = drop_set_id_locked(l->t, d, row->id);
        if (rc == 0)
            rc = drop_set_parked_locked(d, l->f, row->parked, CLOCK_FOREVER);
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

    lock_take(&t->load_lock);
    if (!f->loaded)
        rc = state_load_folder(t->state, f->key, load_row, &l, NULL);
    if (rc == 0) {
        drops_lock(t);
        f->loaded = true;
        drops_unlock(t);
    }
    lock_give(&t->load_lock);
    return rc;
}
