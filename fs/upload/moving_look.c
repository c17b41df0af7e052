#include "moving_look.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "carry.h"
#include "drop_table.h"
#include "folder.h"
#include "journal_ask.h"
#include "known.h"
#include "list_filter.h"
#include "uploads_context.h"

#include "banned.h"

void moving_look_at_name(struct uploads *uploads, struct drop *there,
                         char seen[RESOURCE_ID_MAX + 1])
{
    struct drop_snapshot s = drop_snapshot(uploads->drops, there);
    struct bytes *b = s.dirty ? drop_bytes(uploads->drops, there) : NULL;

    if (b)
        snprintf(seen, RESOURCE_ID_MAX + 1, "#%" PRIu64, b->number);
    else
        snprintf(seen, RESOURCE_ID_MAX + 1, "%s", s.id);
    bytes_unref(b);
}

bool moving_is_over(struct uploads *uploads, struct drop *d)
{
    char seen[RESOURCE_ID_MAX + 1];

    moving_look_at_name(uploads, d, seen);
    return seen[0] && journal_moves_over(uploads->journal, seen);
}

/* 1: it is in the list of f; 0: it is not, or is no more; -errno: it cannot be asked. */
static int is_moved(struct uploads *uploads, struct call *call, const struct target *t,
                    const struct folder *f, struct failure *why)
{
    cleanup_record struct record *now = NULL;
    int rc = known_current_record(uploads->remote, call, t, &now, why);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    return list_filter_holds(f->filter, f->filter_value, now);
}

int moving_is_done(struct uploads *uploads, struct call *call, const struct target *t,
                   const struct folder *to, const char *to_name, const char *old, bool *gone,
                   struct failure *why)
{
    struct target theirs = { .res = t->res, .id = old };
    int rc = old ? carry_is_done(uploads, call, t, to, to_name, &theirs, why) : -ENOENT;

    *gone = old && rc == -ENOENT;
    return rc == -ENOENT ? is_moved(uploads, call, t, to, why) : rc;
}
