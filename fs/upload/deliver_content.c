#include "deliver_content.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "errlog.h"
#include "journal_ask.h"
#include "known.h"
#include "pool.h"
#include "remote_delete.h"
#include "stamp.h"
#include "state.h"
#include "uploads_context.h"

#include "banned.h"

/* What was made and still lacks its content has a row of its own, in a folder that no path has, so
 * that the next mount deletes it should this one be killed. */
#define FOLDER ".unfinished"
#define WORD "content"

static int put_row(struct uploads *uploads, const struct resource *res, const char *id,
                   struct failure *err)
{
    struct drop_row row = {
        .folder = FOLDER, .name = id, .kind = (int)res->kind, .state = ROW_UNFINISHED
    };

    return state_put_drop(uploads->state, &row, true, err);
}

static void delete_row(struct uploads *uploads, const char *id)
{
    state_delete_drop(uploads->state, FOLDER, id, false, NULL);
}

void deliver_content_forget(struct uploads *uploads, const char *id)
{
    delete_row(uploads, id);
}

/* --- What lacks its content ------------------------------------------------------------------ */

struct leftover {
    struct job job;
    struct uploads *uploads;
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
        rc = remote_delete(l->uploads->remote, &call, &t, NULL, &err);
        call_release(&call);
    }
    if (rc == 0)
        delete_row(l->uploads, l->id);
    else
        errlog_add(l->uploads->errlog, "delete what has no content", l->id, rc, &err);
}

/* Not by who was interrupted, and would have to wait for it. */
static void delete_later(struct uploads *uploads, const struct resource *res, const char *id)
{
    struct leftover *l = malloc(sizeof(*l));
    int rc = -ENOMEM;

    if (l) {
        *l = (struct leftover){ .job.run = run_leftover, .uploads = uploads, .res = res };
        snprintf(l->id, sizeof(l->id), "%s", id);
        rc = pool_submit(uploads->pool, &l->job);
    }
    if (rc < 0) {
        free(l);
        errlog_add(uploads->errlog, "delete what has no content", id, rc, NULL);
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
    struct uploads *uploads = arg;

    if (!res || !resource_id_ok(res, row->name) ||
        state_find_by_id(uploads->state, row->name, is_named, NULL, NULL) != 0)
        delete_row(uploads, row->name); /* it was finished, or cannot be known to be not */
    else
        delete_later(uploads, res, row->name);
    return 0;
}

/* Was it sent with a key, and is it not known what came of it? */
static int is_looked_for(void *arg, const struct intent_row *row)
{
    const struct resource *res = resource_get((enum resource_kind)row->resource);
    char key[STAMP_KEY_CHARS + 1];

    (void)arg;
    return row->kind == INTENT_CREATE && row->state == INTENT_UNSURE && res && row->look &&
           stamp_key_of(res, row->look, key) == 0;
}

int deliver_content_resume(struct uploads *uploads, struct failure *err)
{
    if (uploads->ro || uploads->nodelete)
        return 0;
    /* it may be among these: found by its key, it is taken if it has its bytes, and goes if not */
    if (journal_each(uploads->journal, is_looked_for, NULL))
        return 0;
    return state_load_in_state(uploads->state, ROW_UNFINISHED, resume_row, uploads, err);
}

/* --- Sending --------------------------------------------------------------------------------- */

/* The content goes where the answer to the POST says. */
static int send_beside(struct uploads *uploads, struct call *call, const struct target *t,
                       const struct body *body, struct content_source content, const char *type,
                       bool *taken, struct record **out, struct failure *err)
{
    cleanup_record struct record *made = NULL;
    char id[RESOURCE_ID_MAX + 1];
    int rc = backend_create(uploads->backend, call, t, body, NO_CONTENT, &made, err);

    *taken = rc == 0;
    if (rc == 0)
        rc = record_id(made, id);
    if (rc < 0)
        return rc;
    if (content.size <= resource_content_max(t->res))
        backend_inline_refused(uploads->backend); /* as was said before */
    rc = put_row(uploads, t->res, id, err);
    if (rc == 0)
        rc = backend_put_raw(uploads->backend, call, made, type, content, err);
    if (rc < 0) {
        delete_later(uploads, t->res, id);
        return rc;
    }
    delete_row(uploads, id);
    *out = steal_pointer(&made);
    return 0;
}

bool deliver_content_beside(struct uploads *uploads, const struct resource *res, int64_t size)
{
    return size > resource_content_max(res) ||
           (res->url_field && backend_refuses_inline(uploads->backend));
}

/* Does the server's refusal speak of the content, and may it be that it is taken by a PUT? */
static bool is_of_content(struct uploads *uploads, const struct resource *res, int rc,
                          const struct failure *why)
{
    const char *at = why->text;

    if (rc != -EINVAL || why->status != 400 || !res->url_field ||
        !backend_speaks_today(uploads->backend))
        return false;
    while ((at = strstr(at, WORD))) {
        bool begins = at == why->text || !isalnum((unsigned char)at[-1]);

        at += strlen(WORD);
        if (begins && !isalnum((unsigned char)*at))
            return true;
    }
    return false;
}

/* Without the content the same POST may be taken. If not, what was said first holds. */
static int send_refused(struct uploads *uploads, struct call *call, const struct target *t,
                        const struct body *body, struct content_source content, const char *type,
                        bool *taken, struct record **out, int rc, struct failure *err)
{
    struct failure why = { 0 };
    int then = send_beside(uploads, call, t, body, content, type, taken, out, &why);

    if (then == -EINVAL && !backend_refuses_inline(uploads->backend))
        return rc;
    if (then < 0)
        *err = why;
    return then;
}

int deliver_content(struct uploads *uploads, struct call *call, const struct target *t,
                    const struct body *body, struct content_source content, const char *type,
                    bool *taken, struct record **out, struct failure *err)
{
    bool beside = deliver_content_beside(uploads, t->res, content.size);
    int rc;

    *taken = false;
    rc = beside ? send_beside(uploads, call, t, body, content, type, taken, out, err)
                : backend_create(uploads->backend, call, t, body, content, out, err);
    if (!beside && is_of_content(uploads, t->res, rc, err))
        rc = send_refused(uploads, call, t, body, content, type, taken, out, rc, err);
    if (rc < 0)
        known_unsure(uploads->remote, t, err);
    return rc;
}
