#include "perform.h"

#include <errno.h>
#include <string.h>

#include "lock.h"
#include "record.h"

#include "banned.h"

#define TOKEN_MAX_BYTES (64u << 10)

/* A verb under way, on its thread's stack. */
struct visit {
    struct visit *next, *prev;
    struct call *call;
};

static int enter(struct backend *be, struct visit *v, struct failure *err)
{
    bool closing;

    lock_take(&be->lock);
    closing = be->closing;
    if (!closing) {
        v->next = be->visits;
        if (v->next)
            v->next->prev = v;
        be->visits = v;
        be->n_visits++;
    }
    lock_give(&be->lock);
    return closing ? fail(err, -EINTR, 0, "the client is being closed") : 0;
}

static void leave(struct backend *be, struct visit *v)
{
    lock_take(&be->lock);
    if (v->prev)
        v->prev->next = v->next;
    else
        be->visits = v->next;
    if (v->next)
        v->next->prev = v->prev;
    be->n_visits--;
    pthread_cond_broadcast(&be->left);
    lock_give(&be->lock);
}

/* With a token, and once more with a fresh one where that may help. */
static int send_with_token(struct backend *be, struct call *call, struct request *rq,
                           struct sending *st, struct failure *err)
{
    struct buf token = BUF_INIT(TOKEN_MAX_BYTES);
    uint64_t number = 0;
    int rc;

    st->fresh_token = st->elsewhere; /* none helps there */
    if (st->elsewhere)
        return sender_do(&be->sender, call, rq, st, err);
    do {
        if (token.data)
            explicit_bzero(token.data, token.len);
        buf_reset(&token);
        st->fresh_token = number != 0;
        rc = auth_token(be->auth, call, number, &token, &number, err);
        if (rc < 0)
            break;
        rq->bearer = token.data;
        rc = sender_do(&be->sender, call, rq, st, err);
    } while (rc == -ENOKEY);
    if (token.data)
        explicit_bzero(token.data, token.cap);
    buf_release(&token);
    return rc;
}

static enum guard_result result_of(int rc, const struct sending *st, const struct failure *why)
{
    /* an end on this side, or a wait that the server asks for, is nothing to tell everybody */
    bool own = rc == -EINTR || rc == -ENOMEM || (rc == -EAGAIN && st->down);

    if (st->elsewhere || own)
        return GUARD_NEITHER;
    if (rc < 0 && (st->down || rc == -ETIMEDOUT || rc == -EHOSTUNREACH))
        return GUARD_FAILED;
    return rc == 0 || why->status ? GUARD_ANSWERED : GUARD_NEITHER;
}

static int perform_guarded(struct backend *be, struct call *call, struct request *rq,
                           struct sending *st, struct failure *err)
{
    int64_t began = clock_now_ms(be->sender.clock);
    int rc = guard_enter(be->guard, err);

    if (rc < 0)
        return rc;
    rc = send_with_token(be, call, rq, st, err);
    guard_leave(be->guard, began, result_of(rc, st, err), rc, err);
    return rc;
}

int backend_perform(struct backend *be, struct call *call, struct request *rq, struct sending *st,
                    struct failure *err)
{
    struct visit v = { .call = call };
    struct failure why = { 0 };
    int rc = enter(be, &v, err);

    if (rc < 0)
        return rc;
    if (!rq->content_type)
        rq->content_type = "application/json";
    rq->timeout_ms = be->timeout_ms;
    rq->api = be->api;
    rc = perform_guarded(be, call, rq, st, &why);
    leave(be, &v);
    if (rc < 0 && err)
        *err = why;
    return rc;
}

int perform_token(struct backend *be, struct call *call, struct failure *err)
{
    struct buf token = BUF_INIT(TOKEN_MAX_BYTES);
    struct visit v = { .call = call };
    uint64_t number;
    int rc = enter(be, &v, err);

    if (rc < 0)
        return rc;
    rc = auth_token(be->auth, call, 0, &token, &number, err);
    leave(be, &v);
    if (token.data)
        explicit_bzero(token.data, token.cap);
    buf_release(&token);
    return rc;
}

void perform_stop(struct backend *be)
{
    lock_take(&be->lock);
    be->closing = true;
    for (struct visit *v = be->visits; v; v = v->next)
        call_cancel(v->call);
    lock_give(&be->lock);
}

void perform_end(struct backend *be)
{
    perform_stop(be);
    lock_take(&be->lock);
    while (be->visits)
        lock_wait(&be->lock, &be->left);
    lock_give(&be->lock);
}

static void note_generation(struct backend *be, const struct record *r)
{
    atomic_uint *seen = &be->seen[record_resource(r)->kind];
    unsigned before = atomic_load(seen), now = before;

    if (!(before & SEEN_2024) && record_is_of_today(r))
        now |= SEEN_2024;
    if (!(before & SEEN_2021) && record_is_of_2021(r))
        now |= SEEN_2021;
    if (now == before)
        return;
    atomic_fetch_or(seen, now);
    if (now & SEEN_2024)
        atomic_store(&be->today, true);
}

void backend_note_answer(struct backend *be, const struct record *r, bool whole)
{
    const struct resource *res = record_resource(r);
    atomic_int *known = &be->urls[res->kind];
    int unknown = URLS_UNKNOWN;

    note_generation(be, r);
    if (!res->url_field || atomic_load(known) == URLS_THERE)
        return;
    if (record_has_url(r))
        atomic_store(known, URLS_THERE);
    else if (whole)
        atomic_compare_exchange_strong(known, &unknown, URLS_ABSENT);
}
