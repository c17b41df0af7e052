#include "breaker.h"

#include "banned.h"

void breaker_init(struct breaker *b)
{
    *b = (struct breaker){ .alive_ms = INT64_MIN };
}

void breaker_answered(struct breaker *b, int64_t now_ms)
{
    b->failures = 0;
    b->open = false;
    b->alive_ms = now_ms;
}

void breaker_failed(struct breaker *b, int64_t began_ms, int64_t now_ms)
{
    if (began_ms < b->alive_ms)
        return;
    if (b->failures < BREAKER_FAILURES)
        b->failures++;
    if (b->failures < BREAKER_FAILURES || b->open)
        return;
    b->open = true;
    b->probe_ms = now_ms + BREAKER_PROBE_MS;
}

int64_t breaker_next_probe(const struct breaker *b)
{
    return b->open && !b->probing ? b->probe_ms : INT64_MAX;
}

void breaker_probe_begun(struct breaker *b)
{
    b->probing = true;
}

void breaker_probe_ended(struct breaker *b, bool answered, int64_t now_ms)
{
    b->probing = false;
    b->probe_ms = now_ms + BREAKER_PROBE_MS;
    if (!answered || !b->open)
        return;
    breaker_answered(b, now_ms);
    b->failures = BREAKER_FAILURES - 1;
}
