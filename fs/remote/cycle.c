#include "cycle.h"

#include "hash.h"

#include "banned.h"

/* Brent's way: one token is remembered, and another one after twice as many steps. */
bool cycle_closes(struct cycle *c, const char *token)
{
    uint64_t mark = hash_text(HASH_TEXT_START, token);

    if (c->n && mark == c->mark)
        return true;
    c->n++;
    if ((c->n & (c->n - 1)) == 0)
        c->mark = mark;
    return false;
}
