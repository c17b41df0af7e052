/*
 * Whether a content is bytes that are here, without a download: by the digest that the server tells of it,
 * once bytes of which it is known have shown what that is. Equal digests say that it is; others say nothing.
 */
#ifndef LASFS_PROOF_H
#define LASFS_PROOF_H

#include <stdbool.h>
#include <stdint.h>

struct record;
struct remote;

#define PROOF_BYTES 16

/* r's content is what fd has, as is known otherwise: what its digest is from now on is known too. Blocks for
 * the disk, as the next one. */
void proof_learn(struct remote *remote, const struct record *r, int fd);

/* Is it? false as long as nothing was learnt. */
bool proof_holds(struct remote *remote, const struct record *r, int fd);

/* The same for many: the digest of fd is made once. */
struct proof {
    uint8_t md5[PROOF_BYTES];
    bool made;
    int form; /* as the server has it; 0: nothing was learnt */
};
void proof_make(struct remote *remote, int fd, struct proof *out);
bool proof_fits(const struct proof *p, const struct record *r);
/* The same where nothing was learnt yet: then it may be. */
bool proof_may_fit(const struct proof *p, const struct record *r);

/* Could it be asked with success? */
bool proof_is_learnt(const struct remote *remote);

#endif
