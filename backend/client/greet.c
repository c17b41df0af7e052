/* The first question: is it the API that answers, and does it let us in? */
#include "greet.h"

#include <errno.h>
#include <string.h>

#include "codec.h"
#include "perform.h"
#include "target_url.h"

#include "banned.h"

/* Waiting may mend it. A failure without a status is one only where the connection broke. */
static bool passes(int rc, int status)
{
    switch (rc) {
    case -EAGAIN:
    case -ETIMEDOUT:
    case -EHOSTUNREACH:
    case -EINTR:
    case -ENOMEM:
        return true;
    default:
        return status >= 500 || status == 408;
    }
}

static int read_organization(struct backend *be, const struct request *rq, struct failure *err)
{
    struct record *r = NULL;
    int rc = codec_record_text(resource_get(RES_ORGANIZATIONS), buf_str(&rq->answer),
                               rq->answer.len, &r, err);

    if (rc == 0)
        backend_note_answer(be, r, true);
    record_unref(r);
    return rc;
}

static int read_documents(struct backend *be, const struct request *rq, struct failure *err)
{
    struct page *page = NULL;
    int rc = codec_page_text(resource_get(RES_DOCUMENTS), buf_str(&rq->answer), rq->answer.len,
                             &page, err);

    if (rc == 0 && page->n > 0)
        backend_note_answer(be, page->rows[0], false);
    page_free(page);
    return rc;
}

/* What the cloud's gateway says of a path that it does not have. */
static bool is_unknown_path(const struct failure *err)
{
    return strcasestr(err->text, "Missing Authentication Token") != NULL;
}

/* A role may refuse the one, and hardly both. */
static const struct question {
    enum resource_kind kind;
    const char *id;
    int (*read)(struct backend *be, const struct request *rq, struct failure *err);
} questions[] = {
    { RES_ORGANIZATIONS, "me", read_organization },
    { RES_DOCUMENTS, NULL, read_documents },
};

static enum greeting ask(struct backend *be, struct call *call, const struct question *q,
                         struct failure *err)
{
    struct target t = { resource_get(q->kind), NULL, q->id };
    struct request rq = { .method = "GET",
                          .idempotent = true,
                          .answer = BUF_INIT(ANSWER_MAX_BYTES) };
    struct buf url = BUF_INIT(URL_MAX_BYTES);
    struct sending st = { 0 };
    enum greeting said = GREETING_ANSWERED;
    int rc = target_path(be->api, &t, &url);

    if (rc == 0 && !q->id)
        rc = target_query(t.res, NULL, NULL, 1, &url);
    if (rc == 0) {
        rq.url = url.data;
        rc = backend_perform(be, call, &rq, &st, err);
    }
    if (rc == 0 && q->read(be, &rq, err) < 0) {
        said = GREETING_OTHER;
        err->status = rq.status;
    } else if (rc < 0 && (st.down || guard_is_open(be->guard) || passes(rc, err->status))) {
        said = GREETING_SILENT;
    } else if ((rc == -EACCES && !is_unknown_path(err)) ||
               (rc < 0 && err->status == 0)) { /* no TLS that can be trusted */
        said = GREETING_REFUSED;
    } else if (rc < 0) {
        said = GREETING_OTHER;
    }
    buf_release(&rq.answer);
    buf_release(&url);
    return said;
}

enum greeting backend_greet(struct backend *be, struct call *call, struct failure *err)
{
    enum greeting first, second;
    struct failure why = { 0 };
    int rc = perform_token(be, call, err);

    if (rc < 0 && (auth_is_down(be->auth) || passes(rc, err->status)))
        return GREETING_SILENT;
    if (rc < 0)
        return GREETING_NO_TOKEN;
    first = ask(be, call, &questions[0], err);
    if (first == GREETING_ANSWERED || first == GREETING_SILENT || err->status == 0)
        return first;
    second = ask(be, call, &questions[1], &why);
    if (second == GREETING_SILENT)
        *err = why;
    return second == GREETING_ANSWERED || second == GREETING_SILENT ? second : first;
}
