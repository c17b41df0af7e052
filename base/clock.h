/*
 * Time as a parameter. The real clock never goes back; a fake one stands still until a test
 * moves it, and waiting on it jumps to the deadline, so that no test sleeps.
 */
#ifndef LASFS_CLOCK_H
#define LASFS_CLOCK_H

#include <pthread.h>
#include <stdint.h>

struct clock {
    int64_t (*now_ms)(struct clock *c);      /* monotonic, milliseconds */
    int64_t (*realtime_ns)(struct clock *c); /* since the epoch, nanoseconds */
    /* Waits on cond (made by cond_init_monotonic) until until_ms. 0 woken, -ETIMEDOUT. */
    int (*wait)(struct clock *c, pthread_cond_t *cond, pthread_mutex_t *held, int64_t until_ms);
};

#define CLOCK_FOREVER INT64_MAX

/* The machine's clock; one, shared, never freed. Any thread. */
struct clock *clock_real(void);

/* The machine's monotonic time in microseconds, to measure with: no fake clock moves it. */
int64_t clock_us(void);

struct fake_clock {
    struct clock clock; /* first: a fake_clock is a clock */
    pthread_mutex_t lock;
    int64_t ms;       /* guarded by lock */
    int64_t epoch_ns; /* set once: realtime when ms is 0 */
};

void fake_clock_init(struct fake_clock *f, int64_t ms, int64_t epoch_ns);
void fake_clock_advance(struct fake_clock *f, int64_t ms);

static inline int64_t clock_now_ms(struct clock *c)
{
    return c->now_ms(c);
}

static inline int64_t clock_realtime_ns(struct clock *c)
{
    return c->realtime_ns(c);
}

/* A condition variable that counts in monotonic time, as clock_real() waits. 0, -errno. */
int cond_init_monotonic(pthread_cond_t *cond);

#endif
