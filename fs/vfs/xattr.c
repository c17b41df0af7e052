/* Extended attributes: fs.h's functions on them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "binding.h"
#include "drop_rows.h"
#include "drop_target.h"
#include "fs.h"
#include "fs_context.h"
#include "hex.h"
#include "known.h"
#include "refuse.h"

#include "banned.h"

#define OURS "user.las."
#define KEPT_MAX_BYTES 8192 /* of one file's, as they are packed */

/* --- A file's own, packed: a line of NAME=VALUE for each, both in hexadecimal ----------------- */

static int add_hex(struct buf *out, const char *data, size_t size)
{
    size_t old = out->len;
    int rc = buf_resize(out, old + 2 * size);

    if (rc == 0 && size)
        hex_encode(data, size, out->data + old);
    return rc;
}

static int add_bytes(struct buf *out, const char *hex, size_t digits)
{
    size_t old = out->len, n = digits / 2;
    int rc = buf_resize(out, old + n);

    return rc == 0 && n && !hex_decode(hex, n, out->data + old) ? -EIO : rc;
}

/* The line of name, or NULL; *len with its newline. */
static const char *find_line(const char *packed, const char *name, size_t *len)
{
    cleanup_buf struct buf hex = BUF_INIT(KEPT_MAX_BYTES);

    if (!packed || add_hex(&hex, name, strlen(name)) < 0 || buf_addc(&hex, '=') < 0)
        return NULL;
    while (*packed) {
        *len = strcspn(packed, "\n") + 1;
        if (strncmp(packed, hex.data, hex.len) == 0)
            return packed;
        packed += *len;
    }
    return NULL;
}

/* packed with name set to value, or without it (value NULL), as a new text. */
static int pack_with(const char *packed, const char *name, const char *value, size_t size,
                     struct buf *out)
{
    size_t len = 0;
    const char *line = find_line(packed, name, &len);
    int rc = 0;

    if (packed)
        rc = buf_add(out, packed, line ? (size_t)(line - packed) : strlen(packed));
    if (rc == 0 && line)
        rc = buf_adds(out, line + len);
    if (rc < 0 || !value)
        return rc;
    rc = add_hex(out, name, strlen(name));
    if (rc == 0)
        rc = buf_addc(out, '=');
    if (rc == 0)
        rc = add_hex(out, value, size);
    return rc < 0 ? rc : buf_addc(out, '\n');
}

static int get_kept(struct fs *fs, struct drop *d, const char *name, struct buf *out)
{
    const char *line;
    size_t len;
    int rc = -ENODATA;

    drops_lock(fs->drops);
    line = find_line(d->xattrs, name, &len);
    if (line) {
        size_t skip = 2 * strlen(name) + 1;

        rc = add_bytes(out, line + skip, len - 1 - skip);
    }
    drops_unlock(fs->drops);
    return rc;
}

int fs_listxattr(struct fs *fs, uint64_t ino, struct buf *out)
{
    struct node *n = node_get(fs->nodes, ino);
    int rc = n ? 0 : -ESTALE;

    if (n && n->drop) {
        drops_lock(fs->drops);
        for (const char *line = n->drop->xattrs; line && *line && rc == 0;
             line = strchr(line, '\n') + 1) {
            rc = add_bytes(out, line, strcspn(line, "="));
            if (rc == 0)
                rc = buf_addc(out, '\0');
        }
        drops_unlock(fs->drops);
    }
    node_unref(fs->nodes, n);
    return rc;
}

/* --- The resource's fields -------------------------------------------------------------------- */

static int get_field(struct fs *fs, struct call *call, struct node *n, const char *name,
                     struct buf *out, struct failure *err)
{
    cleanup_record struct record *r = NULL;
    const struct field *f;
    bool dropped = n->place.kind == NODE_DROP;
    struct target_ids b;
    int rc = -ENODATA;

    if (dropped)
        rc = drop_target(fs->drops, n->drop, &b);
    else if (n->place.kind == NODE_RESOURCE)
        rc = bind_resource(fs->inodes, n, &b);
    if (rc < 0)
        return -ENODATA;
    f = resource_field(b.target.res, name);
    if (!f || !(f->flags & F_READABLE) || (f->flags & (F_SECRET | F_ONCE | F_NO_FILE)))
        return -ENODATA;
    if (dropped)
        rc = known_record_in_folder(fs->remote, call, drop_folder(fs->drops, n->drop), &b.target,
                                    &r, err);
    else
        rc = known_field_record(fs->remote, call, &b.target, &r, err);
    if (rc == 0)
        rc = record_field_text(r, f, out);
    if (rc == 0 && out->len)
        rc = buf_resize(out, out->len - 1); /* without its newline */
    return rc == -ENOENT ? -ENODATA : rc;
}

/* --- All of them ------------------------------------------------------------------------------ */

int fs_getxattr(struct fs *fs, struct call *call, uint64_t ino, const char *name, struct buf *out,
                struct failure *err)
{
    struct node *n = node_get(fs->nodes, ino);
    int rc = -ENODATA;

    if (!n)
        return -ESTALE;
    if (strncmp(name, OURS, strlen(OURS)) == 0)
        rc = get_field(fs, call, n, name + strlen(OURS), out, err);
    else if (n->drop)
        rc = get_kept(fs, n->drop, name, out);
    node_unref(fs->nodes, n);
    return rc;
}

/* With the new text, or a failure and nothing changed. */
static int set_locked(struct drop *d, const char *name, const char *value, size_t size, int flags)
{
    cleanup_buf struct buf packed = BUF_INIT(KEPT_MAX_BYTES);
    size_t len;
    bool there = find_line(d->xattrs, name, &len) != NULL;
    int rc;

    if (there && (flags & XATTR_CREATE))
        return -EEXIST;
    if (!there && (!value || (flags & XATTR_REPLACE)))
        return -ENODATA;
    rc = pack_with(d->xattrs, name, value, size, &packed);
    if (rc < 0)
        return rc == -EFBIG ? -ENOSPC : rc;
    free(d->xattrs);
    d->xattrs = packed.len ? buf_take(&packed) : NULL;
    return 0;
}

int fs_setxattr(struct fs *fs, uint64_t ino, const char *name, const char *value, size_t size,
                int flags, struct failure *err)
{
    struct node *n = node_get(fs->nodes, ino);
    int rc = value ? -EOPNOTSUPP : -ENODATA;

    if (!n)
        return -ESTALE;
    if (fs->options->ro)
        rc = refuse_read_only(err);
    else if (strncmp(name, OURS, strlen(OURS)) == 0)
        rc = fail(err, -EPERM, 0, "%s is a field of the API's: write the field's file", name);
    else if (n->place.kind == NODE_DROP) {
        drops_lock(fs->drops);
        rc = set_locked(n->drop, name, value, size, flags);
        drops_unlock(fs->drops);
        if (rc == 0)
            rc = drop_row_save(fs->drops, n->drop, false);
        if (rc == -ENOSPC)
            fail(err, rc, 0,
                 "a file's attributes have at most %d bytes: give it fewer or shorter ones",
                 KEPT_MAX_BYTES / 2);
    }
    node_unref(fs->nodes, n);
    return rc;
}
