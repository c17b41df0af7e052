#include "errlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "errfile.h"
#include "file.h"
#include "lock.h"

#include "banned.h"

#define ERRLOG_LINE_MAX 2048

struct errlog {
    struct clock *clock;  /* set once */
    struct log *log;      /* set once */
    struct errfile *file; /* set once; NULL: the lines are not kept */
    struct lock lock;
    struct buf page;  /* guarded by lock, as all below */
    size_t lines;     /* of page */
    size_t hidden;    /* bytes at its beginning that are not shown for now */
    unsigned readers; /* who have it open */
    uint64_t count;
    int64_t last_ns;
};

int errlog_new(struct clock *clock, struct log *log, struct errlog **out)
{
    struct errlog *e = calloc(1, sizeof(*e));

    if (!e)
        return -ENOMEM;
    e->clock = clock;
    e->log = log;
    lock_init(&e->lock, LOCK_ERRLOG);
    buf_init(&e->page, ERRLOG_PAGE_BYTES);
    *out = e;
    return 0;
}

void errlog_free(struct errlog *e)
{
    if (!e)
        return;
    errfile_close(e->file);
    buf_release(&e->page);
    lock_destroy(&e->lock);
    free(e);
}

void errlog_keep(struct errlog *e, const char *dir)
{
    cleanup_buf struct buf lines = BUF_INIT(ERRFILE_BYTES);
    cleanup_free char *path = path_join(dir, "errors");
    int rc = path ? errfile_open(path, &lines, &e->file) : -ENOMEM;

    if (rc < 0)
        log_line(e->log, LOG_LEVEL_WARNING,
                 "%s/errors cannot be used, so .lasfs/errors will not "
                 "outlive this mount: %s",
                 dir, strerror(-rc));
    lock_take(&e->lock);
    if (buf_add(&e->page, buf_str(&lines), lines.len) == 0)
        e->lines = errfile_count_lines(buf_str(&lines), lines.len);
    lock_give(&e->lock);
}

/* --- A line ----------------------------------------------------------------------------------- */

/* Makes room for a line of len bytes. */
static void drop_oldest_locked(struct errlog *e, size_t len)
{
    bool outgrown = e->page.len + len > ERRLOG_PAGE_BYTES;
    size_t from;

    if (!outgrown && (e->readers || !errfile_is_full(e->lines, e->page.len)))
        return;
    from = errfile_newest(buf_str(&e->page), e->page.len);
    memmove(e->page.data, e->page.data + from, e->page.len - from);
    buf_resize(&e->page, e->page.len - from);
    e->lines = errfile_count_lines(e->page.data, e->page.len);
    e->hidden = e->readers ? e->page.len : 0;
}

static void keep(struct errlog *e, const struct buf *line, int64_t now)
{
    lock_take(&e->lock);
    drop_oldest_locked(e, line->len);
    if (buf_add(&e->page, line->data, line->len) == 0)
        e->lines++;
    e->count++;
    e->last_ns = now;
    lock_give(&e->lock);
    if (e->file)
        errfile_add(e->file, line->data, line->len);
}

void errlog_time(int64_t ns, char out[ERRLOG_TIME_MAX])
{
    time_t seconds = (time_t)(ns / 1000000000);
    struct tm tm;

    *out = '\0';
    if (gmtime_r(&seconds, &tm))
        strftime(out, ERRLOG_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void errlog_add(struct errlog *e, const char *operation, const char *path, int rc,
                const struct failure *why)
{
    cleanup_buf struct buf line = BUF_INIT(ERRLOG_LINE_MAX);
    int64_t now = why && why->at_ns ? why->at_ns : clock_realtime_ns(e->clock);
    char when[ERRLOG_TIME_MAX];
    size_t head;

    errlog_time(now, when);
    buf_addf(&line, "%s ", when);
    head = line.len;
    buf_addf(&line, "%s ", operation);
    buf_add_escaped(&line, path);
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
    line.max++;
    if (buf_addc(&line, '\n') == 0)
        keep(e, &line, now);
}

/* --- The page --------------------------------------------------------------------------------- */

void errlog_open_page(struct errlog *e)
{
    lock_take(&e->lock);
    e->readers++;
    lock_give(&e->lock);
}

void errlog_close_page(struct errlog *e)
{
    lock_take(&e->lock);
    if (--e->readers == 0)
        e->hidden = 0;
    lock_give(&e->lock);
}

int64_t errlog_size(struct errlog *e)
{
    int64_t size;

    lock_take(&e->lock);
    size = (int64_t)(e->page.len - e->hidden);
    lock_give(&e->lock);
    return size;
}

size_t errlog_read(struct errlog *e, int64_t off, char *to, size_t size)
{
    size_t n = 0;

    lock_take(&e->lock);
    if (off < (int64_t)(e->page.len - e->hidden)) {
        size_t from = e->hidden + (size_t)off;

        n = size < e->page.len - from ? size : e->page.len - from;
        memcpy(to, e->page.data + from, n);
    }
    lock_give(&e->lock);
    return n;
}

uint64_t errlog_count(struct errlog *e)
{
    uint64_t count;

    lock_take(&e->lock);
    count = e->count;
    lock_give(&e->lock);
    return count;
}

int64_t errlog_last_ns(struct errlog *e)
{
    int64_t last;

    lock_take(&e->lock);
    last = e->last_ns;
    lock_give(&e->lock);
    return last;
}
