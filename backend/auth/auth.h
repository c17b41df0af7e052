/*
 * The token: got with the client's id and secret, shared by all threads, renewed before it ends
 * and when the API refuses it. However many threads want one, one request is made for it.
 */
#ifndef LASFS_AUTH_H
#define LASFS_AUTH_H

#include <stdbool.h>

#include "buf.h"
#include "call.h"
#include "failure.h"
#include "send.h"

struct auth;

/* endpoint: a checked URL. 0, -ENOMEM. */
int auth_new(struct sender *sender, const char *endpoint, const char *client_id,
             const char *client_secret, int64_t timeout_ms, struct auth **out);

/*
 * Tokens are shared with the SDK's programs (token_cache.h): a good one is taken from there, a
 * new one put there. Before the first auth_token(). 0, -ENOMEM.
 */
int auth_use_cache(struct auth *a, const char *path, const char *profile);

/* Wipes. Nobody may be in auth_token(). NULL is fine. */
void auth_free(struct auth *a);

/*
 * Adds the token to out, which the caller wipes, and says which one it is. refused: the number
 * of one that the API did not take, 0: none. Blocks, no lock held. 0; -EACCES the credentials
 * are refused; -EIO malformed answer; -EAGAIN, -ETIMEDOUT, -EHOSTUNREACH, -EINTR, -ENOMEM.
 */
int auth_token(struct auth *a, struct call *call, uint64_t refused, struct buf *out,
               uint64_t *number, struct failure *err);

/* Did the last request for one fail because the endpoint did, or the way to it? Any thread. */
bool auth_is_down(struct auth *a);

/* How long each request for one took. Any thread, as long as a. */
const struct meter *auth_meter(const struct auth *a);

#endif
