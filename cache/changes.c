#include "changes.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"

#include "banned.h"

#define CHANGES_MAX 4096

struct change {
    UT_hash_handle hh;
    uint64_t moment;
    char text[];
};

static struct change *change_new(const char *text, uint64_t moment)
{
    size_t len = strlen(text);
    struct change *change = calloc(1, sizeof(*change) + len + 1);

    if (!change)
        return NULL;
    memcpy(change->text, text, len + 1);
    change->moment = moment;
    return change;
}

void changes_forget(struct changes *c)
{
    struct change *change, *next;

    HASH_ITER(hh, c->keys, change, next) {
        HASH_DEL(c->keys, change);
        free(change);
    }
    c->n = 0;
}

void changes_release(struct changes *c)
{
    changes_forget(c);
}

uint64_t changes_moment(struct changes *c)
{
    return ++c->now;
}

void changes_add_all(struct changes *c)
{
    changes_forget(c);
    c->floor = ++c->now;
}

void changes_add(struct changes *c, const char *key)
{
    struct change *change;

    HASH_FIND_STR(c->keys, key, change);
    if (change) {
        change->moment = ++c->now;
        return;
    }
    change = c->n < CHANGES_MAX ? change_new(key, ++c->now) : NULL;
    if (change) {
        HASH_ADD_KEYPTR(hh, c->keys, change->text, strlen(change->text), change);
        if (HASH_ADDED(change)) {
            c->n++;
            return;
        }
        free(change);
    }
    changes_add_all(c);
}

bool changes_since(const struct changes *c, const char *key, uint64_t moment)
{
    struct change *change;

    if (moment < c->floor)
        return true;
    HASH_FIND_STR(c->keys, key, change);
    return change && change->moment > moment;
}
