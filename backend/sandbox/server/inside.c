#include "inside.h"

#include <errno.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "cleanup.h"
#include "json_text.h"
#include "rest.h"

#include "banned.h"

static int read_answer(const struct answer *an, json_t **out, struct failure *err)
{
    json_auto_t *v = NULL;
    const char *message;

    if (!an->body || json_text_parse(an->body, an->len, false, &v, NULL) < 0)
        return fail(err, -EIO, an->status, "the state cannot be written");
    message = json_string_value(json_object_get(v, "message"));
    if (an->status >= 300)
        return fail(err, an->status >= 500 ? -EIO : -EINVAL, an->status, "%s",
                    message ? message : "refused");
    if (out)
        *out = json_incref(v);
    return 0;
}

int inside_call(const struct sandbox *sb, enum verb verb, const char *path, json_t *body,
                const char *mark, json_t **out, struct failure *err)
{
    struct request rq = { .verb = verb, .body = body, .mark = mark };
    struct answer an = { 0 };
    int rc;

    if (!body)
        return fail(err, -ENOMEM, 0, "out of memory");
    if (address_parse(sb->api, path, &rq.target) < 0 || !address_can(&rq.target, verb)) {
        json_decref(body);
        return fail(err, -EINVAL, 404, "%s: there is no such thing", path);
    }
    memcpy(rq.caller, sb->client, sizeof(rq.caller));
    rest_handle(sb, &rq, &an);
    json_decref(body);
    rc = read_answer(&an, out, err);
    free(an.body);
    return rc;
}

json_t *inside_content(const void *data, size_t len)
{
    size_t size = BASE64_ENCODE_RAW_LENGTH(len);
    cleanup_free char *text = malloc(size + 1);

    if (!text)
        return NULL;
    base64_encode_raw(text, len, data);
    return json_stringn_nocheck(text, size);
}
