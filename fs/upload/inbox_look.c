#include "inbox_look.h"

#include <string.h>

#include "list_walk.h"
#include "record.h"
#include "unsure.h"
#include "uploads_context.h"

#include "banned.h"

struct looking {
    struct uploads *uploads;
    const struct intent_row *row;
    const char *model;
    const struct field *document_field, *model_field;
    struct list_order order; /* in which the rows come */
    struct record *found;
};

static bool is_id(const struct record *r, const struct field *f, const char *id)
{
    cleanup_buf struct buf is = BUF_INIT(RESOURCE_ID_MAX);

    return record_string(r, f->name, &is) == 0 && strcmp(buf_str(&is), id) == 0;
}

/* With whose it is before it, or without, is the same model. */
static bool is_model(const struct record *r, const struct field *f, const char *id)
{
    const char *own = strrchr(id, '/');

    return is_id(r, f, id) || (own && is_id(r, f, own + 1));
}

static bool is_it(const struct looking *l, const struct record *r)
{
    char id[RESOURCE_ID_MAX + 1];

    return is_id(r, l->document_field, l->row->look) && is_model(r, l->model_field, l->model) &&
           record_made_ns(r) >= unsure_since_ns(l->uploads, l->row) && record_id(r, id) == 0 &&
           !unsure_is_known(l->uploads, l->row, id);
}

/* 1: what follows is older. */
static int look_at_page(void *arg, const struct page *p, struct failure *err)
{
    struct looking *l = arg;

    (void)err;
    for (size_t i = 0; i < p->n; i++) {
        int64_t made_ns = record_made_ns(p->rows[i]);

        if (!is_it(l, p->rows[i]) || (l->found && record_made_ns(l->found) >= made_ns))
            continue;
        record_unref(l->found);
        l->found = record_ref(p->rows[i]);
    }
    return list_is_past(&l->order, p, unsure_since_ns(l->uploads, l->row));
}

int inbox_look(struct uploads *uploads, struct call *call, const struct intent_row *row,
               const char *model, struct record **out, struct failure *err)
{
    const struct resource *res = resource_get(RES_PREDICTIONS);
    struct looking l = { .uploads = uploads,
                         .row = row,
                         .model = model,
                         .document_field = resource_field_of(res, RES_DOCUMENTS),
                         .model_field = resource_field_of(res, RES_MODELS) };
    struct query query[TARGET_ORDER_MAX + 1] = { { NULL, NULL } };
    struct target t = { .res = res };
    int rc;

    if (backend_speaks_today(uploads->backend))
        target_newest_first(res, query);
    rc = list_walk(uploads->backend, call, &t, query[0].name ? query : NULL, look_at_page, &l, err);
    if (rc < 0) {
        record_unref(l.found);
        return rc;
    }
    *out = l.found;
    return l.found ? 1 : 0;
}
