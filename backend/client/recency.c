/* One resource as it was over the last days (the table's recent). */
#include <errno.h>

#include "backend.h"
#include "codec.h"
#include "perform.h"
#include "target_url.h"

#include "banned.h"

int backend_get_recent(struct backend *be, struct call *call, const struct target *t,
                       const char *days, struct record **out, struct failure *err)
{
    struct buf url = BUF_INIT(URL_MAX_BYTES);
    struct request rq = { .method = "GET",
                          .idempotent = true,
                          .meter = endpoint_meter(&be->endpoints, t->res, ENDPOINT_GET),
                          .answer = BUF_INIT(ANSWER_MAX_BYTES) };
    struct sending st = { 0 };
    int rc = t->res->recent ? target_path(be->api, t, &url) : -EINVAL;

    if (rc == 0)
        rc = buf_addf(&url, "?%s=%s", t->res->recent->query, days);
    if (rc < 0) {
        rc = fail(err, rc, 0, "the request cannot be addressed");
    } else {
        rq.url = url.data;
        rc = backend_perform(be, call, &rq, &st, err);
    }
    if (rc == 0)
        rc = codec_record_text(t->res, buf_str(&rq.answer), rq.answer.len, out, err);
    buf_release(&rq.answer);
    buf_release(&url);
    return rc == -EBADMSG ? -EIO : rc;
}
