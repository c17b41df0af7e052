#include "make.h"

#include <errno.h>

#include "backend.h"
#include "defaults.h"
#include "folder.h"
#include "id_search.h"
#include "kept.h"
#include "known.h"
#include "once.h"
#include "uploads_context.h"

#include "banned.h"

#define ANSWER_MAX_BYTES (16 * 1024 * 1024)

/* Without a way to ask for one, the answer is all that there will be of it but the list. */
static void keep_answer(struct uploads *uploads, const struct target *t, const struct record *r)
{
    cleanup_buf struct buf text = BUF_INIT(ANSWER_MAX_BYTES);

    if (!known_answer_is_final(t->res) || record_json(r, false, &text) < 0)
        return;
    kept_put(uploads->remote, KEPT_ANSWER, t->id, buf_str(&text));
}

int make_resource(struct uploads *uploads, struct call *call, const struct folder *f,
                  struct body *body, struct record **out, struct failure *err)
{
    const struct target list = { f->res, f->parent, NULL };
    struct id_search names;
    int rc;

    id_search_init(&names, uploads, call, &list);
    body_find_ids(body, &names.finder);
    rc = defaults_apply(uploads, f, body, err);
    body_find_ids(body, NULL); /* it outlives names */
    return rc < 0 ? rc : make_as_said(uploads, call, &list, body, out, err);
}

int make_as_said(struct uploads *uploads, struct call *call, const struct target *list,
                 const struct body *body, struct record **out, struct failure *err)
{
    struct target t = { .res = list->res, .parent = list->parent };
    cleanup_record struct record *r = NULL;
    char id[RESOURCE_ID_MAX + 1];
    int rc;

    rc = backend_create(uploads->backend, call, &t, body, NO_CONTENT, &r, err);
    if (rc < 0)
        known_unsure(uploads->remote, &t, err);
    if (t.res->make_from == MAKE_CLAIM && (rc == -ENOENT || rc == -EINVAL)) {
        err->text[0] = '\0'; /* that nothing waits is no failure */
        return -EAGAIN;
    }
    if (rc == 0)
        rc = record_id(r, id);
    if (rc == 0)
        rc = once_keep(uploads->remote, &r);
    if (rc < 0)
        return rc;
    t.id = id;
    known_changed(uploads->remote, &t, r);
    keep_answer(uploads, &t, r);
    *out = steal_pointer(&r);
    return 0;
}
