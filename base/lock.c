#include "lock.h"

#include <stdio.h>
#include <stdlib.h>

#include "array.h"

#include "banned.h"

#ifdef LASFS_LOCK_ORDER

#define HELD_MAX 16

static const char *const names[] = {
#define LOCK_NAME(name) [LOCK_##name] = #name,
    LOCK_RANKS(LOCK_NAME)
#undef LOCK_NAME
};

static _Thread_local struct {
    const struct lock *lock[HELD_MAX];
    unsigned n;
} held;

static void die(const char *what, const struct lock *l, const struct lock *other)
{
    fprintf(stderr, "lasfs: lock %s %s %s\n", names[l->rank], what,
            other ? names[other->rank] : "");
    abort();
}

void lock_check_take(const struct lock *l)
{
    for (unsigned i = 0; i < held.n; i++)
        if (held.lock[i]->rank >= l->rank)
            die("is taken while one holds", l, held.lock[i]);
}

void lock_check_wait(const struct lock *l)
{
    for (unsigned i = 0; i < held.n; i++)
        if (held.lock[i] != l && held.lock[i]->rank > LOCK_SLOW_LAST)
            die("is waited for while one holds", l, held.lock[i]);
}

void lock_note_taken(const struct lock *l)
{
    if (held.n == HELD_MAX)
        die("is one too many", l, NULL);
    held.lock[held.n++] = l;
}

void lock_note_given(const struct lock *l)
{
    for (unsigned i = held.n; i-- > 0;) {
        if (held.lock[i] != l)
            continue;
        held.lock[i] = held.lock[--held.n];
        return;
    }
    die("is given back by who does not hold it", l, NULL);
}

#endif
