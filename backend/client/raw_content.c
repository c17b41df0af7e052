/* Contents that stand at an address of their own (the table's url_field), beside the resource. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "endpoint.h"
#include "perform.h"

#include "banned.h"

/* --- The address ----------------------------------------------------------------------------- */

struct raw_url {
    struct buf url;
    bool own;
};

static int find_url(struct backend *be, const struct record *r, struct raw_url *out,
                    struct failure *err)
{
    const struct resource *res = record_resource(r);
    struct buf text = BUF_INIT(URL_MAX_BYTES);
    int rc = res->url_field ? record_string(r, res->url_field, &text) : -ENOENT;

    if (rc == 0)
        rc =
            endpoint_check_file(res->url_field, buf_str(&text), be->api, &out->url, &out->own, err);
    else if (rc == -ENOENT)
        rc = fail(err, -EIO, 0, "the answer does not say where the content is");
    else
        rc = fail(err, rc == -EFBIG ? -EIO : rc, 0, "%s is too long", res->url_field);
    buf_release(&text);
    return rc;
}

/* query: what else is said there, or NULL. */
static int perform_there(struct backend *be, struct call *call, const struct record *r,
                         const char *query, struct request *rq, struct failure *err)
{
    struct raw_url at = { .url = BUF_INIT(URL_MAX_BYTES) };
    struct sending st = { 0 };
    int rc = find_url(be, r, &at, err);

    if (rc == 0 && query)
        rc = buf_addf(&at.url, "%c%s", strchr(buf_str(&at.url), '?') ? '&' : '?', query);
    if (rc == 0) {
        st.elsewhere = !at.own;
        rq->url = at.url.data;
        rc = backend_perform(be, call, rq, &st, err);
    }
    rq->url = NULL;
    buf_release(&at.url);
    return rc;
}

/* --- Bytes ----------------------------------------------------------------------------------- */

static int get_from(struct backend *be, struct call *call, const struct record *r,
                    const char *query, const struct content_sink *to, int64_t *size,
                    struct failure *err)
{
    struct raw_answer raw = { .fd = to->fd,
                              .most = to->there,
                              .max_bytes = record_resource(r)->url_max,
                              .expect = to->expect,
                              .arrived = to->arrived,
                              .arg = to->arg };
    struct request rq = { .method = "GET",
                          .idempotent = true,
                          .meter = endpoint_meter(&be->endpoints, record_resource(r),
                                                  ENDPOINT_GET_BYTES),
                          .answer = BUF_INIT(ANSWER_MAX_BYTES),
                          .raw = &raw };
    int rc = perform_there(be, call, r, query, &rq, err);

    buf_release(&rq.answer);
    if (rc == 0 && raw.size < raw.most)
        rc = fail(err, -EIO, 0, "the content is not what it was a moment ago");
    /* a try that broke off may have left more */
    if (rc == 0 && ftruncate(to->fd, raw.size) < 0)
        rc = fail(err, -errno, 0, "the content cannot be kept: %s", strerror(errno));
    if (rc == 0)
        *size = raw.size;
    return rc;
}

int backend_get_raw(struct backend *be, struct call *call, const struct record *r,
                    const struct content_sink *to, int64_t *size, struct failure *err)
{
    return get_from(be, call, r, NULL, to, size, err);
}

int backend_get_picture(struct backend *be, struct call *call, const struct record *r,
                        const char *query, int fd, int64_t *size, struct failure *err)
{
    return get_from(be, call, r, query, &(struct content_sink){ .fd = fd }, size, err);
}

/* What refuses a HEAD may yet take a GET: an address may be signed for that alone. */
static bool is_refused(const struct failure *why)
{
    return why->status && why->status != 429 && (why->status < 500 || why->status == 501);
}

int backend_get_raw_size(struct backend *be, struct call *call, const struct record *r,
                         int64_t *size, struct failure *err)
{
    struct request rq = { .method = "HEAD",
                          .idempotent = true,
                          .meter = endpoint_meter(&be->endpoints, record_resource(r),
                                                  ENDPOINT_HEAD_BYTES),
                          .answer = BUF_INIT(ANSWER_MAX_BYTES) };
    struct failure why = { 0 };
    int rc = perform_there(be, call, r, NULL, &rq, &why);

    buf_release(&rq.answer);
    /* there is no empty document, but there are servers that say so of what they do not look at */
    if ((rc == 0 && rq.length <= 0) || (rc < 0 && is_refused(&why)))
        return -EOPNOTSUPP;
    if (rc < 0 && err)
        *err = why;
    if (rc == 0)
        *size = rq.length;
    return rc;
}

int backend_put_raw(struct backend *be, struct call *call, const struct record *r, const char *type,
                    struct content_source content, struct failure *err)
{
    struct upload up = { .fd = content.fd, .fd_len = content.size, .raw = true };
    struct request rq = { .method = "PUT",
                          .idempotent = true,
                          .meter = endpoint_meter(&be->endpoints, record_resource(r),
                                                  ENDPOINT_PUT_BYTES),
                          .class = CALL_CHANGE,
                          .content_type = type,
                          .body = &up,
                          .answer = BUF_INIT(ANSWER_MAX_BYTES) };
    int rc = perform_there(be, call, r, NULL, &rq, err);

    buf_release(&rq.answer);
    return rc;
}

/* --- How large it may be --------------------------------------------------------------------- */

bool backend_content_max(struct backend *be, const struct resource *res, int64_t *max)
{
    int known = atomic_load(&be->urls[res->kind]);

    *max = known == URLS_THERE ? res->url_max : resource_content_max(res);
    return !res->url_field || known != URLS_UNKNOWN;
}

int backend_ask_content_max(struct backend *be, struct call *call, const struct resource *res,
                            int64_t *max, struct failure *err)
{
    struct target t = { .res = res };
    char id[RESOURCE_ID_MAX + 1];
    struct record *r = NULL;
    struct page *page = NULL;
    int rc = backend_list(be, call, &t, NULL, NULL, 1, &page, err);

    if (rc < 0)
        return rc;
    t.id = id;
    /* a list's row need not have all that there is */
    if (page->n > 0 && !backend_content_max(be, res, max) && record_id(page->rows[0], id) == 0)
        rc = backend_get(be, call, &t, -1, &r, NULL, err);
    record_unref(r);
    page_free(page);
    backend_content_max(be, res, max);
    return rc == -ENOENT ? 0 : rc;
}
