#include "once.h"

#include <errno.h>
#include <string.h>

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

static int keep_field(struct fs *fs, const struct record *r, const struct field *f)
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
    pthread_mutex_lock(&fs->lock);
    o->next = fs->once;
    fs->once = o;
    pthread_mutex_unlock(&fs->lock);
    return 0;
}

int once_keep(struct fs *fs, struct record **r)
{
    struct record *rest;
    bool any = false;
    int rc = 0;

    for (const struct field *f = record_resource(*r)->fields; f->name && rc == 0; f++) {
        if (!(f->flags & F_ONCE) || !record_has(*r, f))
            continue;
        any = true;
        rc = keep_field(fs, *r, f);
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

int once_text(struct fs *fs, const char *id, const struct field *f, struct buf *out)
{
    int rc = -ENOENT;

    pthread_mutex_lock(&fs->lock);
    for (struct once *o = fs->once; o && rc == -ENOENT; o = o->next)
        if (o->field == f && strcmp(o->id, id) == 0)
            rc = out ? buf_add(out, buf_str(&o->text), o->text.len) : 0;
    pthread_mutex_unlock(&fs->lock);
    return rc;
}

void once_forget(struct fs *fs, const char *id)
{
    struct once **link;

    pthread_mutex_lock(&fs->lock);
    link = &fs->once;
    while (*link) {
        struct once *o = *link;

        if (strcmp(o->id, id) != 0) {
            link = &o->next;
            continue;
        }
        *link = o->next;
        once_free(o);
    }
    pthread_mutex_unlock(&fs->lock);
}

void once_release(struct fs *fs)
{
    while (fs->once) {
        struct once *next = fs->once->next;

        once_free(fs->once);
        fs->once = next;
    }
}
