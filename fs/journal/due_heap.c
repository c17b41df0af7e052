#include "due_heap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "banned.h"

#define ROOM_FIRST 64

void due_release(struct due_heap *h)
{
    free(h->links);
    *h = (struct due_heap){ .links = NULL };
}

int due_reserve(struct due_heap *h, size_t n)
{
    size_t room = h->room ? h->room : ROOM_FIRST;
    struct due_link **links;

    while (room < n)
        room *= 2;
    if (room == h->room)
        return 0;
    links = realloc(h->links, room * sizeof(*links));
    if (!links)
        return -ENOMEM;
    h->links = links;
    h->room = room;
    return 0;
}

static bool is_before(const struct due_link *a, const struct due_link *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->number < b->number;
}

static void set(struct due_heap *h, size_t place, struct due_link *l)
{
    h->links[place - 1] = l;
    l->place = place;
}

/* To where it belongs, from its place on. */
static void move_up(struct due_heap *h, struct due_link *l)
{
    size_t place = l->place;

    while (place > 1 && is_before(l, h->links[place / 2 - 1])) {
        set(h, place, h->links[place / 2 - 1]);
        place /= 2;
    }
    set(h, place, l);
}

static void move_down(struct due_heap *h, struct due_link *l)
{
    size_t place = l->place;

    while (2 * place <= h->n) {
        size_t child = 2 * place;

        if (child < h->n && is_before(h->links[child], h->links[child - 1]))
            child++;
        if (!is_before(h->links[child - 1], l))
            break;
        set(h, place, h->links[child - 1]);
        place = child;
    }
    set(h, place, l);
}

void due_put(struct due_heap *h, struct due_link *l, int64_t at_ms)
{
    l->at_ms = at_ms;
    if (!l->place)
        set(h, ++h->n, l);
    move_up(h, l);
    move_down(h, l);
}

void due_remove(struct due_heap *h, struct due_link *l)
{
    struct due_link *last;

    if (!l->place)
        return;
    last = h->links[--h->n];
    if (last != l) {
        set(h, l->place, last);
        move_up(h, last);
        move_down(h, last);
    }
    l->place = 0;
}

struct due_link *due_first(const struct due_heap *h)
{
    return h->n ? h->links[0] : NULL;
}
