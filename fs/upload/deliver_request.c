#include "deliver_request.h"

#include <errno.h>

#include "backend.h"
#include "defaults.h"
#include "deliver_content.h"
#include "delivery.h"
#include "drop_folders.h"
#include "folder.h"
#include "id_search.h"
#include "known.h"
#include "names.h"
#include "posting.h"
#include "replace.h"
#include "sidecar.h"
#include "stamping.h"
#include "uploads_context.h"

#include "banned.h"

static int make_body(struct delivery *s, enum body_use use, struct body **out, struct failure *err)
{
    const struct resource *res = s->folder->res;
    struct body *body;
    int rc = body_new(res, use, &body);

    if (rc < 0)
        return rc;
    if (backend_speaks_today(s->uploads->backend))
        body_keep_numbers(body);
    if (use == BODY_POST && res->type_field)
        rc = body_set_string(body, res->type_field, s->type, err);
    if (rc == 0 && use == BODY_POST && res->name_field) {
        rc = names_check(s->name) < 0
                 ? fail(err, -EILSEQ, 0, "its name is not UTF-8, as a name of the API must be")
                 : body_set_string(body, res->name_field, s->name, err);
    }
    if (rc < 0)
        body_free(body);
    else
        *out = body;
    return rc;
}

/* What is put into a dataset's folder is in that dataset, unless it takes the place of what others
 * have moved to another one. */
static int set_filter(struct delivery *s, struct body *body, struct failure *err)
{
    const struct folder *f = s->folder;

    if (!f->filter || body_has(body, f->filter))
        return 0;
    return body_set_string(body, f->filter, f->filter_value, err);
}

/* Is it sent because it gets a name in another list? Then it is in that one. */
static bool is_moving(struct delivery *s)
{
    return !folder_same_list(drop_folder(s->uploads->drops, s->drop), s->folder);
}

/* The same POST, of whose body something was taken out. */
static int send_again(struct delivery *s, const struct target *t, const struct body *body,
                      struct record **out, struct failure *err)
{
    struct failure why = { 0 };
    int rc = posting_again(&s->posting, body, &why);

    if (rc == 0)
        rc = deliver_content(s->uploads, s->call, t, body, s->content, s->type, &s->taken, out,
                             &why);
    if (rc < 0)
        *err = why;
    return rc;
}

/* The stamp was refused, or something else: nothing was made, and it may be that without it all is well. */
static int post_without(struct delivery *s, const struct target *t, const struct body *body,
                        struct record **out, struct failure *err)
{
    int rc;

    s->key[0] = '\0';
    rc = send_again(s, t, body, out, err);
    if (rc == 0)
        backend_stamp_refused(s->uploads->backend);
    return rc;
}

/* Labels that are refused hold up no document: they are on their own then. */
static int post_unlabelled(struct delivery *s, const struct target *t, struct body *body,
                           struct record **out, struct failure *err)
{
    body_drop(body, s->along.field->name);
    sidecar_along_release(&s->along);
    return send_again(s, t, body, out, err);
}

/* Was it refused for what was said of it, perhaps, and not for its bytes? Then nothing was made. */
static bool is_of_words(const struct delivery *s, int rc, const struct failure *err)
{
    return rc == -EINVAL && err->status == 400 && !s->taken;
}

/* The POST, with an intent before it and after it. */
static int post_once(struct delivery *s, struct body *body, const char *owed, struct record **out,
                     struct failure *err)
{
    struct target t = { .res = s->folder->res, .parent = s->folder->parent };
    int rc;

    s->posting.size = s->content.size;
    s->posting.old = owed;
    rc = posting_begin(&s->posting, body, out, err);
    if (rc > 0)
        sidecar_along_release(&s->along); /* an earlier one has made it, without them */
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = deliver_content(s->uploads, s->call, &t, body, s->content, s->type, &s->taken, out, err);
    if (is_of_words(s, rc, err) && s->along.sidecar)
        rc = post_unlabelled(s, &t, body, out, err);
    if (is_of_words(s, rc, err) && body_unstamp(body))
        rc = post_without(s, &t, body, out, err);
    else if (rc == 0)
        stamping_check(s->uploads, s->key, *out);
    if (rc == 0)
        return 0;
    rc = posting_failed(&s->posting, rc, out, err);
    if (rc == 0)
        sidecar_along_release(
            &s->along); /* it was found, by what need not say what it was sent with */
    return rc;
}

/* Once more, when the first one got lost. */
static int post(struct delivery *s, struct body *body, const char *owed, struct record **out,
                struct failure *err)
{
    int rc = post_once(s, body, owed, out, err);

    if (rc == POSTING_AGAIN)
        rc = post_once(s, body, owed, out, err);
    return rc == POSTING_AGAIN ? -EIO : rc;
}

static int stamp(struct delivery *s, struct body *body, struct failure *err)
{
    free(s->stamped_in);
    s->stamped_in = drops_key(s->uploads->drops, s->folder);
    s->unsaid = !backend_keeps_stamps(s->uploads->backend) && !s->queued;
    return stamping_put(s->uploads, s->queued ? s->call : NULL,
                        &(struct stamping){ .drop = s->drop,
                                            .folder = s->folder,
                                            .name = s->name,
                                            .size = s->content.size,
                                            .sha256 = s->digest },
                        body, s->key, err);
}

int request_create(struct delivery *s, const struct record *old, const char *owed,
                   struct record **out, struct failure *err)
{
    const struct target t = { .res = s->folder->res, .parent = s->folder->parent };
    cleanup_body struct body *body = NULL;
    struct id_search names;
    int rc = make_body(s, BODY_POST, &body, err);

    id_search_init(&names, s->uploads, s->call, &t);
    if (rc == 0)
        body_find_ids(body, &names.finder);
    if (rc == 0 && is_moving(s))
        rc = set_filter(s, body, err);
    if (rc == 0)
        rc = sidecar_go_along(s->uploads, s->folder, s->name, s->drop, body, &s->along);
    if (rc == 0 && old)
        rc = replace_keep(s->uploads, s->folder, s->name, old, body);
    if (rc == 0)
        rc = set_filter(s, body, err);
    if (rc == 0)
        rc = defaults_apply(s->uploads, s->folder, body, err);
    if (rc == 0)
        rc = stamp(s, body, err);
    return rc < 0 ? rc : post(s, body, owed, out, err);
}

int request_update(struct delivery *s, const char *id, struct record **out, struct failure *err)
{
    struct target t = { .res = s->folder->res, .parent = s->folder->parent, .id = id };
    cleanup_body struct body *body = NULL;
    int rc = make_body(s, BODY_PATCH, &body, err);

    known_content_changes(s->uploads->remote, &t);
    return rc < 0 ? rc
                  : backend_update(s->uploads->backend, s->call, &t, body, s->content, out, err);
}
