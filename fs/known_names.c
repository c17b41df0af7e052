#include "known.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "names.h"

#include "banned.h"

#define NAME_TEXT_MAX 4096

struct search {
    const char *name;
    bool short_id; /* name may be the start of an id's digits */
    char *id;      /* the first one found */
    char other[RESOURCE_ID_MAX + 1];
    unsigned found;
};

static bool is_called(const struct search *s, const struct record *r, const char *id)
{
    const char *field = record_resource(r)->name_field;
    cleanup_buf struct buf text = BUF_INIT(NAME_TEXT_MAX);
    char shown[NAMES_MAX + 1];

    if (s->short_id) {
        const char *digits = strrchr(id, ':');

        if (digits && strncmp(digits + 1, s->name, strlen(s->name)) == 0)
            return true;
    }
    if (!field || record_string(r, field, &text) < 0 || !text.len)
        return false;
    return names_encode(buf_str(&text), shown) == 0 && strcmp(shown, s->name) == 0;
}

static void look_at(struct search *s, const struct record *r)
{
    char id[RESOURCE_ID_MAX + 1];

    if (record_id(r, id) < 0 || !is_called(s, r, id))
        return;
    if (s->found++ == 0)
        snprintf(s->id, RESOURCE_ID_MAX + 1, "%s", id);
    else if (s->found == 2)
        snprintf(s->other, sizeof(s->other), "%s", id);
}

static int search_listing(struct call *call, struct listing *l, struct search *s,
                          struct failure *err)
{
    int rc = listing_complete(l, call, err);

    for (size_t i = 0; rc == 0; i++) {
        struct record *r = NULL;

        rc = listing_row(l, call, i, &r, err);
        if (rc == 0 && r)
            look_at(s, r);
        record_unref(r);
    }
    if (rc != -ENOENT)
        return rc;
    if (s->found == 0)
        return -ENOENT;
    if (s->found > 1)
        return fail(err, -ENOTUNIQ, 0, "%s stands for %u resources, among them %s and %s", s->name,
                    s->found, s->id, s->other);
    return 0;
}

/* Can a resource be found by this name at all? If not, no list needs to be fetched. */
static bool worth_searching(const struct resource *res, const char *name)
{
    if (!(res->can & CAN_LIST))
        return false;
    return res->name_field || route_form(res, name) == FORM_SHORT_ID;
}

int known_id_in_folder(struct fs *fs, struct call *call, const struct folder *f, const char *name,
                       char out[RESOURCE_ID_MAX + 1], struct failure *err)
{
    struct search s = { .name = name, .id = out };
    cleanup_listing struct listing *l = NULL;
    int rc;

    if (!f->res || !worth_searching(f->res, name))
        return -ENOENT;
    s.short_id = route_form(f->res, name) == FORM_SHORT_ID;
    rc = known_folder_listing(fs, f, &l);
    return rc < 0 ? rc : search_listing(call, l, &s, err);
}

int known_id_of_name(struct fs *fs, struct call *call, const struct resource *res, const char *name,
                     char out[RESOURCE_ID_MAX + 1], struct failure *err)
{
    struct folder *f;
    struct drop *d = NULL;
    int rc = drops_folder(fs->drops, res->name, &f);

    if (rc == 0)
        d = drops_find(fs->drops, f, name);
    if (d) {
        rc = -ENOENT;
        drops_lock(fs->drops);
        if (d->id)
            rc = snprintf(out, RESOURCE_ID_MAX + 1, "%s", d->id) > RESOURCE_ID_MAX ? -ENAMETOOLONG
                                                                                   : 0;
        drops_unlock(fs->drops);
        drop_unref(d);
        if (rc == 0)
            return 0;
    }
    return rc < 0 && rc != -ENOENT ? rc : known_id_in_folder(fs, call, f, name, out, err);
}
