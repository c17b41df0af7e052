#include "meter.h"

#include <stdbool.h>

#include "banned.h"

/* From what memory answers to what a server takes its time for. */
const int64_t meter_bounds_us[METER_BOUNDS] = {
    100, 250, 1000, 2500, 10000, 25000, 100000, 250000, 1000000, 2500000, 10000000, 60000000
};

void meter_add(struct meter *m, int64_t us)
{
    unsigned i = 0;

    while (i < METER_BOUNDS && us > meter_bounds_us[i])
        i++;
    atomic_fetch_add_explicit(&m->counts[i], 1, memory_order_relaxed);
    if (us > 0)
        atomic_fetch_add_explicit(&m->us, (uint64_t)us, memory_order_relaxed);
}

void meter_read(const struct meter *m, struct meter_sum *out)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < METER_BOUNDS; i++) {
        count += atomic_load_explicit(&m->counts[i], memory_order_relaxed);
        out->upto[i] = count;
    }
    out->count = count + atomic_load_explicit(&m->counts[METER_BOUNDS], memory_order_relaxed);
    out->us = atomic_load_explicit(&m->us, memory_order_relaxed);
}

/* --- Lately ----------------------------------------------------------------------------------- */

/* A slot has its second and its count in one word, so that no two threads begin it anew. */
#define COUNT_BITS 36
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)
#define SECOND_MASK (UINT64_MAX >> COUNT_BITS)

static uint64_t second_of(int64_t now_ms)
{
    return ((uint64_t)now_ms / 1000 + 1) & SECOND_MASK; /* 0 is that of a slot without any */
}

void lately_add(struct lately *l, int64_t now_ms, uint64_t n)
{
    uint64_t second = second_of(now_ms);
    atomic_uint_least64_t *slot = &l->slots[second % LATELY_SLOTS];
    uint_least64_t was = atomic_load_explicit(slot, memory_order_relaxed), is;

    do {
        uint64_t count = was >> COUNT_BITS == second ? was & COUNT_MASK : 0;

        is = second << COUNT_BITS | ((count + n) & COUNT_MASK);
    } while (!atomic_compare_exchange_weak_explicit(slot, &was, is, memory_order_relaxed,
                                                    memory_order_relaxed));
}

uint64_t lately_sum(const struct lately *l, int64_t now_ms)
{
    uint64_t now = second_of(now_ms), sum = 0;

    for (unsigned i = 0; i < LATELY_SLOTS; i++) {
        uint64_t slot = atomic_load_explicit(&l->slots[i], memory_order_relaxed);
        bool lately = slot && ((now - (slot >> COUNT_BITS)) & SECOND_MASK) <= LATELY_SECONDS;

        sum += lately ? slot & COUNT_MASK : 0;
    }
    return sum;
}
