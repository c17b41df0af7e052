#include "work.h"

#include <stdarg.h>
#include <stdlib.h>

#include "buf.h"
#include "json_text.h"

#include "banned.h"

#define MESSAGE_MAX 1024
#define ANSWER_MAX ((size_t)64 << 20)

int answer_json(struct answer *an, int status, json_t *v)
{
    cleanup_buf struct buf b = BUF_INIT(ANSWER_MAX);
    int rc = json_text_write(v, false, &b);

    if (rc < 0)
        return rc == -EFBIG ? -ENOMEM : rc;
    free(an->body);
    an->status = status;
    an->len = b.len;
    an->body = buf_take(&b);
    return 0;
}

int answer_message(struct answer *an, int status, const char *key, const char *text)
{
    json_t *v = json_pack("{s:s}", key, text);
    int rc = v ? answer_json(an, status, v) : -ENOMEM;

    json_decref(v);
    return rc;
}

int answer_empty(struct answer *an)
{
    json_auto_t *v = json_object();

    return v ? answer_json(an, 200, v) : -ENOMEM;
}

int refuse(struct work *w, int status, const char *fmt, ...)
{
    cleanup_buf struct buf text = BUF_INIT(MESSAGE_MAX);
    va_list ap;
    int rc;

    va_start(ap, fmt);
    rc = buf_addv(&text, fmt, ap);
    va_end(ap);
    /* what was too long or not UTF-8 came from the request; it need not be said again */
    rc = answer_message(w->an, status, "message",
                        rc == 0 && json_text_utf8_ok(buf_str(&text), text.len) ? buf_str(&text)
                                                                               : "Bad Request");
    return rc < 0 ? rc : REFUSED;
}
