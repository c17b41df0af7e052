/* Where this mount keeps its names, its unsent bytes and its cache. */
#ifndef LASFS_STATE_PATHS_H
#define LASFS_STATE_PATHS_H

#include "failure.h"

struct state_paths {
    char *state_dir, *cache_dir;
};

/*
 * A folder for each API endpoint and client id under $XDG_STATE_HOME/lasfs and
 * $XDG_CACHE_HOME/lasfs; chosen (from the command line, may be NULL) stands for the first.
 * 0, -ENOMEM, -ENOENT no home, and what owned_dir_open() says of either; words in err. Released also
 * after a failure.
 */
int state_paths_for(const char *api_endpoint, const char *client_id, const char *chosen,
                    struct state_paths *out, struct failure *err);

/* Both inside a sandbox's dir, made absolute. */
int state_paths_in(const char *dir, const char *chosen, struct state_paths *out,
                   struct failure *err);

void state_paths_release(struct state_paths *p);

#endif
