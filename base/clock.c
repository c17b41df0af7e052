#include "clock.h"

#include <errno.h>
#include <time.h>

#include "banned.h"

int64_t clock_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t real_now_ms(struct clock *c)
{
    struct timespec ts;

    (void)c;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t real_realtime_ns(struct clock *c)
{
    struct timespec ts;

    (void)c;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int real_wait(struct clock *c, pthread_cond_t *cond, pthread_mutex_t *held, int64_t until_ms)
{
    struct timespec ts = { .tv_sec = (time_t)(until_ms / 1000),
                           .tv_nsec = (long)(until_ms % 1000) * 1000000 };

    (void)c;
    if (until_ms == CLOCK_FOREVER)
        return -pthread_cond_wait(cond, held);
    return -pthread_cond_timedwait(cond, held, &ts);
}

struct clock *clock_real(void)
{
    static struct clock real = { real_now_ms, real_realtime_ns, real_wait };

    return &real;
}

static int64_t fake_now_ms(struct clock *c)
{
    struct fake_clock *f = (struct fake_clock *)c;
    int64_t ms;

    pthread_mutex_lock(&f->lock);
    ms = f->ms;
    pthread_mutex_unlock(&f->lock);
    return ms;
}

static int64_t fake_realtime_ns(struct clock *c)
{
    struct fake_clock *f = (struct fake_clock *)c;

    return f->epoch_ns + fake_now_ms(c) * 1000000;
}

static int fake_wait(struct clock *c, pthread_cond_t *cond, pthread_mutex_t *held, int64_t until_ms)
{
    struct fake_clock *f = (struct fake_clock *)c;

    if (until_ms == CLOCK_FOREVER)
        return -pthread_cond_wait(cond, held);
    pthread_mutex_lock(&f->lock);
    if (f->ms < until_ms)
        f->ms = until_ms;
    pthread_mutex_unlock(&f->lock);
    return -ETIMEDOUT;
}

void fake_clock_init(struct fake_clock *f, int64_t ms, int64_t epoch_ns)
{
    f->clock = (struct clock){ fake_now_ms, fake_realtime_ns, fake_wait };
    pthread_mutex_init(&f->lock, NULL);
    f->ms = ms;
    f->epoch_ns = epoch_ns;
}

void fake_clock_advance(struct fake_clock *f, int64_t ms)
{
    pthread_mutex_lock(&f->lock);
    f->ms += ms;
    pthread_mutex_unlock(&f->lock);
}

int cond_init_monotonic(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    int rc = pthread_condattr_init(&attr);

    if (rc)
        return -rc;
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    rc = pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
    return -rc;
}
