#include "defaults.h"

#include <errno.h>
#include <string.h>

#include "bytes.h"
#include "drop.h"
#include "drop_folders.h"
#include "drop_table.h"
#include "file.h"
#include "uploads_context.h"

#include "banned.h"

#define NAME ".defaults.json"
#define TEXT_MAX 65536

int defaults_check(const struct folder *f, struct bytes *bytes, struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    cleanup_body struct body *body = NULL;
    int rc;

    if (!f->res)
        return fail(err, -EINVAL, 0,
                    "nothing is made from this folder: put it into the collection");
    rc = body_new(f->res, BODY_POST, &body);
    if (rc == 0)
        rc = bytes_read(bytes, &text);
    return rc < 0 ? rc : body_set_defaults(body, buf_str(&text), text.len, err);
}

/* The folder that f is in, if it is one of the same resources, or NULL. */
static struct folder *folder_above(struct uploads *uploads, const struct folder *f)
{
    cleanup_free char *key = drops_key(uploads->drops, f);
    struct folder *above;
    char *slash;

    slash = key ? strrchr(key, '/') : NULL;
    if (!slash)
        return NULL;
    *slash = '\0';
    if (drops_folder(uploads->drops, key, &above) < 0)
        return NULL;
    return above->res == f->res ? above : NULL;
}

int defaults_apply(struct uploads *uploads, const struct folder *f, struct body *body,
                   struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    struct bytes *bytes = NULL;
    int rc;

    for (const struct folder *at = f; at && !bytes; at = folder_above(uploads, at)) {
        cleanup_drop struct drop *d = drops_find(uploads->drops, at, NAME);

        if (d && !drop_snapshot(uploads->drops, d).writers)
            bytes = drop_bytes(uploads->drops, d);
    }
    if (!bytes)
        return 0;
    rc = bytes_read(bytes, &text);
    bytes_unref(bytes);
    if (rc < 0 || !text.len)
        return rc;
    return body_set_defaults(body, text.data, text.len, err);
}
