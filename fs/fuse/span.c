#include "span.h"

#include <stdlib.h>

#include "report.h"

#include "banned.h"

#define PATHS_MAX_BYTES 32768

struct span *span_new(struct trace *trace, const char *operation, pid_t pid)
{
    struct span *s = malloc(sizeof(*s));

    if (s)
        *s = (struct span){ .trace = trace,
                            .operation = operation,
                            .pid = pid,
                            .origin.number = trace_number(trace),
                            .began_us = clock_us(),
                            .path = BUF_INIT(PATHS_MAX_BYTES) };
    return s;
}

void span_path(struct span *s, struct nodes *nodes, uint64_t ino, const char *name)
{
    if (s)
        report_path(nodes, ino, name, &s->path);
}

void span_rename_path(struct span *s, struct nodes *nodes, uint64_t ino, const char *name,
                      uint64_t to_ino, const char *to_name)
{
    if (s)
        report_rename_path(nodes, ino, name, to_ino, to_name, &s->path);
}

void span_write(struct span *s, int rc)
{
    int64_t waited_us = s->origin.waited_us;
    char result[TRACE_RESULT_MAX];

    trace_line(s->trace, s->origin.number, buf_str(&s->path),
               "%s pid=%d result=%s waited=%lld worked=%lld", s->operation, (int)s->pid,
               trace_result(rc < 0 ? rc : s->result, result), (long long)waited_us,
               (long long)(clock_us() - s->began_us - waited_us));
    buf_release(&s->path);
    free(s);
}
