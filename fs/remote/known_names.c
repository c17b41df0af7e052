#include "known.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "known_lists.h"
#include "list_pace.h"
#include "list_search.h"
#include "listing.h"
#include "name_index.h"
#include "remote_context.h"
#include "route.h"

#include "banned.h"

#define TOO_MANY 429

/* Not for one who asks so, or not at all. */
static bool is_refused(const struct failure *why)
{
    return why->status >= 400 && why->status < 500 && why->status != TOO_MANY;
}

int known_list_is_there(struct remote *remote, struct call *call, const struct folder *f,
                        struct failure *err)
{
    cleanup_listing struct listing *l = NULL;
    struct failure why = { 0 };
    int rc;

    if (resource_can(f->res) & CAN_LIST)
        return 0;
    if (!backend_can(remote->backend, f->res, CAN_LIST))
        return -EOPNOTSUPP;
    rc = known_folder_listing(remote, f, &l);
    if (rc == 0)
        rc = listing_complete(l, call, &why);
    if (rc < 0 && is_refused(&why)) {
        backend_lacks(remote->backend, f->res, CAN_LIST);
        return -EOPNOTSUPP;
    }
    if (rc < 0 && err)
        *err = why;
    return rc;
}

/* Can a resource be found by this name at all? If not, no list needs to be fetched. */
static bool worth_searching(const struct resource *res, const char *name)
{
    return res->name_field || route_form(res, name) == FORM_SHORT_ID;
}

int known_folder_names(struct remote *remote, struct call *call, const struct folder *f,
                       bool titles, struct name_index **out, struct failure *err)
{
    cleanup_listing struct listing *l = NULL;
    int rc = known_folder_listing(remote, f, &l);

    return rc < 0 ? rc : listing_names(l, call, titles, out, err);
}

static int find(struct remote *remote, struct call *call, const struct folder *f, const char *name,
                bool titles, char out[RESOURCE_ID_MAX + 1], struct failure *err)
{
    cleanup_name_index struct name_index *index = NULL;
    struct name_matches m;
    int rc = known_folder_names(remote, call, f, titles, &index, err);

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

int known_id_in_folder(struct remote *remote, struct call *call, const struct folder *f,
                       const char *name, char out[RESOURCE_ID_MAX + 1], struct failure *err)
{
    int rc;

    if (!f->res || folder_is_closed(f) || !worth_searching(f->res, name))
        return -ENOENT;
    rc = known_list_is_there(remote, call, f, err);
    if (rc < 0)
        return rc == -EOPNOTSUPP ? -ENOENT : rc;
    return find(remote, call, f, name, false, out, err);
}

int known_id_by_title(struct remote *remote, struct call *call, const struct folder *f,
                      const char *name, char out[RESOURCE_ID_MAX + 1], struct failure *err)
{
    if (!f->res || folder_is_closed(f) || !f->res->title_field)
        return -ENOENT;
    return find(remote, call, f, name, true, out, err);
}

int known_id_beside(struct remote *remote, struct call *call, const struct folder *f,
                    const char *name, char out[RESOURCE_ID_MAX + 1], struct failure *err)
{
    cleanup_name_index struct name_index *names = NULL;
    const char *tilde = strrchr(name, '~');
    char base[NAMES_MAX + 1];
    int rc;

    if (!f->res || folder_is_closed(f) || !tilde || strlen(tilde + 1) != NAME_INDEX_DIGITS)
        return -ENOENT;
    snprintf(base, sizeof(base), "%.*s", (int)(tilde - name), name);
    rc = known_folder_names(remote, call, f, true, &names, err);
    return rc < 0 ? rc : name_index_find_digits(names, base, tilde + 1, out);
}

int known_in_list(struct remote *remote, struct call *call, const struct target *t)
{
    cleanup_record struct record *r = NULL;
    struct folder all = { .res = t->res };
    struct failure ignored = { 0 };

    if (!(resource_can(t->res) & CAN_LIST) || list_pace_cold(remote, &all) >= LIST_COLD_MAX)
        return -EAGAIN;
    return list_search(remote, call, &all, t->id, &r, &ignored);
}
