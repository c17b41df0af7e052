/* A disk that does not take what has to be on it, once. Whoever includes it is linked with
 * --wrap=state_apply,--wrap=state_apply_begin (tests/meson.build). */
#ifndef LASFS_REFUSING_DISK_H
#define LASFS_REFUSING_DISK_H

#include <stdbool.h>
#include <stddef.h>

#include "state.h"

static int disk_says; /* to the next durable rows, once; 0: they are written */

struct state_write;
int __real_state_apply(struct state *st, const struct state_step *steps, size_t n,
                       enum state_when when, struct failure *err);
int __wrap_state_apply(struct state *st, const struct state_step *steps, size_t n,
                       enum state_when when, struct failure *err);
int __real_state_apply_begin(struct state *st, const struct state_step *steps, size_t n, bool soon,
                             struct state_write **out, struct failure *err);
int __wrap_state_apply_begin(struct state *st, const struct state_step *steps, size_t n, bool soon,
                             struct state_write **out, struct failure *err);

static inline int ask_disk(void)
{
    int rc = disk_says;

    disk_says = 0;
    return rc;
}

int __wrap_state_apply(struct state *st, const struct state_step *steps, size_t n,
                       enum state_when when, struct failure *err)
{
    int rc = when == STATE_LATER ? 0 : ask_disk();

    return rc ? rc : __real_state_apply(st, steps, n, when, err);
}

int __wrap_state_apply_begin(struct state *st, const struct state_step *steps, size_t n, bool soon,
                             struct state_write **out, struct failure *err)
{
    int rc = ask_disk();

    return rc ? rc : __real_state_apply_begin(st, steps, n, soon, out, err);
}

#endif
