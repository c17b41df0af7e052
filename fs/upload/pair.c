#include "pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beside.h"
#include "drop_put.h"
#include "drop_table.h"
#include "name_rules.h"
#include "names.h"
#include "route.h"
#include "uploads_context.h"

#include "banned.h"

#define ENDING NAMES_JSON_ENDING

/* Files of a folder that belong to a name; found: the first, with a reference. */
struct pair_search {
    struct uploads *uploads;
    bool (*want)(struct uploads *uploads, const struct drop *d);
    const struct drop *but; /* not this one */
    const char *but_name;   /* nor what is called so; NULL: nobody is */
    unsigned n;             /* 2: more than one */
    struct drop *found;
};

static bool is_document(struct uploads *uploads, const struct drop *d)
{
    return d->what == DROP_FILE && d->id && !rule_scratch(uploads->scratch, d->name);
}

static bool is_sidecar(struct uploads *uploads, const struct drop *d)
{
    return d->local && !d->id && !rule_scratch(uploads->scratch, d->name);
}

static bool note(void *arg, struct drop *d)
{
    struct pair_search *s = arg;

    if (d == s->but || (s->but_name && strcmp(d->name, s->but_name) == 0) ||
        !s->want(s->uploads, d))
        return true;
    if (s->n++ == 0)
        s->found = drop_ref(d);
    return s->n < 2;
}

/* Without memory nothing is found, and waits. */
static void search(struct pair_search *s, struct folder *f, enum beside_as as, const char *name,
                   size_t len)
{
    drops_lock(s->uploads->drops);
    if (as != BESIDE_SIDECAR || beside_has_sidecars(f))
        beside_find(f, as, name, len, note, s);
    drops_unlock(s->uploads->drops);
}

/* What is called name in f, with a reference, if want is true for it; else NULL. */
static struct drop *find_exact(struct uploads *uploads, struct folder *f, const char *name,
                               bool (*want)(struct uploads *uploads, const struct drop *d))
{
    struct drop *d = drops_find(uploads->drops, f, name);
    bool wanted;

    if (!d)
        return NULL;
    drops_lock(uploads->drops);
    wanted = want(uploads, d);
    drops_unlock(uploads->drops);
    if (wanted)
        return d;
    drop_unref(d);
    return NULL;
}

/* The sidecar that has the whole name of a document, with a reference, or NULL. An inbox's answer
 * is none. */
static struct drop *find_own(struct uploads *uploads, struct folder *f, const char *name,
                             const struct drop *but)
{
    cleanup_buf struct buf full = BUF_INIT(ROUTE_NAME_MAX);
    struct pair_search s = { .uploads = uploads, .want = is_sidecar, .but = but };
    struct drop *d = buf_addf(&full, "%s%s", name, ENDING) < 0
                         ? NULL
                         : find_exact(uploads, f, full.data, is_sidecar);

    if (!d || d == but) {
        drop_unref(d);
        search(&s, f, BESIDE_SIDECAR, name, strlen(name));
        d = s.found;
    }
    if (!d || !drop_is_answer(uploads->drops, d))
        return d;
    drop_unref(d);
    return NULL;
}

struct drop *pair_sidecar(struct uploads *uploads, struct folder *f, const char *name,
                          const struct drop *document)
{
    size_t stem = names_stem(name);
    struct pair_search others = {
        .uploads = uploads, .want = is_document, .but = document, .but_name = name
    };
    struct pair_search s = { .uploads = uploads, .want = is_sidecar };
    struct drop *own = find_own(uploads, f, name, NULL);

    if (own || !stem)
        return own;
    search(&s, f, BESIDE_SIDECAR, name, stem);
    if (s.found)
        search(&others, f, BESIDE_STEM, name, stem);
    drop_unref(others.found);
    if (others.n == 0)
        return s.found;
    drop_unref(s.found);
    return NULL;
}

/* Is it a document, or just about to be one? */
static bool is_coming(struct uploads *uploads, const struct drop *d)
{
    return is_document(uploads, d) ||
           (d->what == DROP_FILE && d->local && drop_state_is_dirty(d->state) &&
            (d->writers || d->exclusive));
}

/* The only document that this finds, with a reference, or NULL. */
static struct drop *find_only(struct uploads *uploads, struct folder *f, enum beside_as as,
                              const char *name, size_t len, unsigned *n)
{
    struct pair_search s = { .uploads = uploads, .want = is_document };

    search(&s, f, as, name, len);
    *n = s.n;
    if (s.n == 1)
        return s.found;
    drop_unref(s.found);
    return NULL;
}

/* The only one of that stem, unless it has a sidecar of its whole name: that one goes first. */
static struct drop *find_by_stem(struct uploads *uploads, struct folder *f, const char *stem,
                                 const struct drop *sidecar, unsigned *n, struct failure *why)
{
    struct drop *d = find_only(uploads, f, BESIDE_STEM, stem, strlen(stem), n);
    cleanup_free char *name = d ? drop_name(uploads->drops, d) : NULL;
    cleanup_drop struct drop *own = name ? find_own(uploads, f, name, sidecar) : NULL;

    if (!own)
        return d;
    failure_set(why, 0, "it waits, for %s has %s%s", name, name, ENDING);
    drop_unref(d);
    return NULL;
}

struct drop *pair_document(struct uploads *uploads, struct folder *f, const char *name,
                           const struct drop *sidecar, struct failure *why)
{
    char base[ROUTE_NAME_MAX + 1];
    struct drop *d;
    unsigned n = 0;

    snprintf(base, sizeof(base), "%.*s", (int)(strlen(name) - strlen(ENDING)), name);
    d = find_exact(uploads, f, base, is_coming);
    if (!d)
        d = find_only(uploads, f, BESIDE_NAME, base, strlen(base), &n);
    if (!d && n == 0)
        d = find_by_stem(uploads, f, base, sidecar, &n, why);
    if (!d && n == 0)
        failure_set(why, 0, "it waits for its document: %s, or %s with an ending", base, base);
    else if (!d && n > 1)
        failure_set(why, 0,
                    "it waits, for more than one document has the stem %s: call it NAME%s, "
                    "with the whole name of the one that is meant",
                    base, ENDING);
    return d;
}
