#include "deliver.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "binding.h"
#include "complete.h"
#include "defaults.h"
#include "deliver_content.h"
#include "deliver_json.h"
#include "drop_store.h"
#include "fetch.h"
#include "filetype.h"
#include "inbox.h"
#include "kept.h"
#include "known.h"
#include "names.h"
#include "once.h"
#include "scratch.h"
#include "sidecar.h"

#include "banned.h"

#define KEPT_MAX_BYTES 65536
#define LOOK_AGAIN_MS 1000

/* One sending, from its bytes to the answer. */
struct sending {
    struct fs *fs;
    struct call *call;
    struct drop *drop;
    struct folder *folder;
    const char *name;
    struct bytes *bytes;
    struct content_source content;
    uint8_t digest[DIGEST_BYTES];
    char type[FILETYPE_MAX];
    const char *missing; /* what tells that it was cut off, or NULL */
};

bool deliver_is_scratch(struct fs *fs, const char *name)
{
    return scratch_name(name, fs->options->scratch) || defaults_is(name);
}

bool deliver_takes(const struct folder *f, const char *name)
{
    char base[NAMES_MAX + 1];

    if (!f->res)
        return false;
    if (resource_takes_json(f->res))
        return names_json_base(name, base) == 0;
    return f->res->make_from == MAKE_BYTES || f->res->make_from == MAKE_DOCUMENT;
}

bool deliver_is_local(struct fs *fs, const struct folder *f, const char *name)
{
    return !deliver_takes(f, name) || f->staging || deliver_is_scratch(fs, name) ||
           sidecar_is(f, name) || (f->model && inbox_is_answer(name));
}

int deliver_delete(struct fs *fs, struct call *call, const struct target *t, struct failure *err)
{
    int rc;

    if (fs->options->ro)
        return fail(err, -EROFS, 0, "the mount is read-only");
    if (fs->options->nodelete)
        return fail(err, -EPERM, 0, "the mount deletes nothing (nodelete)");
    rc = backend_delete(fs->backend, call, t, err);
    if (rc < 0 && rc != -ENOENT) {
        known_forget_record(fs, t, true); /* it may have gone all the same */
        return rc;
    }
    known_removed(fs, t);
    once_forget(fs, t->id);
    if (resource_takes_json(t->res))
        kept_forget(fs, KEPT_BODY, t->id);
    return 0;
}

/* --- What the bytes are ----------------------------------------------------------------------- */

static bool type_is_taken(const struct resource *res, const char *type)
{
    const struct field *f = resource_field(res, res->type_field);

    for (const char *const *e = f->schema->enums; e && *e; e++)
        if (strcmp(*e, type) == 0)
            return true;
    return false;
}

/* 1: it stays here. */
static int check_type(struct sending *s, struct failure *err)
{
    const struct resource *res = s->folder->res;
    int rc;

    if (!res->type_field)
        return 0;
    rc = filetype_of(s->fs->filetype, s->bytes->fd, s->type);
    if (rc < 0 || type_is_taken(res, s->type))
        return rc;
    if (s->fs->options->other == OTHER_LOCAL)
        return 1;
    return fail(err, -EINVAL, 0, "its bytes are %s, which the API does not take as %s", s->type,
                res->name);
}

static int check_complete(struct sending *s, struct failure *err)
{
    int mode = s->fs->options->complete;

    if (s->folder->res->type_field && mode != COMPLETE_OFF)
        s->missing = complete_missing(s->bytes->fd, s->type);
    if (s->missing && mode == COMPLETE_REFUSE)
        return fail(err, -EINVAL, 0, "it looks cut off: %s", s->missing);
    return 0;
}

/* It was sent all the same. */
static void warn_incomplete(struct sending *s)
{
    cleanup_buf struct buf path = BUF_INIT(PATH_TEXT_MAX);
    struct failure why = { 0 };

    drops_lock(s->fs->drops);
    buf_addf(&path, "/%s/%s", s->folder->key, s->name);
    drops_unlock(s->fs->drops);
    failure_set(&why, 0, "sent, but it looks cut off: %s", s->missing);
    errlog_add(s->fs->errlog, "close", buf_str(&path), 0, &why);
}

static bool is_unchanged(struct sending *s)
{
    struct drop *d = s->drop;
    bool same;

    drops_lock(s->fs->drops);
    same = d->id && d->has_digest && d->size == s->content.size &&
           memcmp(d->digest, s->digest, sizeof(s->digest)) == 0;
    drops_unlock(s->fs->drops);
    return same;
}

/* --- The request ------------------------------------------------------------------------------ */

static int make_body(struct sending *s, enum body_use use, struct body **out, struct failure *err)
{
    const struct resource *res = s->folder->res;
    struct body *body;
    int rc = body_new(res, use, &body);

    if (rc < 0)
        return rc;
    if (use == BODY_POST && res->type_field)
        rc = body_set_string(body, res->type_field, s->type, err);
    if (rc == 0 && use == BODY_POST && s->folder->filter)
        rc = body_set_string(body, s->folder->filter, s->folder->filter_value, err);
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

/* What the replaced one was, the new one is: its dataset, consent, retention. */
static int keep_fields(struct sending *s, const char *old_id, struct body *body,
                       struct failure *err)
{
    struct target t = { .res = s->folder->res, .parent = s->folder->parent, .id = old_id };
    cleanup_record struct record *old = NULL;
    int rc = known_record(s->fs, s->call, &t, &old, err);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc; /* deleted elsewhere meanwhile */
    for (const struct field *f = t.res->fields; f->name && rc == 0; f++) {
        cleanup_buf struct buf text = BUF_INIT(KEPT_MAX_BYTES);

        if (!(f->flags & F_KEPT) || body_has(body, f->name))
            continue;
        rc = record_field_text(old, f, &text);
        if (rc == 0)
            rc = body_set_text(body, f, buf_str(&text), text.len, err);
        else if (rc == -ENOENT)
            rc = 0;
    }
    return rc;
}

static int create(struct sending *s, const char *old_id, struct record **out, struct failure *err)
{
    struct target t = { .res = s->folder->res, .parent = s->folder->parent };
    cleanup_body struct body *body = NULL;
    struct id_search names;
    int rc = make_body(s, BODY_POST, &body, err);

    known_id_search(&names, s->fs, s->call);
    if (rc == 0)
        body_find_ids(body, &names.finder);
    if (rc == 0 && old_id)
        rc = keep_fields(s, old_id, body, err);
    if (rc == 0)
        rc = defaults_apply(s->fs, s->folder, body, err);
    return rc < 0 ? rc : deliver_content(s->fs, s->call, &t, body, s->content, s->type, out, err);
}

static int update(struct sending *s, const char *id, struct record **out, struct failure *err)
{
    struct target t = { .res = s->folder->res, .parent = s->folder->parent, .id = id };
    cleanup_body struct body *body = NULL;
    int rc = make_body(s, BODY_PATCH, &body, err);

    return rc < 0 ? rc : backend_update(s->fs->backend, s->call, &t, body, s->content, out, err);
}

/* --- The answer ------------------------------------------------------------------------------- */

/* The new one is there: the one whose place it takes goes, or stays under its id. */
static void delete_old(struct sending *s, const char *old_id)
{
    struct target t = { .res = s->folder->res, .parent = s->folder->parent, .id = old_id };
    struct failure err = { 0 };
    int rc;

    if (s->fs->options->nodelete)
        return;
    rc = deliver_delete(s->fs, s->call, &t, &err);
    if (rc < 0)
        errlog_add(s->fs->errlog, "delete the replaced", old_id, rc, &err);
}

static int64_t answer_size(struct sending *s, const char *id)
{
    cleanup_free char *text = NULL;

    return kept_get(s->fs, KEPT_BODY, id, &text) == 0 ? (int64_t)strlen(text) : 0;
}

static int accept(struct sending *s, const char *id, struct record *now)
{
    struct target t = { .res = s->folder->res, .parent = s->folder->parent, .id = id };
    int64_t size = s->folder->document ? answer_size(s, id) : s->content.size;
    char content[CONTENT_ID_MAX + 1];
    struct drop *d = s->drop;
    char *old_error;
    int rc;

    drops_lock(s->fs->drops);
    rc = drop_set_id_locked(s->fs->drops, d, id);
    d->size = size;
    memcpy(d->digest, s->digest, sizeof(d->digest));
    d->has_digest = !s->folder->document; /* the same question again is another one */
    d->acked_ms = clock_now_ms(s->fs->clock);
    d->dirty = d->failed = false;
    d->broken = 0;
    old_error = steal_pointer(&d->error);
    drops_unlock(s->fs->drops);
    free(old_error);
    known_changed(s->fs, &t, now);
    if (t.res->url_field && s->content.size > resource_content_max(t.res))
        known_changed_again(s->fs, &t); /* its bytes came after the answer */
    if (resource_content_max(t.res) > 0 && fetch_content_id(&t, now, content) == 0)
        state_put_size(s->fs->state, content, s->content.size, NULL);
    return rc;
}

/* One POST or PATCH of the bytes as content; *old_id is NULL after it when that is no more. */
static int transmit_content(struct sending *s, const char **old_id, struct record **now,
                            struct failure *err)
{
    bool replace = *old_id && fetch_content_changes(s->folder->res);
    int rc = replace ? update(s, *old_id, now, err) : create(s, *old_id, now, err);

    if (replace && rc == -ENOENT) {
        *old_id = NULL; /* deleted elsewhere meanwhile: a new one then */
        rc = create(s, NULL, now, err);
    }
    return rc;
}

/* What depends on the document that is there now. Its failures are not those of the document. */
static void follow(struct sending *s, const char *id)
{
    sidecar_follow(s->fs, s->call, s->drop, s->folder, s->name);
    if (s->folder->model)
        inbox_predict(s->fs, s->call, s->folder, s->name, id);
}

static int transmit(struct sending *s, const char *old_id, struct failure *err)
{
    cleanup_record struct record *now = NULL;
    char id[RESOURCE_ID_MAX + 1];
    bool json = resource_takes_json(s->folder->res);
    int rc;

    if (json)
        rc = deliver_json(s->fs, s->call, s->folder, s->name, s->content.fd, s->content.size,
                          old_id, &now, err);
    else
        rc = transmit_content(s, &old_id, &now, err);
    if (rc == 0)
        rc = record_id(now, id);
    if (rc < 0)
        return rc;
    rc = accept(s, id, now);
    if (rc == 0)
        rc = drop_row_save(s->fs->drops, s->drop, true);
    if (!json && old_id && strcmp(old_id, id) != 0)
        delete_old(s, old_id);
    if (rc == 0)
        follow(s, id);
    return rc;
}

/* --- All of it -------------------------------------------------------------------------------- */

/* What stays here may still say something of what goes. */
static int stay_local(struct sending *s, struct failure *err)
{
    bool defaults = s->content.size && defaults_is(s->name);
    bool sidecar = s->content.size && sidecar_is(s->folder, s->name);
    int rc = 0;

    if (defaults)
        rc = defaults_check(s->folder, s->bytes, err);
    else if (sidecar)
        rc = sidecar_commit(s->fs, s->call, s->folder, s->name, s->bytes, err);
    if (rc < 0)
        return rc;
    if (defaults || sidecar) {
        drops_lock(s->fs->drops);
        s->drop->dirty = s->drop->failed = false; /* it has been said, once */
        drops_unlock(s->fs->drops);
    }
    if (s->content.size == 0)
        return drop_row_save(s->fs->drops, s->drop, false);
    rc = spool_sync(s->fs->spool, s->bytes->fd); /* closed and not acknowledged: on disk */
    return rc < 0 ? rc : drop_row_save(s->fs->drops, s->drop, true);
}

/* Many files with equal bytes in a row cost one look at their list a second, not one each. */
static bool time_to_look(struct sending *s)
{
    int64_t now = clock_now_ms(s->fs->clock);
    bool look;

    drops_lock(s->fs->drops);
    look = s->folder->looked_ms + LOOK_AGAIN_MS <= now;
    if (look)
        s->folder->looked_ms = now;
    drops_unlock(s->fs->drops);
    return look;
}

/* Has the content been changed elsewhere? 1: it is not these bytes any more. */
static int check_content(struct sending *s, const struct target *t, struct failure *err)
{
    uint8_t digest[DIGEST_BYTES];
    cleanup_fd int fd = -1;
    int64_t size;
    int rc;

    if (resource_takes_json(t->res) || !fetch_content_changes(t->res))
        return 0;
    rc = known_content(s->fs, s->call, t, &fd, &size, err);
    if (rc == 0)
        rc = content_digest(fd, digest);
    return rc < 0 ? rc : memcmp(digest, s->digest, sizeof(digest)) != 0;
}

/* What is remembered may be old: is the resource with these bytes really still there? 1: it has
 * others by now. */
static int check_still_there(struct sending *s, struct failure *err)
{
    struct target t = { .res = s->folder->res, .parent = s->folder->parent };
    cleanup_record struct record *r = NULL;
    cleanup_free char *id = NULL;
    bool fresh;
    int rc;

    drops_lock(s->fs->drops);
    id = strdup(s->drop->id);
    fresh = drop_is_fresh_locked(s->fs->drops, s->drop);
    drops_unlock(s->fs->drops);
    if (!id)
        return -ENOMEM;
    t.id = id;
    known_forget_record(s->fs, &t, time_to_look(s));
    rc = known_sent_record(s->fs, s->call, s->folder, &t, fresh, &r, err);
    if (rc == -ENOENT) {
        drops_lock(s->fs->drops);
        rc = drop_set_id_locked(s->fs->drops, s->drop, NULL);
        drops_unlock(s->fs->drops);
        return rc < 0 ? rc : -ENOENT;
    }
    return rc < 0 ? rc : check_content(s, &t, err);
}

static int stay_as_it_is(struct sending *s)
{
    cleanup_free char *id = NULL;
    int rc;

    drops_lock(s->fs->drops);
    s->drop->dirty = s->drop->failed = false;
    id = s->folder->model ? strdup(s->drop->id) : NULL;
    drops_unlock(s->fs->drops);
    rc = drop_row_save(s->fs->drops, s->drop, true);
    if (rc == 0 && id && !inbox_has_answer(s->fs, s->folder, s->name))
        inbox_predict(s->fs, s->call, s->folder, s->name, id);
    return rc;
}

static int send_bytes(struct sending *s, struct failure *err)
{
    cleanup_free char *old_id = NULL;
    struct stat st;
    int rc;

    if (fstat(s->bytes->fd, &st) < 0)
        return -errno;
    s->content = (struct content_source){ .fd = s->bytes->fd, .size = st.st_size };
    if (st.st_size == 0 || deliver_is_local(s->fs, s->folder, s->name))
        return stay_local(s, err);
    if (s->fs->options->ro)
        return fail(err, -EROFS, 0, "the mount is read-only");
    rc = content_digest(s->bytes->fd, s->digest);
    if (rc < 0)
        return rc;
    if (is_unchanged(s)) {
        rc = check_still_there(s, err);
        if (rc != -ENOENT && rc != 1)
            return rc < 0 ? rc : stay_as_it_is(s);
    }
    rc = check_type(s, err);
    if (rc != 0)
        return rc < 0 ? rc : stay_local(s, err);
    rc = check_complete(s, err);
    if (rc < 0)
        return rc;
    drops_lock(s->fs->drops);
    old_id = s->drop->id ? strdup(s->drop->id) : NULL;
    rc = s->drop->id && !old_id ? -ENOMEM : 0;
    drops_unlock(s->fs->drops);
    if (rc == 0)
        rc = transmit(s, old_id, err);
    if (rc == 0 && s->missing)
        warn_incomplete(s);
    return rc;
}

int deliver_drop(struct fs *fs, struct call *call, struct drop *d, struct folder *folder,
                 const char *name, struct failure *err)
{
    struct sending s = { .fs = fs, .call = call, .drop = d, .folder = folder, .name = name };
    int rc;

    s.bytes = drop_bytes(fs->drops, d);
    if (!s.bytes)
        return 0;
    rc = send_bytes(&s, err);
    bytes_unref(s.bytes);
    return rc;
}

int deliver_commit(struct fs *fs, struct call *call, struct drop *d, struct failure *err)
{
    cleanup_free char *name = NULL;
    struct folder *folder;
    bool wanted;
    int rc;

    drops_lock(fs->drops);
    wanted = d->linked && d->dirty && d->local;
    name = strdup(d->name);
    folder = d->folder;
    drops_unlock(fs->drops);
    if (!wanted)
        return 0;
    if (!name)
        return -ENOMEM;
    rc = deliver_drop(fs, call, d, folder, name, err);
    if (rc < 0)
        drop_set_failed(fs->drops, d, err->text[0] ? err->text : strerror(-rc));
    return rc;
}

/* Its text is kept by itself already. */
static bool is_json(struct fs *fs, struct drop *d)
{
    bool json;

    drops_lock(fs->drops);
    json = d->folder->res && resource_takes_json(d->folder->res);
    drops_unlock(fs->drops);
    return json;
}

void deliver_settle(struct fs *fs, struct drop *d)
{
    cleanup_record struct record *r = NULL;
    cleanup_free char *path = NULL;
    struct call now = { .nowait = true };
    struct failure ignored;
    struct bytes *bytes;
    struct bound b;
    bool settled;

    drops_lock(fs->drops);
    settled = d->id && d->local && !d->dirty && !d->failed && d->opened == 0;
    bytes = settled ? bytes_ref(d->local) : NULL;
    drops_unlock(fs->drops);
    if (!bytes)
        return;
    path = spool_path(fs->spool, bytes->number);
    if (path && !is_json(fs, d) && bind_drop(fs, d, &b) == 0 &&
        known_record(fs, &now, &b.target, &r, &ignored) == 0)
        known_content_adopt(fs, &b.target, r, path, d->digest);
    drop_forget_bytes(fs->drops, d);
    bytes_unref(bytes);
    drop_row_save(fs->drops, d, false);
}

void deliver_settle_all(struct fs *fs)
{
    struct drop **list;
    size_t n;

    if (!fs->drops || drops_list_local(fs->drops, &list, &n) < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        drops_lock(fs->drops);
        list[i]->opened = 0;
        drops_unlock(fs->drops);
        deliver_settle(fs, list[i]);
        drop_unref(list[i]);
    }
    free(list);
}
