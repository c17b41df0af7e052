#include "recent_answer.h"

#include <inttypes.h>
#include <string.h>

#include "number.h"

#include "banned.h"

#define DAY_US (INT64_C(24) * 3600 * 1000000)

struct count {
    const char *field, *id; /* of those that were made by it */
    int64_t n;
};

static int count_row(void *arg, const struct row *row)
{
    struct count *c = arg;
    json_t *body = json_loads(row->body, 0, NULL);
    const char *by = json_string_value(json_object_get(body, c->field));

    c->n += by && strcmp(by, c->id) == 0;
    json_decref(body);
    return 0;
}

static const char *argument(const struct request *rq, const char *name)
{
    for (size_t i = 0; i < rq->n_args; i++)
        if (strcmp(rq->args[i].name, name) == 0)
            return rq->args[i].value;
    return NULL;
}

bool recent_is_asked(const struct work *w)
{
    const struct resource *res = w->rq->target.res;

    return res->recent && argument(w->rq, res->recent->query);
}

int recent_put(struct work *w, struct item *it)
{
    const struct recency *recent = it->res->recent;
    struct list_query q = { .kind = RES_PREDICTIONS, .parent = "", .limit = INT64_MAX };
    struct count c = { .field = it->res->id_field, .id = it->row.id };
    int64_t days;
    int rc;

    if (number_parse(argument(w->rq, recent->query), 1, recent->most, &days) < 0)
        return refuse(w, 400, "%s: is no number of days from 1 to %" PRId64, recent->query,
                      recent->most);
    q.from = view_now(w->v) - days * DAY_US;
    rc = view_list(w->v, &q, count_row, &c);
    return rc < 0 ? rc
                  : item_set(it, recent->field,
                             json_pack("{s:I, s:I}", "days", (json_int_t)days,
                                       "numberOfPredictions", (json_int_t)c.n));
}
