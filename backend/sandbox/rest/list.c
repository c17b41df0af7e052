#include "list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "file_url.h"
#include "item.h"
#include "json_text.h"
#include "kind.h"
#include "number.h"
#include "page.h"

#include "banned.h"

/* An answer stays below this: its page is short and has a token, as the API's own may be. */
#define PAGE_BYTES_MAX ((size_t)6 << 20)
#define DELETE_PAGE_SIZE 1000

struct list {
    struct work *w;
    const struct resource *res;
    struct list_query q;
    const char *parent;
    const char *order, *sort_by; /* as they were asked for; NULL: weren't */
    struct page page;            /* the last row's place */
    int64_t most, n;
    bool more;
    struct buf out;
    char **ids; /* of a DELETE: what it goes through */
};

static void list_release(struct list *l)
{
    for (unsigned i = 0; i < STORE_KEYS; i++)
        json_decref(l->q.keys[i]);
    for (int64_t i = 0; l->ids && i < l->n; i++)
        free(l->ids[i]);
    free(l->ids);
    buf_release(&l->out);
}
#define cleanup_list CLEANUP(list_release)

/* --- The query ------------------------------------------------------------------------------- */

/* The first value of a parameter; NULL: it is not there, or empty. */
static const char *argument(const struct request *rq, const char *name)
{
    for (size_t i = 0; i < rq->n_args; i++)
        if (strcmp(rq->args[i].name, name) == 0 && rq->args[i].value[0])
            return rq->args[i].value;
    return NULL;
}

/* One's own organization, by its id; what is its own, without it. */
static const char *meant(const struct list *l, const struct filter *f, const char *value)
{
    if (f->field && strcmp(value, "me") == 0)
        return l->w->sb->organization;
    return address_own(l->w->sb, row_of(l->w, f->schema->refers), value);
}

static int bound_time(struct list *l, const struct filter *f, const char *value)
{
    int64_t us;

    if (stamp_parse(value, &us) < 0)
        return refuse(l->w, 400, "%s: is not a time", f->name);
    *(f->way == FILTER_FROM ? &l->q.from : &l->q.to) = us;
    return 0;
}

static int add_filter_value(struct list *l, const struct filter *f, unsigned place,
                            const char *value)
{
    struct failure why = { 0 };
    json_t **values = &l->q.keys[place];

    if (f->schema && rules_check_text(l->w->sb->rules, f->schema, value, f->name, &why) < 0)
        return refuse(l->w, 400, "%s", why.text);
    if (f->way != FILTER_IS)
        return bound_time(l, f, value);
    if (*values && !f->repeats)
        return refuse(l->w, 400, "%s: may stand only once", f->name);
    if (!*values)
        *values = json_array();
    return json_array_append_new(*values, json_string(meant(l, f, value))) < 0 ? -ENOMEM : 0;
}

static int read_filters(struct list *l)
{
    const struct request *rq = l->w->rq;
    unsigned place = 0;
    int rc = 0;

    for (const struct filter *f = l->res->filters; f && f->name; f++, place++)
        for (size_t i = 0; i < rq->n_args && rc == 0; i++)
            if (strcmp(rq->args[i].name, f->name) == 0 &&
                !(f->list_only && rq->verb == VERB_DELETE))
                rc = add_filter_value(l, f, place, rq->args[i].value);
    return rc;
}

static int read_sort(struct list *l)
{
    const struct request *rq = l->w->rq;

    l->q.descending = (l->res->flags & R_NEWEST_FIRST) != 0;
    l->sort_by = (l->res->sorts & SORTS_BY) ? argument(rq, "sortBy") : NULL;
    l->order = (l->res->sorts & SORTS_ORDER) ? argument(rq, "order") : NULL;
    if (l->sort_by && (l->res->sorts & SORTS_BY_CHANGED) &&
        strcmp(l->sort_by, l->res->changed_field) == 0)
        l->q.by_end = true;
    else if (l->sort_by && strcmp(l->sort_by, l->res->made_field) != 0)
        return refuse(l->w, 400, "sortBy: is not one of its values");
    if (!l->order)
        return 0;
    l->q.descending = strcmp(l->order, "descending") == 0;
    if (!l->q.descending && strcmp(l->order, "ascending") != 0)
        return refuse(l->w, 400, "order: is not one of its values");
    return 0;
}

static int read_page(struct list *l, int64_t usual)
{
    const struct sandbox *sb = l->w->sb;
    const char *most = argument(l->w->rq, "maxResults"), *token = argument(l->w->rq, "nextToken");
    int rc;

    l->most = usual < sb->options->page_size ? usual : sb->options->page_size;
    if (most) {
        rc = number_parse(most, 1, INT64_MAX, &l->most);
        if (rc < 0)
            return refuse(l->w, 400, "maxResults: must be an integer of at least 1");
        if (l->most > sb->options->page_size)
            l->most = sb->options->page_size;
    }
    l->page =
        (struct page){ .kind = l->res->kind, .by_end = l->q.by_end, .descending = l->q.descending };
    if (!token)
        return 0;
    if (page_read(token, &l->page) == 0) {
        l->q.after_id = l->page.id;
        l->q.after_key = l->page.key;
        return 0;
    }
    return is_lenient(l->w) ? 0 : refuse(l->w, 400, "nextToken: is not one that was given");
}

static int check_parent(struct list *l)
{
    const struct address *t = &l->w->rq->target;
    cleanup_item struct item above = { 0 };

    l->parent = l->q.parent = "";
    if (l->res->parent == RES_NONE)
        return 0;
    l->parent = l->q.parent = t->ids[0];
    return item_get(l->w, row_of(l->w, l->res->parent), t->ids[0], NULL, &above);
}

static int read_query(struct list *l, struct work *w, int64_t usual)
{
    int rc;

    l->w = w;
    l->res = w->rq->target.res;
    l->q.kind = l->res->kind;
    buf_init(&l->out, 2 * PAGE_BYTES_MAX);
    rc = check_parent(l);
    if (rc == 0)
        rc = read_filters(l);
    if (rc == 0)
        rc = read_sort(l);
    return rc < 0 ? rc : read_page(l, usual);
}

/* --- The answer ------------------------------------------------------------------------------ */

/* Remembers the row's place: after_id still stands in page while the query runs. */
static void note_place(struct page *place, const struct list *l, const struct row *row)
{
    *place = l->page;
    place->key = l->q.by_end ? row->ended : row->made;
    snprintf(place->id, sizeof(place->id), "%s", row->id);
}

struct gathering {
    struct list *l;
    struct page last;
};

/* What is worked out each time is in lists too. */
static int add_shown(struct list *l, const struct row *row)
{
    cleanup_item struct item it = { 0 };
    int rc = item_find(l->w, l->res, row->id, &it);

    if (rc == 0)
        rc = kind_of(l->w->sb->kinds, l->res->kind)->show(l->w, &it);
    return rc < 0 ? rc : json_text_write(it.body, false, &l->out);
}

static int add_row(struct list *l, const struct row *row, size_t len)
{
    bool with_url = files_has_url(l->w, l->res);
    int rc;

    if (kind_of(l->w->sb->kinds, l->res->kind)->show)
        return add_shown(l, row);
    rc = buf_add(&l->out, row->body, with_url ? len - 1 : len);
    if (rc == 0 && with_url)
        rc = files_add_url(l->w, row->id, &l->out);
    return rc < 0 || !with_url ? rc : buf_addc(&l->out, '}');
}

static int gather(void *arg, const struct row *row)
{
    struct gathering *g = arg;
    struct list *l = g->l;
    size_t len = strlen(row->body);
    int rc;

    if (l->n == l->most || (l->n > 0 && l->out.len + len > PAGE_BYTES_MAX)) {
        l->more = true;
        return 1;
    }
    if (l->ids) {
        l->ids[l->n] = strdup(row->id);
        if (!l->ids[l->n])
            return -ENOMEM;
    }
    rc = l->n > 0 ? buf_addc(&l->out, ',') : 0;
    if (rc == 0)
        rc = add_row(l, row, len);
    l->n++;
    note_place(&g->last, l, row);
    return rc;
}

static int gather_page(struct list *l)
{
    struct gathering g = { .l = l, .last = l->page };
    int rc;

    l->q.limit = l->most + 1;
    rc = buf_addf(&l->out, "{\"%s\":[", l->res->list_key);
    if (rc == 0)
        rc = view_list(l->w->v, &l->q, gather, &g);
    l->page = g.last;
    return rc < 0 ? rc : buf_addc(&l->out, ']');
}

static int add_member(struct list *l, const char *name, json_t *value)
{
    int rc = value ? buf_addf(&l->out, ",\"%s\":", name) : -ENOMEM;

    if (rc == 0)
        rc = json_text_write(value, false, &l->out);
    json_decref(value);
    return rc;
}

static int add_filter_echo(struct list *l, const struct filter *f, json_t *values)
{
    if (f->echo == ECHO_ARRAY)
        return add_member(l, f->name, json_incref(values));
    if (f->echo == ECHO_STRING)
        return add_member(l, f->name, json_incref(json_array_get(values, 0)));
    return 0;
}

static int add_echoes(struct list *l)
{
    unsigned place = 0;
    int rc = 0;

    for (const struct filter *f = l->res->filters; f && f->name && rc == 0; f++, place++)
        if (place < STORE_KEYS && l->q.keys[place])
            rc = add_filter_echo(l, f, l->q.keys[place]);
    if (rc == 0 && (l->res->sorts & ECHOES_SORT) && l->sort_by)
        rc = add_member(l, "sortBy", json_string(l->sort_by));
    if (rc == 0 && (l->res->sorts & ECHOES_SORT) && l->order)
        rc = add_member(l, "order", json_string(l->order));
    if (rc == 0 && (l->res->sorts & ECHOES_PARENT))
        rc = add_member(l, row_of(l->w, l->res->parent)->id_field, json_string(l->parent));
    return rc;
}

static int finish(struct list *l)
{
    char token[PAGE_TOKEN_MAX];
    int rc;

    if (l->more)
        page_write(&l->page, token);
    rc = add_member(l, "nextToken", l->more ? json_string(token) : json_null());
    if (rc == 0)
        rc = add_echoes(l);
    if (rc == 0)
        rc = buf_addc(&l->out, '}');
    if (rc < 0)
        return rc == -EFBIG ? -ENOMEM : rc;
    l->w->an->status = 200;
    l->w->an->len = l->out.len;
    l->w->an->body = buf_take(&l->out);
    return 0;
}

int list_answer(struct work *w)
{
    cleanup_list struct list l = { 0 };
    int rc = read_query(&l, w, RESOURCE_PAGE_SIZE);

    if (rc == 0)
        rc = gather_page(&l);
    return rc < 0 ? rc : finish(&l);
}

int list_delete(struct work *w)
{
    cleanup_list struct list l = { 0 };
    int rc = read_query(&l, w, DELETE_PAGE_SIZE);

    if (rc < 0)
        return rc;
    l.ids = calloc((size_t)l.most, sizeof(*l.ids));
    if (!l.ids)
        return -ENOMEM;
    rc = gather_page(&l);
    for (int64_t i = 0; i < l.n && rc == 0; i++) {
        cleanup_item struct item it = { 0 };

        rc = item_find(w, l.res, l.ids[i], &it);
        if (rc == 0)
            rc = item_delete(w, &it);
    }
    return rc < 0 ? rc : finish(&l);
}
