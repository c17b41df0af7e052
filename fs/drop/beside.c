#include "beside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "names.h"

#include "banned.h"

struct one {
    struct drop *drop; /* without a reference: it leaves before it goes */
    struct one *next;
};

/* All that one normal form finds. */
struct group {
    char *form;
    struct one *members[BESIDE_WAYS];
    UT_hash_handle hh;
};

struct beside {
    struct group *groups; /* by form */
};

/* --- Groups ----------------------------------------------------------------------------------- */

static void group_free(struct group *g)
{
    for (size_t i = 0; i < BESIDE_WAYS; i++)
        while (g->members[i]) {
            struct one *m = g->members[i];

            g->members[i] = m->next;
            free(m);
        }
    free(g->form);
    free(g);
}

void beside_free(struct beside *b)
{
    struct group *g, *next;

    if (!b)
        return;
    HASH_ITER(hh, b->groups, g, next) {
        HASH_DELETE(hh, b->groups, g);
        group_free(g);
    }
    free(b);
}

static struct group *find_group(struct beside *b, const char *form)
{
    struct group *g = NULL;

    HASH_FIND(hh, b->groups, form, strlen(form), g);
    return g;
}

static struct group *make_group(struct beside *b, const char *form)
{
    struct group *g = calloc(1, sizeof(*g));

    if (!g)
        return NULL;
    g->form = strdup(form);
    if (g->form) {
        HASH_ADD_KEYPTR(hh, b->groups, g->form, strlen(g->form), g);
        if (HASH_ADDED(g))
            return g;
    }
    group_free(g);
    return NULL;
}

static int add_one(struct beside *b, enum beside_as as, const char *form, struct drop *d)
{
    struct group *g = find_group(b, form);
    struct one *m = calloc(1, sizeof(*m));

    if (m && !g)
        g = make_group(b, form);
    if (!m || !g) {
        free(m);
        return -ENOMEM;
    }
    *m = (struct one){ d, g->members[as] };
    g->members[as] = m;
    return 0;
}

static int remove_one(struct beside *b, enum beside_as as, const char *form, struct drop *d)
{
    struct group *g = find_group(b, form);
    struct one **link, *m;

    if (!g)
        return 0;
    for (link = &g->members[as]; (m = *link); link = &m->next)
        if (m->drop == d) {
            *link = m->next;
            free(m);
            break;
        }
    for (size_t i = 0; i < BESIDE_WAYS; i++)
        if (g->members[i])
            return 0;
    HASH_DELETE(hh, b->groups, g);
    group_free(g);
    return 0;
}

/* --- Names ------------------------------------------------------------------------------------ */

static int change(struct beside *b, struct drop *d, enum beside_as as, size_t len,
                  int (*how)(struct beside *b, enum beside_as as, const char *form, struct drop *d))
{
    char form[NAMES_NORMAL_MAX + 1];
    int rc = names_normal(d->name, len, form);

    return rc < 0 ? rc : how(b, as, form, d);
}

static size_t sidecar_base(const struct drop *d)
{
    size_t len = strlen(d->name), ending = strlen(NAMES_JSON_ENDING);

    return len > ending && strcmp(d->name + len - ending, NAMES_JSON_ENDING) == 0 ? len - ending
                                                                                  : 0;
}

static int change_all(struct beside *b, struct drop *d,
                      int (*how)(struct beside *b, enum beside_as as, const char *form,
                                 struct drop *d))
{
    size_t base = sidecar_base(d), stem = names_stem(d->name);
    int rc;

    if (base)
        return change(b, d, BESIDE_SIDECAR, base, how);
    rc = change(b, d, BESIDE_NAME, strlen(d->name), how);
    return rc == 0 && stem ? change(b, d, BESIDE_STEM, stem, how) : rc;
}

static bool counts(const struct drop *d)
{
    const struct folder *f = d->folder;

    return d->what == DROP_FILE && d->state != DROP_APART && f->res &&
           f->res->make_from == MAKE_DOCUMENT && strlen(d->name) <= NAMES_MAX;
}

/* What could not be kept up is made anew when somebody asks. */
static void drop_index(struct folder *f)
{
    beside_free(f->beside);
    f->beside = NULL;
}

void beside_link(struct drop *d)
{
    struct folder *f = d->folder;

    if (!counts(d))
        return;
    f->sidecars += sidecar_base(d) > 0;
    if (f->beside && change_all(f->beside, d, add_one) < 0)
        drop_index(f);
}

void beside_unlink(struct drop *d)
{
    struct folder *f = d->folder;

    if (!counts(d))
        return;
    f->sidecars -= sidecar_base(d) > 0;
    if (f->beside && change_all(f->beside, d, remove_one) < 0)
        drop_index(f);
}

static int make_index(struct folder *f)
{
    struct drop *d, *next;
    int rc = 0;

    f->beside = calloc(1, sizeof(*f->beside));
    if (!f->beside)
        return -ENOMEM;
    HASH_ITER(hh, f->drops, d, next)
        if (rc == 0 && counts(d))
            rc = change_all(f->beside, d, add_one);
    if (rc < 0)
        drop_index(f);
    return rc;
}

int beside_find(struct folder *f, enum beside_as as, const char *name, size_t len,
                bool (*each)(void *arg, struct drop *d), void *arg)
{
    char form[NAMES_NORMAL_MAX + 1];
    int rc = f->beside ? 0 : make_index(f);
    struct group *g;

    if (rc == 0)
        rc = names_normal(name, len, form);
    if (rc < 0)
        return rc;
    g = find_group(f->beside, form);
    for (struct one *m = g ? g->members[as] : NULL; m; m = m->next)
        if (!each(arg, m->drop))
            break;
    return 0;
}
