/*
 * Who may call: access tokens that carry their own expiry and a signature, so that nothing has
 * to be remembered, and the check of app clients' secrets. Any thread.
 */
#ifndef SANDBOX_TOKENS_H
#define SANDBOX_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "ident.h"

struct tokens;

#define TOKEN_MAX 256
#define TOKENS_PROOF_MAX 128

/* Signs with a key drawn from secret (NULL: a random one). 0, -ENOMEM, -EIO. */
int tokens_new(const char *secret, struct clock *clock, int64_t ttl_s, struct tokens **out);
void tokens_free(struct tokens *t);

int64_t tokens_ttl_s(const struct tokens *t);

/* A token for that app client from now on. */
void tokens_give(const struct tokens *t, const char *client, char out[TOKEN_MAX]);

/* Is it one of ours, and not expired? Then out has the app client. */
bool tokens_check(const struct tokens *t, const char *token, char out[ID_MAX]);

/* What may be kept of a secret: salt (NULL: a new one) and hash. 0, -EIO. */
int tokens_prove(const char *secret, const char *salt, char out[TOKENS_PROOF_MAX]);

/* Does that proof belong to that secret? */
bool tokens_proven(const char *secret, const char *proof);

/* The same text? Takes as long wherever they differ. */
bool tokens_same(const char *a, const char *b);

#endif
