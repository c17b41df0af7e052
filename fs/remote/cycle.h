/* Does a server send one around in circles? For one thread at a time. */
#ifndef LASFS_CYCLE_H
#define LASFS_CYCLE_H

#include <stdbool.h>
#include <stdint.h>

/* Begins as zeros. */
struct cycle {
    uint64_t mark; /* of one of those that came */
    unsigned n;    /* so many came */
};

/* Takes the next of a row of marks, which are hashes. Has it come before? A circle of any length is
 * seen, at the latest once it has been gone around three times. */
bool cycle_closes(struct cycle *c, uint64_t mark);

/* The same, of a text. */
bool cycle_closes_text(struct cycle *c, const char *text);

#endif
