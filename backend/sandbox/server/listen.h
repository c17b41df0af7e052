/* The socket that the server listens on. */
#ifndef SANDBOX_LISTEN_H
#define SANDBOX_LISTEN_H

#include <stdbool.h>

#include "failure.h"

/*
 * Binds and listens. public: also where other machines could reach it.
 * 0 with the descriptor and the port that it got; -EINVAL, -EADDRINUSE, ... with words in err.
 */
int listen_on(const char *host, const char *port, bool public, int *fd, unsigned *got,
              struct failure *err);

#endif
