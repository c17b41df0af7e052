#include "errlog.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "banned.h"

#define ERRLOG_LINES 1000
#define ERRLOG_LINE_MAX 2048

struct errlog {
    struct clock *clock; /* set once */
    struct log *log;     /* set once */
    pthread_mutex_t lock;
    char *lines[ERRLOG_LINES]; /* guarded by lock: a ring, count says where it stands */
    uint64_t count;            /* guarded by lock */
    int64_t last_ns;           /* guarded by lock */
};

int errlog_new(struct clock *clock, struct log *log, struct errlog **out)
{
    struct errlog *e = calloc(1, sizeof(*e));

    if (!e)
        return -ENOMEM;
    e->clock = clock;
    e->log = log;
    pthread_mutex_init(&e->lock, NULL);
    *out = e;
    return 0;
}

void errlog_free(struct errlog *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < ERRLOG_LINES; i++)
        free(e->lines[i]);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

static void add_escaped(struct buf *b, const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            buf_addf(b, "%%%02X", (unsigned char)*text);
        else
            buf_addc(b, *text);
    }
}

void errlog_add(struct errlog *e, const char *operation, const char *path, int rc,
                const struct failure *why)
{
    cleanup_buf struct buf line = BUF_INIT(ERRLOG_LINE_MAX);
    cleanup_free char *kept = NULL;
    int64_t now = clock_realtime_ns(e->clock);
    time_t seconds = (time_t)(now / 1000000000);
    char when[32] = "";
    struct tm tm;
    size_t head;
    char *old;

    if (gmtime_r(&seconds, &tm))
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    buf_addf(&line, "%s ", when);
    head = line.len;
    buf_addf(&line, "%s ", operation);
    add_escaped(&line, path);
    if (rc < 0)
        buf_addf(&line, ": %s", strerrordesc_np(-rc));
    if (why && why->status)
        buf_addf(&line, " (HTTP %d)", why->status);
    if (why && why->text[0])
        buf_addf(&line, ": %s", why->text);
    if (!line.data)
        return;
    log_redact(e->log, line.data);
    log_line(e->log, rc < 0 ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s", line.data + head);
    kept = buf_take(&line);
    pthread_mutex_lock(&e->lock);
    old = e->lines[e->count % ERRLOG_LINES];
    e->lines[e->count % ERRLOG_LINES] = steal_pointer(&kept);
    e->count++;
    e->last_ns = now;
    pthread_mutex_unlock(&e->lock);
    free(old);
}

int errlog_text(struct errlog *e, struct buf *out)
{
    int rc = 0;

    pthread_mutex_lock(&e->lock);
    for (uint64_t i = e->count > ERRLOG_LINES ? e->count - ERRLOG_LINES : 0;
         i < e->count && rc == 0; i++) {
        rc = buf_adds(out, e->lines[i % ERRLOG_LINES]);
        if (rc == 0)
            rc = buf_addc(out, '\n');
    }
    pthread_mutex_unlock(&e->lock);
    return rc;
}

uint64_t errlog_count(struct errlog *e)
{
    uint64_t count;

    pthread_mutex_lock(&e->lock);
    count = e->count;
    pthread_mutex_unlock(&e->lock);
    return count;
}

int64_t errlog_last_ns(struct errlog *e)
{
    int64_t last;

    pthread_mutex_lock(&e->lock);
    last = e->last_ns;
    pthread_mutex_unlock(&e->lock);
    return last;
}
