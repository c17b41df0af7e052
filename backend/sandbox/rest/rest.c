#include "rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "due.h"
#include "file_url.h"
#include "item.h"
#include "kind.h"
#include "list.h"
#include "recent_answer.h"
#include "work.h"

#include "banned.h"

#define CONTENT_ANSWER_MAX ((size_t)16 << 20)
#define QUOTA_MESSAGE "Limit Exceeded"

/* --- GET ------------------------------------------------------------------------------------- */

static bool has_content(const struct resource *res)
{
    const struct field *f = resource_field(res, "content");

    return f && (f->flags & F_BY_ID);
}

static const char *own_id(const struct request *rq)
{
    return rq->target.ids[rq->target.n_ids - 1];
}

static const char *parent_id(const struct request *rq)
{
    return rq->target.n_ids > 1 ? rq->target.ids[rq->target.n_ids - 2] : NULL;
}

/* The row as it was stored is the answer, its content put in before the last brace. */
static int answer_row(struct work *w, const struct row *row)
{
    cleanup_buf struct buf b = BUF_INIT(CONTENT_ANSWER_MAX);
    int rc = buf_add(&b, row->body, strlen(row->body) - 1);

    if (rc == 0 && files_has_url(w, w->rq->target.res))
        rc = files_add_url(w, row->id, &b);
    if (rc == 0 && has_content(w->rq->target.res) && files_is_inside(w, row)) {
        rc = buf_adds(&b, ",\"content\":\"");
        if (rc == 0)
            rc = view_content(w->v, row->id, &b);
        if (rc == 0)
            rc = buf_addc(&b, '"');
    }
    if (rc == 0)
        rc = buf_addc(&b, '}');
    if (rc < 0)
        return rc == -ENOENT ? -EIO : rc;
    w->an->status = 200;
    w->an->len = b.len;
    w->an->body = buf_take(&b);
    return 0;
}

/* GET without parsing what is stored; what needs more goes by answer_item(). */
static int get_row(struct work *w)
{
    const struct request *rq = w->rq;
    cleanup_row struct row row = { 0 };
    int rc = view_get(w->v, own_id(rq), &row);

    if (rc == 0 && (row.kind != rq->target.res->kind ||
                    (parent_id(rq) && strcmp(row.parent, parent_id(rq)) != 0 && !is_lenient(w))))
        rc = -ENOENT;
    if (rc == -ENOENT)
        return refuse(w, 404, "%s %s does not exist", rq->target.res->id_field, own_id(rq));
    return rc < 0 ? rc : answer_row(w, &row);
}

static int do_get(struct work *w)
{
    const struct resource *res = w->rq->target.res;
    cleanup_item struct item it = { 0 };
    int rc;

    if (!w->rq->target.item)
        return list_answer(w);
    if (!kind_of(w->sb->kinds, res->kind)->show && !w->writer && !recent_is_asked(w))
        return get_row(w);
    rc = item_get(w, res, own_id(w->rq), parent_id(w->rq), &it);
    if (rc < 0)
        return rc;
    if (recent_is_asked(w)) {
        rc = recent_put(w, &it);
        return rc < 0 ? rc : item_answer(w, &it);
    }
    return kind_of(w->sb->kinds, res->kind)->show ? item_answer(w, &it) : answer_row(w, &it.row);
}

/* --- Changes --------------------------------------------------------------------------------- */

static int64_t quota_of(const struct work *w, enum resource_kind kind)
{
    for (size_t i = 0; resource_quotas[i].allowed; i++)
        if (resource_quotas[i].kind == kind)
            return w->sb->options->quotas[i];
    return QUOTA_NONE;
}

static bool is_monthly(enum resource_kind kind)
{
    for (size_t i = 0; resource_quotas[i].allowed; i++)
        if (resource_quotas[i].kind == kind)
            return resource_quotas[i].monthly;
    return false;
}

static int check_quota(struct work *w, enum resource_kind kind)
{
    int64_t most = quota_of(w, kind), now = 0, month = 0;
    int rc;

    if (most == QUOTA_NONE || is_lenient(w))
        return 0;
    rc = view_counts(w->v, kind, &now, &month);
    if (rc == 0 && (is_monthly(kind) ? month : now) >= most)
        rc = refuse(w, 429, QUOTA_MESSAGE);
    return rc;
}

static int do_post(struct work *w)
{
    const struct resource *res = w->rq->target.res;
    const char *parent = w->rq->target.n_ids > 0 ? own_id(w->rq) : NULL;
    cleanup_item struct item above = { 0 }, it = { 0 };
    int rc = 0;

    if (parent)
        rc = item_get(w, row_of(w, res->parent), parent, parent_id(w->rq), &above);
    if (rc == 0)
        rc = item_check_references(w, res, w->rq->body);
    if (rc == 0 && kind_of(w->sb->kinds, res->kind)->post)
        return kind_of(w->sb->kinds, res->kind)->post(w);
    if (rc == 0)
        rc = check_quota(w, res->kind);
    if (rc == 0)
        rc = item_make(w, res, NULL, parent, w->rq->body, &it);
    if (rc == 0 && w->rq->mark)
        rc = view_put_fact(w->v, w->rq->mark, it.row.id);
    return rc < 0 ? rc : item_answer(w, &it);
}

/* "parameters.assets": a field that answers have inside another one. */
static int set_nested(struct item *it, const char *at, json_t *value)
{
    const char *dot = strchr(at, '.');
    cleanup_free char *outer = strndup(at, (size_t)(dot - at));
    json_t *object = outer ? json_object_get(it->body, outer) : NULL;

    if (!outer)
        return -ENOMEM;
    if (!json_is_object(object)) {
        object = json_object();
        if (item_set(it, outer, object) < 0)
            return -ENOMEM;
    }
    return json_object_set(object, dot + 1, value) < 0 ? -ENOMEM : 0;
}

/* A value as answers show it: times, however they came, are UTC. */
static json_t *shown_value(const struct field *f, json_t *value)
{
    char text[TIME_TEXT_MAX];
    int64_t us;

    if (!f->schema->time || !json_is_string(value) ||
        stamp_parse(json_string_value(value), &us) < 0)
        return json_incref(value);
    stamp_format(us, text);
    return json_string(text);
}

static int set_fields(struct work *w, struct item *it)
{
    const char *name;
    json_t *value;
    int rc = 0;

    json_object_foreach(w->rq->body, name, value) {
        const struct field *f = resource_field(it->res, name);

        if (rc < 0 || !(f->flags & F_READABLE) || (f->flags & (F_BY_ID | F_SECRET)))
            continue;
        if (json_is_null(value) && !(f->flags & F_NULL))
            json_object_del(it->body, name); /* cleared, in an answer that has no null there */
        else if (f->read_at && strchr(f->read_at, '.'))
            rc = set_nested(it, f->read_at, value);
        else
            rc = item_set(it, name, shown_value(f, value));
    }
    if (rc == 0 && resource_field(it->res, "updatedTime"))
        rc = item_set_time(it, "updatedTime", view_now(w->v));
    if (rc == 0 && resource_field(it->res, "updatedBy"))
        rc = item_set_text(it, "updatedBy", w->rq->caller);
    return rc;
}

static int do_patch(struct work *w)
{
    const struct resource *res = w->rq->target.res;
    const struct kind *kind = kind_of(w->sb->kinds, res->kind);
    cleanup_item struct item it = { 0 };
    int rc = item_get(w, res, own_id(w->rq), parent_id(w->rq), &it);

    if (rc == 0)
        rc = item_check_references(w, res, w->rq->body);
    if (rc < 0)
        return rc;
    it.before = json_deep_copy(it.body);
    if (!it.before)
        return -ENOMEM;
    rc = set_fields(w, &it);
    if (rc == 0 && kind->change)
        rc = kind->change(w, &it, w->rq->body);
    if (rc == 0)
        rc = item_save(w, &it);
    if (rc == 0)
        rc = item_put_content(w, &it, w->rq->body);
    return rc < 0 ? rc : item_answer(w, &it);
}

/* What is gone is shown once more with its content: the SDK's own tests look for it. */
static int show_content(struct work *w, struct item *it)
{
    cleanup_buf struct buf text = BUF_INIT(CONTENT_ANSWER_MAX);
    int rc;

    if (!is_lenient(w) || !has_content(it->res) || files_has_url(w, it->res))
        return 0;
    rc = view_content(w->v, it->row.id, &text);
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    return item_show(it, "content", json_stringn(buf_str(&text), text.len));
}

static int do_delete(struct work *w)
{
    cleanup_item struct item it = { 0 };
    int rc;

    if (!w->rq->target.item)
        return list_delete(w);
    rc = item_get(w, w->rq->target.res, own_id(w->rq), parent_id(w->rq), &it);
    if (rc == 0)
        rc = show_content(w, &it);
    if (rc == 0)
        rc = item_delete(w, &it);
    return rc < 0 ? rc : item_answer(w, &it);
}

/* --- Running it ------------------------------------------------------------------------------ */

static int run(struct view *v, void *arg)
{
    struct work *w = arg;

    w->v = v;
    w->now_us = view_now(v);
    switch (w->rq->verb) {
    case VERB_GET:
        return do_get(w);
    case VERB_POST:
        return do_post(w);
    case VERB_PATCH:
        return do_patch(w);
    case VERB_DELETE:
        return do_delete(w);
    case VERB_OPTIONS:
    case VERB_OTHER:
        break;
    }
    return -EIO;
}

static bool check_body(struct work *w)
{
    struct failure why = { 0 };
    const struct request *rq = w->rq;
    const struct resource *res = rq->target.res;

    if (rules_check_body(w->sb->rules, res, rq->verb == VERB_PATCH, rq->body, &why) == 0)
        return true;
    refuse(w, 400, "%s", why.text);
    return false;
}

static void forget_answer(struct answer *an)
{
    free(an->body);
    *an = (struct answer){ 0 };
}

void rest_handle(const struct sandbox *sb, const struct request *rq, struct answer *an)
{
    struct work w = { .sb = sb, .rq = rq, .an = an, .writer = rq->verb != VERB_GET };
    int rc = REFUSED;

    *an = (struct answer){ 0 };
    if ((rq->verb == VERB_POST || rq->verb == VERB_PATCH) && !check_body(&w))
        return;
    if (!w.writer)
        rc = store_read(sb->store, run, &w);
    if (!w.writer && rc == REFUSED && an->status == 404 && sb->options->lenient) {
        forget_answer(an);
        w.writer = true;
    }
    if (w.writer)
        rc = store_write(sb->store, run, &w);
    if (rc == 0 && w.due)
        due_kick(sb->due);
    if (rc == 0 || rc == REFUSED)
        return;
    forget_answer(an);
    answer_message(an, 500, "message", "Internal Server Error");
}

/* --- A new state ----------------------------------------------------------------------------- */

static int keep_fact(struct view *v, const char *name, char out[ID_MAX], const char *word)
{
    cleanup_buf struct buf value = BUF_INIT(ID_MAX - 1);
    int rc = view_get_fact(v, name, &value);

    if (rc == 0)
        memcpy(out, value.data, value.len + 1);
    if (rc != -ENOENT)
        return rc;
    rc = ident_new(word, out);
    return rc < 0 ? rc : view_put_fact(v, name, out);
}

/* Makes the row with that id, or sets its field again: the command line may have changed. */
static int keep_row(struct work *w, const struct resource *res, const char *id, const char *field,
                    const char *value)
{
    cleanup_item struct item it = { 0 };
    json_t *fields;
    int rc = item_find(w, res, id, &it);

    if (rc == -ENOENT) {
        fields = json_pack("{s:s}", "name", "lasfs-sandbox");
        rc = fields ? item_make(w, res, id, NULL, fields, &it) : -ENOMEM;
        json_decref(fields);
    }
    if (rc < 0 || !field || !value)
        return rc;
    rc = item_set_text(&it, field, value);
    return rc < 0 ? rc : item_save(w, &it);
}

/* What nobody makes: there is one of each. */
static int keep_given(struct work *w, struct sandbox *sb)
{
    static const enum resource_kind given[] = { RES_PROFILES, RES_ROLES, RES_PLANS,
                                                RES_DEPLOYMENT_ENVIRONMENTS };
    int rc = 0;

    for (size_t i = 0; i < ARRAY_LEN(given) && rc == 0; i++) {
        const struct resource *res = row_of(w, given[i]);
        char id[ID_MAX];

        if (!res)
            continue;
        rc = keep_fact(w->v, res->id_type, id, res->id_type);
        if (rc == 0)
            rc = keep_row(w, res, id, NULL, NULL);
        if (rc == 0 && given[i] == RES_PROFILES)
            memcpy(sb->profile, id, sizeof(sb->profile));
    }
    return rc;
}

/* --- A state that another generation of the API has made --------------------------------------- */

struct gathered {
    json_t *ids;
};

static int note_id(void *arg, const struct row *row)
{
    struct gathered *g = arg;

    return json_array_append_new(g->ids, json_string(row->id)) < 0 ? -ENOMEM : 0;
}

static int convert_kind(struct work *w, const struct resource *res)
{
    struct list_query q = { .kind = res->kind, .limit = -1 };
    json_auto_t *ids = json_array();
    struct gathered g = { ids };
    int rc = ids ? view_list(w->v, &q, note_id, &g) : -ENOMEM;
    json_t *id;
    size_t i;

    json_array_foreach(ids, i, id) {
        cleanup_item struct item it = { 0 };

        if (rc == 0)
            rc = item_find(w, res, json_string_value(id), &it);
        if (rc == 0)
            rc = item_convert(w, &it);
    }
    return rc;
}

/* All rows are as the API has them that is spoken now. */
static int speak(struct work *w)
{
    const char *name = speaks_2024(w) ? "2024" : "2021";
    cleanup_buf struct buf was = BUF_INIT(ID_MAX);
    int rc = view_get_fact(w->v, "api", &was);

    if (rc == -ENOENT)
        rc = buf_adds(&was, "2021");
    if (rc < 0 || strcmp(buf_str(&was), name) == 0)
        return rc;
    for (int k = RES_NONE + 1; k < RES_COUNT && rc == 0; k++)
        if (row_of(w, (enum resource_kind)k))
            rc = convert_kind(w, row_of(w, (enum resource_kind)k));
    return rc < 0 ? rc : view_put_fact(w->v, "api", name);
}

struct preparing {
    struct sandbox *sb;
    struct request rq;
    struct answer an;
};

static int prepare(struct view *v, void *arg)
{
    struct preparing *p = arg;
    struct sandbox *sb = p->sb;
    struct work w = { .sb = sb, .rq = &p->rq, .an = &p->an, .v = v, .writer = true };
    int rc = keep_fact(v, "client", sb->client, "app-client");

    if (rc == 0)
        rc = keep_fact(v, "organization", sb->organization, "organization");
    snprintf(p->rq.caller, sizeof(p->rq.caller), "%s", sb->client);
    if (rc == 0)
        rc = keep_row(&w, row_of(&w, RES_APP_CLIENTS), sb->client, "clientId",
                      sb->options->client_id);
    if (rc == 0)
        rc = keep_row(&w, row_of(&w, RES_ORGANIZATIONS), sb->organization, NULL, NULL);
    if (rc == 0)
        rc = keep_given(&w, sb);
    if (rc == 0)
        rc = speak(&w);
    return rc;
}

int rest_prepare(struct sandbox *sb, struct failure *err)
{
    struct preparing p = { .sb = sb };
    int rc = store_write(sb->store, prepare, &p);

    free(p.an.body);
    return rc < 0 ? fail(err, rc, 0, "the state cannot be written") : 0;
}
