#include "watermark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lock.h"

#include "banned.h"

#define FILES_MAX 2 /* on the disk, and in memory when that is full */

/* One who waits; on its own stack. */
struct reader {
    struct call *call;
    int64_t upto; /* -1: until the size is known */
    struct reader *next;
};

struct watermark {
    struct lock lock;
    unsigned refs; /* guarded by lock, as all below */
    int fds[FILES_MAX];
    unsigned n_fds;
    int64_t there, size; /* -1: not known */
    bool ended;
    int rc; /* how */
    struct failure why;
    struct reader *readers;
};

int watermark_new(struct watermark **out)
{
    struct watermark *w = calloc(1, sizeof(*w));

    if (!w)
        return -ENOMEM;
    lock_init(&w->lock, LOCK_WATERMARK);
    w->refs = 1;
    w->size = -1;
    *out = w;
    return 0;
}

struct watermark *watermark_ref(struct watermark *w)
{
    lock_take(&w->lock);
    w->refs++;
    lock_give(&w->lock);
    return w;
}

void watermark_unref(struct watermark *w)
{
    bool last;

    if (!w)
        return;
    lock_take(&w->lock);
    last = --w->refs == 0;
    lock_give(&w->lock);
    if (!last)
        return;
    for (unsigned i = 0; i < w->n_fds; i++)
        close(w->fds[i]);
    lock_destroy(&w->lock);
    free(w);
}

static void state_of(const struct watermark *w, struct watermark_state *out)
{
    *out = (struct watermark_state){ .fd = w->n_fds ? w->fds[w->n_fds - 1] : -1,
                                     .there = w->there,
                                     .size = w->size,
                                     .ended = w->ended };
}

/* Has what is waited for come? -1 as upto: the size. */
static bool has_come(const struct watermark *w, int64_t upto)
{
    if (upto < 0)
        return w->size >= 0 && w->rc == 0;
    return w->there >= upto || (w->size >= 0 && upto < INT64_MAX && w->there >= w->size);
}

/* The wake is under the lock: a reader leaves, and its call with it, only after taking the lock. */
static void wake(struct watermark *w)
{
    for (struct reader *r = w->readers; r; r = r->next)
        if (w->ended || has_come(w, r->upto))
            call_wake(r->call);
}

/* --- Who writes ------------------------------------------------------------------------------- */

int watermark_begin(struct watermark *w, int fd)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    bool room;

    if (own < 0)
        return -errno;
    lock_take(&w->lock);
    room = w->n_fds < FILES_MAX;
    if (room)
        w->fds[w->n_fds++] = own;
    lock_give(&w->lock);
    if (!room)
        close(own);
    return room ? 0 : -EMFILE;
}

int watermark_expect(struct watermark *w, int64_t size)
{
    bool same;

    lock_take(&w->lock);
    same = w->size < 0 || w->size == size;
    if (same && w->size < 0) {
        w->size = size;
        wake(w);
    }
    lock_give(&w->lock);
    return same ? 0 : -ESTALE;
}

void watermark_rise(struct watermark *w, int64_t bytes)
{
    lock_take(&w->lock);
    if (bytes > w->there) {
        w->there = bytes;
        wake(w);
    }
    lock_give(&w->lock);
}

void watermark_end(struct watermark *w, int rc, const struct failure *err)
{
    lock_take(&w->lock);
    w->ended = true;
    w->rc = rc;
    if (rc == 0)
        w->size = w->there;
    else if (err)
        w->why = *err;
    wake(w);
    lock_give(&w->lock);
}

/* --- Who reads -------------------------------------------------------------------------------- */

static void leave(struct watermark *w, struct reader *self)
{
    struct reader **at = &w->readers;

    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
}

/* Parks until upto has come or it has ended. The lock is held, and is again. */
static int park(struct watermark *w, struct call *call, struct clock *clock, int64_t upto)
{
    struct reader self = { .call = call, .upto = upto, .next = w->readers };
    int rc = 0;

    w->readers = &self;
    while (!w->ended && !has_come(w, upto) && rc != -EINTR) {
        lock_give(&w->lock);
        rc = call_wait(call, clock, CLOCK_FOREVER);
        lock_take(&w->lock);
    }
    leave(w, &self);
    return rc;
}

static int wait_for(struct watermark *w, struct call *call, struct clock *clock, int64_t upto,
                    struct watermark_state *out, struct failure *err)
{
    int rc = 0;

    lock_take(&w->lock);
    if (!w->ended && !has_come(w, upto))
        rc = call->nowait ? -EWOULDBLOCK : park(w, call, clock, upto);
    if (has_come(w, upto))
        rc = 0;
    else if (w->ended && rc == 0)
        rc = w->rc;
    if (rc == 0)
        state_of(w, out);
    else if (w->ended && rc == w->rc && err)
        *err = w->why;
    lock_give(&w->lock);
    return rc;
}

int watermark_wait(struct watermark *w, struct call *call, struct clock *clock, int64_t upto,
                   struct watermark_state *out, struct failure *err)
{
    return wait_for(w, call, clock, upto, out, err);
}

int watermark_wait_size(struct watermark *w, struct call *call, struct clock *clock,
                        struct watermark_state *out, struct failure *err)
{
    return wait_for(w, call, clock, -1, out, err);
}

void watermark_look(struct watermark *w, struct watermark_state *out)
{
    lock_take(&w->lock);
    state_of(w, out);
    lock_give(&w->lock);
}
