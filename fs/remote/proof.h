/*
 * Whether a content is bytes that are here, without a download: by the digest that the server tells of it,
 * once bytes of which it is known have shown what that is. Equal digests say that it is; others say nothing.
 */
#ifndef LASFS_PROOF_H
#define LASFS_PROOF_H

#include <stdbool.h>

struct record;
struct remote;

/* r's content is what fd has, as is known otherwise: what its digest is from now on is known too. Blocks for
 * the disk, as the next one. */
void proof_learn(struct remote *remote, const struct record *r, int fd);

/* Is it? false as long as nothing was learnt. */
bool proof_holds(struct remote *remote, const struct record *r, int fd);

/* Could it be asked with success? */
bool proof_is_learnt(const struct remote *remote);

#endif
