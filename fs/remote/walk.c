#include "walk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "banned.h"

#define SEEN_MIN 3
#define SEEN_AGAIN 2 /* of a walk like one that has gone far in this list */
#define DOUBT_MAX 8
#define GROWTH 4 /* a walk that goes on is one; where some were none it is trusted more slowly */
#define GROWTH_IN_DOUBT 2
#define LATE_MAX 32 /* so far behind its last place a walk's readers may be, when they are many */

/* How many steps of w lead to place, INT64_MIN: none. */
static int64_t steps_to(const struct walk *w, int64_t place)
{
    int64_t way = place - w->last;

    return w->step && way % w->step == 0 ? way / w->step : INT64_MIN;
}

static bool is_next(const struct walk *w, int64_t steps)
{
    return steps >= 1 && steps <= (int64_t)w->asked + 1;
}

/* The walk that place belongs to, or may be the second place of; NULL: none. */
static struct walk *find(struct walks *w, uint64_t list, int64_t place)
{
    struct walk *second = NULL;

    for (size_t i = 0; i < WALKS_MAX; i++) {
        struct walk *one = &w->walks[i];
        int64_t way = place - one->last, steps = steps_to(one, place);

        if (!one->used || one->list != list)
            continue;
        if (is_next(one, steps) || (one->window && steps <= 0 && steps >= -LATE_MAX))
            return one;
        if (!one->step && way && llabs(way) <= WALK_STEP_MAX &&
            (!second || second->used < one->used))
            second = one;
    }
    return second;
}

/* In the place of a free one, or of what was used least lately. */
static void begin(struct walks *w, uint64_t list, int64_t place)
{
    struct walk *oldest = &w->walks[0];

    for (size_t i = 1; i < WALKS_MAX; i++)
        if (w->walks[i].used < oldest->used)
            oldest = &w->walks[i];
    if (oldest->asked && oldest->seen < SEEN_MIN + w->doubt + 2) {
        w->doubt += w->doubt < DOUBT_MAX;
        w->far_step = 0;
    }
    *oldest = (struct walk){ .list = list, .last = place, .seen = 1, .used = w->uses };
}

static bool goes_as_before(const struct walks *w, const struct walk *one)
{
    return one->step == w->far_step && one->list == w->far_list;
}

static unsigned wider(const struct walks *w, const struct walk *one, unsigned max)
{
    if (!one->window)
        return goes_as_before(w, one) && max > GROWTH ? max / GROWTH : 1;
    return (w->doubt ? GROWTH_IN_DOUBT : GROWTH) * one->window;
}

static void advance(struct walks *w, struct walk *one, int64_t place, unsigned max)
{
    unsigned steps;

    if (!one->step)
        one->step = place - one->last;
    steps = (unsigned)((place - one->last) / one->step);
    one->last = place;
    one->seen++;
    one->asked -= steps < one->asked ? steps : one->asked;
    if (one->seen < (goes_as_before(w, one) ? SEEN_AGAIN : SEEN_MIN + w->doubt))
        return;
    if (steps > 1)
        one->window = one->window > 1 ? one->window / 2 : 1;
    else
        one->window = wider(w, one, max);
    if (one->window >= max) {
        one->window = max;
        w->doubt /= 2;
        w->far_list = one->list;
        w->far_step = max > 1 ? one->step : 0;
    }
}

void walks_note(struct walks *w, uint64_t list, int64_t place, unsigned max, unsigned room,
                struct walk_ahead *out)
{
    struct walk *one = find(w, list, place);

    *out = (struct walk_ahead){ .count = 0 };
    w->uses++;
    if (!one) {
        begin(w, list, place);
        return;
    }
    one->used = w->uses;
    if (one->step && steps_to(one, place) <= 0)
        return; /* one of its readers is late */
    advance(w, one, place, max);
    if (one->window <= one->asked)
        return;
    out->step = one->step;
    out->first = one->last + one->step * ((int64_t)one->asked + 1);
    out->count = one->window - one->asked < room ? one->window - one->asked : room;
    one->asked += out->count;
}
