#include "due_time.h"

#include "clock.h"

#include "banned.h"

#define MS 1000

int64_t due_time_us(const struct sandbox *sb)
{
    return sb->epoch_us + clock_now_ms(clock_real()) * MS;
}

int64_t due_now(const struct work *w)
{
    return due_time_us(w->sb);
}

int due_at(struct work *w, const char *id, int64_t at)
{
    w->due = true;
    return view_put_due(w->v, id, at);
}

int due_never(struct work *w, const char *id)
{
    return view_delete_due(w->v, id);
}
