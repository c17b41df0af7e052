#include "trace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "clock.h"
#include "file.h"

#include "banned.h"

#define LINE_MAX_BYTES (128 * 1024) /* two paths, escaped, and what stands before them */

struct trace {
    struct log *log;               /* set once */
    atomic_uint_least64_t numbers; /* that were given */
    atomic_bool lost;              /* the file cannot be written */
    char path[];                   /* set once */
};

int trace_new(const char *path, struct log *log, struct trace **out)
{
    size_t size = strlen(path) + 1;
    struct trace *t;
    int rc = file_append(path, NULL, 0);

    if (rc < 0)
        return rc;
    t = calloc(1, sizeof(*t) + size);
    if (!t)
        return -ENOMEM;
    memcpy(t->path, path, size);
    t->log = log;
    *out = t;
    return 0;
}

void trace_free(struct trace *t)
{
    free(t);
}

uint64_t trace_number(struct trace *t)
{
    return atomic_fetch_add(&t->numbers, 1) + 1;
}

static void add_time(struct buf *line)
{
    int64_t now_ns = clock_realtime_ns(clock_real());
    time_t seconds = (time_t)(now_ns / 1000000000);
    char when[32] = "";
    struct tm tm;

    if (gmtime_r(&seconds, &tm))
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
    buf_addf(line, "%s.%06dZ ", when, (int)(now_ns % 1000000000 / 1000));
}

/* Half a line may be at its end: nothing is put behind that. */
static void lose(struct trace *t, int rc)
{
    if (!atomic_exchange(&t->lost, true))
        log_line(t->log, LOG_LEVEL_WARNING, "the trace ends, as %s cannot be written: %s", t->path,
                 strerror(-rc));
}

void trace_line(struct trace *t, uint64_t number, const char *text, const char *fmt, ...)
{
    cleanup_buf struct buf line = BUF_INIT(LINE_MAX_BYTES);
    va_list ap;
    int rc;

    if (atomic_load(&t->lost))
        return;
    add_time(&line);
    buf_addf(&line, "%llu ", (unsigned long long)number);
    va_start(ap, fmt);
    buf_addv(&line, fmt, ap);
    va_end(ap);
    buf_addc(&line, ' ');
    buf_add_escaped(&line, text);
    if (!line.data)
        return;
    log_redact(t->log, line.data);
    line.max++;
    rc = buf_addc(&line, '\n');
    if (rc == 0)
        rc = file_append(t->path, line.data, line.len);
    if (rc < 0)
        lose(t, rc);
}

const char *trace_result(int64_t result, char out[TRACE_RESULT_MAX])
{
    const char *name = result < 0 ? strerrorname_np((int)-result) : NULL;

    if (name)
        snprintf(out, TRACE_RESULT_MAX, "%s", name);
    else
        snprintf(out, TRACE_RESULT_MAX, "%lld", (long long)result);
    return out;
}
