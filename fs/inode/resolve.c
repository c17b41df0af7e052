#include "resolve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "binding.h"
#include "doomed.h"
#include "drop_table.h"
#include "drop_target.h"
#include "drops.h"
#include "follow.h"
#include "hide.h"
#include "inodes_context.h"
#include "kept.h"
#include "known.h"
#include "links.h"
#include "list_filter.h"
#include "name_rules.h"
#include "names.h"
#include "node.h"
#include "once.h"
#include "other_fields.h"
#include "picture_name.h"
#include "recent_name.h"
#include "shared.h"

#include "banned.h"

void lookup_result_release(struct lookup_result *f)
{
    drop_unref(f->drop);
    f->drop = NULL;
}

int resolve_drop(struct inodes *inodes, const struct place *parent, struct drop *d,
                 struct lookup_result *out)
{
    struct drop_snapshot s = drop_snapshot(inodes->drops, d);
    int rc = 0;

    *out = (struct lookup_result){ .place = { .res = parent->res, .row = parent->row } };
    if (s.what == DROP_SUBFOLDER)
        out->place.kind = NODE_SUBFOLDER;
    else if (s.what == DROP_FILE)
        out->place = (struct place){ .kind = NODE_DROP }; /* the same wherever it is moved */
    else if (s.id[0])
        out->place = (struct place){ .kind = NODE_RESOURCE, .res = parent->res };
    else
        rc = -ENOENT;
    if (rc == 0 && out->place.kind == NODE_RESOURCE)
        snprintf(out->id, sizeof(out->id), "%s", s.id);
    if (rc == 0 && out->place.kind != NODE_RESOURCE)
        out->drop = drop_ref(d);
    return rc;
}

int resolve_gone(struct inodes *inodes, struct drop *d, bool durable)
{
    struct target_ids b;

    if (drop_target(inodes->drops, d, &b) == 0 && resource_takes_json(b.target.res))
        kept_forget(inodes->remote, KEPT_BODY, b.id);
    return drops_remove(inodes->drops, d, durable);
}

bool resolve_gone_elsewhere(struct inodes *inodes, struct drop *d, const char *id, bool durable)
{
    const struct resource *res = drop_folder(inodes->drops, d)->res;

    if (!drops_remove_sent(inodes->drops, d, id, durable))
        return false;
    if (res && resource_takes_json(res))
        kept_forget(inodes->remote, KEPT_BODY, id);
    return true;
}

/* A sent drop is there as long as its resource is. */
static int check_sent(struct inodes *inodes, struct call *call, struct drop *d, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    struct call now = { .nowait = true };
    struct drop_snapshot s = drop_snapshot(inodes->drops, d);
    bool local = s.has_bytes || s.writers || s.exclusive; /* or about to change */
    struct folder *f = s.folder;
    struct target_ids b;
    int rc;

    if (local || drop_target(inodes->drops, d, &b) < 0 || known_answer_is_final(b.target.res))
        return 0;
    /* an inbox is looked at again and again, and has no list that would say it in a few pages */
    rc = f->model ? known_record(inodes->remote, &now, &b.target, &r, err)
                  : known_sent_record(inodes->remote, call, f, &b.target, s.fresh, &r, err);
    if (rc == 0 && !f->model && list_filter_denies(f->filter, f->filter_value, r))
        rc = -ENOENT; /* others have moved it to another list */
    if (f->model && rc == -EWOULDBLOCK)
        return 0;
    if (rc == 0)
        return follow_drop(inodes, call, d, r); /* -ENOENT: others have renamed it */
    if (rc == -ENOENT && !resolve_gone_elsewhere(inodes, d, b.id, false))
        return 0; /* somebody writes it by now */
    if (rc == -ENOENT)
        shared_look_again(inodes); /* who deleted it may have put another one in its place */
    return rc;
}

int resolve_renamed(struct inodes *inodes, struct call *call, struct drop *d,
                    const struct record *r)
{
    struct drop_snapshot s = drop_snapshot(inodes->drops, d);

    return s.has_bytes || s.writers || s.exclusive ? 0 : follow_drop(inodes, call, d, r);
}

static int find_note(struct inodes *inodes, struct folder *folder, const char *name,
                     struct lookup_result *out)
{
    size_t len = strlen(name), ending = strlen(ERROR_NOTE_ENDING);
    char base[ROUTE_NAME_MAX + 1];
    cleanup_drop struct drop *x = NULL;
    bool noted;

    if (len <= ending || strcmp(name + len - ending, ERROR_NOTE_ENDING) != 0)
        return -ENOENT;
    snprintf(base, sizeof(base), "%.*s", (int)(len - ending), name);
    x = drops_find_failed(inodes->drops, folder, base);
    if (!x)
        return -ENOENT;
    drops_lock(inodes->drops);
    noted = x->error != NULL;
    drops_unlock(inodes->drops);
    if (!noted)
        return -ENOENT;
    *out =
        (struct lookup_result){ .place = { .kind = NODE_ERROR_NOTE }, .drop = steal_pointer(&x) };
    return 0;
}

static int find_local(struct inodes *inodes, struct call *call, struct node *parent,
                      const char *name, struct lookup_result *out, struct failure *err)
{
    cleanup_drop struct drop *d = NULL;
    struct folder *folder;
    int rc = bind_folder(inodes, call, parent, false, &folder);

    if (rc < 0)
        return rc;
    d = drops_find(inodes->drops, folder, name);
    if (!d)
        return find_note(inodes, folder, name, out);
    rc = check_sent(inodes, call, d, err);
    return rc < 0 ? rc : resolve_drop(inodes, &parent->place, d, out);
}

/* Another machine may have put it there since. */
static int find_shared(struct inodes *inodes, struct call *call, struct node *parent,
                       const char *name, struct lookup_result *out, struct failure *err)
{
    struct folder *f;
    int rc;

    if (parent->place.kind != NODE_COLLECTION && parent->place.kind != NODE_SUBFOLDER)
        return -ENOENT;
    rc = bind_folder(inodes, call, parent, true, &f);
    if (rc == 0)
        rc = shared_look_for(inodes, call, f, name);
    return rc < 0 ? rc : find_local(inodes, call, parent, name, out, err);
}

static int find_id(struct inodes *inodes, struct call *call, struct node *parent,
                   const struct folder *f, const char *id, struct lookup_result *out,
                   struct failure *err)
{
    cleanup_record struct record *r = NULL;
    struct target_ids b;
    int rc = bind_entry(inodes, parent, id, &b);

    if (rc < 0)
        return rc;
    if (drops_is_doomed(inodes->drops, id))
        return -ENOENT; /* that it goes is told, and only its DELETE is still to come */
    rc = known_record(inodes->remote, call, &b.target, &r, err);
    if (rc < 0)
        return rc;
    if (!list_filter_holds(f->filter, f->filter_value, r))
        return -ENOENT;
    *out = (struct lookup_result){ .place = { .kind = NODE_RESOURCE, .res = parent->place.res } };
    snprintf(out->id, sizeof(out->id), "%s", id);
    return 0;
}

/* NAME of a dropped NAME.json is the directory of the resource that it became. */
static int find_made(struct inodes *inodes, struct call *call, struct node *parent,
                     struct folder *f, const char *name, struct lookup_result *out,
                     struct failure *err)
{
    char file[ROUTE_NAME_MAX + 1];
    cleanup_drop struct drop *d = NULL;
    struct drop_snapshot s;
    int rc;

    if (!f->res || !resource_takes_json(f->res) ||
        snprintf(file, sizeof(file), "%s%s", name, NAMES_JSON_ENDING) > ROUTE_NAME_MAX)
        return -ENOENT;
    d = drops_find(inodes->drops, f, file);
    rc = d ? check_sent(inodes, call, d, err) : -ENOENT;
    if (rc < 0)
        return rc;
    *out = (struct lookup_result){ .place = { .kind = NODE_RESOURCE, .res = parent->place.res } };
    s = drop_snapshot(inodes->drops, d);
    snprintf(out->id, sizeof(out->id), "%s", s.id);
    return s.id[0] ? 0 : -ENOENT;
}

int resolve_other_file(struct inodes *inodes, const struct resource *res, const char *name,
                       bool structure, char out[ROUTE_NAME_MAX + 1])
{
    return other_field_file(res, inodes->scratch, name, structure, out);
}

int resolve_new_field(struct inodes *inodes, const struct node *parent, const char *name,
                      struct lookup_result *out)
{
    *out = (struct lookup_result){ .drop = NULL };
    return other_field_new(&parent->place, inodes->scratch, name, &out->place);
}

/* In a resource's directory: a field that the table does not have, and the resource has. */
static int find_other_field(struct inodes *inodes, struct call *call, struct node *parent,
                            const char *name, struct lookup_result *out, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    char field[ROUTE_NAME_MAX + 1];
    struct target_ids b;
    struct place place;
    int rc;

    if (other_field_at(&parent->place, inodes->scratch, name, &place, field) < 0)
        return -ENOENT;
    rc = bind_resource(inodes, parent, &b);
    if (rc == 0)
        rc = known_record(inodes->remote, call, &b.target, &r, err);
    if (rc < 0)
        return rc;
    if (!record_has_other(r, field, !schema_is_scalar(place.field->schema)))
        return -ENOENT;
    *out = (struct lookup_result){ .place = place };
    return 0;
}

static int find_entry(struct inodes *inodes, struct call *call, struct node *parent,
                      const char *name, enum name_form form, struct lookup_result *out,
                      struct failure *err)
{
    char id[RESOURCE_ID_MAX + 1];
    struct folder *f;
    int rc = find_local(inodes, call, parent, name, out, err);

    if (rc == -ENOENT && parent->place.kind == NODE_RESOURCE)
        return find_other_field(inodes, call, parent, name, out, err);
    if (rc == -ENOENT)
        rc = find_shared(inodes, call, parent, name, out, err);
    if (rc != -ENOENT || parent->place.kind != NODE_COLLECTION)
        return rc;
    rc = bind_folder(inodes, call, parent, true, &f);
    if (rc < 0)
        return rc;
    if (form == FORM_ID || form == FORM_LATER_ID) {
        rc = route_name_id(name, id);
        if (rc == 0)
            rc = find_id(inodes, call, parent, f, id, out, err);
        /* what might be one is a name when the server has none such, or calls it malformed */
        if (form == FORM_ID || (rc != -ENOENT && rc != -EINVAL))
            return rc;
    }
    rc = find_made(inodes, call, parent, f, name, out, err);
    if (rc != -ENOENT)
        return rc;
    if (form == FORM_HIDDEN)
        return -ENOENT;
    rc = known_id_in_folder(inodes->remote, call, f, name, id, err);
    if (rc == -ENOENT && f->res && f->res->title_field)
        rc = known_id_beside(inodes->remote, call, f, name, id, err);
    if (rc == 0 && drops_hide_name(inodes->drops, f, name, id))
        return -ENOENT;
    return rc < 0 ? rc : find_id(inodes, call, parent, f, id, out, err);
}

/* What was put here is called so only as long as others do not call it otherwise. */
static int find_link(struct inodes *inodes, struct call *call, struct node *parent,
                     const char *name, char id[RESOURCE_ID_MAX + 1], struct failure *err)
{
    cleanup_drop struct drop *d = NULL;
    struct folder *f;
    int rc = parent->place.kind == NODE_BY_NAME ? link_folder(inodes, call, parent, &f) : 1;

    if (rc == 0)
        d = drops_find(inodes->drops, f, name);
    if (d)
        rc = check_sent(inodes, call, d, err);
    return rc < 0 && rc != -ENOENT ? rc : link_find(inodes, call, parent, name, id, err);
}

bool resolve_has_field(struct inodes *inodes, const char *id, const struct record *r,
                       const struct field *f)
{
    return (f->flags & F_ONCE) ? once_text(inodes->remote, id, f, NULL) == 0 : record_has(r, f);
}

/* A field that cannot be written is there only while the resource has it. */
static int check_field(struct inodes *inodes, struct call *call, struct node *parent,
                       const struct field *field, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    struct target_ids b;
    int rc;

    if (!route_field_may_lack(field))
        return 0;
    rc = bind_resource(inodes, parent, &b);
    if (rc == 0)
        rc = known_record(inodes->remote, call, &b.target, &r, err);
    if (rc < 0)
        return rc;
    return resolve_has_field(inodes, b.id, r, field) ? 0 : -ENOENT;
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
static int check_link(struct inodes *inodes, struct call *call, struct node *parent,
                      const char *ending, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    const char *is;
    struct target_ids b;
    int rc;

    if (!parent->place.res->type_field)
        return -ENOENT;
    rc = bind_resource(inodes, parent, &b);
    if (rc == 0)
        rc = known_record(inodes->remote, call, &b.target, &r, err);
    if (rc < 0)
        return rc;
    is = resolve_content_ending(r);
    return is && strcmp(is, ending) == 0 ? 0 : -ENOENT;
}

static bool is_index(enum node_kind kind)
{
    return kind == NODE_BY_NAME || kind == NODE_BY_ID || kind == NODE_LIST;
}

/* What an older server has no list of has no index either, nor what is listed to nobody. */
static int check_index(struct inodes *inodes, struct call *call, struct node *parent,
                       struct failure *err)
{
    struct folder *f;
    bool sure = resource_can(parent->place.res) & CAN_LIST;
    int rc = sure ? 1 : bind_folder(inodes, call, parent, true, &f);

    if (rc == 0)
        rc = known_list_is_there(inodes->remote, call, f, err);
    return rc == -EOPNOTSUPP ? -ENOENT : rc < 0 ? rc : 0;
}

/* Is it to be sent? What is empty, or stays here for good, is not. */
static bool is_pending_locked(struct inodes *inodes, struct drop *d)
{
    return drop_state_is_dirty(d->state) && d->state != DROP_STAYING && d->local &&
           !rule_stays_here(inodes->scratch, d->folder, d->name);
}

int resolve_spool_name(struct inodes *inodes, struct drop *d, enum node_kind kind,
                       char out[ROUTE_NAME_MAX + 1])
{
    bool failed = kind == NODE_FAILED_FILE;
    int64_t number = 0;

    drops_lock(inodes->drops);
    if (failed && d->state == DROP_APART && d->linked)
        number = d->failed_number;
    else if (!failed && is_pending_locked(inodes, d))
        number = (int64_t)d->local->number;
    if (number)
        names_numbered(number, d->name, out);
    drops_unlock(inodes->drops);
    return number ? 0 : -ENOENT;
}

int resolve_spool_list(struct inodes *inodes, enum node_kind kind, struct drop ***out, size_t *n)
{
    return kind == NODE_FAILED_FILE ? drops_list_failed(inodes->drops, NULL, out, n)
                                    : drops_list_local(inodes->drops, out, n);
}

int resolve_spool_file(struct inodes *inodes, enum node_kind kind, const char *name,
                       struct lookup_result *out)
{
    struct drop **list;
    int rc = -ENOENT;
    size_t n;

    if (resolve_spool_list(inodes, kind, &list, &n) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        char called[ROUTE_NAME_MAX + 1];

        if (rc < 0 && resolve_spool_name(inodes, list[i], kind, called) == 0 &&
            strcmp(called, name) == 0) {
            *out = (struct lookup_result){ .place = { .kind = kind }, .drop = drop_ref(list[i]) };
            rc = 0;
        }
        drop_unref(list[i]);
    }
    free(list);
    return rc;
}

int resolve(struct inodes *inodes, struct call *call, struct node *parent, const char *name,
            struct lookup_result *out, struct failure *err)
{
    struct place place;
    int rc = route_step(&parent->place, name, &place);

    *out = (struct lookup_result){ .drop = NULL };
    if (rc < 0)
        return rc;
    if (hide_is_hidden(inodes, parent->ino, name))
        return -ENOENT;
    if (place.kind == NODE_ENTRY)
        return find_entry(inodes, call, parent, name, place.form, out, err);
    if (tree_is_spool_file(place.kind))
        return resolve_spool_file(inodes, place.kind, name, out);
    if (place.kind == NODE_FIELD)
        rc = check_field(inodes, call, parent, place.field, err);
    else if (place.kind == NODE_CONTENT_LINK)
        rc = check_link(inodes, call, parent, place.ending, err);
    else if (place.kind == NODE_LINK)
        rc = find_link(inodes, call, parent, name, out->id, err);
    else if (place.kind == NODE_PICTURE)
        rc = picture_query(place.res, name, out->id);
    else if (place.kind == NODE_RECENT)
        rc = recent_days(place.res, name, out->id);
    else if (is_index(place.kind))
        rc = check_index(inodes, call, parent, err);
    out->place = place;
    if (place.kind == NODE_CONSENT || place.kind == NODE_BY_VALUE)
        return route_name_id(name, out->id) < 0 ? -ENOENT : rc;
    return rc;
}

int resolve_node(struct inodes *inodes, struct node *parent, const char *name,
                 const struct lookup_result *f, unsigned count, struct node **out)
{
    return node_make(inodes->nodes, parent, name, &f->place, f->id[0] ? f->id : NULL, f->drop,
                     count, out);
}
