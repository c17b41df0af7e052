/* The API's verbs over rows. */
#ifndef SANDBOX_REST_H
#define SANDBOX_REST_H

#include "sandbox.h"

/*
 * Answers a request whose target has its verb (address_can). Any thread; blocks on the store.
 * Fills *an in any case; without a body when even that failed: send a 500.
 */
void rest_handle(const struct sandbox *sb, const struct request *rq, struct answer *an);

/* Makes what a new state directory needs: its organization and the server's own app client. */
int rest_prepare(struct sandbox *sb, struct failure *err);

#endif
