#include "item.h"

#include <limits.h>
#include <stdlib.h>

#include "address.h"
#include "due_time.h"
#include "file_url.h"
#include "json_text.h"
#include "kind.h"
#include "sample.h"

#include "banned.h"

#define BODY_MAX ((size_t)16 << 20)

void item_release(struct item *it)
{
    row_release(&it->row);
    json_decref(it->body);
    json_decref(it->before);
    json_decref(it->hidden);
    json_decref(it->shown);
    memset(it, 0, sizeof(*it));
}

/* --- Fields ---------------------------------------------------------------------------------- */

const char *item_text(const struct item *it, const char *field)
{
    const char *text = json_string_value(json_object_get(it->body, field));

    return text ? text : "";
}

int64_t item_number(const struct item *it, const char *field)
{
    return (int64_t)json_number_value(json_object_get(it->body, field));
}

bool item_is(const struct item *it, const char *field, const char *value)
{
    return strcmp(item_text(it, field), value) == 0;
}

int item_set(struct item *it, const char *field, json_t *value)
{
    return json_object_set_new(it->body, field, value) < 0 ? -ENOMEM : 0;
}

int item_set_text(struct item *it, const char *field, const char *value)
{
    return item_set(it, field, value ? json_string(value) : json_null());
}

int item_set_number(struct item *it, const char *field, int64_t value)
{
    return item_set(it, field, json_integer(value));
}

int item_set_time(struct item *it, const char *field, int64_t us)
{
    char text[TIME_TEXT_MAX];

    stamp_format(us, text);
    return item_set_text(it, field, text);
}

int item_show(struct item *it, const char *field, json_t *value)
{
    if (!it->shown)
        it->shown = json_object();
    return json_object_set_new(it->shown, field, value) < 0 ? -ENOMEM : 0;
}

/* --- Rows ------------------------------------------------------------------------------------ */

static int write_json(json_t *v, char **out)
{
    cleanup_buf struct buf b = BUF_INIT(BODY_MAX);
    int rc = json_text_write(v, false, &b);

    if (rc < 0)
        return rc;
    free(*out);
    *out = buf_take(&b);
    return 0;
}

static int set_key(char **key, const char *text)
{
    free(*key);
    *key = text ? strdup(text) : NULL;
    return text && !*key ? -ENOMEM : 0;
}

/* NULL: it has none. What it names is one thing by whichever of its ids. */
static const char *key_of(const struct work *w, const struct item *it, const struct filter *f)
{
    const char *text = json_string_value(json_object_get(it->body, f->field ? f->field : f->name));

    return text ? address_own(w->sb, row_of(w, f->schema->refers), text) : NULL;
}

/* What lists are filtered and sorted by. */
static int set_keys(const struct work *w, struct item *it)
{
    const struct resource *res = it->res;
    const char *lookup = kind_of(w->sb->kinds, res->kind)->lookup;
    unsigned i = 0;
    int rc = 0;

    if (lookup)
        rc = set_key(&it->row.keys[0], json_string_value(json_object_get(it->body, lookup)));
    for (const struct filter *f = res->filters; f && f->name && rc == 0 && i < STORE_KEYS; f++)
        if (f->way == FILTER_IS)
            rc = set_key(&it->row.keys[i++], key_of(w, it, f));
    it->row.ended = INT64_MAX;
    if (res->flags & R_NEWEST_FIRST) {
        stamp_parse(item_text(it, res->made_field), &it->row.made);
        stamp_parse(item_text(it, res->changed_field), &it->row.ended);
    }
    return rc;
}

static int pack_row(const struct work *w, struct item *it)
{
    int rc = set_keys(w, it);

    if (rc == 0)
        rc = write_json(it->body, &it->row.body);
    if (rc == 0 && it->hidden)
        rc = write_json(it->hidden, &it->row.hidden);
    return rc;
}

int item_save(struct work *w, struct item *it)
{
    int rc = pack_row(w, it);

    return rc < 0 ? rc : view_update(w->v, &it->row);
}

static int unpack_row(struct item *it)
{
    int rc = json_text_parse(it->row.body, strlen(it->row.body), false, &it->body, NULL);

    if (rc == 0 && it->row.hidden)
        rc = json_text_parse(it->row.hidden, strlen(it->row.hidden), false, &it->hidden, NULL);
    return rc == -EINVAL ? -EIO : rc;
}

int item_find(struct work *w, const struct resource *res, const char *id, struct item *out)
{
    struct item it = { .res = res };
    int rc = view_get(w->v, address_own(w->sb, res, id), &it.row);

    if (rc == 0 && it.row.kind != res->kind)
        rc = -ENOENT;
    if (rc == 0)
        rc = unpack_row(&it);
    if (rc < 0)
        item_release(&it);
    else
        *out = it;
    return rc;
}

/* --- Making ---------------------------------------------------------------------------------- */

/* An object that has to have something in it is null rather than half of one. */
static bool is_whole_when_empty(const struct schema *s)
{
    for (const struct member *m = s->members; m && m->name; m++)
        if (m->required)
            return false;
    return true;
}

static json_t *empty_value(const struct field *f)
{
    const struct schema *s = f->answer ? f->answer : f->schema;

    if (s->type == V_ARRAY)
        return json_array();
    if (s->type == V_OBJECT && is_whole_when_empty(s) &&
        !((s->limits & LIMIT_MIN) && (f->flags & F_NULL)))
        return json_object();
    if (f->flags & F_NULL)
        return json_null();
    if (s->type == V_STRING)
        return json_string("");
    if (s->type == V_BOOLEAN)
        return json_false();
    return json_integer((s->limits & LIMIT_MIN) ? s->min : 0);
}

/* NULL: the field is not there; the caller owns the reference. */
static json_t *default_value(const struct work *w, const struct resource *res,
                             const struct field *f)
{
    for (const struct default_value *d = w->sb->kinds->defaults; d->kind != RES_NONE; d++)
        if (d->kind == res->kind && strcmp(d->field, f->name) == 0)
            return json_loads(d->json, JSON_DECODE_ANY, NULL);
    if (f->schema->refers == RES_ORGANIZATIONS && !(f->flags & F_NULL))
        return json_string(w->sb->organization);
    if ((f->flags & F_ANSWER) || (f->flags & (F_MAYBE | F_NULL)) == (F_MAYBE | F_NULL))
        return empty_value(f);
    return NULL;
}

static int fill_field(const struct work *w, struct item *it, const struct field *f, json_t *fields)
{
    json_t *value = json_object_get(fields, f->name);

    if (!(f->flags & F_READABLE) || (f->flags & (F_BY_ID | F_ONCE | F_SECRET)) || f->read_at)
        return 0;
    if (it->res->url_field && strcmp(it->res->url_field, f->name) == 0)
        return 0; /* it depends on who asks: file_url.h */
    /* what nobody can POST is made by the sandbox, which says what it likes */
    if (value && ((f->flags & F_IN_POST) || !(it->res->can & CAN_POST)))
        json_incref(value);
    else
        value = default_value(w, it->res, f);
    return value ? item_set(it, f->name, value) : 0;
}

static int fill(struct work *w, struct item *it, json_t *fields)
{
    const struct resource *above = row_of(w, it->res->parent);
    int rc = 0;

    it->body = json_object();
    it->hidden = json_object();
    if (!it->body || !it->hidden)
        return -ENOMEM;
    for (const struct field *f = it->res->fields; f->name && rc == 0; f++)
        rc = fill_field(w, it, f, fields);
    if (rc == 0)
        rc = item_set_text(it, it->res->id_field, it->row.id);
    if (rc == 0 && above)
        rc = item_set_text(it, above->id_field, it->row.parent);
    if (rc == 0 && resource_field(it->res, "createdTime"))
        rc = item_set_time(it, "createdTime", it->row.made);
    if (rc == 0 && resource_field(it->res, "createdBy"))
        rc = item_set_text(it, "createdBy", w->rq->caller);
    return rc;
}

/* The word of the one generation that stands where the other has this one. */
static json_t *other_word(const struct item *it, const struct field *f, json_t *value)
{
    const struct field *both = resource_field(resource_get(it->res->kind), f->name);
    const char *const *words = (f->answer ? f->answer : f->schema)->enums, *const * others;
    size_t i = 0, n = 0;

    if (!words || !both->was || !json_is_string(value))
        return json_incref(value);
    others = f->schema == both->was ? both->schema->enums : both->was->enums;
    for (n = 0; words[n]; n++)
        if (strcmp(words[n], json_string_value(value)) == 0)
            return json_incref(value);
    while (others && others[i] && strcmp(others[i], json_string_value(value)) != 0)
        i++;
    return i < n ? json_string(words[i]) : json_incref(value);
}

int item_convert(struct work *w, struct item *it)
{
    json_auto_t *old = it->body, *kept = json_object_get(it->hidden, "kept");
    int rc;

    kept = kept ? json_incref(kept) : json_object();
    it->body = json_object();
    if (!it->hidden)
        it->hidden = json_object();
    rc = kept && it->body && it->hidden ? 0 : -ENOMEM;
    for (const struct field *f = it->res->fields; f->name && rc == 0; f++) {
        json_t *value = json_object_get(old, f->name);

        if (!(f->flags & F_READABLE))
            continue; /* what only a request has here: of an answer it is kept too */
        json_auto_t *was = json_incref(value ? value : json_object_get(kept, f->name));

        if (was)
            rc = item_set(it, f->name, other_word(it, f, was));
        else
            rc = fill_field(w, it, f, NULL);
        json_object_del(old, f->name);
        json_object_del(kept, f->name);
    }
    if (rc == 0 &&
        (json_object_update(kept, old) < 0 || json_object_set(it->hidden, "kept", kept) < 0))
        rc = -ENOMEM;
    return rc < 0 ? rc : item_save(w, it);
}

static int start_row(struct work *w, struct item *it, const char *id, const char *parent)
{
    char new_id[ID_MAX];

    if (!id && ident_new(it->res->id_type, new_id) < 0)
        return -EIO;
    it->row.kind = it->res->kind;
    it->row.made = view_now(w->v);
    it->row.id = strdup(id ? id : new_id);
    it->row.parent = strdup(parent ? parent : "");
    return it->row.id && it->row.parent ? 0 : -ENOMEM;
}

int item_put_content(struct work *w, const struct item *it, json_t *fields)
{
    const struct field *f = resource_field(it->res, "content");
    json_t *value = json_object_get(fields, "content");
    cleanup_free char *text = NULL;
    int64_t len;
    int rc;

    if (!f || !(f->flags & F_BY_ID) || !value)
        return 0;
    if (is_lenient(w)) {
        /* anything is taken: it is kept as it stands inside the quotes of JSON */
        rc = write_json(value, &text);
        return rc < 0 ? rc : view_put_content(w->v, it->row.id, text + 1, strlen(text) - 2);
    }
    len = (int64_t)json_string_length(value);
    if (base64_is_tidy(json_string_value(value), (size_t)len))
        return view_put_content(w->v, it->row.id, json_string_value(value), (size_t)len);
    text = malloc((size_t)len + 1);
    if (!text)
        return -ENOMEM;
    memcpy(text, json_string_value(value), (size_t)len + 1);
    len = base64_tidy(text, (size_t)len);
    if (len < 0)
        return refuse(w, 400, "content: is not base64");
    return view_put_content(w->v, it->row.id, text, (size_t)len);
}

int item_make(struct work *w, const struct resource *res, const char *id, const char *parent,
              json_t *fields, struct item *out)
{
    const struct kind *kind = kind_of(w->sb->kinds, res->kind);
    struct item it = { .res = res };
    int rc = start_row(w, &it, id, parent);

    if (rc == 0)
        rc = fill(w, &it, fields);
    if (rc == 0 && kind->make)
        rc = kind->make(w, &it, fields);
    if (rc == 0)
        rc = pack_row(w, &it);
    if (rc == 0)
        rc = view_insert(w->v, &it.row);
    if (rc == 0)
        rc = item_put_content(w, &it, fields);
    if (rc == 0 && kind->made)
        rc = kind->made(w, &it);
    if (rc < 0)
        item_release(&it);
    else
        *out = it;
    return rc;
}

/* What nobody can POST comes about with other things: it names some, though they are not there. */
static int name_others(struct work *w, struct item *it)
{
    int rc = 0;

    for (const struct field *f = it->res->fields; f->name && rc == 0; f++)
        if ((f->flags & F_ANSWER) && f->schema->refers != RES_NONE &&
            f->schema->refers != it->res->kind)
            rc = item_set(it, f->name, sample_of(f->schema));
    return rc < 0 ? rc : item_save(w, it);
}

/* Something that the API would have, for who only knows its id. */
static int make_up(struct work *w, const struct resource *res, const char *id, const char *parent,
                   struct item *out)
{
    json_t *fields = json_object();
    int rc = fields ? 0 : -ENOMEM;

    for (const struct field *f = res->fields; f->name && rc == 0; f++)
        if ((f->flags & F_POST_NEEDS) && !(f->flags & F_SECRET) &&
            json_object_set_new(fields, f->name, sample_of(f->schema)) < 0)
            rc = -ENOMEM;
    if (rc == 0)
        rc = item_make(w, res, id, parent, fields, out);
    json_decref(fields);
    return rc == 0 && !(res->can & CAN_POST) ? name_others(w, out) : rc;
}

int item_get(struct work *w, const struct resource *res, const char *id, const char *parent,
             struct item *out)
{
    struct item it = { 0 };
    int rc = item_find(w, res, id, &it);

    if (rc == 0 && parent && strcmp(it.row.parent, parent) != 0 && !is_lenient(w)) {
        item_release(&it);
        rc = -ENOENT;
    }
    if (rc == -ENOENT && is_lenient(w) && w->writer)
        return make_up(w, res, id, parent, out);
    if (rc == -ENOENT)
        return refuse(w, 404, "%s %s does not exist", res->id_field, id);
    if (rc == 0)
        *out = it;
    return rc;
}

/* --- Deleting -------------------------------------------------------------------------------- */

struct ids {
    char **ids;
    size_t n;
};

static void ids_release(struct ids *ids)
{
    for (size_t i = 0; i < ids->n; i++)
        free(ids->ids[i]);
    free(ids->ids);
}

static int add_id(void *arg, const struct row *row)
{
    struct ids *ids = arg;
    char **more = realloc(ids->ids, (ids->n + 1) * sizeof(*more));

    if (!more)
        return -ENOMEM;
    ids->ids = more;
    more[ids->n] = strdup(row->id);
    return more[ids->n] ? (ids->n++, 0) : -ENOMEM;
}

static int delete_below(struct work *w, const struct resource *res, const char *parent)
{
    struct list_query q = { .kind = res->kind, .parent = parent, .limit = -1 };
    CLEANUP(ids_release) struct ids ids = { 0 };
    int rc = view_list(w->v, &q, add_id, &ids);

    for (size_t i = 0; i < ids.n && rc == 0; i++) {
        cleanup_item struct item it = { 0 };

        rc = item_find(w, res, ids.ids[i], &it);
        if (rc == 0)
            rc = item_delete(w, &it);
    }
    return rc;
}

int item_delete(struct work *w, struct item *it)
{
    const struct kind *kind = kind_of(w->sb->kinds, it->res->kind);
    int rc = kind->unmake ? kind->unmake(w, it) : 0;

    for (int k = RES_NONE + 1; k < RES_COUNT && rc == 0; k++) {
        const struct resource *res = resource_get((enum resource_kind)k);

        if (res->parent == it->res->kind && res->id_field)
            rc = delete_below(w, res, it->row.id);
    }
    if (rc == 0 && kind->due)
        rc = due_never(w, it->row.id);
    return rc < 0 ? rc : view_delete(w->v, it->row.kind, it->row.id);
}

/* --- Answers, references --------------------------------------------------------------------- */

/* In the place of the answer's last brace. */
static int add_url(struct work *w, const struct item *it)
{
    cleanup_buf struct buf b = BUF_INIT(BODY_MAX);
    int rc = buf_add(&b, w->an->body, w->an->len - 1);

    if (rc == 0)
        rc = files_add_url(w, it->row.id, &b);
    if (rc == 0)
        rc = buf_addc(&b, '}');
    if (rc < 0)
        return -ENOMEM;
    free(w->an->body);
    w->an->len = b.len;
    w->an->body = buf_take(&b);
    return 0;
}

int item_answer(struct work *w, struct item *it)
{
    const struct kind *kind = kind_of(w->sb->kinds, it->res->kind);
    int rc = kind->show ? kind->show(w, it) : 0;

    if (rc == 0 && it->shown && json_object_update(it->body, it->shown) < 0)
        rc = -ENOMEM;
    if (rc == 0)
        rc = answer_json(w->an, 200, it->body);
    return rc < 0 || !files_has_url(w, it->res) ? rc : add_url(w, it);
}

/* Transitions that all share are not in anybody's list. */
static bool is_shared(const char *id)
{
    return strstr(id, ":commons-") != NULL;
}

static int check_reference(void *arg, enum resource_kind kind, const char *id, const char *at)
{
    struct work *w = arg;
    cleanup_item struct item it = { 0 };
    int rc;

    if (is_shared(id))
        return 0;
    if (is_lenient(w))
        return item_get(w, row_of(w, kind), id, NULL, &it);
    rc = item_find(w, row_of(w, kind), id, &it);
    return rc == -ENOENT ? refuse(w, 404, "%s: %s does not exist", at, id) : rc;
}

int item_check_references(struct work *w, const struct resource *res, json_t *fields)
{
    const char *name;
    json_t *value;

    json_object_foreach(fields, name, value) {
        const struct field *f = resource_field(res, name);
        int rc =
            f ? rules_each_reference(w->sb->rules, f->schema, value, name, check_reference, w) : 0;

        if (rc < 0)
            return rc;
    }
    return 0;
}
