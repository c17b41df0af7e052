#include "failed_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "drop_store.h"
#include "file.h"
#include "text.h"

#include "banned.h"

/* Where n's texts lie; create: if there is none yet. */
static int find_folder(struct fs *fs, struct call *call, struct node *n, bool create,
                       struct folder **f, char **name)
{
    struct node *parent = node_parent(fs->nodes, n);
    int rc = parent && (n->place.kind == NODE_FIELD || n->place.kind == NODE_WHOLE)
                 ? bind_folder(fs, call, parent, create, f)
                 : -ENOENT;

    node_unref(fs->nodes, parent);
    if (rc < 0)
        return rc;
    *name = node_name(fs->nodes, n);
    return *name ? 0 : -ENOMEM;
}

static int fill(struct fs *fs, struct drop *d, const char *text, size_t len, const char *why)
{
    struct bytes *b;
    int rc = drop_new_bytes(fs->drops, d, &b);

    if (rc == 0)
        rc = file_pwrite_all(b->fd, text, len, 0);
    if (rc < 0) {
        drops_remove(fs->drops, d, false);
        return rc;
    }
    return drop_set_failed(fs->drops, d, why);
}

static int keep(struct fs *fs, struct call *call, struct node *n, const char *text, size_t len,
                const char *why)
{
    cleanup_drop struct drop *d = NULL;
    cleanup_free char *name = NULL;
    struct folder *f;
    int rc = find_folder(fs, call, n, true, &f, &name);

    if (rc < 0 || f->memory || !len)
        return rc;
    rc = drops_add(fs->drops, f, name, DROP_FILE, &d);
    if (rc == -EEXIST)
        rc = (d = drops_find(fs->drops, f, name)) ? 0 : -ENOENT;
    if (rc == 0)
        rc = drop_lock_exclusive(fs->drops, d, call);
    if (rc < 0)
        return rc;
    rc = fill(fs, d, text, len, why);
    drop_unlock_exclusive(fs->drops, d);
    return rc;
}

static void supersede(struct fs *fs, struct call *call, struct node *n)
{
    cleanup_drop struct drop *d = NULL;
    cleanup_free char *name = NULL;
    struct folder *f;

    if (find_folder(fs, call, n, false, &f, &name) < 0)
        return;
    d = drops_find(fs->drops, f, name);
    if (d)
        drops_remove(fs->drops, d, true);
}

int failed_text_commit(struct fs *fs, struct call *call, struct node *n, const char *text,
                       size_t len, struct failure *err)
{
    int rc = text_commit(fs, call, n, text, len, err);

    if (rc == 0)
        supersede(fs, call, n);
    else /* lost if it cannot be kept: the program has seen the error all the same */
        keep(fs, call, n, text, len, err->text[0] ? err->text : strerror(-rc));
    return rc;
}

int failed_text_retry(struct fs *fs, struct call *call, struct node *n, struct drop *d,
                      struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct bytes *b = drop_bytes(fs->drops, d);
    int rc = b ? bytes_read(b, &text) : -ENOENT;

    bytes_unref(b);
    if (rc == 0)
        rc = text_commit(fs, call, n, buf_str(&text), text.len, err);
    return rc < 0 ? rc : drops_remove(fs->drops, d, true);
}

bool failed_text_is(const struct place *at, const char *name)
{
    struct place place;

    return at->kind == NODE_RESOURCE && route_step(at, name, &place) == 0 &&
           place.kind != NODE_ENTRY;
}
