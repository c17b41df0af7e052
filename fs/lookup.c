/* Look-ups and attributes: fs.h's functions on nodes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attr.h"
#include "binding.h"
#include "core.h"
#include "handle.h"
#include "index.h"
#include "known.h"
#include "resolve.h"

#include "banned.h"

/* Directories that only the tree's table knows do not change. An asset's that is renamed gives its
 * dropped file the name: the kernel, which takes the new name for the directory's, is to ask. */
static int64_t entry_ttl(const struct node *n, int64_t ttl_ms)
{
    if (n->place.kind == NODE_RESOURCE && n->place.res->make_from == MAKE_BYTES)
        return 0;
    if (n->place.row && tree_is_dir(n->place.kind) && n->place.row->under == NODE_ROOT)
        return TTL_STATIC_MS;
    return ttl_ms;
}

static int lookup_in(struct fs *fs, struct call *call, struct node *parent, const char *name,
                     struct entry *out, struct failure *err)
{
    cleanup_found struct found f;
    struct node *n;
    int rc = resolve(fs, call, parent, name, &f, err);

    if (rc < 0)
        return rc;
    rc = resolve_node(fs, parent, name, &f, 1, &n);
    if (rc < 0)
        return rc;
    rc = attr_for_lookup(fs, call, n, &out->st, &out->attr_ttl_ms, err);
    out->ino = n->ino;
    out->ttl_ms = entry_ttl(n, TTL_DYNAMIC_MS);
    if (out->ttl_ms == TTL_STATIC_MS)
        out->attr_ttl_ms = TTL_STATIC_MS;
    if (rc < 0)
        node_forget(fs->nodes, n->ino, 1);
    node_unref(fs->nodes, n);
    return rc;
}

int fs_lookup(struct fs *fs, struct call *call, uint64_t parent, const char *name,
              struct entry *out, struct failure *err)
{
    struct node *p = node_get(fs->nodes, parent);
    int rc;

    if (!p)
        return -ESTALE;
    rc = lookup_in(fs, call, p, name, out, err);
    node_unref(fs->nodes, p);
    if (rc == -ENOENT) {
        /* nothing is remembered by the kernel: what is created elsewhere shows at once */
        *out = (struct entry){ .ino = 0, .ttl_ms = 0 };
        err->text[0] = '\0';
    }
    return rc;
}

void fs_forget(struct fs *fs, uint64_t ino, uint64_t count)
{
    node_forget(fs->nodes, ino, count);
}

int fs_getattr(struct fs *fs, struct call *call, uint64_t ino, struct handle *h, struct stat *st,
               int64_t *ttl_ms, struct failure *err)
{
    struct node *n = node_get(fs->nodes, ino);
    int rc;

    if (!n)
        return -ESTALE;
    rc = attr_of(fs, call, n, st, ttl_ms, err);
    if (rc == 0 && h)
        handle_stat(h, st);
    node_unref(fs->nodes, n);
    return rc;
}

int fs_readlink(struct fs *fs, struct call *call, uint64_t ino, char out[FS_LINK_MAX],
                struct failure *err)
{
    struct node *n = node_get(fs->nodes, ino);
    int rc = -EINVAL;

    (void)call;
    (void)err;
    if (n && n->place.kind == NODE_CONTENT_LINK)
        rc = snprintf(out, FS_LINK_MAX, "content") < 0 ? -EIO : 0;
    else if (n && n->place.kind == NODE_LINK)
        rc = index_target(fs, n, out);
    node_unref(fs->nodes, n);
    return rc;
}

int fs_statfs(struct fs *fs, struct statvfs *out)
{
    /* the spool's file system is where what is written goes first */
    cleanup_free char *path = spool_path(fs->spool, 0);
    char *slash = path ? strrchr(path, '/') : NULL;

    if (!slash)
        return -ENOMEM;
    *slash = '\0';
    if (statvfs(path, out) < 0)
        return -errno;
    out->f_namemax = ROUTE_NAME_MAX;
    return 0;
}
