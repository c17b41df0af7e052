/* The token endpoint, and who a request's bearer is. Any thread; blocks on the store. */
#ifndef SANDBOX_LOGIN_H
#define SANDBOX_LOGIN_H

#include "sandbox.h"

/* Is it the path of the token endpoint? */
bool login_is_path(const char *path);

/* What a request for a token says. NULL: it does not. */
struct login_request {
    const char *authorization;             /* the header */
    const char *grant_type;                /* of the query or the form */
    const char *client_id, *client_secret; /* of the form */
    bool malformed;                        /* the form is none, or says something twice */
};

/* Answers a POST to it, with the errors of RFC 6749. */
void login_answer(const struct sandbox *sb, const struct login_request *rq, struct answer *an);

/* Is that an app client's id and secret, by Basic? */
bool login_is_client(const struct sandbox *sb, const char *authorization);

/* The app client whose token stands in the header; false: 403. */
bool login_check(const struct sandbox *sb, const char *authorization, char caller[ID_MAX]);

#endif
