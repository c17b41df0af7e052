/* The token endpoint, and who a request's bearer is. Any thread; blocks on the store. */
#ifndef SANDBOX_LOGIN_H
#define SANDBOX_LOGIN_H

#include "sandbox.h"

/* Is it the path of the token endpoint? */
bool login_is_path(const char *path);

/*
 * Answers a POST to it. authorization and grant_type (from query or body) may be NULL.
 */
void login_answer(const struct sandbox *sb, const char *authorization, const char *grant_type,
                  struct answer *an);

/* The app client whose token stands in the header; false: 403. */
bool login_check(const struct sandbox *sb, const char *authorization, char caller[ID_MAX]);

#endif
