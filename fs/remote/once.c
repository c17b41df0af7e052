#include "once.h"

#include <errno.h>
#include <string.h>

#include "lock.h"
#include "remote_context.h"

#include "banned.h"

#define VALUE_MAX 65536

struct once {
    struct once *next;
    const struct field *field;
    struct buf text;
    char id[RESOURCE_ID_MAX + 1];
};

static void once_free(struct once *o)
{
    if (!o)
        return;
    if (o->text.data)
        explicit_bzero(o->text.data, o->text.cap);
    buf_release(&o->text);
    free(o);
}

static int keep_field(struct remote *remote, const struct record *r, const struct field *f)
{
    struct once *o = calloc(1, sizeof(*o));
    int rc;

    if (!o)
        return -ENOMEM;
    buf_init(&o->text, VALUE_MAX);
    o->field = f;
    rc = record_id(r, o->id);
    if (rc == 0)
        rc = record_field_text(r, f, &o->text);
    if (rc < 0) {
        once_free(o);
        return rc;
    }
    lock_take(&remote->once_lock);
    o->next = remote->once;
    remote->once = o;
    lock_give(&remote->once_lock);
    return 0;
}

int once_keep(struct remote *remote, struct record **r)
{
    struct record *rest;
    bool any = false;
    int rc = 0;

    for (const struct field *f = record_resource(*r)->fields; f->name && rc == 0; f++) {
        if (!(f->flags & F_ONCE) || !record_has(*r, f))
            continue;
        any = true;
        rc = keep_field(remote, *r, f);
    }
    if (rc < 0 || !any)
        return rc;
    rc = record_without(*r, F_ONCE, &rest);
    if (rc < 0)
        return rc;
    record_unref(*r);
    *r = rest;
    return 0;
}

int once_text(struct remote *remote, const char *id, const struct field *f, struct buf *out)
{
    int rc = -ENOENT;

    lock_take(&remote->once_lock);
    for (struct once *o = remote->once; o && rc == -ENOENT; o = o->next)
        if (o->field == f && strcmp(o->id, id) == 0)
            rc = out ? buf_add(out, buf_str(&o->text), o->text.len) : 0;
    lock_give(&remote->once_lock);
    return rc;
}

void once_forget(struct remote *remote, const char *id)
{
    struct once **link;

    lock_take(&remote->once_lock);
    link = &remote->once;
    while (*link) {
        struct once *o = *link;

        if (strcmp(o->id, id) != 0) {
            link = &o->next;
            continue;
        }
        *link = o->next;
        once_free(o);
    }
    lock_give(&remote->once_lock);
}

void once_release(struct remote *remote)
{
    while (remote->once) {
        struct once *next = remote->once->next;

        once_free(remote->once);
        remote->once = next;
    }
}
