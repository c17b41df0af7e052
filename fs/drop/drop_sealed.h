/*
 * What waits to be sent and is written again: who writes gets a copy, and what is sealed stays as it
 * is, in the spool and in the row, until the copy is whole and waits in its place. Whatever becomes of
 * the copy, what close() has acknowledged is not lost with it.
 */
#ifndef LASFS_DROP_SEALED_H
#define LASFS_DROP_SEALED_H

#include "drop.h"

/* d is promised (drop_promise.h) and held exclusively: it is DIRTY from now on, with a copy of its bytes,
 * or none if empty; its row says so, on disk. 0, -ENOSPC, -EIO, -ENOMEM: it is as it was. */
int drop_unseal(struct drops *t, struct drop *d, bool empty);

/* The same, with other bytes, which become d's; the lock is held, and its row is the caller's to save. */
void drop_seal_locked(struct drop *d, struct bytes *copy);

/* The copy is in its place, or what was sealed is wanted no more: it goes. Its row is the caller's
 * to save before. */
void drop_forget_sealed(struct drops *t, struct drop *d);

/* The same, and its row says so before, on disk; else it stays. */
int drop_end_sealed(struct drops *t, struct drop *d);

/* The copy has gone: what was sealed is again what it was. The lock is held. false: there is none. */
bool drop_reseal_locked(struct drop *d);

#endif
