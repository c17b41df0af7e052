#include "deliver_content.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "deliver.h"
#include "known.h"

#include "banned.h"

/* What was made and still lacks its content has a row of its own, in a folder that no path has, so
 * that the next mount deletes it should this one be killed. */
#define FOLDER ".unfinished"

static int put_row(struct fs *fs, const struct resource *res, const char *id, struct failure *err)
{
    struct drop_row row = {
        .folder = FOLDER, .name = id, .kind = (int)res->kind, .state = DROP_UNFINISHED
    };

    return state_put_drop(fs->state, &row, true, err);
}

static void delete_row(struct fs *fs, const char *id)
{
    state_delete_drop(fs->state, FOLDER, id, false, NULL);
}

/* --- What lacks its content ------------------------------------------------------------------ */

struct leftover {
    struct job job;
    struct fs *fs;
    const struct resource *res;
    char id[RESOURCE_ID_MAX + 1];
};

static void run_leftover(struct job *job)
{
    cleanup_free struct leftover *l = (struct leftover *)job;
    struct target t = { .res = l->res, .id = l->id };
    struct failure err = { 0 };
    struct call call;
    int rc = call_init(&call);

    if (rc == 0) {
        rc = deliver_delete(l->fs, &call, &t, &err);
        call_release(&call);
    }
    if (rc == 0)
        delete_row(l->fs, l->id);
    else
        errlog_add(l->fs->errlog, "delete what has no content", l->id, rc, &err);
}

/* Not by who was interrupted, and would have to wait for it. */
static void delete_later(struct fs *fs, const struct resource *res, const char *id)
{
    struct leftover *l = malloc(sizeof(*l));
    int rc = -ENOMEM;

    if (l) {
        *l = (struct leftover){ .job.run = run_leftover, .fs = fs, .res = res };
        snprintf(l->id, sizeof(l->id), "%s", id);
        rc = pool_submit(fs->pool, &l->job);
    }
    if (rc < 0) {
        free(l);
        errlog_add(fs->errlog, "delete what has no content", id, rc, NULL);
    }
}

static int is_named(void *arg, const struct drop_row *row)
{
    (void)arg;
    (void)row;
    return 1;
}

static int resume_row(void *arg, const struct drop_row *row)
{
    const struct resource *res = resource_get((enum resource_kind)row->kind);
    struct fs *fs = arg;

    if (!res || state_find_by_id(fs->state, row->name, is_named, NULL, NULL) != 0)
        delete_row(fs, row->name); /* it was finished, or cannot be known to be not */
    else
        delete_later(fs, res, row->name);
    return 0;
}

int deliver_content_resume(struct fs *fs, struct failure *err)
{
    if (fs->options->ro || fs->options->nodelete)
        return 0;
    return state_load_in_state(fs->state, DROP_UNFINISHED, resume_row, fs, err);
}

/* --- Sending --------------------------------------------------------------------------------- */

/* The content goes where the answer to the POST says. */
static int send_beside(struct fs *fs, struct call *call, const struct target *t,
                       const struct body *body, struct content_source content, const char *type,
                       struct record **out, struct failure *err)
{
    cleanup_record struct record *made = NULL;
    char id[RESOURCE_ID_MAX + 1];
    int rc = backend_create(fs->backend, call, t, body, NO_CONTENT, &made, err);

    if (rc == 0)
        rc = record_id(made, id);
    if (rc < 0)
        return rc;
    rc = put_row(fs, t->res, id, err);
    if (rc == 0)
        rc = backend_put_raw(fs->backend, call, made, type, content, err);
    if (rc < 0) {
        delete_later(fs, t->res, id);
        return rc;
    }
    delete_row(fs, id);
    *out = steal_pointer(&made);
    return 0;
}

int deliver_content(struct fs *fs, struct call *call, const struct target *t,
                    const struct body *body, struct content_source content, const char *type,
                    struct record **out, struct failure *err)
{
    int rc = known_content_fits(fs, call, t->res, content.size, err);

    if (rc < 0)
        return rc;
    if (content.size <= resource_content_max(t->res))
        return backend_create(fs->backend, call, t, body, content, out, err);
    return send_beside(fs, call, t, body, content, type, out, err);
}
