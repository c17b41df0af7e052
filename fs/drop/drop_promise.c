#include "drop_promise.h"

#include <sys/stat.h>

#include "drop.h"
#include "drop_shared.h"
#include "name_rules.h"

#include "banned.h"

static bool has_name_that_promises(const struct drops *t, const struct drop *d)
{
    return !d->folder->staging && (rule_defaults(d->name) || !rule_scratch(t->scratch, d->name));
}

/* It is closed, and its bytes are a file of the spool: how many. -1: it is not so. */
static int64_t size_here(const struct drops *t, const struct drop *d)
{
    struct stat st;

    if ((d->state != DROP_STAYING && d->state != DROP_CLEAN) || !d->linked || !d->local ||
        !d->local->number || !has_name_that_promises(t, d))
        return -1;
    return fstat(d->local->fd, &st) == 0 ? st.st_size : -1;
}

bool drop_is_promised_locked(const struct drops *t, const struct drop *d)
{
    return d->state == DROP_WAITING || (!d->id && !d->sealed && size_here(t, d) > 0);
}

bool drop_is_blank_locked(const struct drops *t, const struct drop *d)
{
    return size_here(t, d) == 0;
}

bool drop_is_promised(struct drops *t, struct drop *d)
{
    bool promised;

    drops_lock(t);
    promised = drop_is_promised_locked(t, d);
    drops_unlock(t);
    return promised;
}
