#include "asked.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drop_events.h"
#include "drop_rows.h"
#include "errlog.h"
#include "flight.h"
#include "kept.h"
#include "known.h"
#include "make.h"
#include "uploads_context.h"

#include "banned.h"

#define KEPT_MAX_BYTES (64u << 20)
#define KEY_MAX (RESOURCE_ID_MAX + 16)
#define FIRST_WAIT_MS 1000
#define LONGEST_WAIT_MS 10000

struct asking {
    struct uploads *uploads;
    struct call *call;
    const struct resource *res;
    const char *id; /* of the first part, by which it is kept */
    int64_t timeout_ms;
    bool once; /* one step, and no more */
    struct answer *answer;
};

/* --- What is kept ----------------------------------------------------------------------------- */

static int keep_question(struct uploads *uploads, const struct answer *a, const char *id, bool now)
{
    cleanup_buf struct buf text = BUF_INIT(KEPT_MAX_BYTES);
    int rc = answer_write(a, &text);

    if (rc < 0)
        return rc;
    return now ? kept_put_now(uploads->remote, KEPT_QUESTION, id, buf_str(&text))
               : kept_put(uploads->remote, KEPT_QUESTION, id, buf_str(&text));
}

/* The part that has just come, if one has, and then that it has. */
static int keep_part(struct uploads *uploads, const struct answer *a, const char *id)
{
    cleanup_buf struct buf text = BUF_INIT(KEPT_MAX_BYTES);
    int rc = answer_newest(a, &text);

    if (rc == 0)
        rc = kept_put_part(uploads->remote, id, answer_parts(a) - 1, buf_str(&text));
    if (rc < 0 && rc != -ENOENT)
        return rc;
    return keep_question(uploads, a, id, false);
}

static int join_parts(struct asking *s, struct failure *err)
{
    int rc = 0;

    for (int64_t i = 0; i < answer_parts(s->answer) && rc == 0; i++) {
        cleanup_free char *text = NULL;

        rc = kept_get_part(s->uploads->remote, s->id, i, &text);
        if (rc == 0)
            rc = answer_join(s->answer, text);
        if (rc == -EIO || rc == -ENOENT)
            rc = fail(err, -EIO, 0, "part %lld of the answer does not go with those before it",
                      (long long)i + 1);
    }
    return rc;
}

/* What there is of the answer is to be read from now on; whole: there is nothing more to ask. */
static int put_together(struct asking *s, struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(KEPT_MAX_BYTES);
    int rc = join_parts(s, err);

    if (rc == 0)
        rc = answer_text(s->answer, &text);
    if (rc == 0)
        rc = kept_put(s->uploads->remote, KEPT_BODY, s->id, buf_str(&text));
    if (rc == 0 && answer_state(s->answer) == ANSWER_WHOLE)
        kept_forget(s->uploads->remote, KEPT_QUESTION, s->id);
    return rc == -ENOENT ? 0 : rc;
}

int asked_begin(struct uploads *uploads, const struct body *body, const struct record *first,
                bool *open)
{
    cleanup_answer struct answer *a = NULL;
    char id[RESOURCE_ID_MAX + 1];
    int rc = answer_new(body, first, &a);

    if (rc == 0)
        rc = record_id(first, id);
    *open = rc == 0 && answer_state(a) != ANSWER_WHOLE;
    return *open ? keep_part(uploads, a, id) : rc;
}

/* --- Asking ----------------------------------------------------------------------------------- */

/* Is what is pending there? */
static int look(struct asking *s, struct failure *err)
{
    struct target t = { .res = s->res, .id = answer_id(s->answer) };
    cleanup_record struct record *r = NULL;
    int rc = known_current_record(s->uploads->remote, s->call, &t, &r, err);

    if (rc == -ENOENT && !err->text[0])
        return fail(err, rc, 0, "%s has gone, without an answer", t.id);
    if (rc < 0 || record_is_passing(r))
        return rc;
    rc = answer_add(s->answer, r);
    return rc < 0 ? rc : keep_part(s->uploads, s->answer, s->id);
}

static int unknown(struct asking *s, struct failure *err)
{
    int64_t page = answer_page(s->answer);

    failure_set(err, err->status,
                "nobody knows whether it was asked for the pages from %lld on; written again, "
                "it is asked for all of them",
                (long long)page);
    failure_unknown(err);
    return -EIO;
}

/* The next part. On disk before it goes out, so that it is sent once whoever dies. */
static int ask_on(struct asking *s, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    cleanup_body struct body *body = NULL;
    struct target list = { .res = s->res };
    int rc = body_new(s->res, BODY_POST, &body);

    if (rc == 0)
        rc = answer_next(s->answer, body, err);
    if (rc == 0)
        rc = keep_question(s->uploads, s->answer, s->id, true);
    if (rc == 0)
        rc = make_as_said(s->uploads, s->call, &list, body, &r, err);
    if (rc < 0 && err->outcome == OUTCOME_UNKNOWN)
        return unknown(s, err);
    if (rc == 0)
        rc = answer_add(s->answer, r);
    else
        answer_unasked(s->answer);
    if (rc < 0) {
        keep_question(s->uploads, s->answer, s->id, false);
        return rc;
    }
    return keep_part(s->uploads, s->answer, s->id);
}

/* One step: 0, and the answer says whether there is another one. */
static int step(struct asking *s, struct failure *err)
{
    switch (answer_state(s->answer)) {
    case ANSWER_PENDING:
        return look(s, err);
    case ANSWER_GOES_ON:
        return ask_on(s, err);
    case ANSWER_ASKED:
        return unknown(s, err);
    case ANSWER_WHOLE:
        break;
    }
    return 0;
}

static int wait_until(struct asking *s, int64_t until_ms)
{
    int rc = 0;

    while (rc == 0)
        rc = call_wait(s->call, s->uploads->clock, until_ms);
    return rc == -EINTR ? rc : 0;
}

static int still_pending(struct asking *s, struct failure *err)
{
    return fail(err, -ETIMEDOUT, 0, "%s is still pending; it is asked for when this is read again",
                answer_id(s->answer));
}

/* As long as it moves it is not stuck. */
static int ask(struct asking *s, struct failure *err)
{
    struct clock *clock = s->uploads->clock;
    int64_t end = clock_now_ms(clock) + s->timeout_ms, pause = FIRST_WAIT_MS;

    for (;;) {
        bool pending = answer_state(s->answer) == ANSWER_PENDING;
        int rc = step(s, err);
        int64_t now = clock_now_ms(clock);

        if (rc < 0 || s->once || answer_state(s->answer) == ANSWER_WHOLE)
            return rc;
        if (answer_state(s->answer) != ANSWER_PENDING)
            continue; /* and ends at last: there is an end to its parts */
        if (!pending) {
            end = now + s->timeout_ms;
            pause = FIRST_WAIT_MS;
        }
        if (now >= end)
            return still_pending(s, err);
        rc = wait_until(s, now + pause < end ? now + pause : end);
        if (rc < 0)
            return rc;
        pause = pause * 3 / 2 < LONGEST_WAIT_MS ? pause * 3 / 2 : LONGEST_WAIT_MS;
    }
}

/* What has come is put together when this ends, and not for each part: who goes on with one step after the
 * other has it once it is whole, or refused. */
static int ask_and_keep(struct asking *s, struct failure *err)
{
    bool left = answer_state(s->answer) == ANSWER_WHOLE; /* and not put together yet */
    int64_t before = answer_parts(s->answer);
    int rc = ask(s, err), kept = 0;
    bool goes_on = s->once && rc == 0 && answer_state(s->answer) != ANSWER_WHOLE;
    bool grown = answer_parts(s->answer) > before || (s->once && before > 0);

    if (left || (grown && !goes_on))
        kept = put_together(s, rc < 0 ? NULL : err);
    return rc < 0 ? rc : kept;
}

/* Whoever was faster has asked, and there may be nothing more to come. */
static int fly(void *arg, struct flight_result *result, struct failure *err)
{
    struct asking *s = arg;
    cleanup_answer struct answer *a = NULL;
    cleanup_free char *text = NULL;
    int rc = kept_get(s->uploads->remote, KEPT_QUESTION, s->id, &text);

    *result = (struct flight_result){ .object = NULL };
    if (rc == 0)
        rc = answer_parse(s->res, text, &a);
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    if (s->uploads->ro && answer_state(a) != ANSWER_PENDING)
        return 0; /* it goes no further */
    s->answer = a;
    return ask_and_keep(s, err);
}

static int ask_as_one(struct asking *s, struct failure *err)
{
    cleanup_free char *text = NULL;
    char key[KEY_MAX + 1];
    int rc = kept_get(s->uploads->remote, KEPT_QUESTION, s->id, &text);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    snprintf(key, sizeof(key), "ask/%s", s->id);
    return flight_run(s->uploads->asking, s->call, s->uploads->clock, key, fly, s, NULL, err);
}

int asked_finish(struct uploads *uploads, struct call *call, const struct resource *res,
                 const char *id, int64_t timeout_ms, struct failure *err)
{
    struct asking s = {
        .uploads = uploads, .call = call, .res = res, .id = id, .timeout_ms = timeout_ms
    };

    return ask_as_one(&s, err);
}

enum answer_state asked_state(struct uploads *uploads, const struct resource *res, const char *id)
{
    cleanup_answer struct answer *a = NULL;
    cleanup_free char *text = NULL;

    if (kept_get(uploads->remote, KEPT_QUESTION, id, &text) < 0 || answer_parse(res, text, &a) < 0)
        return ANSWER_WHOLE;
    return answer_state(a);
}

int asked_step(struct uploads *uploads, struct call *call, const struct resource *res,
               const char *id, enum answer_state *state, struct failure *err)
{
    struct asking s = { .uploads = uploads, .call = call, .res = res, .id = id, .once = true };
    int rc = ask_as_one(&s, err);

    *state = asked_state(uploads, res, id);
    return rc;
}

/* --- For files -------------------------------------------------------------------------------- */

static void follow_size(struct uploads *uploads, struct drop *d, const char *id)
{
    cleanup_free char *text = NULL;

    if (kept_get(uploads->remote, KEPT_BODY, id, &text) == 0 &&
        drop_answered(uploads->drops, d, id, (int64_t)strlen(text)))
        drop_row_save(uploads->drops, d, false);
}

int asked_read(struct uploads *uploads, struct call *call, struct drop *d,
               const struct resource *res, const char *id, struct failure *err)
{
    int rc = asked_finish(uploads, call, res, id, uploads->timeout_ms, err);

    follow_size(uploads, d, id);
    return rc;
}

void asked_follow(struct uploads *uploads, struct call *call, struct drop *d,
                  const struct resource *res, const char *id)
{
    struct failure err = { 0 };
    int rc;

    if (asked_state(uploads, res, id) != ANSWER_GOES_ON)
        return;
    rc = asked_finish(uploads, call, res, id, 0, &err);
    follow_size(uploads, d, id);
    if (rc < 0 && rc != -ETIMEDOUT && rc != -EINTR)
        errlog_add(uploads->errlog, "predict", id, rc, &err);
}
