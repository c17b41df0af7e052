#include "content_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define BLOCK_BYTES 4096

int64_t content_cost(int64_t size)
{
    return size > 0 ? (size + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES : BLOCK_BYTES;
}

static void unlink_use(struct content_index *x, struct held *h)
{
    if (h->newer)
        h->newer->older = h->older;
    else
        x->newest = h->older;
    if (h->older)
        h->older->newer = h->newer;
    else
        x->oldest = h->newer;
}

static void link_newest(struct content_index *x, struct held *h)
{
    h->newer = NULL;
    h->older = x->newest;
    if (x->newest)
        x->newest->newer = h;
    else
        x->oldest = h;
    x->newest = h;
}

struct held *content_index_find(const struct content_index *x, const char *id)
{
    struct held *h;

    HASH_FIND_STR(x->by_id, id, h);
    return h;
}

int content_index_add(struct content_index *x, struct held *h)
{
    HASH_ADD_KEYPTR(hh, x->by_id, h->name.id, strlen(h->name.id), h);
    if (!HASH_ADDED(h))
        return -ENOMEM;
    link_newest(x, h);
    x->bytes += content_cost(h->name.size);
    x->entries++;
    return 0;
}

void content_index_remove(struct content_index *x, struct held *h, struct held **gone)
{
    HASH_DEL(x->by_id, h);
    unlink_use(x, h);
    x->bytes -= content_cost(h->name.size);
    x->entries--;
    x->vain += h->ahead;
    h->next_gone = *gone;
    *gone = h;
}

void content_index_use(struct content_index *x, struct held *h)
{
    unlink_use(x, h);
    link_newest(x, h);
}

static int compare_use(const struct held *a, const struct held *b)
{
    if (a->used.tv_sec != b->used.tv_sec)
        return a->used.tv_sec < b->used.tv_sec ? -1 : 1;
    if (a->used.tv_nsec != b->used.tv_nsec)
        return a->used.tv_nsec < b->used.tv_nsec ? -1 : 1;
    return 0;
}

void content_index_sort(struct content_index *x)
{
    HASH_SORT(x->by_id, compare_use);
    x->newest = x->oldest = NULL;
    for (struct held *h = x->by_id; h; h = h->hh.next)
        link_newest(x, h);
}

void content_index_release(struct content_index *x)
{
    struct held *h, *next;

    HASH_ITER(hh, x->by_id, h, next) {
        HASH_DEL(x->by_id, h);
        free(h);
    }
    *x = (struct content_index){ .by_id = NULL };
}
