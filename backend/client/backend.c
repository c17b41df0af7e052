#include "backend.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "auth.h"
#include "codec.h"
#include "endpoint.h"
#include "lock.h"
#include "perform.h"
#include "target_url.h"

#include "banned.h"

#define BODY_MAX_BYTES (32u << 20)
#define SLOW_ANSWER_MS 90000

/* --- Start and end --------------------------------------------------------------------------- */

static int check_config(const struct backend_config *c, struct buf *api, struct buf *auth,
                        struct failure *err)
{
    int rc = endpoint_check("api_endpoint", c->api_endpoint, api, err);

    if (rc == 0)
        rc = endpoint_check("auth_endpoint", c->auth_endpoint, auth, err);
    return rc;
}

static int fill(struct backend *be, const struct backend_config *c, const char *auth,
                struct failure *err)
{
    int rc;

    be->timeout_ms = c->timeout_ms;
    be->sender.clock = c->clock;
    be->sender.log = c->log;
    be->sender.trace = c->trace;
    if (log_secret(c->log, c->client_secret) < 0 ||
        auth_new(&be->sender, auth, c->client_id, c->client_secret, c->timeout_ms, &be->auth) < 0)
        return fail(err, -ENOMEM, 0, "out of memory");
    if (c->token_cache && auth_use_cache(be->auth, c->token_cache, c->profile) < 0)
        return fail(err, -ENOMEM, 0, "out of memory");
    rc = engine_new(c->max_conns, c->cacert, c->clock, &be->sender.engine, err);
    if (rc < 0)
        return rc;
    rc = guard_new(&be->sender, be->api, c->timeout_ms, &be->guard);
    return rc < 0 ? fail(err, rc, 0, "the thread that probes cannot be started") : 0;
}

int backend_new(const struct backend_config *config, struct backend **out, struct failure *err)
{
    struct buf api = BUF_INIT(URL_MAX_BYTES), auth = BUF_INIT(URL_MAX_BYTES);
    struct backend *be = NULL;
    int rc = check_config(config, &api, &auth, err);

    if (rc < 0)
        goto out;
    be = calloc(1, sizeof(*be));
    if (!be) {
        rc = fail(err, -ENOMEM, 0, "out of memory");
        goto out;
    }
    lock_init(&be->lock, LOCK_BACKEND);
    pthread_cond_init(&be->left, NULL);
    pacer_init(&be->sender.pacer, config->max_rps);
    be->api = buf_take(&api);
    rc = fill(be, config, auth.data, err);
    if (rc == 0)
        *out = steal_pointer(&be);
out:
    backend_free(be);
    buf_release(&api);
    buf_release(&auth);
    return rc;
}

void backend_stop(struct backend *be)
{
    perform_stop(be);
}

void backend_free(struct backend *be)
{
    if (!be)
        return;
    perform_end(be);
    guard_free(be->guard);
    engine_free(be->sender.engine);
    auth_free(be->auth);
    pacer_release(&be->sender.pacer);
    pthread_cond_destroy(&be->left);
    lock_destroy(&be->lock);
    free(be->api);
    free(be);
}

/* --- Verbs ----------------------------------------------------------------------------------- */

static int lacks(const struct target *t, const char *verb, struct failure *err)
{
    return fail(err, -EPERM, 0, "the API has no %s for %s", verb, t->res->name);
}

static int bad_target(int rc, struct failure *err)
{
    if (rc == -ENOMEM)
        return fail(err, rc, 0, "out of memory");
    return fail(err, -EINVAL, 0, "the request cannot be addressed");
}

/* The answer's status in what is said of it. */
static int with_status(int rc, const struct request *rq, struct failure *err)
{
    if (rc < 0 && err)
        err->status = rq->status;
    return rc == -EBADMSG ? -EIO : rc;
}

/* backend_perform() at t's path; the URL lives as long as that. */
static int perform_at(struct backend *be, struct call *call, const struct target *t,
                      struct request *rq, struct sending *st, struct failure *err)
{
    struct buf url = BUF_INIT(URL_MAX_BYTES);
    int rc = target_path(be->api, t, &url);

    if (rc < 0) {
        rc = bad_target(rc, err);
    } else {
        rq->url = url.data;
        rc = backend_perform(be, call, rq, st, err);
    }
    buf_release(&url);
    return rc;
}

/* A list's page, with GET or DELETE. Releases rq's answer. */
static int page_request(struct backend *be, struct call *call, struct request *rq,
                        const struct target *t, const struct query *query, const char *token,
                        unsigned max_results, struct page **out, struct failure *err)
{
    struct target list = { t->res, t->parent, NULL };
    struct buf url = BUF_INIT(URL_MAX_BYTES);
    struct sending st = { 0 };
    int rc = target_path(be->api, &list, &url);

    if (rc == 0)
        rc = target_query(t->res, query, token, max_results, &url);
    if (rc < 0) {
        rc = bad_target(rc, err);
    } else {
        rq->url = url.data;
        rc = backend_perform(be, call, rq, &st, err);
    }
    if (rc == 0)
        rc = with_status(codec_page_text(t->res, buf_str(&rq->answer), rq->answer.len, out, err),
                         rq, err);
    for (size_t i = 0; rc == 0 && i < (*out)->n; i++)
        backend_note_answer(be, (*out)->rows[i], false);
    buf_release(&rq->answer);
    buf_release(&url);
    return rc;
}

bool backend_speaks_today(const struct backend *be)
{
    return atomic_load(&be->today);
}

int64_t backend_now_ns(const struct backend *be)
{
    int64_t began_ns = atomic_load(&be->sender.began_ns);

    return began_ns ? began_ns + clock_now_ms(be->sender.clock) * 1000000 : 0;
}

bool backend_keeps_stamps(const struct backend *be)
{
    return backend_speaks_today(be) && !atomic_load(&be->notes_refused);
}

void backend_stamp_refused(struct backend *be)
{
    atomic_store(&be->notes_refused, true);
}

bool backend_refuses_inline(const struct backend *be)
{
    return atomic_load(&be->inline_refused);
}

void backend_inline_refused(struct backend *be)
{
    atomic_store(&be->inline_refused, true);
}

unsigned backend_generations(const struct backend *be, enum resource_kind kind)
{
    unsigned seen = atomic_load(&be->seen[kind]);

    for (int k = RES_NONE + 1; kind == RES_NONE && k < RES_COUNT; k++)
        seen |= atomic_load(&be->seen[k]);
    return seen;
}

bool backend_can(const struct backend *be, const struct resource *res, unsigned verb)
{
    if (resource_can(res) & verb)
        return true;
    return (res->can & verb) && backend_speaks_today(be) &&
           !(atomic_load(&be->lacks[res->kind]) & verb);
}

void backend_lacks(struct backend *be, const struct resource *res, unsigned verb)
{
    atomic_fetch_or(&be->lacks[res->kind], verb);
}

int backend_list(struct backend *be, struct call *call, const struct target *t,
                 const struct query *query, const char *token, unsigned max_results,
                 struct page **out, struct failure *err)
{
    struct request rq = { .method = "GET",
                          .idempotent = true,
                          .meter = endpoint_meter(&be->endpoints, t->res, ENDPOINT_LIST),
                          .answer = BUF_INIT(ANSWER_MAX_BYTES) };

    if (!backend_can(be, t->res, CAN_LIST))
        return lacks(t, "list", err);
    return page_request(be, call, &rq, t, query, token, max_results, out, err);
}

int backend_delete_many(struct backend *be, struct call *call, const struct target *t,
                        const struct query *query, const char *token, unsigned max_results,
                        bool all, struct page **out, struct failure *err)
{
    struct request rq = { .method = "DELETE",
                          .idempotent = all,
                          .meter = endpoint_meter(&be->endpoints, t->res, ENDPOINT_DELETE_MANY),
                          .answer = BUF_INIT(ANSWER_MAX_BYTES) };

    if (!(resource_can(t->res) & CAN_DELETE_MANY))
        return lacks(t, "DELETE of many", err);
    if (!target_is_filtered(t->res, query))
        return fail(err, -EPERM, 0, "a DELETE of %s without a filter is never sent", t->res->name);
    return page_request(be, call, &rq, t, query, token, max_results, out, err);
}

int backend_get(struct backend *be, struct call *call, const struct target *t, int content_fd,
                struct record **out, int64_t *size, struct failure *err)
{
    struct scan scan = { .fd = content_fd, .size = -1 };
    struct request rq = { .method = "GET",
                          .idempotent = true,
                          .meter = endpoint_meter(&be->endpoints, t->res, ENDPOINT_GET),
                          .answer = BUF_INIT(ANSWER_MAX_BYTES),
                          .scan = resource_content_max(t->res) ? &scan : NULL };
    struct sending st = { 0 };
    int rc;

    if (!(t->res->can & CAN_GET) || !t->id)
        return lacks(t, "GET by id", err);
    rc = perform_at(be, call, t, &rq, &st, err);
    if (rc == 0)
        rc = with_status(codec_record_text(t->res, buf_str(&rq.answer), rq.answer.len, out, err),
                         &rq, err);
    if (rc == 0)
        backend_note_answer(be, *out, true);
    if (rc == 0 && size)
        *size = scan.size;
    scan_release(&scan);
    buf_release(&rq.answer);
    return rc;
}

/* The body's JSON, open at its end for the content. */
static int open_body(const struct body *body, const struct content_source *content,
                     struct buf *head, struct upload *up)
{
    int rc = body ? body_write(body, head) : buf_adds(head, "{}");

    up->fd = content->fd;
    up->fd_len = content->size;
    if (rc == 0 && content->fd >= 0) {
        bool empty = head->len == 2;

        head->data[--head->len] = '\0';
        rc = buf_addf(head, "%s\"content\": \"", empty ? "" : ", ");
        up->tail = "\"}";
        up->tail_len = 2;
    }
    up->head = buf_str(head);
    up->head_len = head->len;
    return rc;
}

/* A POST or PATCH of body and content; the answer is the caller's to read and release. */
static int change_request(struct backend *be, struct call *call, const char *path,
                          const struct body *body, struct content_source content,
                          struct request *rq, struct failure *err)
{
    struct buf head = BUF_INIT(BODY_MAX_BYTES);
    struct upload up = { .fd = -1 };
    struct sending st = { 0 };
    int rc = open_body(body, &content, &head, &up);

    if (rc < 0) {
        rc = bad_target(rc, err);
    } else {
        rq->url = path;
        rq->body = &up;
        if (content.fd >= 0)
            rq->class = CALL_CHANGE;
        rc = backend_perform(be, call, rq, &st, err);
    }
    if (rc < 0 && body && err)
        body_hush(body, err);
    rq->body = NULL;
    if (head.data)
        explicit_bzero(head.data, head.cap);
    buf_release(&head);
    return rc;
}

/* What a POST made. What has no body of its own asks for something that may not be there: no
 * answer, or one without an id, means that there was nothing. */
static int read_created(const struct resource *res, const struct request *rq, struct record **out,
                        struct failure *err)
{
    struct failure why = { 0 };
    int rc = codec_record_text(res, buf_str(&rq->answer), rq->answer.len, out, &why);

    if (rc < 0 && res->flags & R_POST_OPEN && (rq->status == 204 || rc == -EIO))
        return fail(err, -ENOENT, rq->status, "the API has nothing to give");
    if (rc == -EBADMSG) /* there may be one: it is not sent again, and nothing is called so */
        rc = -EIO;
    if (rc < 0) {
        fail(err, rc, rq->status, "%s", why.text);
        failure_unknown(err);
    }
    return rc;
}

int backend_create(struct backend *be, struct call *call, const struct target *t,
                   const struct body *body, struct content_source content, struct record **out,
                   struct failure *err)
{
    struct target list = { t->res, t->parent, NULL };
    struct buf url = BUF_INIT(URL_MAX_BYTES);
    struct scan scan = { .fd = -1 };
    struct request rq = { .method = "POST",
                          .meter = endpoint_meter(&be->endpoints, t->res, ENDPOINT_POST),
                          .answer = BUF_INIT(ANSWER_MAX_BYTES),
                          .scan = resource_content_max(t->res) ? &scan : NULL };
    int rc;

    if (!backend_can(be, t->res, CAN_POST))
        return lacks(t, "POST", err);
    rq.answer_ms = t->res->flags & R_SLOW_POST ? SLOW_ANSWER_MS : 0;
    rc = target_path(be->api, &list, &url);
    if (rc < 0)
        rc = bad_target(rc, err);
    else
        rc = change_request(be, call, url.data, body, content, &rq, err);
    if (rc == 0)
        rc = read_created(t->res, &rq, out, err);
    if (rc == 0)
        backend_note_answer(be, *out, true);
    if (rq.answer.data)
        explicit_bzero(rq.answer.data, rq.answer.cap);
    scan_release(&scan);
    buf_release(&rq.answer);
    buf_release(&url);
    return rc;
}

int backend_update(struct backend *be, struct call *call, const struct target *t,
                   const struct body *body, struct content_source content, struct record **out,
                   struct failure *err)
{
    struct buf url = BUF_INIT(URL_MAX_BYTES);
    struct scan scan = { .fd = -1 };
    struct request rq = { .method = "PATCH",
                          .idempotent = true,
                          .meter = endpoint_meter(&be->endpoints, t->res, ENDPOINT_PATCH),
                          .answer = BUF_INIT(ANSWER_MAX_BYTES),
                          .scan = resource_content_max(t->res) ? &scan : NULL };
    int rc;

    if (!(resource_can(t->res) & CAN_PATCH) || !t->id)
        return lacks(t, "PATCH", err);
    rc = target_path(be->api, t, &url);
    if (rc < 0)
        rc = bad_target(rc, err);
    else
        rc = change_request(be, call, url.data, body, content, &rq, err);
    if (rc == 0 && out)
        rc = with_status(codec_record_text(t->res, buf_str(&rq.answer), rq.answer.len, out, err),
                         &rq, err);
    scan_release(&scan);
    buf_release(&rq.answer);
    buf_release(&url);
    return rc;
}

int backend_delete(struct backend *be, struct call *call, const struct target *t,
                   struct record **was, struct failure *err)
{
    struct failure ignored = { 0 };
    struct request rq = { .method = "DELETE",
                          .idempotent = true,
                          .meter = endpoint_meter(&be->endpoints, t->res, ENDPOINT_DELETE),
                          .answer = BUF_INIT(ANSWER_MAX_BYTES) };
    struct sending st = { 0 };
    int rc;

    if (!(resource_can(t->res) & CAN_DELETE) || !t->id)
        return lacks(t, "DELETE", err);
    rc = perform_at(be, call, t, &rq, &st, err);
    /* an earlier try, whose answer was lost, has done it */
    if (rc == -ENOENT && st.unsure)
        rc = 0;
    if (was)
        *was = NULL;
    if (rc == 0 && was)
        codec_record_text(t->res, buf_str(&rq.answer), rq.answer.len, was, &ignored);
    buf_release(&rq.answer);
    return rc;
}

int backend_heartbeat(struct backend *be, struct call *call, const struct target *t,
                      struct failure *err)
{
    struct target beat = { resource_get(RES_HEARTBEATS), t->parent, t->id };
    struct buf url = BUF_INIT(URL_MAX_BYTES);
    struct request rq = { .method = "POST",
                          .idempotent = true,
                          .class = CALL_URGENT,
                          .meter = endpoint_meter(&be->endpoints, beat.res, ENDPOINT_POST),
                          .answer = BUF_INIT(ANSWER_MAX_BYTES) };
    int rc =
        t->res->kind == beat.res->parent && t->id ? target_path(be->api, &beat, &url) : -EINVAL;

    if (rc < 0)
        rc = bad_target(rc, err);
    else
        rc = change_request(be, call, url.data, NULL, NO_CONTENT, &rq, err);
    buf_release(&rq.answer);
    buf_release(&url);
    return rc;
}

void backend_get_stats(struct backend *be, struct backend_stats *out)
{
    struct engine_bytes bytes;

    out->requests = atomic_load(&be->sender.requests);
    out->retries = atomic_load(&be->sender.retries);
    out->failures = atomic_load(&be->sender.failures);
    out->requests_lately = lately_sum(&be->sender.lately, clock_now_ms(be->sender.clock));
    engine_count(be->sender.engine, &bytes);
    out->bytes_sent = bytes.sent;
    out->bytes_received = bytes.received;
    out->sent_lately = bytes.sent_lately;
    out->received_lately = bytes.received_lately;
    lock_take(&be->lock);
    out->in_flight = be->n_visits;
    lock_give(&be->lock);
    out->down = guard_is_open(be->guard);
}

bool backend_endpoint(struct backend *be, unsigned n, struct backend_endpoint *out)
{
    *out = (struct backend_endpoint){ .method = "" };
    if (n > ENDPOINTS)
        return false;
    if (n == ENDPOINTS) {
        out->method = "POST";
        snprintf(out->path, sizeof(out->path), "token");
        meter_read(auth_meter(be->auth), &out->took);
    } else if (endpoint_name(n, &out->method, out->path)) {
        meter_read(&be->endpoints.meters[n], &out->took);
    }
    return true;
}
