#include "carry.h"

#include <errno.h>

#include "folder.h"
#include "known.h"
#include "list_filter.h"
#include "replace.h"
#include "uploads_context.h"

#include "banned.h"

/* Of a folder's list is also what takes the place of what others have taken out of every list. */
static int set_filter(const struct folder *f, const struct record *old, const struct record *is,
                      struct body *body, struct failure *err)
{
    const struct field *field = f->filter ? resource_field(f->res, f->filter) : NULL;

    if (!field || !(field->flags & F_IN_PATCH) || body_has(body, f->filter) ||
        list_filter_holds(f->filter, f->filter_value, is) ||
        list_filter_denies(f->filter, f->filter_value, old))
        return 0;
    return body_set_string(body, f->filter, f->filter_value, err);
}

int carry_differences(struct uploads *uploads, struct call *call, const struct target *own,
                      const struct folder *f, const char *name, const struct record *old,
                      int64_t max_age_ms, struct body **out, struct record **now,
                      struct failure *err)
{
    cleanup_record struct record *is = NULL;
    cleanup_body struct body *body = NULL;
    int rc = known_new_record(uploads->remote, call, own, max_age_ms, &is, err);

    if (rc == 0)
        rc = body_new(f->res, BODY_PATCH, &body);
    if (rc == 0)
        rc = replace_patch(uploads, f, name, old, is, body);
    if (rc == 0)
        rc = set_filter(f, old, is, body, err);
    if (rc == 0)
        *out = steal_pointer(&body);
    if (rc == 0 && now)
        *now = steal_pointer(&is);
    return rc;
}

int carry_is_done(struct uploads *uploads, struct call *call, const struct target *own,
                  const struct folder *f, const char *name, const struct target *old,
                  struct failure *err)
{
    cleanup_record struct record *was = NULL;
    cleanup_body struct body *left = NULL;
    int rc = replace_look(uploads, call, old, &was, err);

    if (rc < 0 || !was)
        return rc < 0 ? rc : -ENOENT;
    rc = carry_differences(uploads, call, own, f, name, was, 0, &left, NULL, err);
    if (rc == -ENOENT || rc == -EXDEV)
        return 0;
    return rc < 0 ? rc : body_empty(left);
}
