#include "known.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

#include "banned.h"

/* Can a resource be found by this name at all? If not, no list needs to be fetched. */
static bool worth_searching(const struct resource *res, const char *name)
{
    if (!(res->can & CAN_LIST))
        return false;
    return res->name_field || route_form(res, name) == FORM_SHORT_ID;
}

int known_folder_names(struct fs *fs, struct call *call, const struct folder *f,
                       struct name_index **out, struct failure *err)
{
    cleanup_listing struct listing *l = NULL;
    int rc = known_folder_listing(fs, f, &l);

    return rc < 0 ? rc : listing_names(l, call, out, err);
}

int known_id_in_folder(struct fs *fs, struct call *call, const struct folder *f, const char *name,
                       char out[RESOURCE_ID_MAX + 1], struct failure *err)
{
    cleanup_name_index struct name_index *index = NULL;
    struct name_matches m;
    int rc;

    if (!f->res || folder_is_closed(f) || !worth_searching(f->res, name))
        return -ENOENT;
    rc = known_folder_names(fs, call, f, &index, err);
    if (rc < 0)
        return rc;
    name_index_find(index, name, &m);
    if (m.count == 0)
        return -ENOENT;
    if (m.count > 1)
        return fail(err, -ENOTUNIQ, 0, "%s stands for %zu resources, among them %s and %s", name,
                    m.count, m.id, m.other);
    snprintf(out, RESOURCE_ID_MAX + 1, "%s", m.id);
    return 0;
}

static int id_of_drop(struct fs *fs, struct folder *f, const char *name,
                      char out[RESOURCE_ID_MAX + 1])
{
    cleanup_drop struct drop *d = drops_find(fs->drops, f, name);
    int rc = -ENOENT;

    if (!d)
        return rc;
    drops_lock(fs->drops);
    if (d->id)
        rc = snprintf(out, RESOURCE_ID_MAX + 1, "%s", d->id) > RESOURCE_ID_MAX ? -ENAMETOOLONG : 0;
    drops_unlock(fs->drops);
    return rc;
}

/* NAME, or NAME.json that was dropped. */
static int id_of_name_here(struct fs *fs, struct folder *f, const char *name,
                           char out[RESOURCE_ID_MAX + 1])
{
    cleanup_free char *file = NULL;
    int rc = id_of_drop(fs, f, name, out);

    if (rc != -ENOENT || !resource_takes_json(f->res))
        return rc;
    if (asprintf(&file, "%s%s", name, NAMES_JSON_ENDING) < 0) {
        file = NULL;
        return -ENOMEM;
    }
    return id_of_drop(fs, f, file, out);
}

/* The folder within the collection's that a name with slashes says; *name is what is left. */
static int folder_of_name(struct fs *fs, const struct resource *res, const char **name,
                          struct folder **out)
{
    const char *slash = strrchr(*name, '/');
    cleanup_free char *key = NULL;
    int rc;

    if (asprintf(&key, "%s%s%.*s", res->name, slash ? "/" : "", slash ? (int)(slash - *name) : 0,
                 *name) < 0) {
        key = NULL;
        return -ENOMEM;
    }
    if (slash)
        *name = slash + 1;
    rc = drops_folder(fs->drops, key, out);
    if (rc == 0 && (*out)->res != res)
        rc = -ENOENT;
    return rc == -EINVAL ? -ENOENT : rc;
}

int known_id_of_name(struct fs *fs, struct call *call, const struct resource *res, const char *name,
                     char out[RESOURCE_ID_MAX + 1], struct failure *err)
{
    const char *last = name;
    struct folder *f = NULL;
    int rc = folder_of_name(fs, res, &last, &f);

    if (rc == 0)
        rc = id_of_name_here(fs, f, last, out);
    if (rc != -ENOENT || last != name || !f)
        return rc;
    return known_id_in_folder(fs, call, f, name, out, err);
}

static int find_id(void *arg, const struct resource *of, const char *name,
                   char id[RESOURCE_ID_MAX + 1], struct failure *err)
{
    struct id_search *s = arg;
    int rc = known_id_of_name(s->fs, s->call, of, name, id, err);

    if (rc == -ENOENT)
        return fail(err, -EINVAL, 0, "there is no %s called %s", of->name, name);
    return rc;
}

void known_id_search(struct id_search *s, struct fs *fs, struct call *call)
{
    *s = (struct id_search){ .finder = { .id_of = find_id, .arg = s }, .fs = fs, .call = call };
}
