/*
 * The page at "/", for people: what there is, what was asked lately, how to connect. Plain HTML, with no
 * script, no secret and no content of anybody's; beside it /openapi.json.
 */
#ifndef SANDBOX_FRONT_H
#define SANDBOX_FRONT_H

#include "exchange.h"

/*
 * Answers a GET of one of them (exchange_is_front()). host: how the client calls the server; authorization: the header; either
 * may be NULL. Who is on this machine, and calls it so, needs no token, as no other machine can be
 * meant; with --public it takes a token, or an app client's id and secret by Basic.
 * Any thread; blocks on the store.
 */
void front_answer(struct http *h, const char *path, const char *host, const char *authorization,
                  struct answer *an);

#endif
