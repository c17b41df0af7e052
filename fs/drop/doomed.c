#include "doomed.h"

#include <stdlib.h>
#include <string.h>

#include "drop.h"
#include "drop_shared.h"
#include "hash.h"

#include "banned.h"

struct doomed {
    UT_hash_handle hh; /* by id */
    char id[];
};

static struct doomed *find_locked(struct drops *t, const char *id)
{
    struct doomed *one = NULL;

    HASH_FIND_STR(t->doomed, id, one);
    return one;
}

void drops_doom(struct drops *t, const char *id)
{
    size_t bytes = strlen(id) + 1;
    struct doomed *one = calloc(1, sizeof(*one) + bytes);
    bool added = false;

    if (!one)
        return;
    memcpy(one->id, id, bytes);
    drops_lock(t);
    if (!find_locked(t, id)) {
        HASH_ADD_STR(t->doomed, id, one);
        added = HASH_ADDED(one);
    }
    drops_unlock(t);
    if (!added)
        free(one);
}

void drops_spare(struct drops *t, const char *id)
{
    struct doomed *one;

    drops_lock(t);
    one = find_locked(t, id);
    if (one)
        HASH_DELETE(hh, t->doomed, one);
    drops_unlock(t);
    free(one);
}

bool drops_is_doomed(struct drops *t, const char *id)
{
    bool is;

    drops_lock(t);
    is = t->doomed && find_locked(t, id);
    drops_unlock(t);
    return is;
}

void doomed_free(struct drops *t)
{
    struct doomed *one, *next;

    HASH_ITER(hh, t->doomed, one, next) {
        HASH_DELETE(hh, t->doomed, one);
        free(one);
    }
}
