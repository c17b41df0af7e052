/*
 * The server that `lasfs --sandbox` starts: lasfs-sandbox beside this program, on a free port of
 * the loopback, with a random secret that goes to it by a descriptor.
 */
#ifndef LASFS_SANDBOX_CHILD_H
#define LASFS_SANDBOX_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "failure.h"

struct sandbox_child {
    pid_t pid; /* 0: none */
    char *api_endpoint, *auth_endpoint;
    char *client_id, *client_secret;
};

/* Blocks until it is ready. dir: where it keeps its state, made if need be. quiet: it lets go of
 * the terminal. It ends with the calling thread. 0 or -errno with words in err. */
int sandbox_child_start(const char *dir, bool seed_demo, bool quiet, struct sandbox_child *out,
                        struct failure *err);

/* Ends it and waits for its end. */
void sandbox_child_stop(struct sandbox_child *c);

#endif
