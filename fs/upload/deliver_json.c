#include "deliver_json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "asked.h"
#include "backend.h"
#include "drop.h"
#include "folder.h"
#include "id_search.h"
#include "kept.h"
#include "known.h"
#include "make.h"
#include "names.h"
#include "node_kinds.h"
#include "refuse.h"
#include "upload_patch.h"
#include "uploads_context.h"

#include "banned.h"

#define NAME_TEXT_MAX 4096

struct json_delivery {
    struct uploads *uploads;
    struct call *call;
    const struct folder *folder;
    const char *name;
    struct id_search names;
    struct buf text;
};

static int read_text(int fd, int64_t size, struct buf *text, struct failure *err)
{
    int rc = size > TEXT_MAX_BYTES ? refuse_size(err) : buf_resize(text, (size_t)size);

    if (rc == 0 && size && pread(fd, text->data, (size_t)size, 0) != size)
        rc = -EIO;
    return rc;
}

static const struct field *name_field(const struct resource *res)
{
    return res->name_field ? resource_field(res, res->name_field) : NULL;
}

static int new_body(struct json_delivery *s, enum body_use use, struct body **out)
{
    int rc = body_new(s->folder->res, use, out);

    if (rc == 0)
        body_find_ids(*out, &s->names.finder);
    return rc;
}

/* What it is called is its file's name, unless the body says so. */
static int set_name(struct json_delivery *s, struct body *body, struct failure *err)
{
    const struct field *f = name_field(s->folder->res);
    char base[NAMES_MAX + 1];

    if (!f || !(f->flags & F_IN_POST) || body_has(body, f->name) ||
        names_json_base(s->name, base) < 0)
        return 0;
    if (names_check(base) < 0)
        return fail(err, -EILSEQ, 0, "its name is not UTF-8, as a name of the API must be");
    return body_set_string(body, f->name, base, err);
}

/* documents/ID/predictions/MODEL.json: where it stands and what it is called say who is asked. */
static int set_asked(struct json_delivery *s, struct body *body, struct failure *err)
{
    const struct resource *res = s->folder->res;
    const struct field *model = resource_field_of(res, RES_MODELS);
    char base[NAMES_MAX + 1], id[RESOURCE_ID_MAX + 1];
    int rc;

    if (!s->folder->document)
        return 0;
    rc = body_set_string(body, resource_field_of(res, RES_DOCUMENTS)->name, s->folder->document,
                         err);
    if (rc < 0 || body_has(body, model->name) || names_json_base(s->name, base) < 0)
        return rc;
    if (route_name_id(base, id) == 0 && id_ok(id))
        return body_set_string(body, model->name, id, err);
    return body_set_text(body, model, base, strlen(base), err);
}

static int create(struct json_delivery *s, struct record **now, struct failure *err)
{
    cleanup_body struct body *body = NULL;
    bool open;
    int rc = new_body(s, BODY_POST, &body);

    if (rc == 0)
        rc = body_set_json(body, buf_str(&s->text), s->text.len, err);
    if (rc == 0)
        rc = set_asked(s, body, err);
    if (rc == 0)
        rc = set_name(s, body, err);
    if (rc == 0)
        rc = make_resource(s->uploads, s->call, s->folder, body, now, err);
    if (rc == 0 && s->folder->document)
        rc = asked_begin(s->uploads, body, *now, &open);
    return rc;
}

static int update(struct json_delivery *s, const char *id, struct record **now, struct failure *err)
{
    struct target t = { .res = s->folder->res, .parent = s->folder->parent, .id = id };
    cleanup_record struct record *old = NULL;
    cleanup_body struct body *body = NULL;
    cleanup_free char *sent = NULL;
    int rc = known_current_record(s->uploads->remote, s->call, &t, &old, err);

    if (rc == 0)
        rc = new_body(s, BODY_PATCH, &body);
    if (rc < 0)
        return rc;
    kept_get(s->uploads->remote, KEPT_BODY, id, &sent);
    rc = body_set_overwrite(body, old, sent, buf_str(&s->text), s->text.len, err);
    if (rc == 0 && body_empty(body))
        *now = record_ref(old);
    else if (rc == 0)
        rc = backend_update(s->uploads->backend, s->call, &t, body, NO_CONTENT, now, err);
    return rc;
}

/* The server cannot give the text back: it is kept here, but for secrets. Who asked reads the
 * answer instead. */
static int keep_text(struct json_delivery *s, const char *old_id, const struct record *now)
{
    char id[RESOURCE_ID_MAX + 1];
    int rc = record_id(now, id);

    if (rc == 0 && s->folder->document) {
        buf_reset(&s->text);
        rc = record_json(now, true, &s->text);
    }
    if (rc < 0 || s->folder->memory)
        return rc;
    if (old_id && strcmp(old_id, id) != 0)
        kept_forget(s->uploads->remote, KEPT_BODY, old_id);
    return kept_put(s->uploads->remote, KEPT_BODY, id, buf_str(&s->text));
}

int deliver_json(struct uploads *uploads, struct call *call, const struct folder *f,
                 const char *name, int fd, int64_t size, const char *old_id, struct record **now,
                 struct failure *err)
{
    struct json_delivery s = { .uploads = uploads, .call = call, .folder = f, .name = name };
    const struct target at = { f->res, f->parent, old_id };
    cleanup_record struct record *answer = NULL;
    int rc;

    buf_init(&s.text, TEXT_MAX_BYTES);
    id_search_init(&s.names, uploads, call, &at);
    rc = read_text(fd, size, &s.text, err);
    if (rc == 0)
        rc = old_id && (resource_can(f->res) & CAN_PATCH) ? update(&s, old_id, &answer, err)
                                                          : -ENOENT;
    if (rc == -ENOENT)
        rc = create(&s, &answer, err); /* or it was deleted elsewhere meanwhile */
    if (rc == 0)
        rc = keep_text(&s, old_id, answer);
    if (f->memory && s.text.data)
        explicit_bzero(s.text.data, s.text.cap);
    buf_release(&s.text);
    if (rc == 0)
        *now = steal_pointer(&answer);
    return rc;
}

int deliver_json_renamed(struct uploads *uploads, struct call *call, const struct target *t,
                         const char *name, const char *to_name, struct failure *err)
{
    cleanup_buf struct buf called = BUF_INIT(NAME_TEXT_MAX);
    char base[NAMES_MAX + 1], to_base[NAMES_MAX + 1];
    const struct field *f = name_field(t->res);
    cleanup_record struct record *r = NULL;
    int rc;

    if (!f || !(f->flags & F_IN_PATCH) || names_json_base(name, base) < 0 ||
        names_json_base(to_name, to_base) < 0)
        return 0;
    rc = known_record(uploads->remote, call, t, &r, err);
    if (rc < 0)
        return rc;
    if (record_string(r, f->name, &called) < 0 || strcmp(buf_str(&called), base) != 0)
        return 0;
    return upload_field(uploads, call, t, f, to_base, strlen(to_base), err);
}
