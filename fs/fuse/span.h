/*
 * One operation of the kernel on its way, as the trace will have it (trace.h). Where there is no
 * trace there is no span: NULL is fine everywhere, and nothing is done. One thread at a time.
 */
#ifndef LASFS_SPAN_H
#define LASFS_SPAN_H

#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "call.h"
#include "clock.h"
#include "trace.h"

struct nodes;

struct span {
    struct trace *trace;
    const char *operation;
    pid_t pid;
    struct call_origin origin;
    int64_t began_us;
    int64_t queued_us; /* since when it waits for a thread */
    int64_t result;
    struct buf path;
};

/* operation outlives it. NULL: no memory, this one will not be in the trace. */
struct span *span_new(struct trace *trace, const char *operation, pid_t pid);

/* What it is about, before it is replied to: afterwards that may be gone. name may be NULL. */
void span_path(struct span *s, struct nodes *nodes, uint64_t ino, const char *name);
void span_rename_path(struct span *s, struct nodes *nodes, uint64_t ino, const char *name,
                      uint64_t to_ino, const char *to_name);

/* What call asks for is asked for it, and it waits where that is parked. It outlives call. */
static inline void span_call(struct span *s, struct call *call)
{
    call->origin = s ? &s->origin : NULL;
}

/* It waits for a thread, until it runs on one. */
static inline void span_queued(struct span *s)
{
    if (s)
        s->queued_us = clock_us();
}

static inline void span_runs(struct span *s)
{
    if (s)
        s->origin.waited_us += clock_us() - s->queued_us;
}

/* How many bytes, or which -errno, the reply has if there is no failure. */
static inline void span_result(struct span *s, int64_t result)
{
    if (s)
        s->result = result;
}

/* Writes the line, frees. rc: 0 or -errno. */
void span_write(struct span *s, int rc);
static inline void span_end(struct span *s, int rc)
{
    if (s)
        span_write(s, rc);
}

#endif
