#include "pacer.h"

#include "lock.h"

#include "banned.h"

void pacer_init(struct pacer *p, double max_rps)
{
    lock_init(&p->lock, LOCK_PACER);
    p->interval_ms = max_rps > 0 ? 1000 / max_rps : 0;
    p->next_ms = 0;
    p->held_ms = INT64_MIN;
    p->cautious = p->trying = false;
}

void pacer_release(struct pacer *p)
{
    lock_destroy(&p->lock);
}

void pacer_hold(struct pacer *p, int64_t now_ms, int64_t seconds)
{
    int64_t until_ms = now_ms + 1000 * (seconds < PACER_HOLD_MAX_S ? seconds : PACER_HOLD_MAX_S);

    if (seconds <= 0)
        return;
    lock_take(&p->lock);
    p->cautious = true;
    if (until_ms > p->held_ms)
        p->held_ms = until_ms;
    lock_give(&p->lock);
}

static int64_t take(struct pacer *p, int64_t now_ms, bool first)
{
    int64_t at;

    lock_take(&p->lock);
    if (p->next_ms < (double)now_ms)
        p->next_ms = (double)now_ms;
    at = first ? now_ms : (int64_t)p->next_ms;
    p->next_ms += p->interval_ms;
    if (at < p->held_ms)
        at = p->held_ms;
    lock_give(&p->lock);
    return at;
}

int64_t pacer_take(struct pacer *p, int64_t now_ms)
{
    return take(p, now_ms, false);
}

int64_t pacer_take_first(struct pacer *p, int64_t now_ms)
{
    return take(p, now_ms, true);
}

enum pacer_turn pacer_turn(struct pacer *p, int64_t now_ms, int64_t *again_ms)
{
    enum pacer_turn turn = PACER_GO;

    lock_take(&p->lock);
    if (now_ms < p->held_ms) {
        turn = PACER_WAIT;
        *again_ms = p->held_ms;
    } else if (p->cautious && p->trying) {
        turn = PACER_WAIT;
        *again_ms = now_ms + PACER_LOOK_MS;
    } else if (p->cautious) {
        turn = PACER_FIRST;
        p->trying = true;
    }
    lock_give(&p->lock);
    return turn;
}

void pacer_tried(struct pacer *p, int64_t now_ms)
{
    lock_take(&p->lock);
    p->trying = false;
    p->cautious = p->held_ms > now_ms;
    lock_give(&p->lock);
}

int64_t pacer_held(struct pacer *p)
{
    int64_t held;

    lock_take(&p->lock);
    held = p->held_ms;
    lock_give(&p->lock);
    return held;
}
