/*
 * Going to the background so that the terminal still hears of what fails: the parent waits for
 * the child's word and ends with its status.
 */
#ifndef LASFS_DAEMON_H
#define LASFS_DAEMON_H

#include <stdbool.h>

struct daemon {
    int ready_fd; /* -1: in front */
};

/* Forks: only the child returns, in a session of its own. To be called before any thread is
 * started. 0 or -errno. foreground: nothing happens. */
int daemon_start(struct daemon *d, bool foreground);

/* All is well: the parent ends with 0, and this process lets go of the terminal. */
void daemon_ready(struct daemon *d);

#endif
