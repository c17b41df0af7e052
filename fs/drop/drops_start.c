#include "drops_start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doomed.h"
#include "drop_failed.h"
#include "drop_folders.h"
#include "drop_links.h"
#include "drop_load.h"
#include "drop_promise.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "spool.h"
#include "state.h"

#include "banned.h"

static bool is_blank(struct drops *t, const struct drop *d)
{
    bool blank;

    drops_lock(t);
    blank = drop_is_blank_locked(t, d);
    drops_unlock(t);
    return blank;
}

/* Half a file is not a file: what was open when the last mount ended is not sent. A row of an older
 * version says why it failed by itself. */
static int fail_row(void *arg, const struct drop_row *row)
{
    bool told = row->error && strcmp(row->error, DROP_ROW_BLANK) != 0, blank;
    struct drops *t = arg;
    struct folder *f;
    struct drop *d;
    int rc = drops_folder(t, row->folder, &f);

    if (rc < 0)
        return rc == -EINVAL ? 0 : rc; /* a folder of another version's: left alone */
    d = drops_find(t, f, row->name);
    if (!d)
        return 0;
    blank = is_blank(t, d);
    if (blank && drop_snapshot(t, d).sealed)
        rc = drop_revert(t, d); /* what waits is there again */
    else if (told)
        rc = drop_set_failed(t, d, row->error, row->failed_ns);
    else if (!blank || row->state != ROW_LOCAL) /* else it is as empty as it was */
        rc = drop_set_torn(t, d, "it was being written when the mount ended, and may be incomplete",
                           clock_realtime_ns(t->clock));
    drop_unref(d);
    return rc;
}

/* It was empty, and what has come since is half a file. */
static int fail_filled(void *arg, const struct drop_row *row)
{
    return row->error && strcmp(row->error, DROP_ROW_BLANK) == 0 ? fail_row(arg, row) : 0;
}

/* A folder in which something waits: whether that can be opened is known before it is queued. */
static int load_waiting(void *arg, const struct drop_row *row)
{
    struct folder *f;
    int rc = drops_folder(arg, row->folder, &f);

    return rc == -EINVAL ? 0 : rc;
}

/* x is what a row says that has failed, unless something newer has under its name. */
static int link_failed(struct drops *t, struct drop *x)
{
    int rc;

    drops_lock(t);
    rc = drop_linked_failed(x->folder, x->name) ? 0 : drop_link(x);
    drops_unlock(t);
    return rc;
}

static int load_failed_row(void *arg, const struct drop_row *row)
{
    size_t len = strlen(DROP_FAILED_KEY);
    struct drops *t = arg;
    struct folder *f;
    struct drop *x;
    int rc;

    if (strncmp(row->folder, DROP_FAILED_KEY, len) != 0)
        return fail_row(arg, row);
    rc = drops_folder(t, row->folder + len, &f);
    if (rc < 0)
        return rc == -EINVAL ? 0 : rc;
    rc = drop_of_row(t, f, row, &x);
    if (rc < 0)
        return rc;
    x->state = DROP_APART;
    x->failed_number = row->failed_number;
    x->failed_ns = row->failed_ns;
    x->error = row->error ? strdup(row->error) : NULL;
    x->torn = row->taken != NULL;
    /* delivered by a retry, and the end came before its row went: its bytes are gone */
    rc = x->local ? link_failed(t, x) : drop_row_delete(t, x, false);
    drop_unref(x);
    return rc;
}

void drops_free(struct drops *t)
{
    struct folder *f, *next_folder;
    struct drop *d, *next;
    struct owner *o, *next_owner;

    if (!t)
        return;
    HASH_ITER(hh, t->owners, o, next_owner) {
        HASH_DELETE(hh, t->owners, o);
        while (o) {
            struct owner *more = o->next;

            free(o);
            o = more;
        }
    }
    /* before any folder goes: a name may be parked in another one */
    HASH_ITER(hh, t->folders, f, next_folder)
        HASH_ITER(hh, f->drops, d, next)
            drop_unref(drop_unlink(d));
    HASH_ITER(hh, t->folders, f, next_folder) {
        HASH_DELETE(hh, t->folders, f);
        folder_free(f);
    }
    while (t->retired) {
        f = t->retired;
        t->retired = f->next;
        folder_free(f);
    }
    doomed_free(t);
    lock_destroy(&t->row_lock);
    lock_destroy(&t->load_lock);
    lock_destroy(&t->lock);
    free(t);
}

int drops_new(struct state *state, struct spool *spool, struct clock *clock, const char *scratch,
              struct drops **out, struct failure *err)
{
    struct drops *t = calloc(1, sizeof(*t));
    uint64_t greatest;
    int rc;

    if (!t)
        return -ENOMEM;
    lock_init(&t->lock, LOCK_DROPS);
    lock_init(&t->load_lock, LOCK_DROPS_LOAD);
    lock_init(&t->row_lock, LOCK_DROPS_ROWS);
    t->state = state;
    t->spool = spool;
    t->clock = clock;
    t->scratch = scratch;
    rc = state_greatest(state, &greatest, &t->last_failed, err);
    if (rc == 0) {
        spool_skip(spool, greatest);
        rc = state_load_in_state(state, ROW_FAILED, load_failed_row, t, err);
    }
    if (rc == 0) /* in the place of what had failed before */
        rc = state_load_in_state(state, ROW_OPEN, fail_row, t, err);
    if (rc == 0)
        rc = state_load_in_state(state, ROW_LOCAL, fail_filled, t, err);
    if (rc == 0)
        rc = state_load_in_state(state, ROW_WAITING, load_waiting, t, err);
    if (rc < 0) {
        if (t->unopened.text[0] && err)
            *err = t->unopened;
        drops_free(t);
        return rc;
    }
    *out = t;
    return 0;
}
