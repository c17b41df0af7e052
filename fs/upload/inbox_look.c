#include "inbox_look.h"

#include <string.h>

#include "journal.h"
#include "list_walk.h"
#include "record.h"
#include "state.h"
#include "uploads_context.h"

#include "banned.h"

#define CLOCKS_APART_NS (INT64_C(300) * 1000000000) /* how much the server's clock may be behind */

struct looking {
    struct uploads *uploads;
    const struct intent_row *row;
    const char *model;
    const struct field *document_field, *model_field;
    int64_t last_ns; /* when the last row was made; 0: there was none */
    bool ascends;    /* the rows do not come newest first */
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

static int is_there(void *arg, const struct drop_row *row)
{
    (void)arg;
    (void)row;
    return 1;
}

static bool is_known(const struct looking *l, const char *id)
{
    return journal_has_id(l->uploads->journal, id, l->row->number) ||
           state_find_by_id(l->uploads->state, id, is_there, NULL, NULL) != 0;
}

static bool is_it(const struct looking *l, const struct record *r)
{
    char id[RESOURCE_ID_MAX + 1];

    return is_id(r, l->document_field, l->row->look) && is_model(r, l->model_field, l->model) &&
           record_made_ns(r) >= l->row->since_ns - CLOCKS_APART_NS && record_id(r, id) == 0 &&
           !is_known(l, id);
}

/* 1: what follows is older. */
static int look_at_page(void *arg, const struct page *p, struct failure *err)
{
    struct looking *l = arg;

    (void)err;
    for (size_t i = 0; i < p->n; i++) {
        int64_t made_ns = record_made_ns(p->rows[i]);

        l->ascends = l->ascends || (l->last_ns && made_ns > l->last_ns);
        l->last_ns = made_ns;
        if (!is_it(l, p->rows[i]) || (l->found && record_made_ns(l->found) >= made_ns))
            continue;
        record_unref(l->found);
        l->found = record_ref(p->rows[i]);
    }
    return !l->ascends && p->n > 1 && l->last_ns && l->last_ns < l->row->since_ns - CLOCKS_APART_NS;
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
    rc = list_walk(uploads, call, &t, query[0].name ? query : NULL, look_at_page, &l, err);
    if (rc < 0) {
        record_unref(l.found);
        return rc;
    }
    *out = l.found;
    return l.found ? 1 : 0;
}
