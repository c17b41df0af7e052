#include "stamping.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "drop.h"
#include "drop_folders.h"
#include "folder.h"
#include "greet.h"
#include "uploads_context.h"

#include "banned.h"

/* Below the folder that has all of its list; "" where a path would be wrong, or too long. */
int stamping_place(struct uploads *uploads, const struct folder *f, const char *name,
                   struct stamp *s)
{
    cleanup_free char *key = drops_key(uploads->drops, f);
    const char *below;

    if (!key)
        return -ENOMEM;
    if (folder_is_closed(f))
        return 0; /* what is there is there for another reason than its name */
    below = folder_below(f, key);
    if (snprintf(s->path, sizeof(s->path), "%s%s%s", below, below[0] ? "/" : "", name) >=
        (int)sizeof(s->path))
        s->path[0] = '\0';
    snprintf(s->of, sizeof(s->of), "%s", f->filter ? f->filter : "");
    return 0;
}

static int fill(struct uploads *uploads, const struct stamping *what, struct stamp *s)
{
    int rc = stamp_make_key(s->key);

    if (rc == 0)
        rc = stamping_place(uploads, what->folder, what->name, s);
    s->size = what->size;
    s->has_sha256 = true;
    memcpy(s->sha256, what->sha256, sizeof(s->sha256));
    drops_lock(uploads->drops);
    s->mtime_ns = what->drop->mtime_ns;
    s->mode = (int)what->drop->mode;
    drops_unlock(uploads->drops);
    return rc;
}

/* What an earlier mount has left may go out before anything has answered here. */
static bool keeps_stamps(struct uploads *uploads, struct call *call)
{
    struct failure ignored = { 0 }; /* what is asked next fails likewise, and says so */

    if (call && !backend_generations(uploads->backend, RES_NONE))
        backend_greet(uploads->backend, call, &ignored);
    return backend_keeps_stamps(uploads->backend);
}

int stamping_put(struct uploads *uploads, struct call *call, const struct stamping *what,
                 struct body *body, char key[STAMP_KEY_CHARS + 1], struct failure *err)
{
    struct stamp s = STAMP_NONE;
    int rc;

    key[0] = '\0';
    if (!what->folder->res->notes_field || !keeps_stamps(uploads, call))
        return 0;
    rc = fill(uploads, what, &s);
    if (rc < 0)
        return fail(err, rc, 0, "what is said of the file cannot be made up: %s", strerror(-rc));
    rc = body_stamp(body, &s, what->name, err);
    if (rc == 0)
        memcpy(key, s.key, sizeof(s.key));
    return rc;
}

void stamping_check(struct uploads *uploads, const char *key, const struct record *r)
{
    struct stamp s;

    if (key[0] && (stamp_read(r, &s) < 0 || strcmp(s.key, key) != 0))
        backend_stamp_refused(uploads->backend);
}
