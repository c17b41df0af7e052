#include "herald.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "credentials.h"
#include "greet.h"
#include "lock.h"
#include "thread.h"

#include "banned.h"

#define PATIENCE_MS 10000 /* of who waits for the mount */
#define PAUSE_MS 1000     /* between two questions, to begin with */
#define PAUSE_MAX_MS 4000
#define TICK_MS 1000
#define TICKS_UNMOVED 3 /* what fails by itself moves nothing */
#define EXTEND_MS 30000
#define LINE_MAX_BYTES 1024

struct herald {
    struct herald_config c; /* set once, as all to the lock */
    struct call call;       /* of the thread */
    pthread_t thread;
    struct lock lock;
    pthread_cond_t changed;
    enum greeting said; /* guarded by lock, as all to the next */
    bool asked;         /* said and why hold what the last question brought */
    bool awaited;       /* nobody waits for it any more */
    bool warned, ready, gave_up, stopping;
    struct failure why;
    struct fs *fs;   /* NULL: it is not mounted */
    pthread_t main;  /* set with fs */
    struct buf line; /* the thread's: the status line that was told */
    uint64_t moved;  /* the thread's */
    unsigned ticks;  /* the thread's */
};

/* --- What is said ----------------------------------------------------------------------------- */

static int refuse(const struct herald *h, enum greeting said, const struct failure *why,
                  struct failure *err)
{
    const struct herald_config *c = &h->c;

    if (said == GREETING_NO_TOKEN)
        return fail(err, -EACCES, why->status, "no token from %s: %s", c->auth_endpoint, why->text);
    if (said == GREETING_REFUSED)
        return fail(err, -EACCES, why->status, "%s = %s: %s", c->api_from, c->api_endpoint,
                    why->text);
    return fail(err, -EINVAL, why->status,
                "%s = %s: that is not the API (HTTP %d, %.200s); it should look like %s",
                c->api_from, c->api_endpoint, why->status, why->text, CREDENTIALS_USUAL_API);
}

static bool is_refusal(enum greeting said)
{
    return said != GREETING_ANSWERED && said != GREETING_SILENT;
}

/* Once, however often it is asked. */
static void warn(struct herald *h, const char *why)
{
    bool said_before;

    lock_take(&h->lock);
    said_before = h->warned;
    h->warned = true;
    lock_give(&h->lock);
    if (!said_before)
        log_line(h->c.log, LOG_LEVEL_WARNING,
                 "%s does not answer (%s): mounted all the same, it is asked again until it does",
                 h->c.api_endpoint, why);
}

/* A question's longest way: for the token, and for two things, each with its retries. */
static int64_t question_us(const struct herald *h)
{
    return (3 * h->c.timeout_ms + EXTEND_MS) * 1000;
}

static void say_waiting(struct herald *h, const char *why)
{
    service_tell(h->c.service, "STATUS=%s on %s: waiting for %s%s%s\nEXTEND_TIMEOUT_USEC=%" PRId64,
                 h->c.account, h->c.mountpoint, h->c.api_endpoint, why[0] ? ": " : "", why,
                 question_us(h));
}

/* When both have happened, whichever comes last. */
static void say_ready(struct herald *h)
{
    bool now;

    lock_take(&h->lock);
    now = h->fs && h->asked && h->said == GREETING_ANSWERED && !h->ready && !h->stopping;
    h->ready = h->ready || now;
    lock_give(&h->lock);
    if (now)
        service_tell(h->c.service, "READY=1\nMAINPID=%ld\nSTATUS=%s on %s", (long)getpid(),
                     h->c.account, h->c.mountpoint);
}

/* --- The question ----------------------------------------------------------------------------- */

/* A refusal that nobody waits for: the line is all there is, but who starts it again may find that
 * it was mended. */
static void refused_late(struct herald *h)
{
    struct failure why, err = { 0 };
    bool late, end;

    lock_take(&h->lock);
    while (!h->awaited && !call_cancelled(&h->call))
        lock_wait(&h->lock, &h->changed);
    late = h->warned;
    why = h->why;
    while (late && service_listens(h->c.service) && !h->fs && !call_cancelled(&h->call))
        lock_wait(&h->lock, &h->changed);
    end = late && h->fs && service_listens(h->c.service);
    refuse(h, h->said, &why, &err);
    h->gave_up = end;
    h->why = end ? err : h->why;
    lock_give(&h->lock);
    if (late && !end)
        log_line(h->c.log, LOG_LEVEL_ERROR, "%s", err.text);
    if (end)
        pthread_kill(h->main, SIGTERM);
}

static void note(struct herald *h, enum greeting said, const struct failure *why)
{
    lock_take(&h->lock);
    h->said = said;
    h->why = *why;
    h->asked = true;
    pthread_cond_broadcast(&h->changed);
    lock_give(&h->lock);
}

/* false: it is to end. A request that is done leaves a wake behind. */
static bool rest(struct herald *h, int64_t ms)
{
    int64_t until = clock_now_ms(h->c.clock) + ms;

    while (clock_now_ms(h->c.clock) < until)
        if (call_wait(&h->call, h->c.clock, until) == -EINTR)
            return false;
    return !call_cancelled(&h->call);
}

static bool was_warned(struct herald *h)
{
    bool warned;

    lock_take(&h->lock);
    warned = h->warned;
    lock_give(&h->lock);
    return warned;
}

static void ask_until_answered(struct herald *h)
{
    int64_t pause = PAUSE_MS;
    char words[FAILURE_TEXT_MAX] = "";
    enum greeting said;

    for (;;) {
        struct failure why = { 0 };

        say_waiting(h, words);
        said = backend_greet(h->c.backend, &h->call, &why);
        if (call_cancelled(&h->call))
            return;
        memcpy(words, why.text, sizeof(words));
        note(h, said, &why);
        if (said != GREETING_SILENT)
            break;
        say_waiting(h, words);
        if (!rest(h, pause))
            return;
        pause = 2 * pause < PAUSE_MAX_MS ? 2 * pause : PAUSE_MAX_MS;
    }
    if (was_warned(h) && said == GREETING_ANSWERED)
        log_line(h->c.log, LOG_LEVEL_INFO, "%s answers", h->c.api_endpoint);
    say_ready(h);
    if (is_refusal(said))
        refused_late(h);
}

/* --- How things are --------------------------------------------------------------------------- */

static void add_files(struct fs *fs, struct buf *line)
{
    size_t pending = 0, failed = 0;

    if (fs_files(fs, &pending, &failed) < 0)
        return;
    if (pending)
        buf_addf(line, ", %zu %s on the way", pending, pending == 1 ? "file" : "files");
    if (failed)
        buf_addf(line, ", %zu in .lasfs/failed", failed);
}

static void say_status(struct herald *h, struct fs *fs, bool stopping, bool down)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);

    buf_addf(&line, "%s%s on %s", stopping ? "ending: " : "", h->c.account, h->c.mountpoint);
    add_files(fs, &line);
    if (down)
        buf_adds(&line, ", the server does not answer");
    if (strcmp(buf_str(&line), buf_str(&h->line)) != 0)
        service_tell(h->c.service, "STATUS=%s", buf_str(&line));
    buf_release(&h->line);
    h->line = line;
}

/* Looks where something has moved, and now and then. */
static void look(struct herald *h)
{
    struct backend_stats stats;
    bool stopping, moved;
    uint64_t sum;
    struct fs *fs;

    backend_get_stats(h->c.backend, &stats);
    sum = stats.requests + stats.failures + stats.bytes_sent + stats.bytes_received + stats.down;
    moved = sum != h->moved;
    h->moved = sum;
    lock_take(&h->lock);
    stopping = h->stopping;
    fs = h->ready || stopping ? h->fs : NULL;
    lock_give(&h->lock);
    if (stopping && moved)
        service_tell(h->c.service, "EXTEND_TIMEOUT_USEC=%d", EXTEND_MS * 1000);
    if (fs && (moved || stats.in_flight || ++h->ticks % TICKS_UNMOVED == 0))
        say_status(h, fs, stopping, stats.down);
}

static void *herald_run(void *arg)
{
    struct herald *h = arg;

    ask_until_answered(h);
    while (service_listens(h->c.service) && rest(h, TICK_MS))
        look(h);
    return NULL;
}

/* --- For everybody ---------------------------------------------------------------------------- */

static void destroy(struct herald *h)
{
    pthread_cond_destroy(&h->changed);
    lock_destroy(&h->lock);
    call_release(&h->call);
    buf_release(&h->line);
    free(h);
}

int herald_new(const struct herald_config *config, struct herald **out)
{
    struct herald *h = calloc(1, sizeof(*h));
    int rc;

    if (!h)
        return -ENOMEM;
    h->c = *config;
    buf_init(&h->line, LINE_MAX_BYTES);
    lock_init(&h->lock, LOCK_MOUNT);
    rc = call_init(&h->call);
    if (rc == 0)
        rc = cond_init_monotonic(&h->changed);
    if (rc == 0)
        rc = thread_start(&h->thread, 0, herald_run, h);
    if (rc < 0) {
        destroy(h);
        return rc;
    }
    *out = h;
    return 0;
}

int herald_await(struct herald *h, struct failure *err)
{
    /* what has its end by timeout_ms may say why */
    int64_t patience =
        h->c.timeout_ms + PAUSE_MS < PATIENCE_MS ? h->c.timeout_ms + PAUSE_MS : PATIENCE_MS;
    int64_t until = clock_now_ms(h->c.clock) + patience;
    enum greeting said = GREETING_SILENT;
    struct failure why = { .text = "not yet" };
    int rc = 0;

    lock_take(&h->lock);
    while (!h->asked && rc == 0)
        rc = lock_wait_until(&h->lock, &h->changed, h->c.clock, until);
    if (h->asked) {
        said = h->said;
        why = h->why;
    }
    lock_give(&h->lock);
    rc = is_refusal(said) ? refuse(h, said, &why, err) : 0;
    if (said == GREETING_SILENT)
        warn(h, why.text);
    lock_take(&h->lock);
    h->awaited = true;
    pthread_cond_broadcast(&h->changed);
    lock_give(&h->lock);
    return rc;
}

void herald_mounted(struct herald *h, struct fs *fs)
{
    bool waits;

    lock_take(&h->lock);
    h->fs = fs;
    h->main = pthread_self();
    waits = !h->asked || h->said == GREETING_SILENT;
    pthread_cond_broadcast(&h->changed);
    lock_give(&h->lock);
    /* before its parent ends: the manager must know which process to go by */
    if (waits)
        service_tell(h->c.service, "MAINPID=%ld", (long)getpid());
    say_ready(h);
}

bool herald_gave_up(struct herald *h, struct failure *err)
{
    bool gave_up;

    lock_take(&h->lock);
    gave_up = h->gave_up;
    if (gave_up)
        *err = h->why;
    lock_give(&h->lock);
    return gave_up;
}

void herald_stopping(struct herald *h)
{
    if (!h)
        return;
    lock_take(&h->lock);
    h->stopping = true;
    lock_give(&h->lock);
    service_tell(h->c.service, "STOPPING=1\nSTATUS=ending: %s on %s\nEXTEND_TIMEOUT_USEC=%d",
                 h->c.account, h->c.mountpoint, EXTEND_MS * 1000);
}

void herald_free(struct herald *h)
{
    if (!h)
        return;
    call_cancel(&h->call);
    lock_take(&h->lock);
    pthread_cond_broadcast(&h->changed);
    lock_give(&h->lock);
    pthread_join(h->thread, NULL);
    destroy(h);
}
