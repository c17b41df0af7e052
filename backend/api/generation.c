#include "generation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

struct generation_table {
    enum generation generation;
    struct resource rows[RES_COUNT]; /* name NULL: there is none */
    struct field *fields[RES_COUNT];
    struct filter *filters[RES_COUNT];
};

/* The flags that one generation has. */
static unsigned flags_of(enum generation g, unsigned flags, unsigned since, unsigned until)
{
    return flags & ~(g == API_2021 ? since : until);
}

static bool is_there(const struct field *f)
{
    return f->flags & (F_READABLE | F_IN_POST | F_IN_PATCH);
}

static struct field field_of(enum generation g, const struct field *f)
{
    struct field out = *f;

    out.flags = flags_of(g, f->flags, f->since, f->until);
    if (!(out.flags & F_IN_PATCH))
        out.flags &= ~F_AT_ONCE;
    if (g == API_2021) {
        out.schema = f->was ? f->was : f->schema;
        out.answer = f->answer_was ? f->answer_was : f->answer;
        out.patch = NULL;
    }
    return out;
}

static int take_fields(struct generation_table *t, const struct resource *from)
{
    size_t n = 0, at = 0;

    while (from->fields[n].name)
        n++;
    t->fields[from->kind] = calloc(n + 1, sizeof(struct field));
    if (!t->fields[from->kind])
        return -ENOMEM;
    for (const struct field *f = from->fields; f->name; f++) {
        struct field out = field_of(t->generation, f);

        if (is_there(&out))
            t->fields[from->kind][at++] = out;
    }
    t->rows[from->kind].fields = t->fields[from->kind];
    return 0;
}

static int take_filters(struct generation_table *t, const struct resource *from)
{
    size_t n = 0, at = 0;

    if (!from->filters)
        return 0;
    while (from->filters[n].name)
        n++;
    t->filters[from->kind] = calloc(n + 1, sizeof(struct filter));
    if (!t->filters[from->kind])
        return -ENOMEM;
    for (const struct filter *f = from->filters; f->name; f++) {
        struct filter out = *f;

        if (t->generation == API_2021 && f->since)
            continue;
        if (t->generation == API_2021 && f->was)
            out.schema = f->was;
        t->filters[from->kind][at++] = out;
    }
    t->rows[from->kind].filters = t->filters[from->kind];
    return 0;
}

static int take_row(struct generation_table *t, const struct resource *from)
{
    unsigned can = flags_of(t->generation, from->can, from->since, 0);
    struct resource *to = &t->rows[from->kind];
    const struct field *id;
    int rc;

    if (!can)
        return 0;
    *to = *from;
    to->can = can;
    to->since = 0;
    to->flags = flags_of(t->generation, from->flags, 0, from->flags_until);
    to->sorts = flags_of(t->generation, from->sorts, from->sorts_since, 0);
    if (!(can & CAN_LIST))
        to->list_key = NULL;
    if (!(can & CAN_POST))
        to->make_from = MAKE_NOT;
    if (t->generation == API_2021)
        to->recent = NULL;
    rc = take_fields(t, from);
    if (rc == 0)
        rc = take_filters(t, from);
    id = rc == 0 && from->id_field ? resource_field(to, from->id_field) : NULL;
    if (id)
        to->id = id->schema;
    if (rc == 0 && to->state_field && !resource_field(to, to->state_field)) {
        to->state_field = NULL;
        to->passing = to->ended = NULL;
    }
    return rc;
}

int generation_new(enum generation generation, struct generation_table **out)
{
    struct generation_table *t = calloc(1, sizeof(*t));
    int rc = t ? 0 : -ENOMEM;

    if (t)
        t->generation = generation;
    for (int k = RES_NONE + 1; k < RES_COUNT && rc == 0; k++)
        rc = take_row(t, resource_get((enum resource_kind)k));
    if (rc < 0)
        generation_free(t);
    else
        *out = t;
    return rc;
}

void generation_free(struct generation_table *t)
{
    if (!t)
        return;
    for (int k = 0; k < RES_COUNT; k++) {
        free(t->fields[k]);
        free(t->filters[k]);
    }
    free(t);
}

enum generation generation_of(const struct generation_table *t)
{
    return t->generation;
}

const struct resource *generation_resource(const struct generation_table *t,
                                           enum resource_kind kind)
{
    return t->rows[kind].name ? &t->rows[kind] : NULL;
}

const struct resource *generation_by_name(const struct generation_table *t,
                                          enum resource_kind parent, const char *name)
{
    for (int k = RES_NONE + 1; k < RES_COUNT; k++)
        if (t->rows[k].name && t->rows[k].parent == parent && strcmp(t->rows[k].name, name) == 0)
            return &t->rows[k];
    return NULL;
}
