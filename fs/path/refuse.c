#include "refuse.h"

#include <errno.h>
#include <string.h>

#include "scratch.h"

#include "banned.h"

int refuse_read_only(struct failure *err)
{
    return fail(err, -EROFS, 0, "the mount is read-only: mount it without ro to change anything");
}

int refuse_size(struct failure *err)
{
    return fail(err, -EFBIG, 0, "it is larger than a text may be here: write a shorter one");
}

int refuse_long_name(struct failure *err)
{
    return fail(err, -ENAMETOOLONG, 0, "a name has at most %d bytes: give it a shorter one",
                ROUTE_NAME_MAX);
}

int refuse_taken(const char *name, struct failure *err)
{
    if (scratch_is_aside(name))
        return -EPERM;
    return fail(err, -EPERM, 0, "%s is a name of the mount's own here: give it another one", name);
}

int refuse_id(struct failure *err)
{
    return fail(err, -EPERM, 0, "an id is given by the API: give it a name");
}

/* --- What stays as it is ---------------------------------------------------------------------- */

int refuse_write(const struct place *p, struct failure *err)
{
    const char *instead = "the mount makes it";

    if (p->kind == NODE_FIELD || p->kind == NODE_WHOLE)
        instead = "the API has no way to do it";
    else if (p->kind == NODE_CONTENT)
        instead = "write the file that was dropped, or drop a new one";
    else if (p->kind == NODE_PICTURE)
        instead = "the API makes it of the document's bytes";
    else if (p->kind == NODE_RECENT)
        instead = "the API counts what it tells";
    else if (p->kind == NODE_ERROR_NOTE)
        instead = "remove it, or write the file again that it is about";
    else if (tree_is_spool_file(p->kind))
        instead = "copy it to the folder where it belongs";
    return fail(err, -EACCES, 0, "it cannot be changed: %s", instead);
}

int refuse_read_and_write(struct failure *err)
{
    return fail(err, -EACCES, 0, "it is not given back: open it for writing alone");
}

int refuse_removal(const struct place *p, struct failure *err)
{
    const char *why = "it is the mount's own, and is gone when that is unmounted";

    if (p->kind == NODE_COLLECTION || p->kind == NODE_CONSENTS)
        why = "it is a collection of the API: remove what is in it";
    else if (p->kind == NODE_PENDING_FILE)
        why = "it is on its way to the server: remove it where it was dropped";
    else if (p->kind == NODE_LINK)
        why = "it is a link that the mount makes: remove what it leads to";
    return fail(err, -EPERM, 0, "it cannot be removed: %s", why);
}

int refuse_rename(const struct place *p, struct failure *err)
{
    const char *why = "it is the mount's own; cp makes a copy";

    if (p->kind == NODE_COLLECTION || p->kind == NODE_CONSENTS || p->kind == NODE_CONSENT)
        why = "it is called as the API calls it; what is in it can be moved";
    else if (p->kind == NODE_RESOURCE)
        why = "it has no name that can be changed, and stays in its collection; change its "
              "fields, or make a new one where it belongs";
    else if (p->kind == NODE_FIELD || p->kind == NODE_WHOLE || p->kind == NODE_LINES ||
             p->kind == NODE_HEARTBEAT || p->kind == NODE_CONTENT || p->kind == NODE_CONTENT_LINK)
        why = "it is called as the API calls it; cp makes a copy";
    else if (tree_is_spool_file(p->kind))
        why = "copy it to the folder where it belongs, then remove it";
    else if (p->kind == NODE_LINK)
        why = "it is a link that the mount makes; rename what it leads to";
    else if (p->kind == NODE_ERROR_NOTE)
        why = "it tells of a file beside it; remove it, or copy it elsewhere";
    return fail(err, -EPERM, 0, "it cannot be renamed: %s", why);
}
