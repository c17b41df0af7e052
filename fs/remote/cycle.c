#include "cycle.h"

#include "hash.h"

#include "banned.h"

/* Brent's way: one is remembered, and another one after twice as many steps. */
bool cycle_closes(struct cycle *c, uint64_t mark)
{
    if (c->n && mark == c->mark)
        return true;
    c->n++;
    if ((c->n & (c->n - 1)) == 0)
        c->mark = mark;
    return false;
}

bool cycle_closes_text(struct cycle *c, const char *text)
{
    return cycle_closes(c, hash_text(HASH_TEXT_START, text));
}
