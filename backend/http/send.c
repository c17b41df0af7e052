#include "send.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "error_text.h"
#include "retry.h"
#include "status.h"

#include "banned.h"

#define URL_TEXT_MAX 2048 /* of one in the trace */

static uint32_t any_number(void)
{
    uint32_t n = 0;

    if (getrandom(&n, sizeof(n), GRND_NONBLOCK) < 0)
        n = UINT32_MAX / 2;
    return n;
}

/* 0 when the time has come, -EINTR. */
static int sleep_until(struct sender *s, struct call *call, int64_t until_ms)
{
    while (clock_now_ms(s->clock) < until_ms) {
        int rc = call_wait(call, s->clock, until_ms);

        if (rc == -EINTR)
            return rc;
    }
    return call_cancelled(call) ? -EINTR : 0;
}

static int interrupted(struct failure *err)
{
    return fail(err, -EINTR, 0, "interrupted");
}

/* Until the pacer lets it go. */
static int wait_turn(struct sender *s, struct call *call, struct request *rq, struct sending *st,
                     struct failure *err)
{
    int64_t now = clock_now_ms(s->clock), until = pacer_held(&s->pacer);
    int64_t at =
        rq->class == CALL_URGENT ? pacer_take_first(&s->pacer, now) : pacer_take(&s->pacer, now);
    bool paced = until <= now && s->pacer.interval_ms > 0;
    enum pacer_turn turn = PACER_WAIT;

    while (turn == PACER_WAIT) {
        if (until > now && until >= rq->moved_ms + rq->timeout_ms)
            return fail(err, -EAGAIN, 429, "the server asks to wait for %lld s",
                        (long long)(until - now + 999) / 1000);
        if (sleep_until(s, call, at) < 0)
            return interrupted(err);
        now = clock_now_ms(s->clock);
        /* waiting for one's turn is not being stuck; that the server asks for it is */
        if (paced && rq->moved_ms < now)
            rq->moved_ms = rq->sent_ms = now;
        paced = false;
        turn = pacer_turn(&s->pacer, now, &at);
        until = at;
    }
    st->first = turn == PACER_FIRST;
    return 0;
}

static void begin_try(struct request *rq)
{
    buf_reset(&rq->answer);
    if (rq->scan) {
        scan_release(rq->scan);
        scan_init(rq->scan, rq->scan->fd, &rq->answer);
    }
    if (rq->raw)
        rq->raw->size = 0;
    if (rq->body)
        rq->body->at = 0;
    rq->retry_after_s = 0;
    rq->date_s = 0;
    rq->failure = (struct failure){ 0 };
}

static void set_words(struct sender *s, const struct request *rq, const char *message,
                      struct failure *err)
{
    if (!err)
        return;
    if (rq->rc < 0)
        failure_set(err, rq->failure.status, "%s", rq->failure.text);
    else if (message[0])
        failure_set(err, rq->status, "%s", message);
    else
        failure_set(err, rq->status, "HTTP %d", rq->status);
    log_redact(s->log, err->text);
}

static int final_errno(const struct request *rq, const char *message)
{
    if (rq->rc == 0)
        return status_errno(rq->status, message);
    return rq->rc == -ECONNRESET ? -EIO : rq->rc;
}

/* 0: the next try may begin. */
static int wait_again(struct sender *s, struct call *call, const struct request *rq,
                      const struct attempt *a, int rc, struct failure *err)
{
    int64_t until = clock_now_ms(s->clock) + retry_wait_ms(a, any_number());

    if (until >= rq->moved_ms + rq->timeout_ms)
        return rc;
    atomic_fetch_add(&s->retries, 1);
    return sleep_until(s, call, until) < 0 ? interrupted(err) : 0;
}

/* How much of its address may be told: where there is a query, or another host, that may be a
 * secret by itself. */
static int open_length(const struct request *rq, const struct sending *st)
{
    const char *host = strstr(rq->url, "://");
    size_t len = strcspn(rq->url, "?");

    if (st->elsewhere && host)
        len = (size_t)(host + 3 - rq->url) + strcspn(host + 3, "/?");
    return (int)len;
}

static void log_try(struct sender *s, const struct request *rq, const struct sending *st,
                    int64_t began_ms, int error)
{
    char answer[32];

    snprintf(answer, sizeof(answer), "HTTP %d", rq->status);
    log_line(s->log, LOG_LEVEL_DEBUG, "%s %.*s: %s, %lld ms", rq->method, open_length(rq, st),
             rq->url, error ? rq->failure.text : answer,
             (long long)(clock_now_ms(s->clock) - began_ms));
}

static void trace_try(struct sender *s, const struct call *call, const struct request *rq,
                      const struct sending *st, int64_t took_us, int error)
{
    char url[URL_TEXT_MAX], result[TRACE_RESULT_MAX];

    snprintf(url, sizeof(url), "%.*s", open_length(rq, st), rq->url);
    trace_line(s->trace, call->origin ? call->origin->number : 0, url,
               "%s result=%s took=%lld sent=%lld received=%lld", rq->method,
               trace_result(error ? error : rq->status, result), (long long)took_us,
               (long long)(rq->body ? rq->body->at : 0), (long long)rq->answer_bytes);
}

/* request_do(), with how long it took, and its line in the trace. The operation waits for all of it, not only while it is
 * parked: the engine's thread may have taken the processor. */
static int do_measured(struct sender *s, struct call *call, struct request *rq,
                       const struct sending *st)
{
    struct call_origin *origin = call->origin;
    int64_t waited_us = origin ? origin->waited_us : 0;
    int64_t began_us = clock_us(), took_us;
    int error = request_do(s->engine, call, rq);

    took_us = clock_us() - began_us;
    if (rq->meter)
        meter_add(rq->meter, took_us);
    if (origin)
        origin->waited_us = waited_us + took_us;
    if (s->trace)
        trace_try(s, call, rq, st, took_us, error);
    return error;
}

int sender_once(struct sender *s, struct call *call, struct request *rq, const struct sending *st)
{
    int64_t began_ms = clock_now_ms(s->clock);
    int error = do_measured(s, call, rq, st);

    log_try(s, rq, st, began_ms, error);
    return error;
}

/* What the server asks everybody to wait for. */
static void obey(struct sender *s, const struct request *rq, const struct sending *st)
{
    int64_t now = clock_now_ms(s->clock);

    if (rq->rc == 0 && (rq->status == 429 || rq->status == 503))
        pacer_hold(&s->pacer, now, rq->retry_after_s);
    if (st->first)
        pacer_tried(&s->pacer, now);
}

/* A token's server may have another clock. */
static void note_clock(struct sender *s, const struct request *rq, const struct sending *st)
{
    if (rq->rc == 0 && rq->date_s && rq->bearer && !st->elsewhere)
        atomic_store(&s->began_ns, rq->date_s * 1000000000 - clock_now_ms(s->clock) * 1000000);
}

/* One try and what follows from it. 1: once more. */
static int try_once(struct sender *s, struct call *call, struct request *rq, struct sending *st,
                    struct failure *err)
{
    char message[ERROR_TEXT_MAX] = "";
    struct attempt a = { .message = message,
                         .idempotent = rq->idempotent,
                         .fresh_token = st->fresh_token };
    enum retry_verdict verdict;
    int rc;

    begin_try(rq);
    atomic_fetch_add(&s->requests, 1);
    lately_add(&s->lately, clock_now_ms(s->clock), 1);
    a.error = sender_once(s, call, rq, st);
    obey(s, rq, st);
    note_clock(s, rq, st);
    a.tries = ++st->tries;
    a.status = rq->status;
    a.arrived = rq->arrived;
    st->unsure = st->unsure || rq->sent > 1;
    if (a.error == 0 && a.status >= 200 && a.status < 300)
        return 0;
    if (a.error == 0) {
        error_text(buf_str(&rq->answer), rq->answer.len, message);
        rq->moved_ms = rq->sent_ms; /* to be refused is no progress */
    }
    st->unsure = st->unsure || a.error || a.status >= 500;
    verdict = retry_judge(&a);
    st->down = retry_is_down(&a);
    rc = final_errno(rq, message);
    set_words(s, rq, message, err);
    if (a.arrived && !a.idempotent && (rc == -EINTR || verdict == RETRY_UNKNOWN))
        failure_unknown(err);
    if (rc == -EINTR)
        return rc;
    switch (verdict) {
    case RETRY_UNKNOWN:
        return -EIO;
    case RETRY_TOKEN:
        return -ENOKEY;
    case RETRY_WAIT:
        rc = wait_again(s, call, rq, &a, rc, err);
        return rc < 0 ? rc : 1;
    case RETRY_FINAL:
        break;
    }
    return rc;
}

int sender_do(struct sender *s, struct call *call, struct request *rq, struct sending *st,
              struct failure *err)
{
    int rc;

    rq->moved_ms = rq->sent_ms = clock_now_ms(s->clock);
    do {
        rc = wait_turn(s, call, rq, st, err);
        if (rc == 0)
            rc = try_once(s, call, rq, st, err);
    } while (rc > 0);
    if (rc < 0 && rc != -ENOKEY)
        atomic_fetch_add(&s->failures, 1);
    return rc;
}
