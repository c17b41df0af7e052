/*
 * Cleanup that stands where the thing is made: `cleanup_free char *p = ...` is freed at the end
 * of its scope, unless steal_pointer(&p) or steal_fd(&fd) has taken it away.
 * A module with its own release function makes its own attribute beside it:
 *     DEFINE_CLEANUP(struct buf *, buf_release)   and   #define cleanup_buf CLEANUP(buf_release)
 */
#ifndef LASFS_CLEANUP_H
#define LASFS_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

static inline void cleanup_free_p(void *p)
{
    free(*(void **)p);
}

static inline void cleanup_close_p(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define cleanup_free CLEANUP(cleanup_free_p)
#define cleanup_fd CLEANUP(cleanup_close_p)

/* Calls fn(*p) at the end of the scope, when the pointer is not NULL. */
#define DEFINE_CLEANUP(type, fn)                                                                   \
    static inline void cleanup_##fn##_p(type *p)                                                   \
    {                                                                                              \
        if (*p)                                                                                    \
            fn(*p);                                                                                \
    }

/* Takes the pointer out of *pp, which becomes NULL. */
static inline void *steal_pointer_(void *pp)
{
    void **from = pp;
    void *taken = *from;

    *from = NULL;
    return taken;
}
#define steal_pointer(pp) ((__typeof__(*(pp)))steal_pointer_(pp))

/* Takes the descriptor out of *fd, which becomes -1. */
static inline int steal_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

#endif
