#include "drop_target.h"

#include <errno.h>

#include "drop_table.h"
#include "route.h"

#include "banned.h"

int drop_target(struct drops *t, struct drop *d, struct target_ids *out)
{
    int rc = -ENOENT;

    drops_lock(t);
    if (d->id && d->folder->res)
        rc = target_ids_set(out, d->folder->res, d->folder->parent, d->id);
    drops_unlock(t);
    return rc;
}

bool drops_hide_name(struct drops *t, struct folder *f, const char *name, const char *id)
{
    cleanup_drop struct drop *d = drops_find_id(t, f, id);

    return d && d->what == DROP_FILE && !resource_takes_json(f->res) &&
           route_form(f->res, name) != FORM_SHORT_ID;
}
