#include "defaults.h"

#include <errno.h>
#include <string.h>

#include "file.h"

#include "banned.h"

#define NAME ".defaults.json"
#define TEXT_MAX 65536

bool defaults_is(const char *name)
{
    return strcmp(name, NAME) == 0;
}

int defaults_check(const struct folder *f, struct bytes *bytes, struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    cleanup_body struct body *body = NULL;
    int rc = f->res ? body_new(f->res, BODY_POST, &body) : -EINVAL;

    if (rc == 0)
        rc = bytes_read(bytes, &text);
    return rc < 0 ? rc : body_set_defaults(body, buf_str(&text), text.len, err);
}

/* The folder that f is in, if it is one of the same resources, or NULL. */
static struct folder *folder_above(struct fs *fs, const struct folder *f)
{
    cleanup_free char *key = NULL;
    struct folder *above;
    char *slash;

    drops_lock(fs->drops);
    key = strdup(f->key);
    drops_unlock(fs->drops);
    slash = key ? strrchr(key, '/') : NULL;
    if (!slash)
        return NULL;
    *slash = '\0';
    if (drops_folder(fs->drops, key, &above) < 0)
        return NULL;
    return above->res == f->res ? above : NULL;
}

int defaults_apply(struct fs *fs, const struct folder *f, struct body *body, struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
    struct bytes *bytes = NULL;
    int rc;

    for (const struct folder *at = f; at && !bytes; at = folder_above(fs, at)) {
        cleanup_drop struct drop *d = drops_find(fs->drops, at, NAME);

        if (d && !drop_has_writers(fs->drops, d))
            bytes = drop_bytes(fs->drops, d);
    }
    if (!bytes)
        return 0;
    rc = bytes_read(bytes, &text);
    bytes_unref(bytes);
    if (rc < 0 || !text.len)
        return rc;
    return body_set_defaults(body, text.data, text.len, err);
}
