#include "make.h"

#include <errno.h>

#include "defaults.h"
#include "kept.h"
#include "known.h"
#include "once.h"

#include "banned.h"

#define ANSWER_MAX_BYTES (16 * 1024 * 1024)

/* Without a way to ask for one, the answer is all that there will be of it but the list. */
static void keep_answer(struct fs *fs, const struct target *t, const struct record *r)
{
    cleanup_buf struct buf text = BUF_INIT(ANSWER_MAX_BYTES);

    if (!known_answer_is_final(t->res) || record_json(r, false, &text) < 0)
        return;
    kept_put(fs, KEPT_ANSWER, t->id, buf_str(&text));
}

int make_resource(struct fs *fs, struct call *call, const struct folder *f, struct body *body,
                  struct record **out, struct failure *err)
{
    struct target t = { .res = f->res, .parent = f->parent };
    cleanup_record struct record *r = NULL;
    char id[RESOURCE_ID_MAX + 1];
    int rc = defaults_apply(fs, f, body, err);

    if (rc < 0)
        return rc;
    rc = backend_create(fs->backend, call, &t, body, NO_CONTENT, &r, err);
    if (f->res->make_from == MAKE_CLAIM && (rc == -ENOENT || rc == -EINVAL)) {
        err->text[0] = '\0'; /* that nothing waits is no failure */
        return -EAGAIN;
    }
    if (rc == 0)
        rc = record_id(r, id);
    if (rc == 0)
        rc = once_keep(fs, &r);
    if (rc < 0)
        return rc;
    t.id = id;
    known_changed(fs, &t, r);
    keep_answer(fs, &t, r);
    *out = steal_pointer(&r);
    return 0;
}
