#include "resolve.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "binding.h"
#include "deliver.h"
#include "hide.h"
#include "index.h"
#include "kept.h"
#include "known.h"
#include "names.h"
#include "once.h"
#include "text.h"

#include "banned.h"

void found_release(struct found *f)
{
    drop_unref(f->drop);
    f->drop = NULL;
}

int resolve_drop(struct fs *fs, const struct place *parent, struct drop *d, struct found *out)
{
    int rc = 0;

    *out = (struct found){ .place = { .res = parent->res, .row = parent->row } };
    drops_lock(fs->drops);
    if (d->what == DROP_SUBFOLDER)
        out->place.kind = NODE_SUBFOLDER;
    else if (d->what == DROP_FILE)
        out->place = (struct place){ .kind = NODE_DROP }; /* the same wherever it is moved */
    else if (d->id)
        out->place = (struct place){ .kind = NODE_RESOURCE, .res = parent->res };
    else
        rc = -ENOENT;
    if (rc == 0 && out->place.kind == NODE_RESOURCE)
        snprintf(out->id, sizeof(out->id), "%s", d->id);
    if (rc == 0 && out->place.kind != NODE_RESOURCE)
        out->drop = drop_ref(d);
    drops_unlock(fs->drops);
    return rc;
}

int resolve_gone(struct fs *fs, struct drop *d, bool durable)
{
    struct bound b;

    if (bind_drop(fs, d, &b) == 0 && resource_takes_json(b.target.res))
        kept_forget(fs, KEPT_BODY, b.id);
    return drops_remove(fs->drops, d, durable);
}

bool resolve_gone_elsewhere(struct fs *fs, struct drop *d, const char *id, bool durable)
{
    const struct resource *res = drop_folder(fs->drops, d)->res;

    if (!drops_remove_sent(fs->drops, d, id, durable))
        return false;
    if (res && resource_takes_json(res))
        kept_forget(fs, KEPT_BODY, id);
    return true;
}

/* A sent drop is there as long as its resource is. */
static int check_sent(struct fs *fs, struct call *call, struct drop *d, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    struct call now = { .nowait = true };
    struct bound b;
    struct folder *f;
    bool local, fresh;
    int rc;

    drops_lock(fs->drops);
    local = d->local || d->failed || d->writers || d->exclusive; /* or about to change */
    fresh = drop_is_fresh_locked(fs->drops, d);
    f = d->folder;
    drops_unlock(fs->drops);
    if (local || bind_drop(fs, d, &b) < 0 || known_answer_is_final(b.target.res))
        return 0;
    /* an inbox is looked at again and again, and has no list that would say it in a few pages */
    rc = f->model ? known_record(fs, &now, &b.target, &r, err)
                  : known_sent_record(fs, call, f, &b.target, fresh, &r, err);
    if (f->model && rc == -EWOULDBLOCK)
        return 0;
    if (rc == -ENOENT && !resolve_gone_elsewhere(fs, d, b.id, false))
        rc = 0; /* somebody writes it by now */
    return rc;
}

static int find_note(struct fs *fs, struct folder *folder, const char *name, struct found *out)
{
    size_t len = strlen(name), ending = strlen(ERROR_NOTE_ENDING);
    char base[ROUTE_NAME_MAX + 1];
    struct drop *d;
    bool failed;

    if (len <= ending || strcmp(name + len - ending, ERROR_NOTE_ENDING) != 0)
        return -ENOENT;
    snprintf(base, sizeof(base), "%.*s", (int)(len - ending), name);
    d = drops_find(fs->drops, folder, base);
    if (!d)
        return -ENOENT;
    drops_lock(fs->drops);
    failed = d->failed;
    drops_unlock(fs->drops);
    if (!failed) {
        drop_unref(d);
        return -ENOENT;
    }
    *out = (struct found){ .place = { .kind = NODE_ERROR_NOTE }, .drop = d };
    return 0;
}

static int find_local(struct fs *fs, struct call *call, struct node *parent, const char *name,
                      struct found *out, struct failure *err)
{
    cleanup_drop struct drop *d = NULL;
    struct folder *folder;
    int rc = bind_folder(fs, call, parent, false, &folder);

    if (rc < 0)
        return rc;
    d = drops_find(fs->drops, folder, name);
    if (!d && hide_lingers(fs, parent->ino, name)) {
        *out = (struct found){ .place = { .kind = NODE_ERROR_NOTE } };
        return 0;
    }
    if (!d)
        return find_note(fs, folder, name, out);
    rc = check_sent(fs, call, d, err);
    return rc < 0 ? rc : resolve_drop(fs, &parent->place, d, out);
}

static int find_id(struct fs *fs, struct call *call, struct node *parent, const struct folder *f,
                   const char *id, struct found *out, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    struct bound b;
    int rc = bind_entry(fs, parent, id, &b);

    if (rc < 0)
        return rc;
    rc = known_record(fs, call, &b.target, &r, err);
    if (rc < 0)
        return rc;
    if (!listing_filter_holds(f->filter, f->filter_value, r))
        return -ENOENT;
    *out = (struct found){ .place = { .kind = NODE_RESOURCE, .res = parent->place.res } };
    snprintf(out->id, sizeof(out->id), "%s", id);
    return 0;
}

/* A file with a content that was dropped here and has another name by now does not answer to its
 * old one. */
static bool is_file_here(struct fs *fs, struct folder *f, const char *id)
{
    cleanup_drop struct drop *d = drops_find_id(fs->drops, f, id);

    return d && d->what == DROP_FILE && !resource_takes_json(f->res);
}

/* NAME of a dropped NAME.json is the directory of the resource that it became. */
static int find_made(struct fs *fs, struct call *call, struct node *parent, struct folder *f,
                     const char *name, struct found *out, struct failure *err)
{
    char file[ROUTE_NAME_MAX + 1];
    cleanup_drop struct drop *d = NULL;
    int rc;

    if (!f->res || !resource_takes_json(f->res) ||
        snprintf(file, sizeof(file), "%s%s", name, NAMES_JSON_ENDING) > ROUTE_NAME_MAX)
        return -ENOENT;
    d = drops_find(fs->drops, f, file);
    rc = d ? check_sent(fs, call, d, err) : -ENOENT;
    if (rc < 0)
        return rc;
    *out = (struct found){ .place = { .kind = NODE_RESOURCE, .res = parent->place.res } };
    drops_lock(fs->drops);
    if (d->id)
        snprintf(out->id, sizeof(out->id), "%s", d->id);
    else
        rc = -ENOENT;
    drops_unlock(fs->drops);
    return rc;
}

static int find_entry(struct fs *fs, struct call *call, struct node *parent, const char *name,
                      enum name_form form, struct found *out, struct failure *err)
{
    char id[RESOURCE_ID_MAX + 1];
    struct folder *f;
    int rc = find_local(fs, call, parent, name, out, err);

    if (rc != -ENOENT || parent->place.kind != NODE_COLLECTION)
        return rc;
    rc = bind_folder(fs, call, parent, true, &f);
    if (rc < 0)
        return rc;
    rc = find_made(fs, call, parent, f, name, out, err);
    if (rc != -ENOENT)
        return rc;
    if (form == FORM_ID)
        return find_id(fs, call, parent, f, name, out, err);
    if (form == FORM_HIDDEN)
        return -ENOENT;
    rc = known_id_in_folder(fs, call, f, name, id, err);
    if (rc == 0 && form == FORM_NAME && is_file_here(fs, f, id))
        return -ENOENT;
    return rc < 0 ? rc : find_id(fs, call, parent, f, id, out, err);
}

bool resolve_has_field(struct fs *fs, const char *id, const struct record *r, const struct field *f)
{
    return (f->flags & F_ONCE) ? once_text(fs, id, f, NULL) == 0 : record_has(r, f);
}

/* A field that cannot be written is there only while the resource has it. */
static int check_field(struct fs *fs, struct call *call, struct node *parent,
                       const struct field *field, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    struct bound b;
    int rc;

    if (!route_field_may_lack(field))
        return 0;
    rc = bind_resource(fs, parent, &b);
    if (rc == 0)
        rc = known_record(fs, call, &b.target, &r, err);
    if (rc < 0)
        return rc;
    return resolve_has_field(fs, b.id, r, field) ? 0 : -ENOENT;
}

const char *resolve_content_ending(const struct record *r)
{
    const char *field = record_resource(r)->type_field;
    cleanup_buf struct buf type = BUF_INIT(ROUTE_NAME_MAX);

    if (!field || record_string(r, field, &type) < 0)
        return NULL;
    return tree_content_ending(buf_str(&type));
}

/* content.pdf is there when the resource says that it is a PDF. */
static int check_link(struct fs *fs, struct call *call, struct node *parent, const char *ending,
                      struct failure *err)
{
    cleanup_record struct record *r = NULL;
    const char *is;
    struct bound b;
    int rc;

    if (!parent->place.res->type_field)
        return -ENOENT;
    rc = bind_resource(fs, parent, &b);
    if (rc == 0)
        rc = known_record(fs, call, &b.target, &r, err);
    if (rc < 0)
        return rc;
    is = resolve_content_ending(r);
    return is && strcmp(is, ending) == 0 ? 0 : -ENOENT;
}

int resolve_spool_name(struct fs *fs, struct drop *d, enum node_kind kind,
                       char out[ROUTE_NAME_MAX + 1])
{
    bool failed = kind == NODE_FAILED_FILE;
    int64_t number = 0;

    drops_lock(fs->drops);
    if (failed && d->failed)
        number = d->failed_number;
    else if (!failed && !d->failed && d->dirty && d->local &&
             !deliver_is_local(fs, d->folder, d->name))
        number = (int64_t)d->local->number;
    if (number)
        snprintf(out, ROUTE_NAME_MAX + 1, "%" PRId64 "-%.200s", number, d->name);
    drops_unlock(fs->drops);
    return number ? 0 : -ENOENT;
}

int resolve_spool_list(struct fs *fs, enum node_kind kind, struct drop ***out, size_t *n)
{
    return kind == NODE_FAILED_FILE ? drops_list_failed(fs->drops, out, n)
                                    : drops_list_local(fs->drops, out, n);
}

int resolve_spool_file(struct fs *fs, enum node_kind kind, const char *name, struct found *out)
{
    struct drop **list;
    int rc = -ENOENT;
    size_t n;

    if (resolve_spool_list(fs, kind, &list, &n) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        char called[ROUTE_NAME_MAX + 1];

        if (rc < 0 && resolve_spool_name(fs, list[i], kind, called) == 0 &&
            strcmp(called, name) == 0) {
            *out = (struct found){ .place = { .kind = kind }, .drop = drop_ref(list[i]) };
            rc = 0;
        }
        drop_unref(list[i]);
    }
    free(list);
    return rc;
}

int resolve(struct fs *fs, struct call *call, struct node *parent, const char *name,
            struct found *out, struct failure *err)
{
    struct place place;
    int rc = route_step(&parent->place, name, &place);

    *out = (struct found){ .drop = NULL };
    if (rc < 0)
        return rc;
    if (hide_is_hidden(fs, parent->ino, name))
        return -ENOENT;
    if (place.kind == NODE_ENTRY)
        return find_entry(fs, call, parent, name, place.form, out, err);
    if (tree_is_spool_file(place.kind))
        return resolve_spool_file(fs, place.kind, name, out);
    if (place.kind == NODE_FIELD)
        rc = check_field(fs, call, parent, place.field, err);
    else if (place.kind == NODE_CONTENT_LINK)
        rc = check_link(fs, call, parent, place.ending, err);
    else if (place.kind == NODE_LINK)
        rc = index_find(fs, call, parent, name, out->id, err);
    out->place = place;
    if (place.kind == NODE_CONSENT || place.kind == NODE_BY_VALUE)
        snprintf(out->id, sizeof(out->id), "%s", name);
    return rc;
}

int resolve_node(struct fs *fs, struct node *parent, const char *name, const struct found *f,
                 unsigned count, struct node **out)
{
    return node_make(fs->nodes, parent, name, &f->place, f->id[0] ? f->id : NULL, f->drop, count,
                     out);
}
