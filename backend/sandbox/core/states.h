/* What `lasfs --sandbox` has left: told, and taken away. */
#ifndef SANDBOX_STATES_H
#define SANDBOX_STATES_H

#include <stdbool.h>

/* --list-state: a line each on standard output: size, when it was last used, by whom it is used now,
 * where. The exit status. */
int states_list(void);

/*
 * --reset: removes what is in name (a directory of `lasfs --sandbox=DIR`; NULL: the default one).
 * Refuses while it is in use, and what is none. yes: without a question; else it is asked on the
 * terminal, and refused where there is none. The exit status; words on standard error.
 */
int states_reset(const char *name, bool yes);

#endif
