#include "due_row.h"

#include "due_time.h"
#include "item.h"
#include "kind.h"

#include "banned.h"

int due_row_run(struct work *w, const char *id)
{
    const struct resource *any = resource_by_id(id);
    const struct resource *res = any ? row_of(w, any->kind) : NULL;
    cleanup_item struct item it = { 0 };
    int rc = due_never(w, id);

    if (rc == 0)
        rc = res ? item_find(w, res, id, &it) : -ENOENT;
    if (rc == -ENOENT)
        return 0;
    if (rc == 0 && kind_of(w->sb->kinds, res->kind)->due)
        rc = kind_of(w->sb->kinds, res->kind)->due(w, &it);
    return rc < 0 ? rc : item_save(w, &it);
}
