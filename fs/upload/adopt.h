/* What an unsure POST has made, found at the server: it gets the name that it was sent for. */
#ifndef LASFS_ADOPT_H
#define LASFS_ADOPT_H

#include "backend.h"
#include "intent_row.h"

struct drop;
struct folder;
struct uploads;

/*
 * found is what row's POST has made: its name stands for it from now on, and what had failed under
 * that name with these bytes is delivered. If the name has something newer by now it goes again, as
 * what it would have been replaced by. The same as struct journal_config's work().
 */
int64_t adopt(struct uploads *uploads, struct call *call, const struct intent_row *row,
              struct record *found, struct failure *why);

/* d, called name in f, has the bytes of this digest, as the server says: what failed under that name with the same
 * ones is it, and is kept no more. d is held exclusively. */
void adopt_failed(struct uploads *uploads, struct drop *d, struct folder *f, const char *name,
                  const uint8_t *sha256);

#endif
