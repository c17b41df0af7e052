#include "headway.h"

#include "banned.h"

void headway_begin(struct headway *h, int64_t timeout_ms, int64_t answer_max_bytes)
{
    int64_t larger = answer_max_bytes / ANSWER_MAX_BYTES;

    *h = (struct headway){ .timeout_ms = timeout_ms, .answer_ms = INT64_MAX };
    h->answer_max_ms = HEADWAY_ANSWER_TIMES * timeout_ms * (larger > 1 ? larger : 1);
}

bool headway_moved(struct headway *h, int64_t bytes)
{
    if (bytes < h->counted)
        h->counted = bytes;
    if ((bytes - h->counted) * 1000 < HEADWAY_BYTES_PER_S * h->timeout_ms)
        return false;
    h->counted = bytes;
    return true;
}

void headway_restart(struct headway *h, int64_t bytes)
{
    h->counted = bytes;
}

bool headway_head_line(struct headway *h, size_t len, int64_t now_ms, bool *first)
{
    *first = h->head_lines == 0;
    if (*first)
        h->answer_ms = now_ms;
    h->head_lines++;
    h->head_bytes += len;
    return h->head_lines <= HEAD_LINES_MAX && h->head_bytes <= HEAD_BYTES_MAX;
}

bool headway_is_endless(const struct headway *h, int64_t now_ms)
{
    return h->answer_ms != INT64_MAX && now_ms - h->answer_ms >= h->answer_max_ms;
}
