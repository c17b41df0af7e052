/*
 * Where the server is found: told when it is ready, kept in its state directory while it serves, and
 * read from there by who wants to use it.
 */
#ifndef SANDBOX_ENDPOINTS_H
#define SANDBOX_ENDPOINTS_H

#include "failure.h"
#include "http.h"
#include "sandbox_options.h"

#define ENDPOINTS_FILE "endpoints.json"

/* Writes the file, then the line on standard output. Blocks on the disk. 0, -errno with words in err. */
int endpoints_announce(const struct sandbox_options *o, const struct http *h, struct failure *err);

/* Takes the file away: nobody serves. */
void endpoints_withdraw(const struct sandbox_options *o);

/*
 * --print-env: what a shell is to run so that the SDK, curl and lasfs use the server of that state
 * directory, on standard output. The secret is in it when it was asked for (--print-secret); else
 * only the name of the file that has it. The exit status; words on standard error.
 */
int endpoints_print_env(const struct sandbox_options *o);

#endif
