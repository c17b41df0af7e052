/*
 * What is due next: links in a heap, the earliest one first, of several the one with the smallest number. The caller's
 * lock is held over all of it.
 */
#ifndef LASFS_DUE_HEAP_H
#define LASFS_DUE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct due_link { /* {0}: in no heap */
    int64_t at_ms, number;
    size_t place; /* from 1 on; 0: it is in none */
};

struct due_heap { /* {0} to begin with */
    struct due_link **links;
    size_t n, room;
};

void due_release(struct due_heap *h);

/* There is room for so many. 0, -ENOMEM. */
int due_reserve(struct due_heap *h, size_t n);

/* l is due at that time, whether it is in it already or not; for that there has to be room. */
void due_put(struct due_heap *h, struct due_link *l, int64_t at_ms);

void due_remove(struct due_heap *h, struct due_link *l); /* not in it is fine */

struct due_link *due_first(const struct due_heap *h); /* NULL: none */

#endif
