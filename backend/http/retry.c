#include "retry.h"

#include <errno.h>
#include <stddef.h>

#include "status.h"

#include "banned.h"

struct policy {
    unsigned tries;
    int64_t base_ms, cap_ms;
};

/* clang-format off */
static const struct policy throttled = { 4, 1000, 8000 };
static const struct policy broken    = { 3,  250, 4000 }; /* 5xx, connections */
static const struct policy never     = { 1,    0,    0 };
/* clang-format on */

static bool is_broken(const struct attempt *a)
{
    if (a->error)
        return a->error == -EHOSTUNREACH || a->error == -ECONNRESET;
    return a->status >= 500 || a->status == 408;
}

static const struct policy *policy_of(const struct attempt *a)
{
    if (!a->error && status_is_throttle(a->status, a->message))
        return &throttled;
    return is_broken(a) ? &broken : &never;
}

bool retry_is_down(const struct attempt *a)
{
    return is_broken(a) || a->error == -ETIMEDOUT;
}

/* It may have done something, although no answer says so. */
static bool is_unknown(const struct attempt *a)
{
    bool failed = a->error || a->status >= 500 || a->status == 408;

    return failed && a->arrived && !a->idempotent;
}

enum retry_verdict retry_judge(const struct attempt *a)
{
    if (is_unknown(a))
        return RETRY_UNKNOWN;
    if (!a->error && status_is_token(a->status, a->message))
        return a->fresh_token ? RETRY_FINAL : RETRY_TOKEN;
    return a->tries < policy_of(a)->tries ? RETRY_WAIT : RETRY_FINAL;
}

int64_t retry_wait_ms(const struct attempt *a, uint32_t random)
{
    const struct policy *p = policy_of(a);
    int64_t bound = p->base_ms;

    for (unsigned i = 1; i < a->tries && bound < p->cap_ms; i++)
        bound *= 2;
    if (bound > p->cap_ms)
        bound = p->cap_ms;
    return (int64_t)((uint64_t)random * (uint64_t)(bound + 1) >> 32);
}
