#include "id_search.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drop.h"
#include "drop_folders.h"
#include "drop_table.h"
#include "drop_target.h"
#include "folder.h"
#include "known.h"
#include "names.h"
#include "uploads_context.h"

#include "banned.h"

#define KEY_MAX 8192

/* NAME, or NAME.json that was dropped. */
static int id_of_name_here(struct uploads *uploads, struct folder *f, const char *name,
                           char out[RESOURCE_ID_MAX + 1])
{
    cleanup_free char *file = NULL;
    int rc = drops_id_of_name(uploads->drops, f, name, out);

    if (rc != -ENOENT || !resource_takes_json(f->res))
        return rc;
    if (asprintf(&file, "%s%s", name, NAMES_JSON_ENDING) < 0) {
        file = NULL;
        return -ENOMEM;
    }
    return drops_id_of_name(uploads->drops, f, file, out);
}

/* The key of the folder that has all of a collection, to key: one below a resource is that of this one. */
static int collection_key(const struct target *at, const struct resource *res, struct buf *key)
{
    struct target above = { .res = resource_get(res->parent) };
    int rc;

    if (!above.res)
        return buf_adds(key, res->name);
    above.id = above.res == at->res ? at->id : res->parent == at->res->parent ? at->parent : NULL;
    if (!above.id)
        return -ENOENT;
    rc = folder_resource_key(&above, key);
    return rc < 0 ? rc : buf_addf(key, "/%s", res->name);
}

/* The folder within the collection's that a name with slashes says; *name is what is left. */
static int folder_of_name(const struct id_search *s, const struct resource *res, const char **name,
                          struct folder **out)
{
    const char *slash = strrchr(*name, '/');
    cleanup_buf struct buf key = BUF_INIT(KEY_MAX);
    int rc = collection_key(s->at, res, &key);

    if (rc == 0 && slash)
        rc = buf_addf(&key, "/%.*s", (int)(slash - *name), *name);
    if (rc < 0)
        return rc;
    if (slash)
        *name = slash + 1;
    rc = drops_folder(s->uploads->drops, buf_str(&key), out);
    if (rc == 0 && (*out)->res != res)
        rc = -ENOENT;
    return rc == -EINVAL ? -ENOENT : rc;
}

static int id_of_name(const struct id_search *s, const struct resource *res, const char *name,
                      char out[RESOURCE_ID_MAX + 1], struct failure *err)
{
    struct uploads *uploads = s->uploads;
    const char *last = name;
    struct folder *f = NULL;
    int rc = folder_of_name(s, res, &last, &f);

    if (rc == 0)
        rc = id_of_name_here(uploads, f, last, out);
    if (rc != -ENOENT || last != name || !f)
        return rc;
    rc = known_id_in_folder(uploads->remote, s->call, f, name, out, err);
    return rc == 0 && drops_hide_name(uploads->drops, f, name, out) ? -ENOENT : rc;
}

static int find_id(void *arg, const struct resource *of, const char *name,
                   char id[RESOURCE_ID_MAX + 1], struct failure *err)
{
    struct id_search *s = arg;
    int rc = id_of_name(s, of, name, id, err);

    if (rc == -ENOENT)
        return fail(err, -EINVAL, 0, "there is no %s called %s", of->name, name);
    return rc;
}

void id_search_init(struct id_search *s, struct uploads *uploads, struct call *call,
                    const struct target *at)
{
    *s = (struct id_search){
        .finder = { .id_of = find_id, .arg = s }, .uploads = uploads, .call = call, .at = at
    };
}
