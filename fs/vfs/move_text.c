/* Renaming onto a field, and a field out of the way. */
#include "move.h"

#include <errno.h>

#include "drop_put.h"
#include "drops.h"
#include "failed_text.h"
#include "fs_context.h"
#include "hide.h"
#include "name_rules.h"
#include "node.h"
#include "node_kinds.h"
#include "refuse.h"
#include "resolve.h"
#include "settings.h"
#include "text.h"

#include "banned.h"

/* --- A temporary file onto a field: its text is sent ------------------------------------------ */

/* -EXDEV: it is a resource's file, of which mv makes a copy. */
static int read_local(struct move *m, struct drop *d, struct buf *text)
{
    struct bytes *b = drop_bytes(m->fs->drops, d);
    int rc = move_is_sent(m->fs, d) ? -EXDEV : b ? bytes_read(b, text) : 0;

    bytes_unref(b);
    return rc;
}

int move_onto_text(struct move *m, struct drop *d, const struct lookup_result *there,
                   struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct node *n = NULL;
    int rc;

    if (!kind_is_writable(&there->place))
        return refuse_write(&there->place, err);
    rc = drop_lock_exclusive(m->fs->drops, d, m->call);
    if (rc < 0)
        return rc;
    if (!drop_snapshot(m->fs->drops, d).linked)
        rc = -ENOENT;
    else if (drop_snapshot(m->fs->drops, d).broken)
        rc = fail(err, -EIO, 0, "the file that was renamed to it is not complete");
    if (rc == 0)
        rc = read_local(m, d, &text);
    if (rc == -EFBIG)
        rc = refuse_size(err);
    if (rc == 0)
        rc = resolve_node(m->fs->inodes, m->to, m->to_name, there, 0, &n);
    if (rc == 0)
        rc = failed_text_commit(m->fs->pseudo, m->call, n, buf_str(&text), text.len, err);
    node_unref(m->fs->nodes, n);
    if (rc == 0)
        rc = drops_remove(m->fs->drops, d, true);
    drop_unlock_exclusive(m->fs->drops, d);
    return rc;
}

/* --- A field onto a temporary name: its text stands there, an editor's backup ----------------- */

static int copy_text(struct move *m, const struct lookup_result *f, struct drop *d,
                     struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct node *n = NULL;
    int rc = resolve_node(m->fs->inodes, m->from, m->name, f, 0, &n);

    if (rc == 0)
        rc = text_of(m->fs->pseudo, m->call, n, &text, err);
    node_unref(m->fs->nodes, n);
    if (rc == 0)
        rc = drop_lock_exclusive(m->fs->drops, d, m->call);
    if (rc < 0)
        return rc;
    rc = drop_put_text(m->fs->drops, d, buf_str(&text), text.len);
    drop_unlock_exclusive(m->fs->drops, d);
    return rc;
}

/* The field is hidden until it is written again; else it is back in a moment. */
int move_text(struct move *m, const struct lookup_result *f, const struct lookup_result *there,
              struct failure *err)
{
    cleanup_drop struct drop *d = there ? drop_ref(there->drop) : NULL;
    int rc;

    if (m->from != m->to || !kind_is_writable(&f->place) ||
        !rule_scratch(m->fs->options->scratch, m->to_name))
        return refuse_rename(&f->place, err);
    rc = d ? 0 : drops_add(m->fs->drops, m->to_folder, m->to_name, DROP_FILE, &d);
    if (rc < 0)
        return rc;
    rc = copy_text(m, f, d, err);
    if (rc < 0 && !there)
        drops_remove(m->fs->drops, d, false);
    return rc < 0 ? rc : hide_name(m->fs->inodes, m->from->ino, m->name);
}
