/* Open directories: fs.h's functions on them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "attr.h"
#include "fill.h"
#include "fs.h"
#include "fs_context.h"
#include "hide.h"
#include "node_kinds.h"

#include "banned.h"

#define FIRST_ITEM 2 /* offsets: . and .. come first */

int fs_opendir(struct fs *fs, struct call *call, uint64_t ino, struct dirhandle **out,
               struct failure *err)
{
    struct node *n = node_get(fs->nodes, ino);
    int rc;

    (void)call;
    (void)err;
    if (!n)
        return -ESTALE;
    rc = tree_is_dir(n->place.kind) ? dir_new(fs->dirs, n, out) : -ENOTDIR;
    if (rc < 0)
        node_unref(fs->nodes, n);
    return rc;
}

void fs_releasedir(struct fs *fs, struct dirhandle *d)
{
    dir_free(fs->dirs, d);
}

/* --- Reading ---------------------------------------------------------------------------------- */

static int slot_name(const struct slot *s, char out[ROUTE_NAME_MAX + 1])
{
    char id[RESOURCE_ID_MAX + 1];
    int rc;

    if (!s->item) {
        rc = record_id(s->record, id);
        return rc < 0 ? rc : route_id_name(id, out);
    }
    snprintf(out, ROUTE_NAME_MAX + 1, "%s", s->item->name);
    return 0;
}

static struct lookup_result slot_found(struct dirhandle *d, const struct slot *s)
{
    struct lookup_result f = { .place = { .kind = NODE_RESOURCE, .res = d->node->place.res } };

    if (s->item)
        return s->item->found;
    record_id(s->record, f.id);
    return f;
}

/* The entry with its attributes, if they cost nothing. */
static int slot_entry(struct fs *fs, struct dirhandle *d, const struct slot *s,
                      const struct lookup_result *f, const char *name, struct entry *e)
{
    struct node *n;
    int rc = resolve_node(fs->inodes, d->node, name, f, 1, &n);

    if (rc < 0)
        return rc;
    rc = attr_of_entry(fs->dirs, n, d->listing, s->record, &e->st, &e->attr_ttl_ms);
    e->ttl_ms = attr_name_ttl(n, name, e->attr_ttl_ms);
    e->ino = n->ino;
    if (rc < 0)
        node_forget(fs->nodes, n->ino, 1);
    node_unref(fs->nodes, n);
    return rc;
}

/* false: the buffer is full. */
static bool give(struct fs *fs, struct dirhandle *d, size_t index, bool plus, fs_fill_fn *fill,
                 void *arg)
{
    const struct slot *s = &d->slots[index];
    char name[ROUTE_NAME_MAX + 1];
    struct stat st = { 0 };
    struct lookup_result f;
    struct entry e;

    if (slot_name(s, name) < 0 || hide_is_hidden(fs->inodes, d->node->ino, name))
        return true;
    f = slot_found(d, s);
    st.st_ino = node_child_stat_ino(d->stat_ino, name);
    st.st_mode = kind_mode(f.place.kind);
    if (!plus || slot_entry(fs, d, s, &f, name, &e) < 0)
        return fill(arg, name, &st, NULL, (int64_t)index + FIRST_ITEM + 1);
    if (fill(arg, name, &e.st, &e, (int64_t)index + FIRST_ITEM + 1))
        return true;
    node_forget(fs->nodes, e.ino, 1);
    return false;
}

static bool give_dots(struct dirhandle *d, int64_t *offset, fs_fill_fn *fill, void *arg)
{
    struct stat st = { .st_mode = S_IFDIR, .st_ino = d->stat_ino };

    while (*offset < FIRST_ITEM) {
        if (!fill(arg, *offset == 0 ? "." : "..", &st, NULL, *offset + 1))
            return false;
        ++*offset;
    }
    return true;
}

static int read_from(struct fs *fs, struct call *call, struct dirhandle *d, int64_t offset,
                     bool plus, fs_fill_fn *fill, void *arg, struct failure *err)
{
    struct call peek = { .nowait = true };
    size_t index, first;

    d->may_write = !call->nowait;
    /* the first page is asked for before the dots: a failure shows at once */
    if (offset == 0) {
        int rc;

        if (d->begun)
            dir_clear(d); /* rewinddir: see what is there now */
        rc = dir_fill(fs->dirs, call, d, 0, err);
        if (rc < 0)
            return rc;
    }
    if (!give_dots(d, &offset, fill, arg))
        return 0;
    first = (size_t)(offset - FIRST_ITEM);
    for (index = first;; index++) {
        /* who has some names does not wait with them for the next page */
        int rc = dir_fill(fs->dirs, index > first ? &peek : call, d, index, err);

        if (rc == -EWOULDBLOCK && index > first)
            return 0;
        if (rc != 0)
            return rc < 0 ? rc : 0;
        if (!give(fs, d, index, plus, fill, arg))
            return 0;
    }
}

int fs_readdir(struct fs *fs, struct call *call, struct dirhandle *d, int64_t offset, bool plus,
               fs_fill_fn *fill, void *arg, struct failure *err)
{
    int rc;

    if (!lock_take_unless(&d->lock, call->nowait))
        return -EWOULDBLOCK;
    rc = read_from(fs, call, d, offset, plus, fill, arg, err);
    lock_give(&d->lock);
    return rc;
}
