/* Look-ups and attributes: fs.h's functions on nodes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attr.h"
#include "binding.h"
#include "fs.h"
#include "fs_context.h"
#include "handle.h"
#include "known.h"
#include "links.h"
#include "refuse.h"
#include "resolve.h"
#include "space.h"

#include "banned.h"

static int lookup_in(struct fs *fs, struct call *call, struct node *parent, const char *name,
                     struct entry *out, struct failure *err)
{
    cleanup_lookup_result struct lookup_result f;
    struct node *n;
    int rc = resolve(fs->inodes, call, parent, name, &f, err);

    if (rc < 0)
        return rc;
    rc = resolve_node(fs->inodes, parent, name, &f, 1, &n);
    if (rc < 0)
        return rc;
    rc = attr_for_lookup(fs->dirs, call, n, &out->st, &out->attr_ttl_ms, err);
    out->ino = n->ino;
    out->ttl_ms = attr_name_ttl(n, name, TTL_DYNAMIC_MS);
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
    /* whoever creates it meets this look-up first, and no other answer */
    return rc == -ENAMETOOLONG ? refuse_long_name(err) : rc;
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
    rc = attr_of(fs->dirs, call, n, st, ttl_ms, err);
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
        rc = link_target(fs->inodes, n, out);
    node_unref(fs->nodes, n);
    return rc;
}

int fs_statfs(struct fs *fs, struct statvfs *out)
{
    space_get(fs->remote, out);
    return 0;
}
