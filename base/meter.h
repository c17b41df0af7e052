/*
 * How long things took, and how many there were lately: counters that any thread adds to without a lock,
 * and that anybody reads as they are. All zero is nothing yet.
 */
#ifndef LASFS_METER_H
#define LASFS_METER_H

#include <stdatomic.h>
#include <stdint.h>

#define METER_BOUNDS 12

/* What is no longer than so many microseconds is counted there; what is longer than all of them, apart. */
extern const int64_t meter_bounds_us[METER_BOUNDS];

struct meter {
    atomic_uint_least64_t counts[METER_BOUNDS + 1];
    atomic_uint_least64_t us; /* all together */
};

/* One that took so long; what is below 0 took no time. Never blocks. */
void meter_add(struct meter *m, int64_t us);

/* As it is now: while others add it may have some of what is added, and not the rest. */
struct meter_sum {
    uint64_t upto[METER_BOUNDS]; /* within each bound, those of the lower ones too */
    uint64_t count;              /* all */
    uint64_t us;
};
void meter_read(const struct meter *m, struct meter_sum *out);

/* --- Lately ----------------------------------------------------------------------------------- */

#define LATELY_SECONDS 60
#define LATELY_SLOTS                                                                               \
    64 /* more than the seconds that are looked at: one that begins anew is not among them */

/* How much there was in each second. */
struct lately {
    atomic_uint_least64_t slots[LATELY_SLOTS];
};

/* n more now, a monotonic time; less than 2^36 in one second. Never blocks. */
void lately_add(struct lately *l, int64_t now_ms, uint64_t n);

/* How much there was in the last LATELY_SECONDS whole seconds and in the one that is under way. */
uint64_t lately_sum(const struct lately *l, int64_t now_ms);

#endif
