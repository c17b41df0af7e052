#include "meant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drop.h"
#include "drop_folders.h"
#include "drop_target.h"
#include "folder.h"
#include "journal_ask.h"
#include "known.h"
#include "name_rules.h"
#include "record.h"
#include "renamed.h"
#include "uploads_context.h"

#include "banned.h"

/* What it may be called: as it is going to be, as it is, as it was before it was put aside. */
struct names {
    struct {
        const struct folder *folder;
        char *name;
    } each[3];
    size_t n;
};

static void names_release(struct names *all)
{
    for (size_t i = 0; i < all->n; i++)
        free(all->each[i].name);
}
#define cleanup_names CLEANUP(names_release)

/* A name for a while was told to nobody. */
static void add_name(struct uploads *uploads, struct names *all, const struct folder *f,
                     const char *name)
{
    char *copy = name && !rule_scratch(uploads->scratch, name) ? strdup(name) : NULL;

    if (!copy)
        return;
    all->each[all->n].folder = f;
    all->each[all->n++].name = copy;
}

static void names_of(struct uploads *uploads, struct drop *d, struct names *out)
{
    drops_lock(uploads->drops);
    add_name(uploads, out, d->folder, d->name);
    add_name(uploads, out, d->parked_in, d->parked);
    drops_unlock(uploads->drops);
}

bool meant_owes_name(struct uploads *uploads, const char *id)
{
    return journal_renames(uploads->journal, id);
}

bool meant_is_other(struct uploads *uploads, struct call *call, struct drop *d,
                    const struct folder *to, const char *to_name, const struct record *r, char **as)
{
    cleanup_names struct names all = { .n = 0 };
    char id[RESOURCE_ID_MAX + 1];

    add_name(uploads, &all, to, to_name);
    names_of(uploads, d, &all);
    for (size_t i = 0; i < all.n; i++) {
        cleanup_free char *path = drops_path(uploads->drops, all.each[i].folder, all.each[i].name);

        if (path && renamed_says(uploads->remote, call, all.each[i].folder, path, r) > 0)
            continue;
        if (as)
            *as = steal_pointer(&path);
        return false;
    }
    return all.n && record_id(r, id) == 0 && !meant_owes_name(uploads, id);
}

int meant_look(struct uploads *uploads, struct call *call, struct drop *d, const struct folder *to,
               const char *to_name, struct failure *err)
{
    struct drop_snapshot s = drop_snapshot(uploads->drops, d);
    cleanup_record struct record *r = NULL, *now = NULL;
    struct target_ids b;
    int rc;

    if (drop_target(uploads->drops, d, &b) < 0 || !renamed_can_be(uploads->remote, s.folder))
        return 0;
    rc = known_sent_record(uploads->remote, call, s.folder, &b.target, s.fresh, &r, err);
    if (rc == 0 && !meant_is_other(uploads, call, d, to, to_name, r, NULL))
        return 0;
    if (rc == 0) /* a list may be a moment behind */
        rc = known_new_record(uploads->remote, call, &b.target, KNOWN_JUST_NOW_MS, &now, err);
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    return meant_is_other(uploads, call, d, to, to_name, now, NULL);
}

/* --- Of what is removed, and goes later ------------------------------------------------------- */

char *meant_path(struct uploads *uploads, struct drop *d)
{
    cleanup_names struct names all = { .n = 0 };
    cleanup_record struct record *r = NULL;
    cleanup_free char *path = NULL;
    struct call now = { .nowait = true };
    struct failure ignored;
    struct target_ids b;

    names_of(uploads, d, &all);
    if (all.n != 1 || drop_target(uploads->drops, d, &b) < 0 ||
        !renamed_can_be(uploads->remote, all.each[0].folder))
        return NULL;
    path = drops_path(uploads->drops, all.each[0].folder, all.each[0].name);
    if (!path)
        return NULL;
    if (known_record(uploads->remote, &now, &b.target, &r, &ignored) == 0 &&
        renamed_says(uploads->remote, &now, all.each[0].folder, path, r) == 0)
        return steal_pointer(&path);
    return meant_owes_name(uploads, b.id) ? NULL : steal_pointer(&path);
}

int meant_look_again(struct uploads *uploads, struct call *call, const struct folder *f,
                     const struct target *t, const char *path, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    int rc = known_new_record(uploads->remote, call, t, 0, &r, err);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    return renamed_says(uploads->remote, call, f, path, r);
}

int meant_look_at(struct uploads *uploads, struct call *call, const struct folder *f,
                  const struct target *t, const char *path, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    int rc;

    if (!renamed_can_be(uploads->remote, f))
        return 0;
    rc = known_sent_record_now(uploads->remote, call, f, t, true, &r, err);
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    rc = renamed_says(uploads->remote, call, f, path, r);
    return rc > 0 ? meant_look_again(uploads, call, f, t, path, err) : rc;
}
