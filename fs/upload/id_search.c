#include "id_search.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drop.h"
#include "drop_folders.h"
#include "drop_table.h"
#include "drop_target.h"
#include "known.h"
#include "names.h"
#include "uploads_context.h"

#include "banned.h"

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

/* The folder within the collection's that a name with slashes says; *name is what is left. */
static int folder_of_name(struct uploads *uploads, const struct resource *res, const char **name,
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
    rc = drops_folder(uploads->drops, key, out);
    if (rc == 0 && (*out)->res != res)
        rc = -ENOENT;
    return rc == -EINVAL ? -ENOENT : rc;
}

static int id_of_name(struct uploads *uploads, struct call *call, const struct resource *res,
                      const char *name, char out[RESOURCE_ID_MAX + 1], struct failure *err)
{
    const char *last = name;
    struct folder *f = NULL;
    int rc = folder_of_name(uploads, res, &last, &f);

    if (rc == 0)
        rc = id_of_name_here(uploads, f, last, out);
    if (rc != -ENOENT || last != name || !f)
        return rc;
    rc = known_id_in_folder(uploads->remote, call, f, name, out, err);
    return rc == 0 && drops_hide_name(uploads->drops, f, name, out) ? -ENOENT : rc;
}

static int find_id(void *arg, const struct resource *of, const char *name,
                   char id[RESOURCE_ID_MAX + 1], struct failure *err)
{
    struct id_search *s = arg;
    int rc = id_of_name(s->uploads, s->call, of, name, id, err);

    if (rc == -ENOENT)
        return fail(err, -EINVAL, 0, "there is no %s called %s", of->name, name);
    return rc;
}

void id_search_init(struct id_search *s, struct uploads *uploads, struct call *call)
{
    *s = (struct id_search){ .finder = { .id_of = find_id, .arg = s },
                             .uploads = uploads,
                             .call = call };
}
