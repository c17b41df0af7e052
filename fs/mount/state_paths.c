#include "state_paths.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "file.h"
#include "owned.h"
#include "sandbox_dirs.h"

#include "banned.h"

#define NAME_MAX_BYTES 512
#define STATE "state directory"
#define CACHE "cache directory"

/* "https://api.example/v1" and a client id as one folder's name. */
static int folder_name(const char *api_endpoint, const char *client_id, struct buf *out)
{
    const char *host = strstr(api_endpoint, "://");
    int rc = buf_addf(out, "%s-%s", host ? host + 3 : api_endpoint, client_id);

    if (rc < 0)
        return rc;
    for (char *p = out->data; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '.' && *p != '-')
            *p = '_';
    if (out->data[0] == '.')
        out->data[0] = '_';
    return out->len > 200 ? buf_resize(out, 200) : 0;
}

/* $VARIABLE/lasfs/NAME, or ~/FALLBACK/lasfs/NAME. */
static char *under(const char *variable, const char *fallback, const char *name)
{
    const char *base = getenv(variable);
    const char *home = getenv("HOME");
    char *path;
    int n;

    if (base && base[0] == '/')
        n = asprintf(&path, "%s/lasfs/%s", base, name);
    else if (home && home[0] == '/')
        n = asprintf(&path, "%s/%s/lasfs/%s", home, fallback, name);
    else
        return NULL;
    return n < 0 ? NULL : path;
}

/* The daemon's working directory is another: a path from the command line must not depend on
 * it. The directory is made, as realpath wants it, and whose it is is said on the terminal. */
static int choose(const char *what, const char *chosen, char *fallback, char **out,
                  struct failure *err)
{
    cleanup_free char *owned = fallback;
    const char *dir = chosen ? chosen : owned;
    cleanup_fd int fd = -1;
    int rc;

    if (!dir)
        return fail(err, -ENOENT, 0, "no home directory: use -o state=DIR and set XDG_CACHE_HOME");
    rc = owned_dir_open(what, dir, &fd, err);
    if (rc < 0)
        return rc;
    *out = realpath(dir, NULL);
    return *out ? 0 : fail(err, -errno, 0, "%s %s: %s", what, dir, strerror(errno));
}

int state_paths_for(const char *api_endpoint, const char *client_id, const char *chosen,
                    struct state_paths *out, struct failure *err)
{
    cleanup_buf struct buf name = BUF_INIT(NAME_MAX_BYTES);
    int rc = folder_name(api_endpoint, client_id, &name);

    *out = (struct state_paths){ .state_dir = NULL };
    if (rc < 0)
        return fail(err, rc, 0, "the name of the state directory: %s", strerror(-rc));
    rc = choose(STATE, chosen, under("XDG_STATE_HOME", ".local/state", name.data), &out->state_dir,
                err);
    if (rc == 0)
        rc =
            choose(CACHE, NULL, under("XDG_CACHE_HOME", ".cache", name.data), &out->cache_dir, err);
    return rc;
}

int state_paths_in(const char *dir, const char *chosen, struct state_paths *out,
                   struct failure *err)
{
    int rc;

    *out = (struct state_paths){ .state_dir = NULL };
    rc = choose(STATE, chosen, path_join(dir, SANDBOX_MOUNT), &out->state_dir, err);
    if (rc == 0)
        rc = choose(CACHE, NULL, path_join(dir, SANDBOX_CACHE), &out->cache_dir, err);
    return rc;
}

void state_paths_release(struct state_paths *p)
{
    free(p->state_dir);
    free(p->cache_dir);
    *p = (struct state_paths){ .state_dir = NULL };
}
