#include "drops_reconcile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "content.h"
#include "drop.h"
#include "drop_rows.h"
#include "errlog.h"
#include "spool.h"
#include "state.h"

#include "banned.h"

#define UNNAMED_FOLDER "documents"
#define UNNAMED "unnamed-%" PRIu64
#define UNNAMED_WHY                                                                                \
    "these bytes were in the spool, not sent, and their name is lost: move them to where they "    \
    "belong, or remove them"

struct found {
    struct spool_file file;
    bool named;  /* by a row */
    bool in_use; /* by one of what has not failed */
};

struct reconciling {
    struct state *state;
    struct spool *spool;
    struct clock *clock;
    struct errlog *errlog;
    struct buf files; /* struct found, by number */
    int64_t last_failed;
};

static struct found *found_at(const struct reconciling *r, size_t i)
{
    void *all = r->files.data;

    return i < r->files.len / sizeof(struct found) ? (struct found *)all + i : NULL;
}

static int compare_number(const void *key, const void *at)
{
    const uint64_t *number = key;
    const struct found *f = at;

    return (*number > f->file.number) - (*number < f->file.number);
}

static struct found *find_file(const struct reconciling *r, uint64_t number)
{
    size_t n = number ? r->files.len / sizeof(struct found) : 0;

    return n ? bsearch(&number, r->files.data, n, sizeof(struct found), compare_number) : NULL;
}

/* A row has the file of this number. Is it there? */
static bool name_file(struct reconciling *r, uint64_t number, const struct drop_row *row)
{
    struct found *f = find_file(r, number);

    if (f)
        f->named = true;
    if (f && row->state != ROW_FAILED)
        f->in_use = true;
    return f != NULL;
}

static int add_file(void *arg, const struct spool_file *file)
{
    struct reconciling *r = arg;
    struct found f = { .file = *file };

    return buf_add(&r->files, &f, sizeof(f));
}

static void tell(struct reconciling *r, const char *folder, const char *name, const char *text)
{
    struct failure why = { .text = "" };
    cleanup_free char *path = NULL;

    failure_set(&why, 0, "%s", text);
    if (asprintf(&path, "/%s/%s", folder, name) < 0)
        path = NULL;
    errlog_add(r->errlog, "start", path ? path : "/", 0, &why);
}

/* --- Rows without their bytes ----------------------------------------------------------------- */

struct asked {
    const char *name;
    bool sent;
};

static int look_at(void *arg, const struct drop_row *row)
{
    struct asked *a = arg;

    a->sent = a->sent || (row->state == ROW_SENT && strcmp(row->name, a->name) == 0);
    return 0;
}

/* What failed may have been delivered by a retry, whose end came before its row went. */
static bool was_delivered(struct reconciling *r, const struct drop_row *row, const char *folder)
{
    struct asked a = { .name = row->name };

    if (row->state == ROW_SENT)
        return true;
    return row->state == ROW_FAILED &&
           state_load_folder(r->state, folder, look_at, &a, NULL) == 0 && a.sent;
}

static int check_row(void *arg, const struct drop_row *row)
{
    const size_t len = strlen(DROP_FAILED_KEY);
    struct reconciling *r = arg;
    const char *folder = row->folder;
    name_file(r, row->sealed, row);
    if (name_file(r, row->spool, row))
        return 0;
    if (strncmp(folder, DROP_FAILED_KEY, len) == 0)
        folder += len;
    if (!was_delivered(r, row, folder))
        tell(r, folder, row->name, "its bytes, which were not sent, are not in the spool any more");
    return 0;
}

/* --- Bytes with two rows ---------------------------------------------------------------------- */

/* The end came while what had failed was tried again: it is under its name, and who gives up what failed
 * must not take its bytes away. */
static int forget_twice(void *arg, const struct drop_row *row)
{
    struct reconciling *r = arg;
    const struct found *f = row->state == ROW_FAILED ? find_file(r, row->spool) : NULL;

    return f && f->in_use ? state_delete_drop(r->state, row->folder, row->name, true, NULL) : 0;
}

/* --- Bytes without their row ------------------------------------------------------------------ */

/* Nothing is lost with it. -errno: that cannot be said. */
static int is_useless(struct reconciling *r, const struct spool_file *file, bool *useless)
{
    uint8_t sha256[CONTENT_DIGEST_BYTES];
    cleanup_fd int fd = -1;
    int rc;

    *useless = file->size == 0;
    if (*useless)
        return 0;
    rc = spool_open(r->spool, file->number, O_RDONLY, &fd);
    if (rc == 0)
        rc = content_digest(fd, sha256);
    return rc < 0 ? rc : state_has_digest(r->state, sha256, useless, NULL);
}

static int keep_unnamed(struct reconciling *r, const struct spool_file *file, struct failure *err)
{
    char name[40];
    struct drop_row row = {
        .folder = DROP_FAILED_KEY UNNAMED_FOLDER,
        .name = name,
        .kind = DROP_FILE,
        .state = ROW_FAILED,
        .spool = file->number,
        .mtime_ns = file->mtime_ns,
        .mode = 0600,
        .error = UNNAMED_WHY,
        .failed_number = ++r->last_failed,
        .failed_ns = clock_realtime_ns(r->clock),
    };
    int rc;

    snprintf(name, sizeof(name), UNNAMED, file->number);
    rc = state_put_drop(r->state, &row, true, err);
    if (rc == 0)
        tell(r, UNNAMED_FOLDER, name, UNNAMED_WHY);
    return rc;
}

static int check_file(struct reconciling *r, const struct spool_file *file, struct failure *err)
{
    bool useless = false;
    int rc = is_useless(r, file, &useless);
    char name[40];

    if (rc == -ENOMEM)
        return fail(err, rc, 0, "out of memory");
    if (rc < 0) {
        snprintf(name, sizeof(name), UNNAMED, file->number);
        tell(r, UNNAMED_FOLDER, name, "its file in the spool cannot be read, and was left there");
        return 0;
    }
    if (!useless)
        return keep_unnamed(r, file, err);
    spool_remove(r->spool, file->number);
    return 0;
}

/* --- Both ------------------------------------------------------------------------------------- */

static int reconcile(struct reconciling *r, struct failure *err)
{
    uint64_t greatest;
    int rc = spool_list(r->spool, add_file, r);

    if (rc < 0)
        return fail(err, rc, 0, "spool: %s", strerror(-rc));
    rc = state_load_spooled(r->state, check_row, r, err);
    if (rc == 0)
        rc = state_load_spooled(r->state, forget_twice, r, err);
    if (rc == 0)
        rc = state_greatest(r->state, &greatest, &r->last_failed, err);
    for (size_t i = 0; rc == 0 && found_at(r, i); i++)
        if (!found_at(r, i)->named)
            rc = check_file(r, &found_at(r, i)->file, err);
    return rc;
}

int drops_reconcile(struct state *state, struct spool *spool, struct clock *clock,
                    struct errlog *errlog, struct failure *err)
{
    struct reconciling r = {
        .state = state,
        .spool = spool,
        .clock = clock,
        .errlog = errlog,
        .files = BUF_INIT(SIZE_MAX),
    };
    int rc = reconcile(&r, err);

    buf_release(&r.files);
    return rc;
}
