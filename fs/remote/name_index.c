#include "name_index.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "route.h"
#include "stamp.h"

#include "banned.h"

#define NAME_TEXT_MAX 4096

struct indexed {
    char *id;         /* its tail begins at tail */
    char *name;       /* encoded; NULL: none */
    const char *tail; /* what stands behind the id's last colon */
};

struct name_index {
    atomic_uint refs;
    const struct resource *res;
    struct indexed *all; /* by tail, and then by id */
    size_t n;
    struct indexed **named;  /* by name, and then by tail */
    struct indexed **folded; /* by name without regard to case */
    size_t n_named;
};

/* --- Making ----------------------------------------------------------------------------------- */

static int compare_tails(const void *a, const void *b)
{
    const struct indexed *x = a, *y = b;
    int order = strcmp(x->tail, y->tail);

    return order ? order : strcmp(x->id, y->id);
}

static int compare_names(const void *a, const void *b)
{
    const struct indexed *const *x = a, *const *y = b;
    int order = strcmp((*x)->name, (*y)->name);

    return order ? order : compare_tails(*x, *y);
}

static int compare_folded(const void *a, const void *b)
{
    const struct indexed *const *x = a, *const *y = b;

    return strcasecmp((*x)->name, (*y)->name);
}

/* *out stays NULL where it has no name that could be a file's. */
static int encode_name(const struct record *r, bool titles, char **out)
{
    const char *field = record_resource(r)->name_field;
    cleanup_buf struct buf text = BUF_INIT(NAME_TEXT_MAX);
    char shown[NAMES_MAX + 1];
    int rc = field ? record_string(r, field, &text) : titles ? stamp_title(r, &text) : -ENOENT;

    if (rc == -ENOMEM)
        return rc;
    if (rc < 0 || !text.len || names_encode(buf_str(&text), shown) < 0)
        return 0;
    *out = strdup(shown);
    return *out ? 0 : -ENOMEM;
}

static int add(struct name_index *x, const struct record *r, bool titles)
{
    struct indexed *e = &x->all[x->n];
    char id[RESOURCE_ID_MAX + 1];
    const char *colon;

    if (record_id(r, id) < 0)
        return 0;
    e->id = strdup(id);
    x->n++; /* the index frees it, whatever happens now */
    if (!e->id || encode_name(r, titles, &e->name) < 0)
        return -ENOMEM;
    colon = strrchr(e->id, ':');
    e->tail = colon ? colon + 1 : e->id;
    x->n_named += e->name != NULL;
    return 0;
}

static int sort(struct name_index *x)
{
    size_t at = 0;

    qsort(x->all, x->n, sizeof(*x->all), compare_tails);
    x->named = calloc(x->n_named + 1, sizeof(struct indexed *));
    x->folded = calloc(x->n_named + 1, sizeof(struct indexed *));
    if (!x->named || !x->folded)
        return -ENOMEM;
    for (size_t i = 0; i < x->n; i++)
        if (x->all[i].name)
            x->folded[at] = x->named[at] = &x->all[i], at++;
    qsort(x->named, x->n_named, sizeof(struct indexed *), compare_names);
    qsort(x->folded, x->n_named, sizeof(struct indexed *), compare_folded);
    return 0;
}

int name_index_new(const struct resource *res, struct record *const *rows, size_t n, bool titles,
                   struct name_index **out)
{
    struct name_index *x = calloc(1, sizeof(*x));
    int rc = 0;

    if (!x)
        return -ENOMEM;
    atomic_init(&x->refs, 1);
    x->res = res;
    x->all = calloc(n + 1, sizeof(*x->all));
    if (!x->all)
        rc = -ENOMEM;
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (rows[i])
            rc = add(x, rows[i], titles);
    if (rc == 0)
        rc = sort(x);
    if (rc < 0)
        name_index_unref(x);
    else
        *out = x;
    return rc;
}

struct name_index *name_index_ref(struct name_index *x)
{
    atomic_fetch_add(&x->refs, 1);
    return x;
}

void name_index_unref(struct name_index *x)
{
    if (!x || atomic_fetch_sub(&x->refs, 1) != 1)
        return;
    for (size_t i = 0; i < x->n; i++) {
        free(x->all[i].id);
        free(x->all[i].name);
    }
    free(x->all);
    free(x->named);
    free(x->folded);
    free(x);
}

/* --- Looking ---------------------------------------------------------------------------------- */

/* The first whose tail is not before this one. */
static size_t first_tail(const struct name_index *x, const char *tail)
{
    size_t low = 0, high = x->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(x->all[middle].tail, tail) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t first_named(const struct name_index *x, const char *name)
{
    size_t low = 0, high = x->n_named;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(x->named[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static void add_match(struct name_matches *m, const char *id)
{
    if (m->count++ == 0)
        snprintf(m->id, sizeof(m->id), "%s", id);
    else if (m->count == 2)
        snprintf(m->other, sizeof(m->other), "%s", id);
}

void name_index_find(const struct name_index *x, const char *name, struct name_matches *out)
{
    bool is_start = route_form(x->res, name) == FORM_SHORT_ID;

    *out = (struct name_matches){ .count = 0 };
    for (size_t i = first_tail(x, name); i < x->n; i++) {
        const char *tail = x->all[i].tail;

        if (is_start ? !begins_with(tail, name) : strcmp(tail, name) != 0)
            break;
        add_match(out, x->all[i].id);
    }
    for (size_t i = first_named(x, name); i < x->n_named; i++) {
        const struct indexed *e = x->named[i];

        if (strcmp(e->name, name) != 0)
            break;
        if (is_start ? !begins_with(e->tail, name) : strcmp(e->tail, name) != 0)
            add_match(out, e->id); /* else it was counted above */
    }
}

int name_index_find_digits(const struct name_index *x, const char *name, const char *digits,
                           char id[RESOURCE_ID_MAX + 1])
{
    for (size_t i = first_named(x, name); i < x->n_named; i++) {
        const struct indexed *e = x->named[i];

        if (strcmp(e->name, name) != 0)
            break;
        if (begins_with(e->tail, digits)) {
            snprintf(id, RESOURCE_ID_MAX + 1, "%s", e->id);
            return 0;
        }
    }
    return -ENOENT;
}

static const struct indexed *entry_of(const struct name_index *x, const char *id)
{
    const char *colon = strrchr(id, ':');
    const char *tail = colon ? colon + 1 : id;

    for (size_t i = first_tail(x, tail); i < x->n && strcmp(x->all[i].tail, tail) == 0; i++)
        if (strcmp(x->all[i].id, id) == 0)
            return &x->all[i];
    return NULL;
}

const char *name_index_name(const struct name_index *x, const char *id)
{
    const struct indexed *e = entry_of(x, id);

    return e ? e->name : NULL;
}

int name_index_beside(const struct name_index *x, const char *id, char out[NAMES_MAX + 1])
{
    const struct indexed *e = entry_of(x, id);
    char digits[NAME_INDEX_DIGITS + 1];
    size_t n = 0;

    if (!e || !e->name)
        return -ENOENT;
    snprintf(digits, sizeof(digits), "%s", e->tail);
    for (size_t i = first_named(x, e->name);
         i < x->n_named && strcmp(x->named[i]->name, e->name) == 0; i++)
        n += begins_with(x->named[i]->tail, digits);
    if (n != 1 || strlen(digits) != NAME_INDEX_DIGITS)
        return -ENOENT;
    return snprintf(out, NAMES_MAX + 1, "%s~%s", e->name, digits) > NAMES_MAX ? -ENAMETOOLONG : 0;
}

static bool is_only(const struct name_index *x, const char *name)
{
    enum name_form form = route_form(x->res, name);
    struct name_matches m;

    name_index_find(x, name, &m);
    return m.count == 1 && form != FORM_ID && form != FORM_LATER_ID;
}

/* Is there no other name that only differs in the case of letters? */
static bool is_only_folded(const struct name_index *x, const struct indexed *e)
{
    struct indexed **at = bsearch(&e, x->folded, x->n_named, sizeof(*at), compare_folded);

    return (at == x->folded || compare_folded(at - 1, at) != 0) &&
           (at + 1 == x->folded + x->n_named || compare_folded(at, at + 1) != 0);
}

static bool may_be_shown(const struct name_index *x, const struct indexed *e)
{
    return e->name && names_portable(e->name) && is_only(x, e->name) && is_only_folded(x, e);
}

int name_index_shown(const struct name_index *x, const char *id, bool by_digits,
                     char out[NAMES_MAX + 1])
{
    const struct indexed *e = entry_of(x, id);

    if (!e)
        return -ENOENT;
    snprintf(out, NAMES_MAX + 1, "%s", e->name ? e->name : "");
    if (!by_digits && may_be_shown(x, e))
        return 0;
    for (size_t len = ROUTE_SHORT_ID_MIN; len <= strlen(e->tail); len++) {
        snprintf(out, NAMES_MAX + 1, "%.*s", (int)len, e->tail);
        if (is_only(x, out))
            return 0;
    }
    return route_id_name(e->id, out);
}
